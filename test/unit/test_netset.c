/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netset against an oracle that looks at every range, and every pair.
 *
 * Universes are random, small and crowded, since what matters are shared
 * edges: ranges of one owner that cross, ends of the address space, chains
 * of expiring ranges, ties and crossings. The look-up is tried on each
 * address next to an edge, where alone the answer can change.
 */
#include "cases.h"

#include <stdio.h>

#include "lookup.h"

enum {
	RANGES_MAX = 40,
	CONFLICTS_MAX = RANGES_MAX * RANGES_MAX,
	PROBES_MAX = 12 * RANGES_MAX + 16,
};

__extension__ typedef unsigned __int128 u128;

static uint64_t seed = 19810801;

static uint32_t
random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % limit);
}

static struct netrange
range_of(const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netrange range;

	if (netrange_parse(text, &range, NULL, why) != 0)
		fail_msg("\"%s\": %s", text, why);
	return range;
}

static struct netaddr
addr_max(enum family family)
{
	if (family == FAMILY_IPV4)
		return (struct netaddr){ 0, UINT32_MAX, family };
	return (struct netaddr){ UINT64_MAX, UINT64_MAX, family };
}

/* The addresses beside; they stay where the space ends. */
static struct netaddr
addr_step(struct netaddr addr, bool up)
{
	const struct netaddr low = { .family = addr.family };
	const struct netaddr high = addr_max(addr.family);

	if (netaddr_compare(&addr, up ? &high : &low) == 0)
		return addr;
	if (up) {
		addr.lo++;
		addr.hi += addr.lo == 0;
	} else {
		addr.hi -= addr.lo == 0;
		addr.lo--;
	}
	return addr;
}

/* ---- Oracles ------------------------------------------------------------ */

/* a is preferred to b, which both hold an address. */
static bool
is_before(const struct netset_entry *entries, size_t a, size_t b)
{
	const struct netrange *v = &entries[a].range, *w = &entries[b].range;
	u128 sizes[2] = {
		((u128)v->last.hi << 64 | v->last.lo) -
		    ((u128)v->first.hi << 64 | v->first.lo),
		((u128)w->last.hi << 64 | w->last.lo) -
		    ((u128)w->first.hi << 64 | w->first.lo),
	};

	return sizes[0] != sizes[1] ? sizes[0] < sizes[1] : a < b;
}

/* All that hold the address in order, up to the first that never expires. */
static size_t
oracle_chain(const struct netset_entry *entries, size_t count,
    const struct netaddr *addr, size_t chain[RANGES_MAX])
{
	size_t n = 0, i, k, swap;

	for (i = 0; i < count; i++)
		if (netrange_holds(&entries[i].range, addr))
			chain[n++] = i;
	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			if (is_before(entries, chain[k], chain[i])) {
				swap = chain[i];
				chain[i] = chain[k];
				chain[k] = swap;
			}
	for (i = 0; i < n; i++)
		if (!entries[chain[i]].expires)
			return i + 1;
	return n;
}

/* -1: they may stand together. */
static int
oracle_conflict(const struct netset_entry *a, const struct netset_entry *b)
{
	int first = netaddr_compare(&a->range.first, &b->range.first);
	int last = netaddr_compare(&a->range.last, &b->range.last);

	if (a->owner == b->owner ||
	    !(netrange_holds(&a->range, &b->range.first) ||
		netrange_holds(&b->range, &a->range.first)))
		return -1;
	if (first == 0 && last == 0)
		return NETSET_TIE;
	return (first < 0 && last < 0) || (first > 0 && last > 0)
		   ? NETSET_CROSSING
		   : -1;
}

static size_t
oracle_conflicts(const struct netset_entry *entries, size_t count)
{
	size_t found = 0, a, b;

	for (a = 0; a < count; a++)
		for (b = a + 1; b < count; b++)
			found += oracle_conflict(&entries[a], &entries[b]) >= 0;
	return found;
}

/* ---- Comparison --------------------------------------------------------- */

