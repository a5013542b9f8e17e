/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netset - ranges to the most specific owner.
 *
 * Flattens the ranges into disjoint segments: sorted starts and, beside them,
 * picks. IPv4 and IPv6 have tables of their own, each beginning at address 0,
 * so that a search never falls off the low end. Above the starts stands a
 * static search tree: each level holds the first of every cache line of keys
 * of the level below, so a look-up reads one line a level, and the compiler
 * compares all of its keys at once.
 *
 * A range that is a block of 2^bits addresses, as each CIDR is, is one segment
 * that says so. Behind its end goes on what it lay in: the nearest segment
 * before it that reaches so far. A look-up goes back to that, over a few
 * segments at most: where they would be more, another segment begins there.
 *
 * A pick up to the number of entries is that entry with nothing behind it; a
 * higher one is a link of an entry and the pick behind it, and links are
 * shared by segments. Owns no entries. Never decides by order between two
 * owners.
 */
#include "build.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	COUNT_MAX = 1 << 30,
	LINE = 64, /* bytes of a cache line */
	KEYS4 = LINE / sizeof(uint32_t),
	KEYS6 = LINE / sizeof(uint64_t),
	PICKS = LINE / sizeof(uint32_t),
	LEVELS_MAX = 11, /* 2^31 segments of IPv6 */
	STEPS_BACK = 8,  /* of a look-up, from segment to segment */
};

/* The segments of a family. Every array is padded to whole lines, and keys
 * with the highest number, so that a line is always read as a whole. */
struct table {
	uint32_t count;             /* of segments; 0: no range */
	uint32_t depth;             /* of the tree, with the starts */
	uint32_t sizes[LEVELS_MAX]; /* keys of each level */
	union {
		uint32_t *v4[LEVELS_MAX]; /* v4[0] are the starts */
		uint64_t *v6[LEVELS_MAX]; /* v6[0] their high halves */
	};
	uint64_t *los; /* IPv6: the low halves */
	uint32_t *picks;
	uint8_t *bits; /* how far each reaches: 2^bits addresses; all bits of
			  the family: to the next */
	void *block;   /* that all of it lies in */
};

struct netset {
	uint32_t count; /* of entries */
	struct netlink *links;
	uint32_t nlinks;
	struct table v4, v6;
};

/* ---- Segments ---------------------------------------------------------- */

static int
segments_init(struct netsegments *segments, enum family family, uint32_t ranges)
{
	size_t n = 2 * (size_t)ranges + 1;

	*segments = (struct netsegments){
		.picks = calloc(n, 4),
		.bits = calloc(n, 1),
	};
	if (segments->picks == NULL || segments->bits == NULL)
		return -ENOMEM;
	if (family == FAMILY_IPV4) {
		segments->starts = calloc(n, 4);
		return segments->starts != NULL ? 0 : -ENOMEM;
	}
	segments->his = calloc(n, 8);
	segments->los = calloc(n, 8);
	return segments->his != NULL && segments->los != NULL ? 0 : -ENOMEM;
}

static void
segments_fini(struct netsegments *segments)
{
	free(segments->starts);
	free(segments->his);
	free(segments->los);
	free(segments->picks);
	free(segments->bits);
	*segments = (struct netsegments){ 0 };
}

uint32_t
netbuild_segment(struct netbuild *build, const struct netaddr *start,
    unsigned bits, uint32_t pick)
{
	struct netsegments *segments = &build->segments;
	uint32_t n = segments->count;

	if (bits == NETSTEP_NO_BLOCK) {
		bits = netstep_bits(build->family);
		if (n > 0 && segments->picks[n - 1] == pick &&
		    segments->open == n - 1)
			return n - 1;
		segments->open = n;
	}
	if (build->family == FAMILY_IPV4) {
		segments->starts[n] = (uint32_t)start->lo;
	} else {
		segments->his[n] = start->hi;
		segments->los[n] = start->lo;
	}
	segments->picks[n] = pick;
	segments->bits[n] = (uint8_t)bits;
	segments->count++;
	return n;
}

bool
netbuild_is_near(const struct netbuild *build, uint32_t segment)
{
	const struct netsegments *segments = &build->segments;

	return segment >= segments->open &&
	       segments->count - 1 - segment <= STEPS_BACK;
}

