/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netset - ranges to the most specific owner.
 *
 * Flattens the ranges into disjoint segments: sorted starts and, beside them,
 * picks. IPv4 and IPv6 have tables of their own, each beginning at address 0,
 * so that a search never falls off the low end. A pick up to the number of
 * entries is that entry with nothing behind it; a higher one is a link of an
 * entry and the pick behind it, and links are shared by segments. Owns no
 * entries. Never decides by order between two owners.
 */
#include "netorder.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	COUNT_MAX = 1 << 30,
	/* Steps along chains that a build may take for each entry: as many
	 * as any set of networks without duplicates can need, 129 prefix
	 * lengths deep in two segments each. */
	CHAIN_STEPS = 258,
	CHAIN_STEPS_MORE = 1 << 20,
};

struct link {
	uint32_t entry, next;
};

struct netset {
	uint32_t count; /* of entries */
	struct link *links;
	uint32_t nlinks;
	uint32_t *starts4, *picks4;
	uint32_t n4;
	uint64_t *his6, *los6;
	uint32_t *picks6;
	uint32_t n6;
};

/* ---- Addresses as numbers ---------------------------------------------- */

static struct netaddr
addr_first(enum family family)
{
	return (struct netaddr){ .family = family };
}

static struct netaddr
addr_last(enum family family)
{
	if (family == FAMILY_IPV4)
		return (struct netaddr){ .family = family, .lo = UINT32_MAX };
	return (struct netaddr){
		.family = family, .hi = UINT64_MAX, .lo = UINT64_MAX
	};
}

/* Not for the last address of a family. */
static struct netaddr
addr_next(struct netaddr addr)
{
	addr.lo++;
	addr.hi += addr.lo == 0;
	return addr;
}

static struct netaddr
addr_previous(struct netaddr addr)
{
	addr.hi -= addr.lo == 0;
	addr.lo--;
	return addr;
}

/* One less than the number of addresses, so that ::/0 has one too. */
static struct netaddr
range_size(const struct netrange *range)
{
	return (struct netaddr){
		.family = range->first.family,
		.hi = range->last.hi - range->first.hi -
		      (range->last.lo < range->first.lo),
		.lo = range->last.lo - range->first.lo,
	};
}

/* ---- The heap of ranges under way -------------------------------------- */

struct build {
	struct netorder list;
	uint32_t *heap; /* entries, who wins first */
	uint32_t nheap;
	uint32_t *latest; /* by entry: 1 + its latest link, 0 for none */
	uint32_t room;    /* of links */
	uint64_t steps;   /* along chains, that are left */
	struct netset *set;
};

static const struct netrange *
range_of(const struct build *build, uint32_t entry)
{
	return netorder_range(&build->list, entry);
}

/* Who wins: the smaller range, then the first in the input. */
static int
size_compare(const struct build *build, uint32_t a, uint32_t b)
{
	struct netaddr v = range_size(range_of(build, a));
	struct netaddr w = range_size(range_of(build, b));
	int order = netaddr_compare(&v, &w);

	return order != 0 ? order : (a > b) - (a < b);
}

static void
heap_push(struct build *build, uint32_t entry)
{
	uint32_t *heap = build->heap, at = build->nheap++;

	while (at > 0 && size_compare(build, entry, heap[(at - 1) / 2]) < 0) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = entry;
}