static void
chain_check(const struct netset *set, const struct netset_entry *entries,
    size_t count, const struct netaddr *addr)
{
	size_t chain[RANGES_MAX], n, i;
	uint32_t pick = netset_find(set, addr);
	char text[NETADDR_TEXT_SIZE];

	n = oracle_chain(entries, count, addr, chain);
	for (i = 0; i < n; i++) {
		if (pick == NETSET_NONE)
			fail_msg("%s: the chain ends after %zu",
			    netaddr_format(addr, text), i);
		if (netset_entry(set, pick) != chain[i])
			fail_msg("%s: entry %zu at %zu, not %zu",
			    netaddr_format(addr, text), netset_entry(set, pick),
			    i, chain[i]);
		pick = netset_next(set, pick);
	}
	if (pick != NETSET_NONE)
		fail_msg("%s: the chain goes on after %zu",
		    netaddr_format(addr, text), n);
}

static void
probes_check(
    const struct netset *set, const struct netset_entry *entries, size_t count)
{
	static const enum family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
	struct netaddr addr;
	size_t i;
	int end, up;

	for (i = 0; i < COUNT(families); i++) {
		addr = (struct netaddr){ .family = families[i] };
		chain_check(set, entries, count, &addr);
		addr = addr_max(families[i]);
		chain_check(set, entries, count, &addr);
	}
	for (i = 0; i < count; i++)
		for (end = 0; end < 2; end++) {
			addr = end ? entries[i].range.last
				   : entries[i].range.first;
			chain_check(set, entries, count, &addr);
			for (up = 0; up < 2; up++) {
				struct netaddr beside = addr_step(addr, up);

				chain_check(set, entries, count, &beside);
			}
		}
}

struct walk {
	const struct netset *set;
	struct netrange before;
	uint32_t pick_before;
	size_t count;
	u128 addresses[2];
};

/* Intervals come in order, are as wide as can be, and say what is found. */
static int
interval_check(void *ctx, const struct netrange *range, uint32_t pick)
{
	struct walk *walk = ctx;
	struct netaddr beside = addr_step(range->first, false);
	char text[NETRANGE_TEXT_SIZE], why[NETADDR_WHY_SIZE];
	struct netrange again;

	assert_int_not_equal(pick, NETSET_NONE);
	assert_true(netaddr_compare(&range->first, &range->last) <= 0);
	assert_int_equal(netset_find(walk->set, &range->first), pick);
	assert_int_equal(netset_find(walk->set, &range->last), pick);
	if (walk->count > 0) {
		assert_true(
		    netaddr_compare(&walk->before.last, &range->first) < 0);
		if (netaddr_compare(&walk->before.last, &beside) == 0)
			assert_int_not_equal(walk->pick_before, pick);
	}
	assert_int_equal(
	    netrange_parse(netrange_format(range, text), &again, NULL, why), 0);
	assert_int_equal(netaddr_compare(&again.first, &range->first), 0);
	assert_int_equal(netaddr_compare(&again.last, &range->last), 0);
	walk->before = *range;
	walk->pick_before = pick;
	walk->count++;
	walk->addresses[range->first.family == FAMILY_IPV6] +=
	    ((u128)range->last.hi << 64 | range->last.lo) -
	    ((u128)range->first.hi << 64 | range->first.lo) + 1;
	return 0;
}

/* How many addresses of a family the entries hold, counted from edge to
 * edge; all of IPv6 wraps to 0 in both countings. */
static u128
oracle_covered(
    const struct netset_entry *entries, size_t count, enum family family)
{
	struct netaddr at = { .family = family }, top = addr_max(family);
	u128 covered = 0, from, to;

	for (;;) {
		struct netaddr end = top;
		bool held = false;
		size_t i;

		for (i = 0; i < count; i++) {
			const struct netrange *range = &entries[i].range;

			if (range->first.family != family)
				continue;
			if (netrange_holds(range, &at)) {
				held = true;
				if (netaddr_compare(&range->last, &end) < 0)
					end = range->last;
			} else if (netaddr_compare(&range->first, &at) > 0 &&
				   netaddr_compare(&range->first, &end) <= 0)
				end = addr_step(range->first, false);
		}
		from = (u128)at.hi << 64 | at.lo;
		to = (u128)end.hi << 64 | end.lo;
		if (held)
			covered += to - from + 1;
		if (netaddr_compare(&end, &top) == 0)
			return covered;
		at = addr_step(end, true);
	}
}

