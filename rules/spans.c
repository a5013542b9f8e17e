/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spans - ranges of clients at several listeners, as short as they can be
 * said.
 *
 * Interval arithmetic on sorted lists; knows nothing of what is said of the
 * ranges.
 */
#include "spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netset.h"
#include "netstep.h"

void
spans_fini(struct spans *spans)
{
	free(spans->items);
	free(spans->latest);
	*spans = (struct spans){ 0 };
}

static int
append(struct spans *spans, const struct span *span)
{
	if (spans->count == spans->room) {
		size_t room = spans->room == 0 ? 64 : spans->room * 2;
		void *items =
		    realloc(spans->items, room * sizeof(*spans->items));

		if (items == NULL)
			return -ENOMEM;
		spans->items = items;
		spans->room = room;
	}
	spans->items[spans->count] = *span;
	spans->items[spans->count++].clients.form = netset_form(&span->clients);
	return 0;
}

static int
latest_grow(struct spans *spans, uint32_t kind)
{
	size_t more = ((size_t)kind + 1) * 2;
	size_t *latest = realloc(spans->latest, more * sizeof(*latest));

	if (latest == NULL)
		return -ENOMEM;
	memset(latest + spans->nlatest, 0,
	    (more - spans->nlatest) * sizeof(*latest));
	spans->latest = latest;
	spans->nlatest = more;
	return 0;
}

int
spans_add(struct spans *spans, const struct netrange *clients, size_t place,
    uint32_t kind)
{
	const struct span span = { *clients, place, kind };
	int rc = kind < spans->nlatest ? 0 : latest_grow(spans, kind);

	if (rc == 0 && spans->latest[kind] != 0) {
		struct span *last = &spans->items[spans->latest[kind] - 1];

		if (last->place == place &&
		    netstep_adjoins(&last->clients.last, &clients->first)) {
			last->clients.last = clients->last;
			last->clients.form = netset_form(&last->clients);
			return 0;
		}
	}
	if (rc == 0)
		rc = append(spans, &span);
	if (rc == 0)
		spans->latest[kind] = spans->count;
	return rc;
}

/* ---- Orders ---------------------------------------------------------- */

static int
compare_first(const struct span *a, const struct span *b)
{
	return netaddr_compare(&a->clients.first, &b->clients.first);
}

static int
compare_by_address(const void *left, const void *right)
{
	return compare_first(left, right);
}

static int
compare_by_place(const void *left, const void *right)
{
	const struct span *a = left, *b = right;
	size_t pa = a->place + 1, pb = b->place + 1; /* everywhere: 0 */
	int order = pa != pb ? (pa < pb ? -1 : 1) : compare_first(a, b);

	return order != 0 ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Spans that may be joined over places stand together. */
static int
compare_by_kind(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->clients.first.family != b->clients.first.family)
		return a->clients.first.family < b->clients.first.family ? -1
									 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return compare_first(a, b);
}

static void
sort(struct spans *spans, int (*compare)(const void *, const void *))
{
	if (spans->count > 1)
		qsort(
		    spans->items, spans->count, sizeof(*spans->items), compare);
}

void
spans_sort(struct spans *spans)
{
	sort(spans, compare_by_place);
}

void
spans_count(struct spans *spans, struct wide *sum)
{
	struct netrange run = { .first.family = FAMILY_NONE };

	sort(spans, compare_by_address);
	for (size_t i = 0; i < spans->count; i++) {
		const struct netrange *next = &spans->items[i].clients;

		if (run.first.family == next->first.family &&
		    netaddr_compare(&next->first, &run.last) <= 0) {
			if (netaddr_compare(&next->last, &run.last) > 0)
				run.last = next->last;
			continue;
		}
		if (run.first.family != FAMILY_NONE)
			wide_add_range(sum, &run);
		run = *next;
	}
	if (run.first.family != FAMILY_NONE)
		wide_add_range(sum, &run);
}

/* ---- What places have in common -------------------------------------- */

/* Where a range begins or, inclusively, ends. */
struct edge {
	struct netaddr at;
	bool end;
};

static int
compare_edges(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;
	int order = netaddr_compare(&a->at, &b->at);

	return order != 0 ? order : a->end - b->end;
}

/* Adds what all of so many places have of count ranges of one kind. */
static int
add_common(
    const struct span *items, size_t count, size_t places, struct spans *to)
{
	struct edge *edges = calloc(count, 2 * sizeof(*edges));
	struct span common = items[0];
	size_t open = 0;
	int rc = 0;

	if (edges == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		edges[2 * i].at = items[i].clients.first;
		edges[2 * i + 1].at = items[i].clients.last;
		edges[2 * i + 1].end = true;
	}
	qsort(edges, 2 * count, sizeof(*edges), compare_edges);
	common.place = SPAN_EVERYWHERE;
	for (size_t i = 0; i < 2 * count && rc == 0; i++) {
		if (!edges[i].end) {
			if (++open == places)
				common.clients.first = edges[i].at;
			continue;
		}
		common.clients.last = edges[i].at;
		if (open-- == places)
			rc = append(to, &common);
	}
	free(edges);
	return rc;
}

/* Adds what is left of a span without those that hold everywhere. They are
 * sorted, and each lies within the span or apart from it. */
static int
add_rest(const struct span *span, size_t from, size_t end, struct spans *to)
{
	struct span rest = *span;
	size_t low = from, high = end;
	int rc;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_first(&to->items[middle], span) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < end; low++) {
		struct netrange common = to->items[low].clients;

		if (netaddr_compare(&common.first, &span->clients.last) > 0)
			break;
		rest.clients.last = netstep_previous(common.first);
		if (netaddr_compare(&common.first, &rest.clients.first) != 0 &&
		    (rc = append(to, &rest)) != 0)
			return rc;
		if (netaddr_compare(&common.last, &span->clients.last) == 0)
			return 0;
		rest.clients.first = netstep_next(common.last);
	}
	rest.clients.last = span->clients.last;
	return append(to, &rest);
}

int
spans_fold(struct spans *spans, const size_t places[2])
{
	struct spans folded = { 0 };
	size_t end;
	int rc = 0;

	sort(spans, compare_by_kind);
	for (size_t i = 0; i < spans->count && rc == 0; i = end) {
		const struct span *kind = &spans->items[i];
		bool ipv6 = kind->clients.first.family == FAMILY_IPV6;
		size_t from = folded.count, to;

		for (end = i + 1; end < spans->count &&
				  spans->items[end].kind == kind->kind &&
				  spans->items[end].clients.first.family ==
				      kind->clients.first.family;
		     end++)
			;
		rc = add_common(kind, end - i, places[ipv6], &folded);
		to = folded.count;
		for (size_t j = i; j < end && rc == 0; j++)
			rc = add_rest(&spans->items[j], from, to, &folded);
	}
	if (rc != 0) {
		spans_fini(&folded);
		return rc;
	}
	spans_fini(spans);
	*spans = folded;
	return 0;
}