static uint32_t
heap_pop(struct build *build)
{
	uint32_t *heap = build->heap, top = heap[0], at = 0, child;
	uint32_t entry = heap[--build->nheap];

	while ((child = 2 * at + 1) < build->nheap) {
		if (child + 1 < build->nheap &&
		    size_compare(build, heap[child + 1], heap[child]) < 0)
			child++;
		if (size_compare(build, entry, heap[child]) <= 0)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = entry;
	return top;
}

/* Those that have ended are dropped when they come up. */
static void
heap_trim(struct build *build, const struct netaddr *at)
{
	while (build->nheap > 0 &&
	       netaddr_compare(&range_of(build, build->heap[0])->last, at) < 0)
		(void)heap_pop(build);
}

/* ---- Picks ------------------------------------------------------------- */

static int
link_pick(struct build *build, uint32_t entry, uint32_t next, uint32_t *pick)
{
	struct netset *set = build->set;
	uint32_t latest = build->latest[entry];

	if (latest != 0 && set->links[latest - 1].next == next) {
		*pick = set->count + latest;
		return 0;
	}
	if (set->nlinks == build->room) {
		uint32_t room = build->room == 0 ? 64 : build->room * 2;
		struct link *links;

		if (room > COUNT_MAX)
			return -E2BIG;
		links = realloc(set->links, room * sizeof(*links));
		if (links == NULL)
			return -ENOMEM;
		set->links = links;
		build->room = room;
	}
	set->links[set->nlinks++] =
	    (struct link){ .entry = entry, .next = next };
	build->latest[entry] = set->nlinks;
	*pick = set->count + set->nlinks;
	return 0;
}

/* The pick for all addresses from at to *last, before another range begins.
 * The heap is not empty and its top is not over. */
static int
pick_make(struct build *build, const struct netaddr *at, struct netaddr *last,
    uint32_t *pick)
{
	uint32_t *chain = build->list.spare;
	uint32_t depth = 0, i;
	int rc = 0;

	*last = range_of(build, build->heap[0])->last;
	*pick = build->heap[0] + 1;
	if (!build->list.entries[build->heap[0]].expires)
		return 0;
	do {
		const struct netrange *range;

		chain[depth] = heap_pop(build);
		range = range_of(build, chain[depth]);
		if (netaddr_compare(&range->last, last) < 0)
			*last = range->last;
		heap_trim(build, at);
	} while (
	    build->list.entries[chain[depth++]].expires && build->nheap > 0);
	for (i = 0; i < depth; i++)
		heap_push(build, chain[i]);
	if (depth > build->steps)
		return -E2BIG;
	build->steps -= depth;
	*pick = chain[depth - 1] + 1;
	for (i = depth - 1; i > 0 && rc == 0; i--)
		rc = link_pick(build, chain[i - 1], *pick, pick);
	return rc;
}

/* ---- The sweep --------------------------------------------------------- */

static int
tables_alloc(struct netset *set, enum family family, size_t ranges)
{
	size_t n = 2 * ranges + 1;

	if (family == FAMILY_IPV4) {
		set->starts4 = calloc(n, sizeof(*set->starts4));
		set->picks4 = calloc(n, sizeof(*set->picks4));
		return set->starts4 == NULL || set->picks4 == NULL ? -ENOMEM
								   : 0;
	}
	set->his6 = calloc(n, sizeof(*set->his6));
	set->los6 = calloc(n, sizeof(*set->los6));
	set->picks6 = calloc(n, sizeof(*set->picks6));
	return set->his6 == NULL || set->los6 == NULL || set->picks6 == NULL
		   ? -ENOMEM
		   : 0;
}

static void *
shrink(void *array, size_t count, size_t size)
{
	void *less = realloc(array, count * size);

	return less != NULL ? less : array;
}

static void
tables_shrink(struct netset *set, enum family family)
{
	if (family == FAMILY_IPV4) {
		set->starts4 = shrink(set->starts4, set->n4, 4);
		set->picks4 = shrink(set->picks4, set->n4, 4);
	} else {
		set->his6 = shrink(set->his6, set->n6, 8);
		set->los6 = shrink(set->los6, set->n6, 8);
		set->picks6 = shrink(set->picks6, set->n6, 4);
	}
}

static void
segment_add(struct netset *set, const struct netaddr *start, uint32_t pick)
{
	if (start->family == FAMILY_IPV4) {
		if (set->n4 > 0 && set->picks4[set->n4 - 1] == pick)
			return;
		set->starts4[set->n4] = (uint32_t)start->lo;
		set->picks4[set->n4++] = pick;
	} else {
		if (set->n6 > 0 && set->picks6[set->n6 - 1] == pick)
			return;
		set->his6[set->n6] = start->hi;
		set->los6[set->n6] = start->lo;
		set->picks6[set->n6++] = pick;
	}
}

/* Makes the segments of order[from..to), which are of one family. Each turn
 * begins a range or ends one. */
static int
sweep(struct build *build, enum family family, uint32_t from, uint32_t to)
{
	struct netaddr at = addr_first(family), last = addr_last(family), end;
	uint32_t pick;
	int rc;

	for (;;) {
		const struct netaddr *next = NULL;

		for (; from < to; from++) {
			next =
			    &range_of(build, build->list.sorted[from])->first;
			if (netaddr_compare(next, &at) > 0)
				break;
			heap_push(build, build->list.sorted[from]);
		}
		if (from == to)
			next = NULL;
		heap_trim(build, &at);
		if (build->nheap == 0) {
			segment_add(build->set, &at, NETSET_NONE);
			if (next == NULL)
				return 0;
			at = *next;
			continue;
		}
		rc = pick_make(build, &at, &end, &pick);
		if (rc != 0)
			return rc;
		segment_add(build->set, &at, pick);
		if (next != NULL && netaddr_compare(next, &end) <= 0)
			at = *next;
		else if (netaddr_compare(&end, &last) == 0)
			break;
		else
			at = addr_next(end);
	}
	build->nheap = 0;
	return 0;
}

static int
family_build(
    struct build *build, enum family family, uint32_t from, uint32_t to)
{
	int rc;

	if (from == to)
		return 0;
	rc = tables_alloc(build->set, family, to - from);
	if (rc == 0)
		rc = sweep(build, family, from, to);
	if (rc == 0)
		tables_shrink(build->set, family);
	return rc;
}

/* IPv4 sorts before IPv6. */
static int
set_build(struct build *build)
{
	uint32_t middle = 0;
	int rc;

	while (middle < build->list.count &&
	       range_of(build, build->list.sorted[middle])->first.family ==
		   FAMILY_IPV4)
		middle++;
	rc = family_build(build, FAMILY_IPV4, 0, middle);
	if (rc == 0)
		rc =
		    family_build(build, FAMILY_IPV6, middle, build->list.count);
	if (rc == 0 && build->set->nlinks > 0)
		build->set->links = shrink(build->set->links,
		    build->set->nlinks, sizeof(*build->set->links));
	return rc;
}

static int
build_init(
    struct build *build, const struct netset_entry *entries, size_t count)
{
	size_t room = count > 0 ? count : 1;

	if (count > COUNT_MAX)
		return -E2BIG;
	*build = (struct build){
		.list = {
			.entries = entries,
			.count = (uint32_t)count,
			.sorted = calloc(room, sizeof(uint32_t)),
			.spare = calloc(room, sizeof(uint32_t)),
		},
		.heap = calloc(room, sizeof(*build->heap)),
		.latest = calloc(room, sizeof(*build->latest)),
		.steps = (uint64_t)count * CHAIN_STEPS + CHAIN_STEPS_MORE,
		.set = calloc(1, sizeof(*build->set)),
	};
	if (build->list.sorted == NULL || build->list.spare == NULL ||
	    build->heap == NULL || build->latest == NULL || build->set == NULL)
		return -ENOMEM;
	build->set->count = (uint32_t)count;
	return 0;
}

int
netset_new(const struct netset_entry *entries, size_t count,
    struct netset **set, struct netset_conflict *conflicts, size_t *nconflicts)
{
	struct build build = { 0 };
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		assert(netaddr_compare(&entries[i].range.first,
			   &entries[i].range.last) <= 0);
	rc = build_init(&build, entries, count);
	if (rc == 0) {
		netorder_sort(&build.list);
		rc = netorder_conflicts(&build.list, conflicts, nconflicts);
	}
	if (rc == 0)
		rc = set_build(&build);
	if (rc == 0)
		*set = build.set;
	else
		netset_free(build.set);
	free(build.list.sorted);
	free(build.list.spare);
	free(build.heap);
	free(build.latest);
	return rc;
}

void
netset_free(struct netset *set)
{
	if (set == NULL)
		return;
	free(set->links);
	free(set->starts4);
	free(set->picks4);
	free(set->his6);
	free(set->los6);
	free(set->picks6);
	free(set);
}

/* ---- Look-up ------------------------------------------------------------ */

static uint32_t
find4(const struct netset *set, uint32_t addr)
{
	const uint32_t *start = set->starts4;
	uint32_t n = set->n4, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		start += start[half] <= addr ? half : 0;
	}
	return set->picks4[start - set->starts4];
}