static void
set_check(
    const struct netset *set, const struct netset_entry *entries, size_t count)
{
	struct walk walk = { .set = set };

	probes_check(set, entries, count);
	assert_int_equal(netset_walk(set, interval_check, &walk), 0);
	assert_true(
	    walk.addresses[0] == oracle_covered(entries, count, FAMILY_IPV4));
	assert_true(
	    walk.addresses[1] == oracle_covered(entries, count, FAMILY_IPV6));
}

static void
conflicts_check(const struct netset_entry *entries, size_t count,
    const struct netset_conflict *conflicts, size_t nconflicts)
{
	bool seen[RANGES_MAX][RANGES_MAX] = { 0 };
	size_t i;

	for (i = 0; i < nconflicts; i++) {
		const struct netset_conflict *c = &conflicts[i];

		assert_true(c->a < c->b && c->b < count);
		assert_false(seen[c->a][c->b]);
		seen[c->a][c->b] = true;
		assert_int_equal(
		    oracle_conflict(&entries[c->a], &entries[c->b]), c->type);
		assert_true(netrange_holds(&entries[c->a].range, &c->client));
		assert_true(netrange_holds(&entries[c->b].range, &c->client));
	}
}

static struct netset_entry
entry_get(const void *ctx, size_t i)
{
	const struct netset_entry *entries = ctx;

	return entries[i];
}

static int
set_new(const struct netset_entry *entries, size_t count, struct netset **set,
    struct netset_conflict *conflicts, size_t *nconflicts)
{
	struct netset_input input = {
		.count = count, .entry = entry_get, .ctx = entries
	};

	return netset_new(&input, set, conflicts, nconflicts);
}

/* Answers whether the set could be built. */
static bool
universe_check(const struct netset_entry *entries, size_t count)
{
	struct netset_conflict conflicts[CONFLICTS_MAX], few[3];
	size_t n = CONFLICTS_MAX, expected = oracle_conflicts(entries, count);
	size_t nfew = random_below(COUNT(few) + 1);
	size_t room = nfew, i;
	struct netset *set = NULL, *again = NULL;
	int rc = set_new(entries, count, &set, conflicts, &n);

	assert_int_equal(rc, expected > 0 ? -EINVAL : 0);
	assert_int_equal(n, expected);
	assert_int_equal(set_new(entries, count, &again, few, &nfew), rc);
	if (rc == 0) {
		set_check(set, entries, count);
	} else {
		assert_null(set);
		conflicts_check(entries, count, conflicts, n);
		assert_int_equal(nfew, room < expected ? room : expected);
		for (i = 0; i < nfew; i++) {
			assert_int_equal(few[i].a, conflicts[i].a);
			assert_int_equal(few[i].b, conflicts[i].b);
		}
	}
	netset_free(set);
	netset_free(again);
	return rc == 0;
}

/* ---- Universes ---------------------------------------------------------- */

/* An address of a space of 2^bits, which is at the bottom, at the top or in
 * the middle of the family's; in IPv6 it may lie across the halves. */
static struct netaddr
place(enum family family, uint32_t kind, uint64_t offset, unsigned bits)
{
	uint64_t last = (UINT64_C(1) << bits) - 1;
	struct netaddr addr = { .family = family };

	if (family == FAMILY_IPV4) {
		addr.lo = kind == 0   ? offset
			  : kind == 1 ? UINT32_MAX - last + offset
				      : UINT64_C(0x0a000000) + offset;
		return addr;
	}
	switch (kind) {
	case 0:
		addr.lo = offset;
		break;
	case 1:
		addr.hi = UINT64_MAX;
		addr.lo = UINT64_MAX - last + offset;
		break;
	case 2: /* across the halves */
		addr.hi = UINT64_C(0x20010db800000000);
		addr.lo = UINT64_MAX - last / 2 + offset;
		addr.hi += addr.lo <= last;
		break;
	default: /* whole networks: the low half is all or nothing */
		addr.hi = UINT64_C(0x20010db800000000) + offset;
		break;
	}
	return addr;
}

