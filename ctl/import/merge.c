/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * merge.c - one connector that several servers have.
 *
 * Connectors belong to a server, and copies drift. Copies that diff finds
 * equivalent become one. Of others the intersection is active: ranges and
 * rights that all of them have, and the stricter limit. The rest of the
 * ranges is kept as comments with its servers.
 */
#include "import.h"
#include "diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

/* "Default Frontend EX1" of EX1 is "Default Frontend". */
static const char *
short_name(struct import *im, const struct import_connector *c)
{
	size_t name = strlen(c->name), server = strlen(c->server);

	if (server == 0 || name <= server + 1 ||
	    c->name[name - server - 1] != ' ' ||
	    !ascii_same(c->name + name - server, c->server))
		return c->name;
	return import_copy(im, c->name, name - server - 1);
}

static void
shorten(struct import *im)
{
	const char **names =
	    arena_array(im->arena, im->nconnectors + 1, sizeof *names);

	if (!names) {
		im->memory = im->fatal = true;
		return;
	}
	for (size_t i = 0; i < im->nconnectors; i++)
		names[i] = short_name(im, &im->connectors[i]);
	for (size_t i = 0; i < im->nconnectors; i++) {
		bool unique = true;

		for (size_t j = 0; j < im->nconnectors; j++)
			if (j != i && ascii_same(names[i], names[j]) &&
			    ascii_same(im->connectors[i].server,
				im->connectors[j].server))
				unique = false;
		if (unique)
			im->connectors[i].name = names[i];
	}
}

static void
collect(const struct import_connector *c, struct rangeset *set)
{
	for (size_t i = 0; i < c->nranges; i++)
		if (!c->ranges[i].note)
			rangeset_add(set, &c->ranges[i].range);
	rangeset_sort(set);
}

static int
load_one(struct import *im, struct import_connector *c, struct ruleset **out)
{
	struct diagnostics *list = diagnostics_new();
	bool off = c->relay_off;
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	int error = -ENOMEM;

	c->relay_off = import_everyone(c);
	if (list && to)
		import_write(im, to, c);
	if (to && fclose(to) == 0 && list)
		error = import_load(text, len, out, list);
	c->relay_off = off;
	free(text);
	diagnostics_free(list);
	return error;
}

/* Names and comments apart; what cannot be loaded is not equal. */
static bool
equivalent(
    struct import *im, struct import_connector *a, struct import_connector *b)
{
	struct ruleset *one = NULL, *other = NULL;
	struct difference *difference = NULL;
	const char *name = b->name;
	bool same = false;

	b->name = a->name;
	if (load_one(im, a, &one) == 0 && load_one(im, b, &other) == 0 &&
	    difference_find(one, other, 0, &difference) == 0)
		same = difference_relation(difference) == RELATION_EQUIVALENT;
	b->name = name;
	difference_free(difference);
	ruleset_unref(one);
	ruleset_unref(other);
	return same && a->enabled == b->enabled &&
	       memcmp(a->allow, b->allow, sizeof a->allow) == 0 &&
	       memcmp(a->deny, b->deny, sizeof a->deny) == 0;
}

struct import_rest {
	struct import *im;
	struct import_connector *to;
	const struct import_range *from;
	const char *servers;
};

static int
add_rest(void *ctx, const struct netrange *part)
{
	struct import_rest *rest = ctx;
	struct import_range *range =
	    IMPORT_MORE(rest->im, rest->to->ranges, rest->to->nranges);
	char text[NETRANGE_TEXT_SIZE];

	if (!range)
		return -ENOMEM;
	*range = *rest->from;
	range->range = *part;
	range->note = import_format(rest->im, "only on %s", rest->servers);
	import_say(rest->im, SEVERITY_WARNING, "I-DRIFT", range->where.file,
	    range->where.line, "%s: %s is only on %s; written as a comment",
	    rest->to->name, netrange_format(part, text), rest->servers);
	return 0;
}

/* Ranges of one that the other lacks become comments. */
static int
keep_rest(struct import *im, struct import_connector *to,
    const struct import_range *ranges, size_t count,
    const struct rangeset *other, const char *servers)
{
	struct import_rest rest = { im, to, NULL, servers };
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		rest.from = &ranges[i];
		if (!ranges[i].note)
			error = rangeset_outside(
			    other, &ranges[i].range, add_rest, &rest);
	}
	return error;
}

static int
add_common(void *ctx, const struct netrange *part)
{
	struct import_rest *rest = ctx;
	struct import_range *range =
	    IMPORT_MORE(rest->im, rest->to->ranges, rest->to->nranges);

	if (!range)
		return -ENOMEM;
	*range = *rest->from;
	range->range = *part;
	return 0;
}

