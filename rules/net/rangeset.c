/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rangeset - sets of addresses, as ranges.
 *
 * The one module for interval arithmetic. Operations on two sets are made of
 * two questions, which parts of a range lie inside and outside a set; each is
 * a binary search for the first range that matters, then a walk.
 */
#include "rangeset.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lookup.h"
#include "step.h"

void
rangeset_fini(struct rangeset *set)
{
	free(set->items);
	*set = (struct rangeset){ 0 };
}

static int
append(struct rangeset *set, const struct netrange *range)
{
	if (set->count == set->room) {
		size_t room = set->room == 0 ? 16 : set->room * 2;
		void *items = realloc(set->items, room * sizeof *set->items);

		if (!items)
			return -ENOMEM;
		set->items = items;
		set->room = room;
	}
	set->items[set->count] = *range;
	set->items[set->count++].form = netset_form(range);
	return 0;
}

/* Makes a range longer by one that begins within it or directly after it;
 * returns whether it does. */
static bool
join(struct netrange *range, const struct netrange *next)
{
	if (netaddr_compare(&next->first, &range->first) < 0 ||
	    (!netrange_holds(range, &next->first) &&
		!netstep_adjoins(&range->last, &next->first)))
		return false;
	if (netaddr_compare(&next->last, &range->last) > 0) {
		range->last = next->last;
		range->form = netset_form(range);
	}
	return true;
}

int
rangeset_add(struct rangeset *set, const struct netrange *range)
{
	if (set->count > 0 && !set->unsorted) {
		struct netrange *last = &set->items[set->count - 1];

		if (join(last, range))
			return 0;
		set->unsorted = netaddr_compare(&range->first, &last->last) < 0;
	}
	return append(set, range);
}

static int
compare_first(const void *left, const void *right)
{
	const struct netrange *a = left, *b = right;

	return netaddr_compare(&a->first, &b->first);
}

void
rangeset_sort(struct rangeset *set)
{
	size_t n = 0;

	if (!set->unsorted)
		return;
	qsort(set->items, set->count, sizeof *set->items, compare_first);
	for (size_t i = 1; i < set->count; i++)
		if (!join(&set->items[n], &set->items[i]))
			set->items[++n] = set->items[i];
	set->count = n + 1;
	set->unsorted = false;
}

/* ---- Parts of a range ------------------------------------------------ */

/* The first range that does not end before an address, or count. */
static size_t
find(const struct rangeset *set, const struct netaddr *addr)
{
	size_t low = 0, high = set->count;

	assert(!set->unsorted);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (netaddr_compare(&set->items[middle].last, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
call(struct netaddr first, struct netaddr last,
    int (*fn)(void *ctx, const struct netrange *part), void *ctx)
{
	struct netrange part = { .first = first, .last = last };

	part.form = netset_form(&part);
	return fn(ctx, &part);
}

int
rangeset_outside(const struct rangeset *set, const struct netrange *range,
    int (*fn)(void *ctx, const struct netrange *part), void *ctx)
{
	struct netaddr at = range->first;

	for (size_t i = find(set, &at); i < set->count; i++) {
		const struct netrange *item = &set->items[i];
		int rc = 0;

		if (netaddr_compare(&item->first, &range->last) > 0)
			break;
		if (netaddr_compare(&at, &item->first) < 0)
			rc = call(at, netstep_previous(item->first), fn, ctx);
		if (rc != 0 || netaddr_compare(&item->last, &range->last) >= 0)
			return rc;
		at = netstep_next(item->last);
	}
	return call(at, range->last, fn, ctx);
}

static struct netaddr
higher(struct netaddr a, struct netaddr b)
{
	return netaddr_compare(&a, &b) > 0 ? a : b;
}

static struct netaddr
lower(struct netaddr a, struct netaddr b)
{
	return netaddr_compare(&a, &b) < 0 ? a : b;
}

int
rangeset_inside(const struct rangeset *set, const struct netrange *range,
    int (*fn)(void *ctx, const struct netrange *part), void *ctx)
{
	int rc = 0;

	for (size_t i = find(set, &range->first); i < set->count && rc == 0;
	     i++) {
		const struct netrange *item = &set->items[i];

		if (netaddr_compare(&item->first, &range->last) > 0)
			break;
		rc = call(higher(item->first, range->first),
		    lower(item->last, range->last), fn, ctx);
	}
	return rc;
}

/* ---- Two sets -------------------------------------------------------- */

static int
add_part(void *ctx, const struct netrange *part)
{
	return rangeset_add(ctx, part);
}

/* Replaces each range by its parts inside or outside another set. */
static int
replace(struct rangeset *set, const struct rangeset *other,
    int (*parts)(const struct rangeset *, const struct netrange *,
	int (*fn)(void *, const struct netrange *), void *))
{
	struct rangeset result = { 0 };

	assert(!set->unsorted);
	for (size_t i = 0; i < set->count; i++) {
		int error = parts(other, &set->items[i], add_part, &result);

		if (error != 0) {
			rangeset_fini(&result);
			return error;
		}
	}
	rangeset_fini(set);
	*set = result;
	return 0;
}

int
rangeset_subtract(struct rangeset *set, const struct rangeset *other)
{
	return replace(set, other, rangeset_outside);
}

int
rangeset_intersect(struct rangeset *set, const struct rangeset *other)
{
	return replace(set, other, rangeset_inside);
}

int
rangeset_unite(struct rangeset *set, const struct rangeset *other)
{
	struct rangeset sum = { 0 };
	size_t i = 0, j = 0;
	int error = 0;

	assert(!set->unsorted && !other->unsorted);
	while ((i < set->count || j < other->count) && error == 0) {
		bool mine = j == other->count ||
			    (i < set->count && compare_first(&set->items[i],
						   &other->items[j]) <= 0);

		error = rangeset_add(
		    &sum, mine ? &set->items[i++] : &other->items[j++]);
	}
	if (error != 0) {
		rangeset_fini(&sum);
		return error;
	}
	rangeset_fini(set);
	*set = sum;
	return 0;
}

/* ---- Questions ------------------------------------------------------- */

bool
rangeset_contains(const struct rangeset *set, const struct netaddr *addr)
{
	size_t i = find(set, addr);

	return i < set->count && netrange_holds(&set->items[i], addr);
}

static int
take_first(void *ctx, const struct netrange *part)
{
	struct netrange *first = ctx;

	if (first)
		*first = *part;
	return 1;
}

bool
rangeset_exceeds(const struct rangeset *set, const struct rangeset *other,
    struct netrange *first)
{
	assert(!set->unsorted);
	for (size_t i = 0; i < set->count; i++)
		if (rangeset_outside(
			other, &set->items[i], take_first, first) != 0)
			return true;
	return false;
}

void
rangeset_count(
    const struct rangeset *set, enum family family, struct address_count *sum)
{
	assert(!set->unsorted);
	for (size_t i = 0; i < set->count; i++)
		if (family == FAMILY_NONE ||
		    set->items[i].first.family == family)
			address_count_add(sum, &set->items[i]);
}