static uint32_t
find6(const struct netset *set, uint64_t hi, uint64_t lo)
{
	const uint64_t *his = set->his6, *los = set->los6;
	uint32_t at = 0, n = set->n6, half;

	for (; n > 1; n -= half) {
		uint32_t middle = at + (half = n / 2);
		unsigned below = (unsigned)(his[middle] < hi) |
				 ((unsigned)(his[middle] == hi) &
				     (unsigned)(los[middle] <= lo));

		at = below != 0 ? middle : at;
	}
	return set->picks6[at];
}

uint32_t
netset_find(const struct netset *set, const struct netaddr *addr)
{
	if (addr->family == FAMILY_IPV4 && set->n4 > 0)
		return find4(set, (uint32_t)addr->lo);
	if (addr->family == FAMILY_IPV6 && set->n6 > 0)
		return find6(set, addr->hi, addr->lo);
	return NETSET_NONE;
}

size_t
netset_entry(const struct netset *set, uint32_t pick)
{
	assert(pick != NETSET_NONE && pick - 1 < set->count + set->nlinks);
	if (pick <= set->count)
		return pick - 1;
	return set->links[pick - set->count - 1].entry;
}

uint32_t
netset_next(const struct netset *set, uint32_t pick)
{
	assert(pick != NETSET_NONE && pick - 1 < set->count + set->nlinks);
	if (pick <= set->count)
		return NETSET_NONE;
	return set->links[pick - set->count - 1].next;
}

