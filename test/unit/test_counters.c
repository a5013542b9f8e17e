/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The embedded counters: exact while keys have slots of their own, early and
 * never late where they share one, and exact again when all have left. What
 * several threads do to them is in test_counters_threads.c.
 */
#include "counting.h"

/* ---- Gauges ---------------------------------------------------------- */

static void
gauges_go_up_and_down(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	struct counters counters;
	uint32_t i;

	(void)state;
	assert_non_null(table);
	counters = counter_table_counters(table);
	for (i = 1; i <= 100; i++)
		assert_int_equal(change(counters, 1, 1), i);
	assert_int_equal(change(counters, 2, 1), 1);
	for (i = 100; i > 0; i--)
		assert_int_equal(change(counters, 1, -1), i - 1);
	assert_int_equal(change(counters, 1, -1), 0);
	assert_int_equal(change(counters, 1, -1), 0);
	assert_int_equal(change(counters, 1, 1), 1);
	assert_int_equal(change(counters, 2, 1), 2);
	counter_table_free(table);
}

/* Every field of a key tells it from others; so does the array. */
static void
keys_differ_by_every_field(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	struct counters counters = counter_table_counters(table);
	static const struct counter_key keys[] = {
		{ .type = COUNTER_CONNECTIONS },
		{ .type = COUNTER_SOURCE },
		{ .type = COUNTER_SOURCE, .connector = 1 },
		{ .type = COUNTER_SOURCE, .source = { 1, 0 } },
		{ .type = COUNTER_SOURCE, .source = { 0, 1 } },
		{ .type = COUNTER_RATE },
	};
	size_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < COUNT(keys); i++) {
		assert_int_equal(counters.open(counters.ctx, &keys[i], 1), 1);
		assert_int_equal(counters.hit(counters.ctx, &keys[i], 0), 1);
	}
	for (i = 0; i < COUNT(keys); i++) {
		assert_int_equal(counters.open(counters.ctx, &keys[i], 1), 2);
		assert_int_equal(counters.hit(counters.ctx, &keys[i], 0), 2);
	}
	counter_table_free(table);
}

static void
gauges_share_the_last_slot(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);
	uint32_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < OWN; i++)
		assert_int_equal(change(counters, i, 1), 1);
	/* 7 and 8 find no slot: counted together. */
	assert_int_equal(change(counters, 7, 1), 1);
	assert_int_equal(change(counters, 8, 1), 2);
	/* Where some are shared, they count for everybody. */
	assert_int_equal(change(counters, 0, 1), 4);
	/* 3 leaves; 7 takes its slot, and is known to have two. */
	assert_int_equal(change(counters, 3, -1), 2);
	assert_int_equal(change(counters, 7, 1), 3);
	/* 7 gives back its own first, 8 the shared one. */
	assert_int_equal(change(counters, 7, -1), 2);
	assert_int_equal(change(counters, 8, -1), 1);
	assert_int_equal(change(counters, 7, -1), 0);
	/* Nothing is shared any more: exact again. */
	assert_int_equal(change(counters, 0, 1), 3);
	assert_int_equal(change(counters, 1, 1), 2);
	assert_int_equal(change(counters, 8, 1), 1);
	counter_table_free(table);
}

/* Against a plain array of counts. */
static void
gauges_by_model(void **state)
{
	static const uint32_t keys[] = { 1, OWN, OWN + 1, CROWD };
	uint64_t random = 1;
	uint32_t k, i;

	(void)state;
	for (k = 0; k < COUNT(keys); k++) {
		struct counter_table *table =
		    counter_table_new(ONE_BUCKET, SEED + k);
		struct counters counters = counter_table_counters(table);
		uint32_t model[CROWD] = { 0 };

		assert_non_null(table);
		for (i = 0; i < 200000; i++) {
			uint32_t one = next_random(&random) % keys[k];
			bool up = next_random(&random) % 5 < 2;
			uint32_t answer;

			if (!up && model[one] == 0)
				continue;
			model[one] += up ? 1 : UINT32_MAX;
			answer = change(counters, one, up ? 1 : -1);
			if (keys[k] <= OWN)
				assert_int_equal(answer, model[one]);
			else
				assert_true(answer >= model[one]);
		}
		for (i = 0; i < keys[k]; i++)
			for (; model[i] > 0; model[i]--)
				change(counters, i, -1);
		for (i = 0; i < keys[k]; i++) {
			assert_int_equal(change(counters, i, 1), 1);
			assert_int_equal(change(counters, i, -1), 0);
		}
		counter_table_free(table);
	}
}

