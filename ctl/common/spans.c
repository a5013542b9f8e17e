/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spans.c - a set of client addresses as ranges.
 */
#include "spans.h"
#include "lookup.h"
#include "step.h"

#include <errno.h>
#include <stdlib.h>

int
spans_add(struct spans *s, const struct netrange *range)
{
	if (s->count == s->room) {
		size_t room = s->room == 0 ? 16 : s->room * 2;
		void *items = realloc(s->items, room * sizeof *s->items);

		if (items == NULL)
			return -ENOMEM;
		s->items = items;
		s->room = room;
	}
	s->items[s->count] = *range;
	s->items[s->count++].form = NETFORM_RANGE;
	return 0;
}

void
spans_fini(struct spans *s)
{
	free(s->items);
	*s = (struct spans){ 0 };
}

static int
by_first(const void *a, const void *b)
{
	const struct netrange *x = a, *y = b;

	return netaddr_compare(&x->first, &y->first);
}

void
spans_settle(struct spans *s)
{
	size_t n = 0;

	if (s->count == 0)
		return;
	qsort(s->items, s->count, sizeof *s->items, by_first);
	for (size_t i = 1; i < s->count; i++) {
		struct netrange *last = &s->items[n], *next = &s->items[i];

		if (netrange_holds(last, &next->first) ||
		    netstep_adjoins(&last->last, &next->first)) {
			if (netaddr_compare(&next->last, &last->last) > 0)
				last->last = next->last;
		} else {
			s->items[++n] = *next;
		}
	}
	s->count = n + 1;
}

struct netaddr
address_behind(struct netaddr a)
{
	a.hi += ++a.lo == 0;
	return a;
}

struct netaddr
address_before(struct netaddr a)
{
	a.hi -= a.lo-- == 0;
	return a;
}

/* The first of a settled set that does not end before an address. */
static size_t
first_not_before(const struct spans *s, const struct netaddr *addr)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (netaddr_compare(&s->items[middle].last, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What of a range lies outside the set, part by part. */
static int
parts_outside(struct netrange range, const struct spans *other,
    int (*fn)(struct spans *, const struct netrange *), struct spans *out)
{
	int rc = 0;

	for (size_t i = first_not_before(other, &range.first); i < other->count;
	     i++) {
		const struct netrange *o = &other->items[i];
		struct netrange part = range;

		if (netaddr_compare(&o->first, &range.last) > 0)
			break;
		if (netaddr_compare(&range.first, &o->first) < 0) {
			part.last = address_before(o->first);
			if ((rc = fn(out, &part)) != 0)
				return rc;
		}
		if (netaddr_compare(&o->last, &range.last) >= 0)
			return 0;
		range.first = address_behind(o->last);
	}
	return fn(out, &range);
}

int
spans_remove(struct spans *s, const struct spans *other)
{
	struct spans left = { 0 };

	for (size_t i = 0; i < s->count; i++) {
		if (parts_outside(s->items[i], other, spans_add, &left) < 0) {
			spans_fini(&left);
			return -ENOMEM;
		}
	}
	spans_fini(s);
	*s = left;
	spans_settle(s);
	return 0;
}

static int
stop_at_first(struct spans *out, const struct netrange *part)
{
	out->items[0] = *part;
	out->items[0].form = netset_form(part);
	return 1;
}

bool
spans_beyond(
    const struct spans *s, const struct spans *other, struct netrange *first)
{
	struct spans out = { .items = first, .count = 0, .room = 1 };

	for (size_t i = 0; i < s->count; i++)
		if (parts_outside(s->items[i], other, stop_at_first, &out) != 0)
			return true;
	return false;
}
