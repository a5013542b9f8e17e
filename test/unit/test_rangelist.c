/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list in little room gives back what was put into it.
 *
 * Lists are random in what neighbours have in common: nothing, all, and each
 * thing alone.
 */
#include "cases.h"

#include "step.h"
#include "rangelist.h"

enum { LONGEST = 300, LISTS = 400 };

static uint64_t seed = 19970707;

static uint32_t
random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % limit);
}

static const char *const texts[] = { NULL, "printers", "scanner, 3rd floor" };

static struct netaddr
random_addr(enum family family)
{
	struct netaddr addr = { .family = family };

	if (family == FAMILY_IPV4)
		addr.lo = random_below(UINT32_MAX);
	if (family == FAMILY_IPV6) {
		addr.hi = (uint64_t)random_below(UINT32_MAX) << 32 |
			  random_below(UINT32_MAX);
		addr.lo = (uint64_t)random_below(UINT32_MAX) << 32 |
			  random_below(UINT32_MAX);
	}
	return addr;
}

/* In any form; a network's addresses follow from each other. */
static struct netrange
random_range(enum family family, bool dash)
{
	unsigned bits = family == FAMILY_IPV4 ? 32 : 128;
	struct netaddr first = random_addr(family), mask;
	struct netrange range = { .first = first, .last = first };

	if (family == FAMILY_NONE || random_below(3) == 0)
		return range;
	if (dash) {
		range.last = random_addr(family);
		range.form = NETFORM_RANGE;
		return range;
	}
	mask = netstep_mask(family, random_below(bits + 1));
	range.first.hi &= ~mask.hi;
	range.first.lo &= ~mask.lo;
	range.last.hi |= mask.hi;
	range.last.lo |= mask.lo;
	range.form = NETFORM_CIDR;
	return range;
}

/* Of ten things eight stay as they are with the range before. */
static bool
changes(bool lively)
{
	return random_below(lively ? 2 : 10) == 0;
}

static void
range_next(struct range *range, const enum family families[2], bool lively)
{
	enum family family = range->range.first.family;

	if (changes(lively))
		family = families[random_below(2)];
	range->range = random_range(family, changes(lively));
	range->host_bits = random_below(2) == 0;
	range->where.line += changes(lively) ? random_below(3) : 1;
	if (changes(lively))
		range->where.column = random_below(100);
	if (changes(lively))
		range->where.file = texts[1 + random_below(2)];
	if (changes(lively))
		range->network = texts[random_below(3)];
	if (changes(lively))
		range->comment = texts[random_below(3)];
	if (changes(lively))
		range->owner = texts[random_below(3)];
	if (changes(lively))
		range->until =
		    random_below(2) == 0 ? UNTIL_FOREVER : random_below(1000);
}

static void
range_check(const struct range *a, const struct range *b)
{
	assert_int_equal(netaddr_compare(&a->range.first, &b->range.first), 0);
	assert_int_equal(netaddr_compare(&a->range.last, &b->range.last), 0);
	assert_int_equal(a->range.form, b->range.form);
	assert_int_equal(a->host_bits, b->host_bits);
	assert_int_equal(a->until, b->until);
	assert_ptr_equal(a->network, b->network);
	assert_ptr_equal(a->comment, b->comment);
	assert_ptr_equal(a->owner, b->owner);
	assert_ptr_equal(a->where.file, b->where.file);
	assert_int_equal(a->where.line, b->where.line);
	assert_int_equal(a->where.column, b->where.column);
}

static void
list_check(struct range_maker *maker, const enum family families[2])
{
	struct arena *arena = arena_new(0);
	struct range ranges[LONGEST], range = {
		.range.first.family = families[0],
		.until = UNTIL_FOREVER,
		.where = { .file = texts[1], .line = 1, .column = 1 },
	};
	size_t i, count = random_below(LONGEST + 1);
	bool lively = random_below(2) == 0;
	struct range_list list;

	assert_non_null(arena);
	for (i = 0; i < count; i++) {
		range_next(&range, families, lively);
		ranges[i] = range;
		assert_int_equal(range_add(maker, &range), 0);
	}
	assert_int_equal(range_made(maker, arena, &list), 0);
	assert_int_equal(list.count, count);
	assert_int_equal(maker->count, 0);
	for (i = 0; i < count; i++) {
		struct range got = range_get(&list, i);

		range_check(&got, &ranges[i]);
		assert_int_equal(
		    range_expires(&list, i), ranges[i].until != UNTIL_FOREVER);
		got.range = range_clients(&list, i);
		range_check(&got, &ranges[i]);
	}
	range_list_name(&list, "named");
	for (i = 0; i < count; i++)
		assert_string_equal(range_get(&list, i).network,
		    ranges[i].network != NULL ? ranges[i].network : "named");
	arena_free(arena);
}

static void
what_went_in_comes_out(void **state)
{
	static const enum family families[][2] = {
		{ FAMILY_IPV4, FAMILY_IPV4 },
		{ FAMILY_IPV6, FAMILY_IPV6 },
		{ FAMILY_IPV4, FAMILY_IPV6 },
		{ FAMILY_NONE, FAMILY_IPV4 },
	};
	struct range_maker maker = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < LISTS; i++)
		list_check(&maker, families[i % COUNT(families)]);
}

/* One that is left in the middle leaks nothing, which a sanitizer sees. */
static void
unfinished(void **state)
{
	struct range_maker maker = { 0 };
	struct range range = { .until = 1 };

	(void)state;
	range_maker_fini(&maker);
	assert_int_equal(range_add(&maker, &range), 0);
	range_maker_fini(&maker);
	assert_null(maker.pack);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_went_in_comes_out),
		cmocka_unit_test(unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
