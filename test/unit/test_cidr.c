/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CIDR arithmetic against naive oracles: all ranges within 256 addresses,
 * address by address; random ranges of any width by plain 128-bit numbers;
 * netmasks bit by bit.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "cidr.h"

__extension__ typedef unsigned __int128 number;

struct cover {
	unsigned char held[256];
	unsigned step;
	size_t blocks;
};

static int
take_block(void *ctx, const struct block *b)
{
	unsigned bits = b->first.family == FAMILY_IPV6 ? 128 : 32;
	uint64_t size = UINT64_C(1) << (bits - b->prefix);
	struct cover *c = ctx;

	assert_int_equal(0, b->prefix % c->step);
	assert_int_equal(0, b->first.lo & (size - 1));
	for (uint64_t i = 0; i < size; i++)
		c->held[(b->first.lo + i) & 255]++;
	c->blocks++;
	return 0;
}

/* The fewest aligned blocks of a range within 256 addresses, by trying all
 * sizes at each place. */
static size_t
fewest(unsigned first, unsigned last)
{
	size_t n = 0;

	while (first <= last) {
		unsigned size = 256;

		while (first % size != 0 || first + size - 1 > last)
			size /= 2;
		first += size;
		n++;
	}
	return n;
}

static void
covers_exactly(void **state)
{
	const enum family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		uint64_t base =
		    f == 0 ? UINT64_C(0xffffff00) : UINT64_MAX - 255;

		for (unsigned i = 0; i < 256; i += 9) {
			for (unsigned j = i; j < 256; j++) {
				struct netrange range = {
					.first = { f == 0 ? 0 : UINT64_MAX,
					    base + i, families[f] },
					.last = { f == 0 ? 0 : UINT64_MAX,
					    base + j, families[f] },
				};
				struct cover c = { .step = 1 };

				assert_int_equal(
				    0, blocks_walk(&range, 1, take_block, &c));
				assert_int_equal(fewest(i, j), c.blocks);
				for (unsigned k = 0; k < 256; k++)
					assert_int_equal(
					    k >= i && k <= j, c.held[k]);
			}
		}
	}
}

static int
count_block(void *ctx, const struct block *b)
{
	size_t *n = ctx;

	(void)b;
	++*n;
	return 0;
}

static void
writes_coarse(void **state)
{
	static const struct {
		const char *range;
		unsigned step;
		size_t blocks;
	} cases[] = {
		{ "0.0.0.0/0", 1, 1 },
		{ "0.0.0.0/0", 8, 256 },
		{ "10.0.0.0/8", 8, 1 },
		{ "10.0.0.0/15", 8, 2 },
		{ "10.0.0.0-10.0.1.0", 8, 2 },
		{ "10.0.0.1-10.0.1.0", 8, 256 },
		{ "::/0", 1, 1 },
		{ "::/0", 16, 65536 },
		{ "2001:db8::/32", 16, 1 },
		{ "2001:db8::/47", 16, 2 },
		{ "2001:db8::/63", 16, 2 },
		{ "2001:db8::-2001:db8:0:1::", 16, 2 },
	};
	char why[NETADDR_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct netrange range;
		size_t n = 0;

		assert_int_equal(
		    0, netrange_parse(cases[i].range, &range, NULL, why));
		assert_int_equal(
		    0, blocks_walk(&range, cases[i].step, count_block, &n));
		assert_int_equal(cases[i].blocks, n);
	}
}

static void
writes_parts(void **state)
{
	static const struct {
		const char *addr;
		unsigned prefix;
		const char *parts;
	} cases[] = {
		{ "192.0.2.0", 24, "192.0.2" },
		{ "192.0.2.7", 32, "192.0.2.7" },
		{ "10.0.0.0", 8, "10" },
		{ "2001:db8:0:5::", 64, "2001:db8:0:5" },
		{ "2001:db8::1", 128, "2001:db8:0:0:0:0:0:1" },
		{ "2001:db8::", 80, "2001:db8:0:0:0" },
	};
	char why[NETADDR_WHY_SIZE], text[BLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct block b = { .prefix = cases[i].prefix };

		assert_int_equal(
		    0, netaddr_parse(cases[i].addr, &b.first, why));
		block_parts(&b, text);
		assert_string_equal(cases[i].parts, text);
	}
}

/* ---- Any width ------------------------------------------------------- */

static number
number_of(const struct netaddr *addr)
{
	return (number)addr->hi << 64 | addr->lo;
}

static struct netaddr
address_of(number n, enum family family)
{
	return (struct netaddr){ (uint64_t)(n >> 64), (uint64_t)n, family };
}