int
netbuild_link(
    struct netbuild *build, uint32_t entry, uint32_t next, uint32_t *pick)
{
	struct netlinks *links = &build->links;

	if (links->count == links->room) {
		uint32_t room = links->room == 0 ? 64 : links->room * 2;
		struct netlink *items;

		if (room > COUNT_MAX)
			return -E2BIG;
		items = realloc(links->items, room * sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		links->items = items;
		links->room = room;
	}
	links->items[links->count++] =
	    (struct netlink){ .entry = entry, .next = next };
	*pick = (uint32_t)build->input->count + links->count;
	return 0;
}

/* ---- The tree ---------------------------------------------------------- */

static size_t
lines_of(size_t count, size_t size)
{
	return (count * size + LINE - 1) / LINE * LINE;
}

/* Every array of the table in one block; no two share a line. */
static int
table_place(struct table *table, enum family family)
{
	bool ipv4 = family == FAMILY_IPV4;
	size_t size = ipv4 ? 4 : 8;
	size_t total = lines_of(table->count, 4) + lines_of(table->count, 1);
	uint32_t count = table->count, i;
	unsigned char *at;

	for (;; count = (count - 1) / (uint32_t)(LINE / size) + 1) {
		table->sizes[table->depth++] = count;
		total += lines_of(count, size);
		if (count <= LINE / size)
			break;
	}
	total += ipv4 ? 0 : lines_of(table->count, 8);
	table->block = at = aligned_alloc(LINE, total);
	if (at == NULL)
		return -ENOMEM;
	memset(at, 0xff, total);
	for (i = table->depth; i-- > 0; at += lines_of(table->sizes[i], size))
		if (ipv4)
			table->v4[i] = (void *)at;
		else
			table->v6[i] = (void *)at;
	if (!ipv4) {
		table->los = (void *)at;
		at += lines_of(table->count, 8);
	}
	table->picks = (void *)at;
	table->bits = at + lines_of(table->count, 4);
	return 0;
}

static int
table_make(
    struct table *table, enum family family, const struct netsegments *segments)
{
	uint32_t level, i;
	int rc;

	table->count = segments->count;
	rc = table_place(table, family);
	if (rc != 0)
		return rc;
	memcpy(table->picks, segments->picks, table->count * sizeof(uint32_t));
	memcpy(table->bits, segments->bits, table->count);
	if (family == FAMILY_IPV4) {
		memcpy(table->v4[0], segments->starts,
		    table->count * sizeof(uint32_t));
	} else {
		memcpy(table->v6[0], segments->his,
		    table->count * sizeof(uint64_t));
		memcpy(
		    table->los, segments->los, table->count * sizeof(uint64_t));
	}
	for (level = 1; level < table->depth; level++)
		for (i = 0; i < table->sizes[level]; i++)
			if (family == FAMILY_IPV4)
				table->v4[level][i] =
				    table->v4[level - 1][(size_t)i * KEYS4];
			else
				table->v6[level][i] =
				    table->v6[level - 1][(size_t)i * KEYS6];
	return 0;
}

/* ---- The whole --------------------------------------------------------- */

/* With list NULL the ranges must nest: else -EDOM. */
static int
family_build(struct netbuild *build, const struct netorder *list,
    enum family family, uint32_t ranges, struct table *table)
{
	int rc;

	if (ranges == 0)
		return 0;
	build->family = family;
	build->ranges = ranges;
	rc = segments_init(&build->segments, family, build->ranges);
	if (rc == 0)
		rc = list == NULL ? netsweep(build) : netheap(build, list);
	if (rc == 0)
		rc = table_make(table, family, &build->segments);
	segments_fini(&build->segments);
	return rc;
}

static uint32_t
count_ipv4(const struct netset_input *input)
{
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < input->count; i++)
		count += input->entry(input->ctx, i).range.first.family ==
			 FAMILY_IPV4;
	return count;
}

static int
set_build(const struct netset_input *input, const struct netorder *list,
    struct netset **out)
{
	struct netbuild build = {
		.input = input,
		.steps = (uint64_t)input->count * NETBUILD_STEPS +
			 NETBUILD_STEPS_MORE,
	};
	struct netset *set = calloc(1, sizeof(*set));
	struct netlink *less;
	uint32_t ipv4;
	int rc;

