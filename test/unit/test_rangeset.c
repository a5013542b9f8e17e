/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of addresses against a naive oracle: a map of 256 addresses at the
 * lower and the upper end of both families, one byte each.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "lookup.h"
#include "rangeset.h"

enum { ZONE = 128, ZONES = 4, ADDRESSES = ZONE * ZONES, TRIALS = 4000 };

struct map {
	unsigned char held[ADDRESSES];
};

/* The zones are 0.0.0.0-0.0.0.127, 255.255.255.128-255.255.255.255, and the
 * same of IPv6. */
static struct netaddr
address(unsigned i)
{
	static const struct netaddr bases[ZONES] = {
		{ 0, 0, FAMILY_IPV4 },
		{ 0, UINT32_MAX - ZONE + 1, FAMILY_IPV4 },
		{ 0, 0, FAMILY_IPV6 },
		{ UINT64_MAX, UINT64_MAX - ZONE + 1, FAMILY_IPV6 },
	};
	struct netaddr addr = bases[i / ZONE];

	addr.lo += i % ZONE;
	return addr;
}

static unsigned
next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16 & 0x7fff;
}

static void
make(struct rangeset *set, struct map *map, unsigned *seed)
{
	unsigned count = next(seed) % 12;

	for (unsigned n = 0; n < count; n++) {
		unsigned zone = next(seed) % ZONES * ZONE;
		unsigned first = next(seed) % ZONE;
		unsigned size = next(seed) % (n % 2 == 0 ? 4 : 40) + 1;
		unsigned last =
		    first + size > ZONE ? ZONE - 1 : first + size - 1;
		const struct netrange range = { .first = address(zone + first),
			.last = address(zone + last) };

		assert_int_equal(0, rangeset_add(set, &range));
		memset(map->held + zone + first, 1, last - first + 1);
	}
	rangeset_sort(set);
}

static void
is_short(const struct rangeset *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct netrange *item = &set->items[i];
		struct netaddr after;

		assert_true(netaddr_compare(&item->first, &item->last) <= 0);
		assert_int_equal(item->form, netset_form(item));
		if (i + 1 == set->count ||
		    item[1].first.family != item->first.family)
			continue;
		after = item->last;
		after.hi += ++after.lo == 0;
		assert_true(netaddr_compare(&after, &item[1].first) < 0);
	}
}

static void
is_map(const struct rangeset *set, const struct map *map)
{
	struct address_count sums[2] = { 0 };
	unsigned counts[2] = { 0 };

	is_short(set);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		struct netaddr addr = address(i);

		assert_int_equal(map->held[i], rangeset_contains(set, &addr));
		counts[i >= ADDRESSES / 2] += map->held[i];
	}
	rangeset_count(set, FAMILY_IPV4, &sums[0]);
	rangeset_count(set, FAMILY_IPV6, &sums[1]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(counts[i], sums[i].word[0]);
		assert_int_equal(0, sums[i].word[1] | sums[i].word[2]);
	}
	rangeset_count(set, FAMILY_NONE, &sums[0]);
	assert_int_equal(counts[0] * 2 + counts[1], sums[0].word[0]);
}

static void
exceeds(const struct rangeset *a, const struct rangeset *b, const struct map *x,
    const struct map *y)
{
	struct netrange first = { 0 };
	struct netaddr begin, last;
	bool said = rangeset_exceeds(a, b, &first);
	unsigned i = 0, end;

	while (i < ADDRESSES && (!x->held[i] || y->held[i]))
		i++;
	assert_int_equal(i < ADDRESSES, said);
	assert_int_equal(said, rangeset_exceeds(a, b, NULL));
	if (!said)
		return;
	begin = address(i);
	for (end = i + 1; end % ZONE != 0 && x->held[end] && !y->held[end];
	     end++)
		;
	last = address(end - 1);
	assert_int_equal(0, netaddr_compare(&first.first, &begin));
	assert_int_equal(0, netaddr_compare(&first.last, &last));
}

static void
agrees_with_the_oracle(void **state)
{
	unsigned seed = 20261201;

	(void)state;
	for (int trial = 0; trial < TRIALS; trial++) {
		struct rangeset a = { 0 }, b = { 0 };
		struct map x = { { 0 } }, y = { { 0 } };
		int operation = trial % 3;

		make(&a, &x, &seed);
		make(&b, &y, &seed);
		is_map(&a, &x);
		exceeds(&a, &b, &x, &y);
		assert_int_equal(0, operation == 0 ? rangeset_unite(&a, &b)
				    : operation == 1
					? rangeset_subtract(&a, &b)
					: rangeset_intersect(&a, &b));
		for (unsigned i = 0; i < ADDRESSES; i++)
			x.held[i] = operation == 0   ? x.held[i] | y.held[i]
				    : operation == 1 ? x.held[i] & !y.held[i]
						     : x.held[i] & y.held[i];
		is_map(&a, &x);
		is_map(&b, &y);
		rangeset_fini(&a);
		rangeset_fini(&b);
	}
}

/* Ranges without end: the last address of a family has no next one. */
static void
holds_everything(void **state)
{
	struct rangeset all = { 0 }, none = { 0 };
	const struct netrange families[] = {
		{ .first = { 0, 0, FAMILY_IPV6 },
		    .last = { UINT64_MAX, UINT64_MAX, FAMILY_IPV6 } },
		{ .first = { 0, 0, FAMILY_IPV4 },
		    .last = { 0, UINT32_MAX, FAMILY_IPV4 } },
	};
	struct address_count sum = { 0 };
	char text[ADDRESS_COUNT_SIZE];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(0, rangeset_add(&all, &families[i % 2]));
	rangeset_sort(&all);
	assert_int_equal(2, all.count);
	assert_int_equal(NETFORM_CIDR, all.items[1].form);
	rangeset_count(&all, FAMILY_NONE, &sum);
	assert_string_equal("340282366920938463463374607436063178752",
	    address_count_format(&sum, text));
	assert_true(rangeset_exceeds(&all, &none, NULL));
	assert_false(rangeset_exceeds(&none, &none, NULL));
	assert_int_equal(0, rangeset_unite(&none, &all));
	assert_int_equal(2, none.count);
	assert_int_equal(0, rangeset_subtract(&all, &none));
	assert_int_equal(0, all.count);
	rangeset_fini(&all);
	rangeset_fini(&none);
}

static int
stop(void *ctx, const struct netrange *part)
{
	(void)part;
	return *(int *)ctx;
}

static void
stops(void **state)
{
	struct rangeset set = { 0 };
	const struct netrange range = { .first = { 0, 5, FAMILY_IPV4 },
		.last = { 0, 9, FAMILY_IPV4 } };
	const struct netrange wider = { .first = { 0, 1, FAMILY_IPV4 },
		.last = { 0, 99, FAMILY_IPV4 } };
	int code = 7;

	(void)state;
	assert_int_equal(0, rangeset_add(&set, &range));
	assert_int_equal(7, rangeset_outside(&set, &wider, stop, &code));
	assert_int_equal(7, rangeset_inside(&set, &wider, stop, &code));
	assert_int_equal(0, rangeset_outside(&set, &range, stop, &code));
	rangeset_fini(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_oracle),
		cmocka_unit_test(holds_everything),
		cmocka_unit_test(stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