struct shape {
	unsigned bits;     /* of the space */
	uint32_t owners;   /* at most */
	uint32_t expiring; /* of 10 */
	bool nested;       /* networks only */
	bool apart;        /* of any width, each its own owner's: none is kept
			      that conflicts with one before */
};

static void
entry_make(struct netset_entry *entry, const struct shape *shape,
    const uint32_t kinds[2])
{
	enum family family = random_below(2) == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
	uint32_t kind = kinds[family == FAMILY_IPV6];
	uint32_t space = UINT32_C(1) << shape->bits;
	uint32_t a = random_below(space), b = random_below(space);
	uint32_t low = a < b ? a : b, high = a < b ? b : a;

	if (shape->apart)
		high = low + ((high - low) >> random_below(shape->bits));
	if (random_below(3) == 0)
		high = low;
	if (shape->nested) {
		uint32_t hosts =
		    (UINT32_C(1) << random_below(shape->bits + 1)) - 1;

		low = a & ~hosts;
		high = a | hosts;
	}
	entry->owner = random_below(shape->owners) * 0x55555555u;
	entry->expires = random_below(10) < shape->expiring;
	entry->range.form = NETFORM_RANGE;
	entry->range.first = place(family, kind, low, shape->bits);
	entry->range.last = place(family, kind, high, shape->bits);
	if (family == FAMILY_IPV6 && kind == 3)
		entry->range.last.lo = UINT64_MAX;
	if (random_below(30) == 0) {
		entry->range.first = (struct netaddr){ .family = family };
		entry->range.last = addr_max(family);
	}
}

/* Whether the last one is in conflict with none before. */
static bool
last_is_apart(const struct netset_entry *entries, size_t count)
{
	size_t i;

	for (i = 0; i + 1 < count; i++)
		if (oracle_conflict(&entries[i], &entries[count - 1]) >= 0)
			return false;
	return true;
}

static size_t
universe_make(struct netset_entry *entries, const struct shape *shape)
{
	uint32_t kinds[2] = { random_below(3), random_below(4) };
	size_t tries = random_below(RANGES_MAX + 1), count = 0;

	if (shape->apart)
		tries *= 4;
	for (; tries > 0 && count < RANGES_MAX; tries--) {
		entry_make(&entries[count], shape, kinds);
		if (shape->apart)
			entries[count].owner = (uint32_t)count;
		if (!shape->apart || last_is_apart(entries, count + 1))
			count++;
	}
	return count;
}

static void
random_universes(void **state)
{
	/* clang-format off */
	static const struct {
		struct shape shape;
		unsigned built_at_least; /* of ROUNDS */
	} cases[] = {
		{ { .bits = 4, .owners = 1, .expiring = 0 },                 1000 },
		{ { .bits = 4, .owners = 1, .expiring = 5 },                 1000 },
		{ { .bits = 6, .owners = 1, .expiring = 9 },                 1000 },
		{ { .bits = 10, .owners = 1, .expiring = 10 },               1000 },
		{ { .bits = 12, .owners = 40, .expiring = 5, .nested = true }, 50 },
		{ { .bits = 20, .owners = 3, .expiring = 8, .nested = true }, 100 },
		{ { .bits = 5, .owners = 2, .expiring = 3 },                   20 },
		{ { .bits = 20, .owners = 2, .expiring = 3 },                  20 },
		{ { .bits = 8, .owners = 1, .expiring = 2, .apart = true },  1000 },
		{ { .bits = 20, .owners = 1, .expiring = 5, .apart = true }, 1000 },
	};
	/* clang-format on */
	enum { ROUNDS = 1000 };
	struct netset_entry entries[RANGES_MAX];
	unsigned round, built;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		built = 0;
		for (round = 0; round < ROUNDS; round++)
			built += universe_check(
			    entries, universe_make(entries, &cases[i].shape));
		if (built < cases[i].built_at_least)
			fail_msg("shape %zu: only %u sets", i, built);
		if (cases[i].shape.owners > 1 && built == ROUNDS)
			fail_msg("shape %zu: no conflict", i);
	}
}