	if (set == NULL)
		return -ENOMEM;
	set->count = (uint32_t)input->count;
	ipv4 = count_ipv4(input);
	rc = family_build(&build, list, FAMILY_IPV4, ipv4, &set->v4);
	if (rc == 0)
		rc = family_build(
		    &build, list, FAMILY_IPV6, set->count - ipv4, &set->v6);
	set->links = build.links.items;
	set->nlinks = build.links.count;
	if (rc != 0) {
		netset_free(set);
		return rc;
	}
	if (set->nlinks > 0) {
		less = realloc(set->links, set->nlinks * sizeof(*set->links));
		set->links = less != NULL ? less : set->links;
	}
	*out = set;
	return 0;
}

/* For ranges that do not nest, and may be in conflict. */
static int
crossing_build(const struct netset_input *input, struct netset **set,
    struct netset_conflict *conflicts, size_t *nconflicts)
{
	struct netset_entry *entries = calloc(input->count, sizeof(*entries));
	struct netorder list = {
		.entries = entries,
		.count = (uint32_t)input->count,
		.sorted = calloc(input->count, sizeof(uint32_t)),
		.spare = calloc(input->count, sizeof(uint32_t)),
	};
	size_t i;
	int rc = -ENOMEM;

	if (entries != NULL && list.sorted != NULL && list.spare != NULL) {
		for (i = 0; i < input->count; i++)
			entries[i] = input->entry(input->ctx, i);
		netorder_sort(&list);
		rc = netorder_conflicts(&list, conflicts, nconflicts);
		if (rc == 0)
			rc = set_build(input, &list, set);
	}
	free(entries);
	free(list.sorted);
	free(list.spare);
	return rc;
}

int
netset_new(const struct netset_input *input, struct netset **set,
    struct netset_conflict *conflicts, size_t *nconflicts)
{
	int rc;

	if (input->count > COUNT_MAX)
		return -E2BIG;
	rc = set_build(input, NULL, set);
	if (rc == -EDOM)
		return crossing_build(input, set, conflicts, nconflicts);
	if (rc == 0)
		*nconflicts = 0;
	return rc;
}

void
netset_free(struct netset *set)
{
	if (set == NULL)
		return;
	free(set->links);
	free(set->v4.block);
	free(set->v6.block);
	free(set);
}

/* ---- Look-up ------------------------------------------------------------ */

/* Whether an address, not below where a segment begins, is within its bits. */
static bool
reaches4(const struct table *table, uint32_t at, uint32_t addr)
{
	return (uint64_t)(addr - table->v4[0][at]) >> table->bits[at] == 0;
}

static bool
reaches6(const struct table *table, uint32_t at, uint64_t hi, uint64_t lo)
{
	struct netaddr mask = netstep_mask(FAMILY_IPV6, table->bits[at]);
	uint64_t start = table->los[at];

	hi -= table->v6[0][at] + (lo < start);
	return hi <= mask.hi && lo - start <= mask.lo;
}

/* Of each node take the last key that is not above the address; the first
 * one never is, as it stands in the level above. At the top of the space the
 * padding is not above, either: there the level's own last key is meant. */
static uint32_t
find4(const struct table *table, uint32_t addr)
{
	uint32_t at = 0, level, i, below;

	for (level = table->depth; level-- > 0;) {
		const uint32_t *keys = table->v4[level] + (size_t)at * KEYS4;

		if (level == 0) {
			__builtin_prefetch(table->picks + (size_t)at * PICKS);
			__builtin_prefetch(table->bits + (size_t)at * KEYS4);
		}
		for (i = below = 0; i < KEYS4; i++)
			below += keys[i] <= addr;
		at = at * KEYS4 + below - 1;
		if (at >= table->sizes[level])
			at = table->sizes[level] - 1;
	}
	while (!reaches4(table, at, addr))
		at--;
	return table->picks[at];
}

/* The last of the first count segments that does not begin above. */
static uint32_t
find6_among(const struct table *table, uint32_t count, uint64_t hi, uint64_t lo)
{
	const uint64_t *his = table->v6[0], *los = table->los;
	uint32_t at = 0, half;

	for (; count > 1; count -= half) {
		uint32_t middle = at + (half = count / 2);

		if (his[middle] < hi ||
		    (his[middle] == hi && los[middle] <= lo))
			at = middle;
	}
	return at;
}