struct walk {
	number at, last;
	unsigned bits, step;
	bool done;
};

/* Whether 2^size addresses from at on are aligned and not too many. */
static bool
is_block(const struct walk *w, unsigned size)
{
	number mask = size == 128 ? ~(number)0 : ((number)1 << size) - 1;

	return (w->at & mask) == 0 && mask <= w->last - w->at;
}

static int
compare_block(void *ctx, const struct block *b)
{
	struct walk *w = ctx;
	unsigned size = 0;

	for (unsigned s = 0; s <= w->bits; s += w->step)
		if (is_block(w, s) && (s < w->bits || w->step == 1))
			size = s;
	assert_false(w->done);
	assert_true(number_of(&b->first) == w->at);
	assert_int_equal(w->bits - size, b->prefix);
	w->at += size == 128 ? 0 : (number)1 << size;
	w->done = w->at - 1 == w->last || size == 128;
	return 0;
}

static uint64_t
next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed ^ *seed >> 29;
}

/* Sizes of all orders; edges of blocks are frequent. */
static number
random_number(uint64_t *seed, unsigned bits)
{
	number n = (number)next(seed) << 64 | next(seed);
	unsigned cut = (unsigned)(next(seed) % bits), kind = next(seed) % 4;
	number low = ((number)1 << cut) - 1;

	n = kind == 0 ? n & ~low : kind == 1 ? n | low : n;
	return bits == 128 ? n : n & UINT32_MAX;
}

static void
agrees_on_any_range(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		bool ipv6 = i % 2 != 0;
		unsigned bits = ipv6 ? 128 : 32;
		enum family family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
		number a = random_number(&seed, bits), b;
		struct netrange range;
		struct walk w = { .bits = bits, .step = 1 };

		b = i % 5 == 0   ? random_number(&seed, bits)
		    : i % 5 == 1 ? a
				 : a + (random_number(&seed, bits) >>
					   next(&seed) % bits);
		if (!ipv6)
			b &= UINT32_MAX;
		w.at = a < b ? a : b;
		w.last = a < b ? b : a;
		if (w.last - w.at < 4096)
			w.step = i % 3 == 0 ? (ipv6 ? 16 : 8) : 1;
		range.first = address_of(w.at, family);
		range.last = address_of(w.last, family);
		assert_int_equal(
		    0, blocks_walk(&range, w.step, compare_block, &w));
		assert_true(w.done);
	}
}

/* Blocks that begin among the IPv4-mapped addresses are blocks of IPv6. */
static void
keeps_mapped(void **state)
{
	const number mapped = (number)0xffff << 32;
	struct walk w = { mapped - 3, mapped + ((number)1 << 33), 128, 1,
		false };
	struct netrange range = { .first = address_of(w.at, FAMILY_IPV6),
		.last = address_of(w.last, FAMILY_IPV6) };

	(void)state;
	assert_int_equal(0, blocks_walk(&range, 1, compare_block, &w));
	assert_true(w.done);
}

static int
stop(void *ctx, const struct block *b)
{
	(void)b;
	return *(int *)ctx;
}

static void
stops(void **state)
{
	const struct netrange range = { .first = { 0, 1, FAMILY_IPV4 },
		.last = { 0, 9, FAMILY_IPV4 } };
	int code = 7;

	(void)state;
	assert_int_equal(7, blocks_walk(&range, 1, stop, &code));
}

/* ---- Netmasks -------------------------------------------------------- */

static void
reads_netmasks(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t mask = i <= 32 ? (uint32_t) ~(UINT32_MAX >> (i & 31))
					: (uint32_t)next(&seed);
		struct netaddr addr = { 0, mask, FAMILY_IPV4 };
		unsigned length = 99, ones = 0;
		int error;

		if (i == 32)
			addr.lo = mask = UINT32_MAX;
		while (ones < 32 && (mask << ones & UINT32_C(1) << 31) != 0)
			ones++;
		error = netmask_length(&addr, &length);
		if (ones < 32 && mask << ones != 0) {
			assert_int_equal(-EINVAL, error);
			assert_int_equal(99, length);
		} else {
			assert_int_equal(0, error);
			assert_int_equal(ones, length);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(covers_exactly),
		cmocka_unit_test(writes_coarse),
		cmocka_unit_test(writes_parts),
		cmocka_unit_test(agrees_on_any_range),
		cmocka_unit_test(keeps_mapped),
		cmocka_unit_test(stops),
		cmocka_unit_test(reads_netmasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