/* ---- Cases to read ------------------------------------------------------ */

struct owned {
	const char *range;
	uint32_t owner;
	bool expires;
};

static int
set_of(const struct owned *owned, size_t count, struct netset **set,
    struct netset_conflict *conflicts, size_t *nconflicts)
{
	struct netset_entry entries[RANGES_MAX];
	size_t i;

	assert_true(count <= RANGES_MAX);
	for (i = 0; i < count; i++)
		entries[i] = (struct netset_entry){
			.range = range_of(owned[i].range),
			.owner = owned[i].owner,
			.expires = owned[i].expires,
		};
	return set_new(entries, count, set, conflicts, nconflicts);
}

/* The chain as text: "3 1". */
static const char *
chain_of(const struct netset *set, const char *client, char text[64])
{
	struct netrange range = range_of(client);
	uint32_t pick = netset_find(set, &range.first);
	size_t len = 0;

	text[0] = '\0';
	for (; pick != NETSET_NONE; pick = netset_next(set, pick))
		len += (size_t)snprintf(text + len, 64 - len, "%s%zu",
		    len > 0 ? " " : "", netset_entry(set, pick));
	return text;
}

static void
smallest_wins_whatever_the_notation(void **state)
{
	static const struct owned owned[] = {
		{ "0.0.0.0-255.255.255.255", 0, false },
		{ "::/0", 0, false },
		{ "10.0.0.0/8", 1, false },
		{ "10.0.0.0-10.0.255.255", 2, false },
		{ "10.0.5.0/24", 3, false },
		{ "10.0.5.7", 4, false },
		{ "::ffff:10.0.6.0/120", 5, false },
	};
	static const struct {
		const char *client, *chain;
	} cases[] = {
		{ "9.255.255.255", "0" },
		{ "10.0.0.0", "3" },
		{ "10.0.4.255", "3" },
		{ "10.0.5.0", "4" },
		{ "10.0.5.6", "4" },
		{ "10.0.5.7", "5" },
		{ "10.0.5.8", "4" },
		{ "10.0.6.0", "6" },
		{ "::ffff:10.0.6.255", "6" },
		{ "10.0.7.0", "3" },
		{ "10.1.0.0", "2" },
		{ "11.0.0.0", "0" },
		{ "0.0.0.0", "0" },
		{ "255.255.255.255", "0" },
		{ "::", "1" },
		{ "::a00:507", "1" },
	};
	size_t n = 0, i;
	struct netset *set;
	char text[64];

	(void)state;
	assert_int_equal(set_of(owned, COUNT(owned), &set, NULL, &n), 0);
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(
		    chain_of(set, cases[i].client, text), cases[i].chain);
	netset_free(set);
}

static void
expiry_falls_to_the_next(void **state)
{
	static const struct owned owned[] = {
		{ "10.0.0.0/8", 0, false },
		{ "10.0.0.0/16", 1, true },
		{ "10.0.0.0/24", 2, true },
		{ "10.0.0.1", 3, true },
		{ "10.0.0.2", 4, false },
		{ "192.0.2.0/24", 5, true },
		/* of one owner, crossing */
		{ "172.16.0.0-172.16.0.20", 6, true },
		{ "172.16.0.10-172.16.0.29", 6, true },
		{ "172.16.0.0/24", 6, true },
		{ "172.16.0.0/24", 6, false },
		{ "172.16.0.0/24", 6, true },
	};
	static const struct {
		const char *client, *chain;
	} cases[] = {
		{ "10.0.0.1", "3 2 1 0" },
		{ "10.0.0.2", "4" },
		{ "10.0.0.3", "2 1 0" },
		{ "10.0.1.0", "1 0" },
		{ "10.1.0.0", "0" },
		{ "192.0.2.1", "5" },
		{ "192.0.3.0", "" },
		{ "172.16.0.9", "6 8 9" },
		{ "172.16.0.10", "7 6 8 9" },
		{ "172.16.0.20", "7 6 8 9" },
		{ "172.16.0.21", "7 8 9" },
		{ "172.16.0.30", "8 9" },
	};
	size_t n = 0, i;
	struct netset *set;
	char text[64];

	(void)state;
	assert_int_equal(set_of(owned, COUNT(owned), &set, NULL, &n), 0);
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(
		    chain_of(set, cases[i].client, text), cases[i].chain);
	netset_free(set);
}