static struct netaddr
segment_start(const struct netset *set, enum family family, uint32_t i)
{
	if (family == FAMILY_IPV4)
		return (
		    struct netaddr){ .family = family, .lo = set->starts4[i] };
	return (struct netaddr){
		.family = family, .hi = set->his6[i], .lo = set->los6[i]
	};
}

/* A CIDR's size is all ones, and its first address has none of them. */
enum netform
netset_form(const struct netrange *range)
{
	struct netaddr size = range_size(range), more;

	if (size.hi == 0 && size.lo == 0)
		return NETFORM_SINGLE;
	more = addr_next(size);
	if (((size.hi & more.hi) | (size.lo & more.lo) |
		(size.hi & range->first.hi) | (size.lo & range->first.lo)) != 0)
		return NETFORM_RANGE;
	return NETFORM_CIDR;
}

static int
family_walk(const struct netset *set, enum family family,
    int (*fn)(void *, const struct netrange *, uint32_t), void *ctx)
{
	const uint32_t *picks =
	    family == FAMILY_IPV4 ? set->picks4 : set->picks6;
	uint32_t n = family == FAMILY_IPV4 ? set->n4 : set->n6, i;
	struct netrange range;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		if (picks[i] == NETSET_NONE)
			continue;
		range.first = segment_start(set, family, i);
		range.last =
		    i + 1 == n
			? addr_last(family)
			: addr_previous(segment_start(set, family, i + 1));
		range.form = netset_form(&range);
		rc = fn(ctx, &range, picks[i]);
	}
	return rc;
}

int
netset_walk(const struct netset *set,
    int (*fn)(void *ctx, const struct netrange *, uint32_t pick), void *ctx)
{
	int rc = family_walk(set, FAMILY_IPV4, fn, ctx);

	return rc != 0 ? rc : family_walk(set, FAMILY_IPV6, fn, ctx);
}
