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
#include "rangeset.h"
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
compare_by_place(const void *left, const void *right)
{
	const struct region *a = left, *b = right;
	size_t pa = a->place + 1, pb = b->place + 1; /* everywhere: 0 */
	int order = pa != pb ? (pa < pb ? -1 : 1) : compare_first(a, b);

	return order != 0 ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Regions that may be joined over places are adjacent. */
static int
compare_by_kind(const void *left, const void *right)
{
	const struct region *a = left, *b = right;

	if (a->clients.first.family != b->clients.first.family)
		return a->clients.first.family < b->clients.first.family ? -1
									 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
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

int
regions_count(const struct regions *regions, struct address_count *sum)
{
	struct rangeset set = { 0 };
	int error = 0;

	for (size_t i = 0; i < regions->count && error == 0; i++)
		error = rangeset_add(&set, &regions->items[i].clients);
	rangeset_sort(&set);
	if (error == 0)
		rangeset_count(&set, FAMILY_NONE, sum);
	rangeset_fini(&set);
	return error;
}

/* ---- What places have in common -------------------------------------- */

/* The addresses of the regions from i on that share the place of the first;
 * returns the index after them. */
static size_t
take_place(const struct region *items, size_t i, size_t count,
    struct rangeset *set, int *error)
{
	const size_t place = items[i].place;

	set->count = 0;
	for (; i < count && items[i].place == place && *error == 0; i++)
		*error = rangeset_add(set, &items[i].clients);
	return i;
}

static int
append_all(
    struct regions *to, const struct rangeset *set, size_t place, uint32_t kind)
{
	int error = 0;

	for (size_t i = 0; i < set->count && error == 0; i++)
		error =
		    append(to, &(struct region){ set->items[i], place, kind });
	return error;
}

/* The addresses that every place has; none if the regions, which are of one
 * kind, are of fewer places. */
static int
find_common(const struct region *items, size_t count, size_t places,
    struct rangeset *common)
{
	struct rangeset set = { 0 };
	size_t seen = 1, i;
	int error = 0;

	i = take_place(items, 0, count, common, &error);
	for (; i < count && common->count > 0 && error == 0; seen++) {
		i = take_place(items, i, count, &set, &error);
		if (error == 0)
			error = rangeset_intersect(common, &set);
	}
	if (seen < places)
		common->count = 0;
	rangeset_fini(&set);
	return error;
}

/* Folds the regions of one kind and family. */
static int
fold_kind(
    const struct region *items, size_t count, size_t places, struct regions *to)
{
	struct rangeset common = { 0 }, set = { 0 };
	int error = find_common(items, count, places, &common);

	if (error == 0)
		error = append_all(to, &common, REGION_EVERYWHERE, items->kind);
	for (size_t i = 0, end; i < count && error == 0; i = end) {
		end = take_place(items, i, count, &set, &error);
		if (error == 0)
			error = rangeset_subtract(&set, &common);
		if (error == 0)
			error =
			    append_all(to, &set, items[i].place, items->kind);
	}
	rangeset_fini(&common);
	rangeset_fini(&set);
	return error;
}

int
regions_fold(struct regions *regions, const size_t places[2])
{
	struct regions folded = { 0 };
	size_t end;
	int error = 0;

	sort(regions, compare_by_kind);
	for (size_t i = 0; i < regions->count && error == 0; i = end) {
		const struct region *kind = &regions->items[i];
		bool ipv6 = kind->clients.first.family == FAMILY_IPV6;

		for (end = i + 1; end < regions->count &&
				  regions->items[end].kind == kind->kind &&
				  regions->items[end].clients.first.family ==
				      kind->clients.first.family;
		     end++)
			;
		error = fold_kind(kind, end - i, places[ipv6], &folded);
	}
	if (error != 0) {
		regions_fini(&folded);
		return error;
	}
	regions_fini(regions);
	*regions = folded;
	return 0;
}