static void
conflicts_are_told(void **state)
{
	static const struct owned owned[] = {
		{ "10.0.0.0/24", 1, false },
		{ "10.0.0.128-10.0.1.5", 2, false },
		{ "10.0.0.0-10.0.0.255", 2, true },
		{ "2001:db8::-2001:db8::5", 1, false },
		{ "2001:db8::5-2001:db8::9", 3, false },
		{ "0.0.0.0/0", 9, false },
	};
	static const struct {
		int type;
		size_t a, b;
		const char *client;
	} expected[] = {
		{ NETSET_TIE, 0, 2, "10.0.0.0" },
		{ NETSET_CROSSING, 0, 1, "10.0.0.128" },
		{ NETSET_CROSSING, 3, 4, "2001:db8::5" },
	};
	struct netset_conflict conflicts[8];
	size_t n = COUNT(conflicts), i;
	struct netset *set = NULL;
	char text[NETADDR_TEXT_SIZE];

	(void)state;
	assert_int_equal(
	    set_of(owned, COUNT(owned), &set, conflicts, &n), -EINVAL);
	assert_int_equal(n, COUNT(expected));
	for (i = 0; i < n; i++) {
		assert_int_equal(conflicts[i].type, expected[i].type);
		assert_int_equal(conflicts[i].a, expected[i].a);
		assert_int_equal(conflicts[i].b, expected[i].b);
		assert_string_equal(netaddr_format(&conflicts[i].client, text),
		    expected[i].client);
	}
	n = 0;
	assert_int_equal(set_of(owned, COUNT(owned), &set, NULL, &n), -EINVAL);
	assert_int_equal(n, 0);
	assert_null(set);
}

static int
stop_at_second(void *ctx, const struct netrange *range, uint32_t pick)
{
	int *calls = ctx;

	(void)range;
	(void)pick;
	return ++*calls == 2 ? 77 : 0;
}

static int
forms_collect(void *ctx, const struct netrange *range, uint32_t pick)
{
	char text[NETRANGE_TEXT_SIZE], *all = ctx;

	(void)pick;
	(void)strcat(all, netrange_format(range, text));
	(void)strcat(all, " ");
	return 0;
}

static void
walk_in_order(void **state)
{
	static const struct owned owned[] = {
		{ "2001:db8::/32", 1, false },
		{ "10.0.0.0/30", 1, false },
		{ "10.0.0.3", 2, false },
		{ "192.0.2.0-192.0.2.2", 3, false },
		{ "192.0.2.3-192.0.2.9", 3, false },
		{ "::/0", 4, false },
	};
	char all[RANGES_MAX * NETRANGE_TEXT_SIZE] = "";
	struct netset *set;
	size_t n = 0;
	int calls = 0;

	(void)state;
	assert_int_equal(set_of(owned, COUNT(owned), &set, NULL, &n), 0);
	assert_int_equal(netset_walk(set, forms_collect, all), 0);
	assert_string_equal(all,
	    "10.0.0.0-10.0.0.2 10.0.0.3 192.0.2.0-192.0.2.2 "
	    "192.0.2.3-192.0.2.9 "
	    "::-2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8::/32 "
	    "2001:db9::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ");
	assert_int_equal(netset_walk(set, stop_at_second, &calls), 77);
	assert_int_equal(calls, 2);
	netset_free(set);
}

