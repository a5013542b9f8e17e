/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netheap - segments of ranges of one owner that cross.
 *
 * Sweeps with a heap of the ranges that are under way, the smallest on top.
 * Slower than sweep.c, and asked only where ranges do not nest. A pick is
 * made anew where a range begins or ends, so expiring ranges that cross deep
 * on each other would cost more than all else; there is a bound on that.
 */
#include "build.h"

#include <errno.h>
#include <stdlib.h>

struct heap {
	struct netbuild *build;
	const struct netorder *list;
	uint32_t *items; /* entries, who wins first */
	uint32_t count;
	uint32_t *latest; /* by entry: 1 + its latest link, 0 for none */
};

static const struct netrange *
range_of(const struct heap *heap, uint32_t entry)
{
	return netorder_range(heap->list, entry);
}

/* Who wins: the smaller range, then the first in the input. */
static int
size_compare(const struct heap *heap, uint32_t a, uint32_t b)
{
	struct netaddr v = netrange_size(range_of(heap, a));
	struct netaddr w = netrange_size(range_of(heap, b));
	int order = netaddr_compare(&v, &w);

	return order != 0 ? order : (a > b) - (a < b);
}

static void
heap_push(struct heap *heap, uint32_t entry)
{
	uint32_t *items = heap->items, at = heap->count++;

	while (at > 0 && size_compare(heap, entry, items[(at - 1) / 2]) < 0) {
		items[at] = items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	items[at] = entry;
}

static uint32_t
heap_pop(struct heap *heap)
{
	uint32_t *items = heap->items, top = items[0], at = 0, child;
	uint32_t entry = items[--heap->count];

	while ((child = 2 * at + 1) < heap->count) {
		if (child + 1 < heap->count &&
		    size_compare(heap, items[child + 1], items[child]) < 0)
			child++;
		if (size_compare(heap, entry, items[child]) <= 0)
			break;
		items[at] = items[child];
		at = child;
	}
	items[at] = entry;
	return top;
}

/* Those that have ended are dropped when they come up. */
static void
heap_trim(struct heap *heap, const struct netaddr *at)
{
	while (heap->count > 0 &&
	       netaddr_compare(&range_of(heap, heap->items[0])->last, at) < 0)
		(void)heap_pop(heap);
}

/* ---- Picks ------------------------------------------------------------- */

static int
link_pick(struct heap *heap, uint32_t entry, uint32_t next, uint32_t *pick)
{
	const struct netlinks *links = &heap->build->links;
	uint32_t latest = heap->latest[entry];
	int rc;

	if (latest != 0 && links->items[latest - 1].next == next) {
		*pick = (uint32_t)heap->build->input->count + latest;
		return 0;
	}
	rc = netbuild_link(heap->build, entry, next, pick);
	if (rc == 0)
		heap->latest[entry] = links->count;
	return rc;
}

/* The pick for all addresses from at to *last, before another range begins.
 * The heap is not empty and its top is not over. */
static int
pick_make(struct heap *heap, const struct netaddr *at, struct netaddr *last,
    uint32_t *pick)
{
	uint32_t *chain = heap->list->spare;
	uint32_t depth = 0, i;
	int rc = 0;

	*last = range_of(heap, heap->items[0])->last;
	*pick = heap->items[0] + 1;
	if (!heap->list->entries[heap->items[0]].expires)
		return 0;
	do {
		const struct netrange *range;

		chain[depth] = heap_pop(heap);
		range = range_of(heap, chain[depth]);
		if (netaddr_compare(&range->last, last) < 0)
			*last = range->last;
		heap_trim(heap, at);
	} while (
	    heap->list->entries[chain[depth++]].expires && heap->count > 0);
	for (i = 0; i < depth; i++)
		heap_push(heap, chain[i]);
	if (depth > heap->build->steps)
		return -E2BIG;
	heap->build->steps -= depth;
	*pick = chain[depth - 1] + 1;
	for (i = depth - 1; i > 0 && rc == 0; i--)
		rc = link_pick(heap, chain[i - 1], *pick, pick);
	return rc;
}

/* ---- The sweep --------------------------------------------------------- */

/* Each turn begins a range or ends one. */
static int
sweep(struct heap *heap, uint32_t from, uint32_t to)
{
	enum family family = heap->build->family;
	struct netaddr at = { .family = family }, end;
	struct netaddr last = netstep_last(family);
	uint32_t pick;
	int rc;

	for (;;) {
		const struct netaddr *next = NULL;

		for (; from < to; from++) {
			next = &range_of(heap, heap->list->sorted[from])->first;
			if (netaddr_compare(next, &at) > 0)
				break;
			heap_push(heap, heap->list->sorted[from]);
		}
		if (from == to)
			next = NULL;
		heap_trim(heap, &at);
		if (heap->count == 0) {
			netbuild_segment(
			    heap->build, &at, NETSTEP_NO_BLOCK, NETSET_NONE);
			if (next == NULL)
				return 0;
			at = *next;
			continue;
		}
		rc = pick_make(heap, &at, &end, &pick);
		if (rc != 0)
			return rc;
		netbuild_segment(heap->build, &at, NETSTEP_NO_BLOCK, pick);
		if (next != NULL && netaddr_compare(next, &end) <= 0)
			at = *next;
		else if (netaddr_compare(&end, &last) == 0)
			return 0;
		else
			at = netstep_next(end);
	}
}

/* IPv4 sorts before IPv6. */
int
netheap(struct netbuild *build, const struct netorder *list)
{
	struct heap heap = {
		.build = build,
		.list = list,
		.items = calloc(list->count, sizeof(*heap.items)),
		.latest = calloc(list->count, sizeof(*heap.latest)),
	};
	bool ipv4 = build->family == FAMILY_IPV4;
	uint32_t from = ipv4 ? 0 : list->count - build->ranges;
	int rc = -ENOMEM;

	if (heap.items != NULL && heap.latest != NULL)
		rc = sweep(&heap, from, from + build->ranges);
	free(heap.items);
	free(heap.latest);
	return rc;
}
