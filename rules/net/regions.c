/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regions - ranges of clients at several listeners, as short as they can be
 * said.
 *
 * Interval arithmetic on sorted lists; knows nothing of what is said of the
 * ranges.
 */
#include "regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "step.h"

void
regions_fini(struct regions *regions)
{
	free(regions->items);
	free(regions->latest);
	*regions = (struct regions){ 0 };
}

static int
append(struct regions *regions, const struct region *region)
{
	if (regions->count == regions->room) {
		size_t room = regions->room == 0 ? 64 : regions->room * 2;
		void *items =
		    realloc(regions->items, room * sizeof(*regions->items));

		if (items == NULL)
			return -ENOMEM;
		regions->items = items;
		regions->room = room;
	}
	regions->items[regions->count] = *region;
	regions->items[regions->count++].clients.form =
	    netset_form(&region->clients);
	return 0;
}

static int
latest_grow(struct regions *regions, uint32_t kind)
{
	size_t more = ((size_t)kind + 1) * 2;
	size_t *latest = realloc(regions->latest, more * sizeof(*latest));

	if (latest == NULL)
		return -ENOMEM;
	memset(latest + regions->nlatest, 0,
	    (more - regions->nlatest) * sizeof(*latest));
	regions->latest = latest;
	regions->nlatest = more;
	return 0;
}

int
regions_add(struct regions *regions, const struct netrange *clients,
    size_t place, uint32_t kind)
{
	const struct region region = { *clients, place, kind };
	int rc = kind < regions->nlatest ? 0 : latest_grow(regions, kind);

	if (rc == 0 && regions->latest[kind] != 0) {
		struct region *last =
		    &regions->items[regions->latest[kind] - 1];

		if (last->place == place &&
		    netstep_adjoins(&last->clients.last, &clients->first)) {
			last->clients.last = clients->last;
			last->clients.form = netset_form(&last->clients);
			return 0;
		}
	}
	if (rc == 0)
		rc = append(regions, &region);
	if (rc == 0)
		regions->latest[kind] = regions->count;
	return rc;
}

/* ---- Orders ---------------------------------------------------------- */

static int
compare_first(const struct region *a, const struct region *b)
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
	const struct region *a = left, *b = right;
	size_t pa = a->place + 1, pb = b->place + 1; /* everywhere: 0 */
	int order = pa != pb ? (pa < pb ? -1 : 1) : compare_first(a, b);

	return order != 0 ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Regions that may be joined over places stand together. */
static int
compare_by_kind(const void *left, const void *right)
{
	const struct region *a = left, *b = right;

	if (a->clients.first.family != b->clients.first.family)
		return a->clients.first.family < b->clients.first.family ? -1
									 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return compare_first(a, b);
}

static void
sort(struct regions *regions, int (*compare)(const void *, const void *))
{
	if (regions->count > 1)
		qsort(regions->items, regions->count, sizeof(*regions->items),
		    compare);
}

void
regions_sort(struct regions *regions)
{
	sort(regions, compare_by_place);
}

void
regions_count(struct regions *regions, struct wide *sum)
{
	struct netrange run = { .first.family = FAMILY_NONE };

	sort(regions, compare_by_address);
	for (size_t i = 0; i < regions->count; i++) {
		const struct netrange *next = &regions->items[i].clients;

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
    const struct region *items, size_t count, size_t places, struct regions *to)
{
	struct edge *edges = calloc(count, 2 * sizeof(*edges));
	struct region common = items[0];
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
	common.place = REGION_EVERYWHERE;
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

/* Adds what is left of a region without those that hold everywhere. They are
 * sorted, and each lies within the region or apart from it. */
static int
add_rest(
    const struct region *region, size_t from, size_t end, struct regions *to)
{
	struct region rest = *region;
	size_t low = from, high = end;
	int rc;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_first(&to->items[middle], region) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < end; low++) {
		struct netrange common = to->items[low].clients;

		if (netaddr_compare(&common.first, &region->clients.last) > 0)
			break;
		rest.clients.last = netstep_previous(common.first);
		if (netaddr_compare(&common.first, &rest.clients.first) != 0 &&
		    (rc = append(to, &rest)) != 0)
			return rc;
		if (netaddr_compare(&common.last, &region->clients.last) == 0)
			return 0;
		rest.clients.first = netstep_next(common.last);
	}
	rest.clients.last = region->clients.last;
	return append(to, &rest);
}

int
regions_fold(struct regions *regions, const size_t places[2])
{
	struct regions folded = { 0 };
	size_t end;
	int rc = 0;

	sort(regions, compare_by_kind);
	for (size_t i = 0; i < regions->count && rc == 0; i = end) {
		const struct region *kind = &regions->items[i];
		bool ipv6 = kind->clients.first.family == FAMILY_IPV6;
		size_t from = folded.count, to;

		for (end = i + 1; end < regions->count &&
				  regions->items[end].kind == kind->kind &&
				  regions->items[end].clients.first.family ==
				      kind->clients.first.family;
		     end++)
			;
		rc = add_common(kind, end - i, places[ipv6], &folded);
		to = folded.count;
		for (size_t j = i; j < end && rc == 0; j++)
			rc = add_rest(&regions->items[j], from, to, &folded);
	}
	if (rc != 0) {
		regions_fini(&folded);
		return rc;
	}
	regions_fini(regions);
	*regions = folded;
	return 0;
}