static void
nothing_holds_nobody(void **state)
{
	const struct netaddr none = { .family = FAMILY_NONE };
	struct netaddr addr = { .family = FAMILY_IPV4 };
	struct netset *set;
	size_t n = 0;
	int calls = 0;

	(void)state;
	assert_int_equal(set_new(NULL, 0, &set, NULL, &n), 0);
	assert_int_equal(netset_find(set, &addr), NETSET_NONE);
	addr.family = FAMILY_IPV6;
	assert_int_equal(netset_find(set, &addr), NETSET_NONE);
	assert_int_equal(netset_walk(set, stop_at_second, &calls), 0);
	assert_int_equal(calls, 0);
	netset_free(set);
	assert_int_equal(set_of((struct owned[]){ { "0.0.0.0/0", 1, false } },
			     1, &set, NULL, &n),
	    0);
	assert_int_equal(netset_find(set, &addr), NETSET_NONE);
	assert_int_equal(netset_find(set, &none), NETSET_NONE);
	netset_free(set);
	netset_free(NULL);
}

/* Neither equal ranges, nor crossing ones of one owner, nor a long chain may
 * take quadratic time; what would is refused. */
static void
many_ranges(void **state)
{
	enum { MANY = 60000, DEEP = 6000 };
	struct netset_entry *entries = calloc(MANY, sizeof(*entries));
	struct netset_conflict conflict;
	struct netset *set = NULL;
	struct netaddr addr = { .family = FAMILY_IPV4 };
	size_t n, i, count;
	int kind, rc;

	(void)state;
	assert_non_null(entries);
	for (kind = 0; kind < 4; kind++) {
		count = kind < 2 ? MANY : DEEP;
		for (i = 0; i < count; i++) {
			entries[i].range.form = NETFORM_RANGE;
			entries[i].range.first.family = FAMILY_IPV4;
			entries[i].range.last.family = FAMILY_IPV4;
			entries[i].range.first.lo = kind == 0 ? 5 : i;
			entries[i].range.last.lo = kind == 0 ? 9
						   : kind == 3
						       ? (uint64_t)3 * MANY - i
						       : MANY + i;
			entries[i].expires = kind >= 2;
			/* 0: equal, 1: crossing; the last is a stranger's */
			entries[i].owner = kind < 2 && i == MANY - 1;
		}
		n = 1;
		rc = set_new(entries, count, &set, &conflict, &n);
		if (kind < 2) {
			assert_int_equal(rc, -EINVAL);
			assert_int_equal(n, 1);
			assert_int_equal(conflict.b, MANY - 1);
			entries[MANY - 1].owner = 0;
			assert_int_equal(
			    set_new(entries, MANY, &set, &conflict, &n), 0);
			addr.lo = 7;
			assert_int_equal(
			    netset_entry(set, netset_find(set, &addr)), 0);
			netset_free(set);
		} else
			assert_int_equal(rc, -E2BIG);
	}
	free(entries);
}

/* ---- Large sets --------------------------------------------------------- */

/* CIDRs, which always nest: some bits of the address are random, the prefix
 * lengths lie between two. */
static const struct large {
	const char *base;
	unsigned shortest, longest;
	size_t count;
	bool every; /* range is asked, besides the search among intervals */
} larges[] = {
	{ "0.0.0.0", 0, 32, 1000, true }, { "10.0.0.0", 8, 32, 60000, false },
	{ "2001:db8::", 32, 64, 1000, true },
	{ "2001:db8::", 64, 128, 1000, true }, /* one high half */
	{ "fe80::", 40, 128, 1000, true }, { "::", 0, 128, 30000, false },
	{ "ff00::", 60, 66, 3000, false }, /* many equal ones */
};

