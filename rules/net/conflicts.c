/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netorder - ranges by place, and those that may not stand together.
 *
 * Sorts indices, stably and in O(n log n). Finds ties and crossings between
 * owners without looking at pairs: a tree over their last addresses finds who
 * crosses whom, in time that grows with what is reported. Is asked only where
 * sweep.c met ranges that do not nest. Owns nothing but memory
 * that it frees before it answers. Allows one owner everything.
 */
#include "conflicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef int entry_compare(const struct netorder *, uint32_t, uint32_t);

/* ---- Order ------------------------------------------------------------- */

/* By first address; of these the widest first, so that a range comes before
 * those within it; equal ranges by owner. */
static int
range_compare(const struct netorder *list, uint32_t a, uint32_t b)
{
	const struct netrange *v = netorder_range(list, a);
	const struct netrange *w = netorder_range(list, b);
	uint32_t owner_v = list->entries[a].owner;
	uint32_t owner_w = list->entries[b].owner;
	int order = netaddr_compare(&v->first, &w->first);

	if (order == 0)
		order = netaddr_compare(&w->last, &v->last);
	return order != 0 ? order : (owner_v > owner_w) - (owner_v < owner_w);
}

static int
last_compare(const struct netorder *list, uint32_t a, uint32_t b)
{
	return netaddr_compare(
	    &netorder_range(list, a)->last, &netorder_range(list, b)->last);
}

static void
merge(const struct netorder *list, uint32_t *out, uint32_t low, uint32_t middle,
    uint32_t high, entry_compare *compare)
{
	uint32_t i = 0, j = middle, n = middle - low, to = low;

	if (compare(list, out[middle - 1], out[middle]) <= 0)
		return;
	memcpy(list->spare, out + low, n * sizeof(*out));
	while (i < n) {
		if (j == high || compare(list, list->spare[i], out[j]) <= 0)
			out[to++] = list->spare[i++];
		else
			out[to++] = out[j++];
	}
}

/* Stable, unlike qsort(3), and with a context. */
static void
sort(const struct netorder *list, uint32_t *out, entry_compare *compare)
{
	uint64_t width, low, high, n = list->count;
	uint32_t i;

	for (i = 0; i < n; i++)
		out[i] = i;
	for (width = 1; width < n; width *= 2)
		for (low = 0; low + width < n; low += 2 * width) {
			high = low + 2 * width < n ? low + 2 * width : n;
			merge(list, out, (uint32_t)low, (uint32_t)(low + width),
			    (uint32_t)high, compare);
		}
}

void
netorder_sort(const struct netorder *list)
{
	sort(list, list->sorted, range_compare);
}

/* ---- Conflicts --------------------------------------------------------- */

/* A tree over the entries by last address: 0 where none was put in, an entry
 * + 1 where all below have its owner, else MIXED. So those of other owners
 * are found without a look at those of the same. */
enum { VACANT = 0 };
#define MIXED UINT32_MAX

struct finder {
	const struct netorder *list;
	uint32_t *by_last;
	uint32_t *tree, leaves; /* its ranks begin at tree[leaves] */
	struct netset_conflict *out;
	size_t count, room;
	bool any;
};

static bool
same_owner(const struct netorder *list, uint32_t a, uint32_t b)
{
	return list->entries[a].owner == list->entries[b].owner;
}

/* Answers whether there is room for another. */
static bool
report(struct finder *finder, bool tie, uint32_t a, uint32_t b)
{
	const struct netrange *v = netorder_range(finder->list, a);
	const struct netrange *w = netorder_range(finder->list, b);

	finder->any = true;
	if (finder->count < finder->room) {
		finder->out[finder->count++] = (struct netset_conflict){
			.type = tie ? NETSET_TIE : NETSET_CROSSING,
			.a = a < b ? a : b,
			.b = a < b ? b : a,
			.client = netaddr_compare(&v->first, &w->first) > 0
				      ? v->first
				      : w->first,
		};
	}
	return finder->count < finder->room;
}

static bool
ranges_equal(const struct netorder *list, uint32_t a, uint32_t b)
{
	const struct netrange *v = netorder_range(list, a);
	const struct netrange *w = netorder_range(list, b);

	return netaddr_compare(&v->first, &w->first) == 0 &&
	       netaddr_compare(&v->last, &w->last) == 0;
}