/* What is more than a slot can hold is told as more than any limit. */
static void
counts_saturate(void **state)
{
	enum { MORE = (1 << 24) + 2 };
	struct counter_table *table = counter_table_new(64, SEED);
	struct counters counters = counter_table_counters(table);
	struct counter_key key = key_number(1);
	uint32_t last = 0, answer;
	size_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < MORE; i++) {
		answer = counters.open(counters.ctx, &key, 1);
		if (answer < last)
			fail_msg("%zu: %u after %u", i, answer, last);
		last = answer;
	}
	assert_int_equal(last, UINT32_MAX);
	assert_int_equal(change(counters, 2, 1), 1);
	last = 0;
	for (i = 0; i < MORE / 4; i++) {
		answer = counters.hit(counters.ctx, &key, 5);
		if (answer < last)
			fail_msg("%zu: %u after %u", i, answer, last);
		last = answer;
	}
	assert_int_equal(last, UINT32_MAX);
	assert_int_equal(hit(counters, 1, 5 + 2 * MINUTE), 1);
	counter_table_free(table);

	/* So is the shared slot, for all of its bucket. */
	table = counter_table_new(ONE_BUCKET, SEED);
	assert_non_null(table);
	counters = counter_table_counters(table);
	for (i = 0; i < OWN; i++)
		hit(counters, i, 5);
	key = key_number(OWN);
	for (i = 0; i < MORE / 8; i++)
		last = counters.hit(counters.ctx, &key, 5);
	assert_int_equal(last, UINT32_MAX);
	assert_int_equal(hit(counters, 0, 5), UINT32_MAX);
	counter_table_free(table);
}

/* ---- Windows --------------------------------------------------------- */

/* Seconds at which a start does not fit its field any more. */
#define WRAP (UINT64_C(1) << 22)

/* clang-format off */
static const struct {
	uint64_t key;
	uint64_t ticks;
	uint32_t want;
} hits[] = {
	/* A minute begins with the first hit and lasts 60 s. */
	{ 1, 0,               1 }, { 1, 0,              2 },
	{ 1, 59999,           3 }, { 1, 60000,          1 },
	{ 1, 119999,          2 }, { 1, 120000,         1 },
	/* It does not end early where it began within a second. */
	{ 2, 500,             1 }, { 2, 60499,          2 },
	{ 2, 61000,           1 },
	/* Ticks that stand still. */
	{ 3, 1000000,         1 }, { 3, 1000000,        2 },
	{ 3, 1000000,         3 },
	/* A thread that read the clock earlier comes later. */
	{ 4, 2000000,         1 }, { 4, 1999999,        2 },
	{ 4, 1990000,         3 }, { 4, 1941000,        4 },
	{ 4, 2059999,         5 }, { 4, 2060000,        1 },
	/* Long after. */
	{ 5, 0,               1 }, { 5, 3600000,        1 },
	{ 5, 86400000,        1 },
	/* A start that wraps: a minute over the edge, as any other. */
	{ 6, (WRAP - 30) * 1000,       1 }, { 6, (WRAP - 1) * 1000,  2 },
	{ 6, WRAP * 1000,              3 }, { 6, (WRAP + 29) * 1000, 4 },
	{ 6, (WRAP + 30) * 1000,       1 },
	{ 7, WRAP * 1000 - 1,          1 }, { 7, WRAP * 1000 + 59999,  2 },
	{ 7, WRAP * 1000 + 60000,      1 },
	{ 8, (3 * WRAP + 7) * 1000,    1 }, { 8, (3 * WRAP + 8) * 1000, 2 },
	/* The end of time. */
	{ 9, UINT64_MAX - 1,  1 }, { 9, UINT64_MAX,     2 },
};
/* clang-format on */

static void
windows_last_a_minute(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	struct counters counters = counter_table_counters(table);
	size_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < COUNT(hits); i++) {
		uint32_t got = hit(counters, hits[i].key, hits[i].ticks);

		if (got != hits[i].want)
			fail_msg("row %zu: %u, not %u", i, got, hits[i].want);
	}
	counter_table_free(table);
}

static void
windows_share_the_last_slot(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);
	uint32_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < OWN; i++)
		assert_int_equal(hit(counters, i, 1000), 1);
	assert_int_equal(hit(counters, 7, 2000), 1);
	assert_int_equal(hit(counters, 8, 50000), 2);
	assert_int_equal(hit(counters, 8, 50000), 3);
	assert_int_equal(hit(counters, 0, 50000), 5);
	/* The slots of the seven have passed; 8 takes one, and its minute
	 * goes on though that of 7, which began the shared one, is over. */
	assert_int_equal(hit(counters, 8, 61000), 4);
	assert_int_equal(hit(counters, 8, 62000), 5);
	assert_int_equal(hit(counters, 8, 109000), 6);
	/* Two minutes after it began, the shared one is forgotten. */
	assert_int_equal(hit(counters, 8, 122000), 1);
	assert_int_equal(hit(counters, 0, 122000), 1);
	counter_table_free(table);
}

/* The minute before counts as long as there is no slot of one's own. */
static void
shared_window_rolls(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);
	uint32_t i;

	(void)state;
	assert_non_null(table);
	assert_int_equal(hit(counters, 100, 0), 1);
	for (i = 1; i < OWN; i++)
		assert_int_equal(hit(counters, i, 0), 1);
	assert_int_equal(hit(counters, 7, 55000), 1);
	assert_int_equal(hit(counters, 7, 59000), 2);
	/* The bucket fills again before 7 comes. */
	for (i = 0; i < OWN; i++)
		assert_int_equal(hit(counters, 20 + i, 114000), 3);
	assert_int_equal(hit(counters, 7, 114000), 3);
	/* 115 s on: the minute that began at 55 s is the one before. */
	assert_int_equal(hit(counters, 7, 118000), 4);
	assert_int_equal(hit(counters, 7, 173000), 5);
	for (i = 0; i < OWN; i++)
		hit(counters, 40 + i, 174000);
	/* 175 s: now the one that began at 115 s is. */
	assert_int_equal(hit(counters, 7, 175000), 3);
	counter_table_free(table);
}