static struct netrange
random_cidr(const struct large *large)
{
	struct netrange range = range_of(large->base);
	bool ipv4 = range.first.family == FAMILY_IPV4;
	unsigned prefix = large->shortest +
			  random_below(large->longest - large->shortest + 1);
	unsigned host = (ipv4 ? 32 : 128) - prefix;
	u128 addr = (u128)range.first.hi << 64 | range.first.lo, noise, mask;

	noise = (u128)random_below(UINT32_MAX) << 96 |
		(u128)random_below(UINT32_MAX) << 64 |
		(u128)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);
	if (ipv4)
		noise >>= 96;
	/* Some share their first address, and lie at the ends. */
	noise = random_below(8) == 0   ? 0
		: random_below(8) == 0 ? ~(u128)0
				       : noise;
	if (large->shortest > 0)
		noise &= ~(u128)0 >> ((ipv4 ? 96 : 0) + large->shortest);
	else if (ipv4)
		noise &= UINT32_MAX;
	mask = host == 0 ? 0 : ~(u128)0 >> (128 - host);
	addr = (addr | noise) & ~mask;
	range.first.hi = (uint64_t)(addr >> 64);
	range.first.lo = (uint64_t)addr;
	range.last.hi = (uint64_t)((addr | mask) >> 64);
	range.last.lo = (uint64_t)(addr | mask);
	return range;
}

struct intervals {
	struct netaddr *firsts, *lasts;
	uint32_t *picks;
	size_t count;
};

static int
interval_keep(void *ctx, const struct netrange *range, uint32_t pick)
{
	struct intervals *intervals = ctx;

	intervals->firsts[intervals->count] = range->first;
	intervals->lasts[intervals->count] = range->last;
	intervals->picks[intervals->count++] = pick;
	return 0;
}

/* The plain binary search that the tree replaces. */
static uint32_t
search(const struct intervals *intervals, const struct netaddr *addr)
{
	size_t low = 0, high = intervals->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (netaddr_compare(&intervals->firsts[middle], addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && netaddr_compare(&intervals->lasts[low - 1], addr) >= 0
		   ? intervals->picks[low - 1]
		   : NETSET_NONE;
}

static void
large_probe(const struct large *large, const struct netset *set,
    const struct netset_entry *entries, const struct intervals *intervals,
    const struct netaddr *addr)
{
	uint32_t pick = netset_find(set, addr);
	size_t i, best = large->count;

	assert_int_equal(pick, search(intervals, addr));
	for (i = 0; large->every && i < large->count; i++)
		if (netrange_holds(&entries[i].range, addr) &&
		    (best == large->count || is_before(entries, i, best)))
			best = i;
	if (large->every && pick == NETSET_NONE)
		assert_int_equal(best, large->count);
	else if (large->every)
		assert_int_equal(netset_entry(set, pick), best);
}

static void
tree_against_search(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(larges); i++) {
		const struct large *large = &larges[i];
		size_t n = large->count, none = 0;
		struct netset_entry *entries = calloc(n, sizeof(*entries));
		struct intervals intervals = {
			.firsts = calloc(2 * n + 1, sizeof(struct netaddr)),
			.lasts = calloc(2 * n + 1, sizeof(struct netaddr)),
			.picks = calloc(2 * n + 1, sizeof(uint32_t)),
		};
		struct netset *set;

		assert_true(entries != NULL && intervals.firsts != NULL &&
			    intervals.lasts != NULL && intervals.picks != NULL);
		for (j = 0; j < n; j++)
			entries[j] = (struct netset_entry){
				.range = random_cidr(large),
				.expires = random_below(8) == 0,
			};
		assert_int_equal(set_new(entries, n, &set, NULL, &none), 0);
		(void)netset_walk(set, interval_keep, &intervals);
		for (j = 0; j < n; j++) {
			const struct netrange *range = &entries[j].range;
			struct netaddr probes[] = {
				addr_step(range->first, false),
				range->first,
				addr_step(range->first, true),
				addr_step(range->last, false),
				range->last,
				addr_step(range->last, true),
			};
			size_t k;

			for (k = 0; k < COUNT(probes); k++)
				large_probe(large, set, entries, &intervals,
				    &probes[k]);
		}
		netset_free(set);
		free(entries);
		free(intervals.firsts);
		free(intervals.lasts);
		free(intervals.picks);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_wins_whatever_the_notation),
		cmocka_unit_test(expiry_falls_to_the_next),
		cmocka_unit_test(conflicts_are_told),
		cmocka_unit_test(walk_in_order),
		cmocka_unit_test(nothing_holds_nobody),
		cmocka_unit_test(random_universes),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(tree_against_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