/* Of equal ranges the owners lie together: all before the block of an owner
 * tie with each in it. */
static bool
ties_find(struct finder *finder, uint32_t from, uint32_t to)
{
	const uint32_t *order = finder->list->sorted;
	uint32_t i, j, block = from;

	for (j = from + 1; j < to; j++) {
		if (!same_owner(finder->list, order[j - 1], order[j]))
			block = j;
		for (i = from; i < block; i++)
			if (!report(finder, true, order[i], order[j]))
				return false;
	}
	return true;
}

static void
finder_put(struct finder *finder, uint32_t rank, uint32_t entry)
{
	uint32_t *tree = finder->tree, at = finder->leaves + rank;
	uint32_t value = entry + 1;

	for (tree[at] = value; at > 1; at /= 2) {
		uint32_t *up = &tree[at / 2];

		if (*up == VACANT)
			*up = value;
		else if (*up != MIXED &&
			 !same_owner(finder->list, *up - 1, entry))
			*up = MIXED;
	}
}

/* Reports what other owners have in the ranks [from, to) below the node at,
 * whose own ranks are [low, low + span). Recursion ends with span. */
static bool
finder_ask(struct finder *finder, uint32_t entry, uint32_t from, uint32_t to,
    uint32_t at, uint32_t low, uint32_t span)
{
	uint32_t value = finder->tree[at];

	if (value == VACANT || from >= low + span || to <= low ||
	    (value != MIXED && same_owner(finder->list, value - 1, entry)))
		return true;
	if (span == 1)
		return report(finder, false, value - 1, entry);
	span /= 2;
	return finder_ask(finder, entry, from, to, at * 2, low, span) &&
	       finder_ask(
		   finder, entry, from, to, at * 2 + 1, low + span, span);
}

/* The first rank whose last address is not below addr. */
static uint32_t
finder_rank(const struct finder *finder, const struct netaddr *addr)
{
	uint32_t low = 0, high = finder->list->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t entry = finder->by_last[middle];

		if (netaddr_compare(
			&netorder_range(finder->list, entry)->last, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* By first address; an earlier range crosses this one if it ends within. Of
 * those put in before, none begins later, and one that begins with it ends
 * no earlier. */
static bool
crossings_find(struct finder *finder, uint32_t from, uint32_t to)
{
	const struct netorder *list = finder->list;
	const struct netrange *range = netorder_range(list, list->sorted[from]);
	uint32_t first = finder_rank(finder, &range->first);
	uint32_t last = finder_rank(finder, &range->last), i;

	for (i = from; i < to; i++)
		if (first < last && !finder_ask(finder, list->sorted[i], first,
					last, 1, 0, finder->leaves))
			return false;
	return true;
}

static void
conflicts_scan(struct finder *finder)
{
	const struct netorder *list = finder->list;
	uint32_t *rank = list->spare;
	uint32_t from, to, i;

	for (i = 0; i < list->count; i++)
		rank[finder->by_last[i]] = i;
	for (from = 0; from < list->count; from = to) {
		for (to = from + 1;
		     to < list->count &&
		     ranges_equal(list, list->sorted[from], list->sorted[to]);
		     to++)
			;
		if (!ties_find(finder, from, to) ||
		    !crossings_find(finder, from, to))
			return;
		for (i = from; i < to; i++)
			finder_put(
			    finder, rank[list->sorted[i]], list->sorted[i]);
	}
}

int
netorder_conflicts(
    const struct netorder *list, struct netset_conflict *out, size_t *count)
{
	struct finder finder = { .list = list, .out = out, .room = *count };
	int rc = -ENOMEM;

	for (finder.leaves = 1; finder.leaves < list->count;)
		finder.leaves *= 2;
	finder.by_last = calloc(list->count, sizeof(*finder.by_last));
	finder.tree = calloc(finder.leaves, 2 * sizeof(*finder.tree));
	if (finder.by_last != NULL && finder.tree != NULL) {
		sort(list, finder.by_last, last_compare);
		conflicts_scan(&finder);
		*count = finder.count;
		rc = finder.any ? -EINVAL : 0;
	}
	free(finder.by_last);
	free(finder.tree);
	return rc;
}