/* A minute begins where the last one stood, so that a thread whose clock is
 * not there yet counts in the new one, and not in both. */
static void
window_returns_to_its_slot(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);

	(void)state;
	assert_non_null(table);
	assert_int_equal(hit(counters, 1, 0), 1);
	assert_int_equal(hit(counters, 2, 30000), 1);
	assert_int_equal(hit(counters, 2, 30000), 2);
	assert_int_equal(hit(counters, 2, 90000), 1);
	assert_int_equal(hit(counters, 2, 89000), 2);
	assert_int_equal(hit(counters, 2, 149000), 3);
	counter_table_free(table);
}

/* Whatever shares a bucket: nobody has more than its limit in a minute. */
static void
rate_is_never_late(void **state)
{
	enum { LIMIT = 5, SECONDS = 6000 };
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);
	uint32_t accepted[CROWD] = { 0 };
	uint64_t random = 3;
	uint32_t second, i;

	(void)state;
	assert_non_null(table);
	for (second = 0; second < SECONDS; second++) {
		for (i = 0; i < 4; i++) {
			uint32_t one = next_random(&random) %
				       (second % 1200 < 600 ? OWN : CROWD);

			if (hit(counters, one, second * 1000) <= LIMIT)
				accepted[one]++;
		}
	}
	for (i = 0; i < CROWD; i++)
		assert_in_range(accepted[i], i < OWN ? LIMIT : 0,
		    LIMIT * (SECONDS / 60 + 1));
	counter_table_free(table);
}

/* ---- The table ------------------------------------------------------- */

/* Which keys meet depends on the seed, and on nothing else. */
static void
seed_chooses_who_meets(void **state)
{
	enum { KEYS = 256 };
	static uint32_t answers[3][KEYS];
	static const uint64_t seeds[] = { 1, 1, 2 };
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(seeds); i++) {
		struct counter_table *table = counter_table_new(64, seeds[i]);
		struct counters counters = counter_table_counters(table);

		assert_non_null(table);
		for (k = 0; k < KEYS; k++)
			answers[i][k] = change(counters, k, 1);
		counter_table_free(table);
	}
	assert_memory_equal(answers[0], answers[1], sizeof(answers[0]));
	assert_memory_not_equal(answers[0], answers[2], sizeof(answers[0]));
}

/* A table holds as many keys as it was made for, nearly all on their own. */
static void
keys_spread(void **state)
{
	enum { KEYS = 65536 };
	struct counter_table *table = counter_table_new(KEYS, SEED);
	struct counters counters = counter_table_counters(table);
	uint32_t shared = 0, i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < KEYS; i++)
		if (change(counters, i, 1) != 1)
			shared++;
	assert_in_range(shared, 0, KEYS / 1000);
	counter_table_free(table);
}

static void
sizes(void **state)
{
	static const size_t good[] = { 0, 1, 2, 3, 15, 1000 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		struct counter_table *table = counter_table_new(good[i], 0);

		assert_non_null(table);
		assert_int_equal(
		    change(counter_table_counters(table), 1, 1), 1);
		counter_table_free(table);
	}
	assert_null(counter_table_new(SIZE_MAX, 0));
	assert_null(counter_table_new(SIZE_MAX / 16, 0));
	counter_table_free(NULL);
}

static void
usage_says_how_full(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);
	struct counter_usage usage;
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		change(counters, i, 1);
	for (i = 0; i < OWN + 2; i++)
		hit(counters, i, 1000);
	usage = counter_table_usage(table, 1000);
	assert_int_equal(usage.room, OWN);
	assert_int_equal(usage.open, 3);
	assert_int_equal(usage.windows, OWN);
	assert_int_equal(usage.shared, 1);
	usage = counter_table_usage(table, 1000 + 3 * MINUTE);
	assert_int_equal(usage.windows, 0);
	assert_int_equal(usage.shared, 0);
	counter_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gauges_go_up_and_down),
		cmocka_unit_test(keys_differ_by_every_field),
		cmocka_unit_test(gauges_share_the_last_slot),
		cmocka_unit_test(gauges_by_model),
		cmocka_unit_test(counts_saturate),
		cmocka_unit_test(windows_last_a_minute),
		cmocka_unit_test(windows_share_the_last_slot),
		cmocka_unit_test(shared_window_rolls),
		cmocka_unit_test(window_returns_to_its_slot),
		cmocka_unit_test(rate_is_never_late),
		cmocka_unit_test(seed_chooses_who_meets),
		cmocka_unit_test(keys_spread),
		cmocka_unit_test(usage_says_how_full),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