static int
intersect_ranges(struct import *im, struct import_connector *a,
    const struct import_connector *b)
{
	struct import_range *old = a->ranges;
	size_t count = a->nranges;
	struct rangeset mine = { 0 }, theirs = { 0 };
	struct import_rest rest = { .im = im, .to = a };
	int error = 0;

	collect(a, &mine);
	collect(b, &theirs);
	a->ranges = NULL;
	a->nranges = 0;
	for (size_t i = 0; i < count && !error; i++) {
		rest.from = &old[i];
		error = old[i].note ? add_common(&rest, &old[i].range)
				    : rangeset_inside(&theirs, &old[i].range,
					  add_common, &rest);
	}
	if (!error)
		error = keep_rest(im, a, old, count, &theirs, a->server);
	if (!error)
		error =
		    keep_rest(im, a, b->ranges, b->nranges, &mine, b->server);
	rangeset_fini(&mine);
	rangeset_fini(&theirs);
	return error;
}

/* The lower number, the stricter switch. */
static const char *
stricter(const struct import_row *row, const char *a, const char *b)
{
	if (row->reading == IMPORT_READ_BOOL)
		return ascii_same(a, "true") ? a : b;
	if (ascii_same(a, "unlimited"))
		return b;
	if (ascii_same(b, "unlimited") || row->reading == IMPORT_READ_SOURCE)
		return a;
	return strtoull(a, NULL, 10) <= strtoull(b, NULL, 10) ? a : b;
}

static void
intersect_rest(struct import *im, struct import_connector *a,
    const struct import_connector *b)
{
	mechanism_set external = SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE);
	bool rights = a->groups != b->groups ||
		      a->mechanisms != b->mechanisms ||
		      memcmp(a->allow, b->allow, sizeof a->allow) != 0 ||
		      memcmp(a->deny, b->deny, sizeof a->deny) != 0;

	for (size_t i = 0; i < import_row_count(); i++) {
		const char *one = a->values[i], *other = b->values[i];

		if (!import_rows[i].key || ascii_same(one, other))
			continue;
		a->values[i] = stricter(&import_rows[i], one, other);
		import_say(im, SEVERITY_WARNING, "I-DRIFT", b->where.file,
		    b->where.line, "%s: %s is %s on %s and %s on %s; %s kept",
		    a->name, import_rows[i].property, one, a->server, other,
		    b->server, a->values[i]);
	}
	a->groups &= b->groups;
	a->mechanisms &= b->mechanisms | SET_OF(MECHANISM_TLS);
	if ((a->mechanisms & external) == 0 && a->mechanisms == 0)
		a->mechanisms = SET_OF(MECHANISM_NONE);
	for (int p = 0; p < PRINCIPAL_COUNT; p++) {
		a->allow[p] &= b->allow[p];
		a->deny[p] |= b->deny[p];
	}
	a->enabled = a->enabled && b->enabled;
	if (rights)
		import_say(im, SEVERITY_WARNING, "I-DRIFT", b->where.file,
		    b->where.line,
		    "%s: groups, mechanisms or rights differ between %s and "
		    "%s; only what both have was kept",
		    a->name, a->server, b->server);
}

static int
merge_into(
    struct import *im, struct import_connector *a, struct import_connector *b)
{
	bool same = equivalent(im, a, b);
	int error = 0;

	if (!same) {
		error = intersect_ranges(im, a, b);
		intersect_rest(im, a, b);
	}
	for (size_t i = 0; i < b->nbindings; i++) {
		bool have = false;
		const char **slot;

		for (size_t j = 0; j < a->nbindings && !have; j++)
			have = ascii_same(a->bindings[j], b->bindings[i]);
		if (have)
			continue;
		slot = IMPORT_MORE(im, a->bindings, a->nbindings);
		if (!slot)
			return -ENOMEM;
		*slot = b->bindings[i];
	}
	import_say(im, SEVERITY_NOTE, "I-MERGED", b->where.file, b->where.line,
	    "%s: merged with %s%s", b->origin, a->origin,
	    same ? "; they are equal in meaning" : "");
	a->origin = import_format(im, "%s, %s", a->origin, b->origin);
	a->server = import_format(im, "%s, %s", a->server, b->server);
	im->merged++;
	return error;
}

static bool
has_ranges(const struct import_connector *c)
{
	for (size_t i = 0; i < c->nranges; i++)
		if (!c->ranges[i].note)
			return true;
	return false;
}

int
import_merge(struct import *im)
{
	size_t kept = 0;
	int error;

	shorten(im);
	for (size_t i = 0; i < im->nconnectors; i++) {
		struct import_connector *c = &im->connectors[i], *same = NULL;

		for (size_t j = 0; j < kept && !same; j++)
			if (ascii_same(im->connectors[j].name, c->name))
				same = &im->connectors[j];
		if (same) {
			if ((error = merge_into(im, same, c)) < 0)
				return error;
			continue;
		}
		if (kept != i)
			im->connectors[kept] = *c;
		kept++;
	}
	im->nconnectors = kept;
	for (size_t i = 0; i < kept; i++)
		if (!has_ranges(&im->connectors[i])) {
			import_say(im, SEVERITY_WARNING, "I-NO-RANGES",
			    im->connectors[i].where.file,
			    im->connectors[i].where.line,
			    "%s: no range is common to its servers; it was "
			    "left out",
			    im->connectors[i].origin);
			im->connectors[i] = im->connectors[--kept];
			im->nconnectors = kept;
			i--;
		}
	return 0;
}