/* The tree is over the high halves, as find4(). */
static uint32_t
find6(const struct table *table, uint64_t hi, uint64_t lo)
{
	uint32_t at = 0, level, i, below;

	for (level = table->depth; level-- > 0;) {
		const uint64_t *keys = table->v6[level] + (size_t)at * KEYS6;

		if (level == 0) {
			__builtin_prefetch(table->los + (size_t)at * KEYS6);
			__builtin_prefetch(table->picks + (size_t)at * KEYS6);
			__builtin_prefetch(table->bits + (size_t)at * KEYS6);
		}
		for (i = below = 0; i < KEYS6; i++)
			below += keys[i] <= hi;
		at = at * KEYS6 + below - 1;
		if (at >= table->sizes[level])
			at = table->sizes[level] - 1;
	}
	for (i = 0; i < KEYS6; i++, at--)
		if (table->v6[0][at] != hi || table->los[at] <= lo)
			break;
	if (i == KEYS6)
		at = find6_among(table, at + 1, hi, lo);
	while (!reaches6(table, at, hi, lo))
		at--;
	return table->picks[at];
}

uint32_t
netset_find(const struct netset *set, const struct netaddr *addr)
{
	if (addr->family == FAMILY_IPV4 && set->v4.count > 0)
		return find4(&set->v4, (uint32_t)addr->lo);
	if (addr->family == FAMILY_IPV6 && set->v6.count > 0)
		return find6(&set->v6, addr->hi, addr->lo);
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

/* ---- Walk --------------------------------------------------------------- */

static struct netaddr
segment_start(const struct table *table, enum family family, uint32_t i)
{
	if (family == FAMILY_IPV4)
		return (
		    struct netaddr){ .family = family, .lo = table->v4[0][i] };
	return (struct netaddr){
		.family = family, .hi = table->v6[0][i], .lo = table->los[i]
	};
}

enum netform
netset_form(const struct netrange *range)
{
	unsigned bits = netstep_block_bits(range);
	struct netaddr mask;

	if (bits == 0)
		return NETFORM_SINGLE;
	if (bits == NETSTEP_NO_BLOCK)
		return NETFORM_RANGE;
	mask = netstep_mask(range->first.family, bits);
	return ((range->first.hi & mask.hi) | (range->first.lo & mask.lo)) == 0
		   ? NETFORM_CIDR
		   : NETFORM_RANGE;
}

/* As far as its bits say; the next segment may begin before. */
static struct netaddr
segment_last(const struct table *table, enum family family, uint32_t i)
{
	if (table->bits[i] == netstep_bits(family))
		return netstep_last(family);
	return netstep_block(segment_start(table, family, i), table->bits[i]);
}

/* Goes back from *at to the segment that holds addr; answers its last. */
static struct netaddr
walk_back(const struct table *table, const struct netaddr *addr, uint32_t *at)
{
	struct netaddr last;

	for (;; (*at)--) {
		last = segment_last(table, addr->family, *at);
		if (netaddr_compare(addr, &last) <= 0)
			return last;
	}
}

/* Between the starts of two segments may lie some that were taken out. */
static int
table_walk(const struct table *table, enum family family,
    int (*fn)(void *, const struct netrange *, uint32_t), void *ctx)
{
	struct netaddr next, end;
	struct netrange range;
	uint32_t i, at;
	int rc = 0;

	for (i = 0; i < table->count && rc == 0; i++) {
		range.first = segment_start(table, family, i);
		end = netstep_last(family);
		if (i + 1 < table->count) {
			next = segment_start(table, family, i + 1);
			if (netaddr_compare(&range.first, &next) == 0)
				continue;
			end = netstep_previous(next);
		}
		at = i;
		do {
			range.last = walk_back(table, &range.first, &at);
			if (netaddr_compare(&end, &range.last) < 0)
				range.last = end;
			range.form = netset_form(&range);
			if (table->picks[at] != NETSET_NONE)
				rc = fn(ctx, &range, table->picks[at]);
			range.first = netstep_next(range.last);
		} while (rc == 0 && netaddr_compare(&range.last, &end) < 0);
	}
	return rc;
}

int
netset_walk(const struct netset *set,
    int (*fn)(void *ctx, const struct netrange *, uint32_t pick), void *ctx)
{
	int rc = table_walk(&set->v4, FAMILY_IPV4, fn, ctx);

	return rc != 0 ? rc : table_walk(&set->v6, FAMILY_IPV6, fn, ctx);
}
