/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split.c - ranges that cross.
 *
 * Ranges of different connectors may nest, not cross. Where merged servers or
 * lists of other MTAs bring crossing ones, the smaller one keeps what both
 * hold, as it would win it, and the larger one is cut back. Equal ranges go
 * to the connector that does not relay.
 */
#include "import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addresses.h"
#include "step.h"

enum { PASSES_MAX = 256, ACTIVE_MAX = 4096 };

struct import_part {
	struct import_connector *connector;
	struct import_range *range;
};

struct import_sweep {
	struct import *im;
	struct import_part *parts;
	size_t count;
	size_t active[ACTIVE_MAX], nactive;
	bool changed;
};

static int
part_compare(const void *left, const void *right)
{
	const struct import_part *a = left, *b = right;
	int order =
	    netaddr_compare(&a->range->range.first, &b->range->range.first);

	if (order == 0)
		order = netaddr_compare(
		    &b->range->range.last, &a->range->range.last);
	if (order == 0)
		order = (a->range > b->range) - (a->range < b->range);
	return order;
}

static int
size_compare(const struct netrange *a, const struct netrange *b)
{
	struct netaddr one = netrange_size(a), other = netrange_size(b);

	return netaddr_compare(&one, &other);
}

static void
say(struct import_sweep *s, const struct import_part *cut,
    const struct import_part *by, const char *how)
{
	char a[NETRANGE_TEXT_SIZE], b[NETRANGE_TEXT_SIZE];

	import_say(s->im, SEVERITY_WARNING, "I-CROSSING",
	    cut->range->where.file, cut->range->where.line,
	    "%s: %s %s %s of %s; the part of both stays with the latter",
	    cut->range->origin, netrange_format(&cut->range->range, a), how,
	    netrange_format(&by->range->range, b), by->range->origin);
	s->changed = true;
}

static void
resolve(struct import_sweep *s, struct import_part *a, struct import_part *b)
{
	struct netrange *one = &a->range->range, *other = &b->range->range;
	int first = netaddr_compare(&one->first, &other->first);
	int last = netaddr_compare(&one->last, &other->last);
	int size;

	if (a->connector == b->connector ||
	    !import_compete(a->connector, b->connector))
		return;
	if (first == 0 && last == 0) {
		bool later =
		    !import_relays(a->connector) || import_relays(b->connector);
		struct import_part *loser = later ? b : a;

		say(s, loser, later ? a : b, "is also");
		loser->range->note = "also in another connector";
		return;
	}
	if (first >= 0 || last >= 0)
		return; /* b is inside a */
	size = size_compare(one, other);
	if (size > 0 || (size == 0 && import_relays(a->connector))) {
		say(s, a, b, "crosses");
		one->last = netstep_previous(other->first);
		one->form = NETFORM_RANGE;
	} else {
		say(s, b, a, "crosses");
		other->first = netstep_next(one->last);
		other->form = NETFORM_RANGE;
	}
}

/* Against those that reach it. */
static int
take(struct import_sweep *s, size_t index)
{
	struct import_part *b = &s->parts[index];
	size_t kept = 0;

	for (size_t i = 0; i < s->nactive; i++) {
		struct import_part *a = &s->parts[s->active[i]];

		if (a->range->note || netaddr_compare(&a->range->range.last,
					  &b->range->range.first) < 0)
			continue;
		s->active[kept++] = s->active[i];
		if (!b->range->note)
			resolve(s, a, b);
	}
	s->nactive = kept;
	if (kept == ACTIVE_MAX)
		return import_fail(s->im, "I-TOO-MANY", b->range->where.file,
		    b->range->where.line,
		    "more than %d ranges hold one address; import fewer lists "
		    "at a time",
		    ACTIVE_MAX);
	s->active[s->nactive++] = index;
	return 0;
}

static int
sweep(struct import_sweep *s)
{
	int error = 0;

	s->nactive = 0;
	s->changed = false;
	qsort(s->parts, s->count, sizeof *s->parts, part_compare);
	for (size_t i = 0; i < s->count && !error; i++)
		if (!s->parts[i].range->note)
			error = take(s, i);
	return error;
}

int
import_split(struct import *im)
{
	struct import_sweep *s = arena_alloc(im->arena, sizeof *s);
	size_t all = 0;
	int error = 0;

	for (size_t i = 0; i < im->nconnectors; i++)
		all += im->connectors[i].nranges;
	if (!s)
		return -ENOMEM;
	*s = (struct import_sweep){ .im = im };
	s->parts = arena_array(im->arena, all + 1, sizeof *s->parts);
	if (!s->parts)
		return -ENOMEM;
	for (size_t i = 0; i < im->nconnectors; i++)
		for (size_t j = 0; j < im->connectors[i].nranges; j++)
			s->parts[s->count++] =
			    (struct import_part){ &im->connectors[i],
				    &im->connectors[i].ranges[j] };
	for (int pass = 0; pass < PASSES_MAX && !error; pass++) {
		error = sweep(s);
		if (!error && !s->changed)
			return 0;
	}
	return error ? error
		     : import_fail(im, "I-TOO-MANY", NULL, 0,
			   "too many ranges cross; import fewer lists at a "
			   "time");
}
