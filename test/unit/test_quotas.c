/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quotas in the embedded store: by hour and day, never late where a bucket
 * overflows, the same over a restart, and not stuck after a clock went wrong.
 */
#include "counting.h"

enum { HOUR = 3600, DAY = 24 * HOUR, NOON = 20000 * DAY + 12 * HOUR };

static uint32_t
spend(struct counters counters, uint64_t i, enum quota_period period,
    int64_t now, unsigned by)
{
	struct counter_key key = key_number(i);

	key.type = COUNTER_QUOTA;
	key.reserved = period;
	return counters.spend(counters.ctx, &key, now, by);
}

static void
test_periods(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	struct counters counters = counter_table_counters(table);

	(void)state;
	assert_int_equal(spend(counters, 1, QUOTA_HOUR, NOON, 0), 0);
	assert_int_equal(spend(counters, 1, QUOTA_HOUR, NOON, 1), 1);
	assert_int_equal(spend(counters, 1, QUOTA_DAY, NOON, 1), 1);
	assert_int_equal(spend(counters, 1, QUOTA_HOUR, NOON + HOUR - 1, 1), 2);
	assert_int_equal(spend(counters, 1, QUOTA_HOUR, NOON + HOUR, 1), 1);
	assert_int_equal(spend(counters, 1, QUOTA_DAY, NOON + HOUR, 1), 2);
	assert_int_equal(spend(counters, 1, QUOTA_DAY, NOON + DAY, 0), 0);
	counter_table_free(table);
}

/* All keys of a bucket that is full count together, and none starts from
 * nothing. */
static void
test_crowd(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct counters counters = counter_table_counters(table);

	(void)state;
	for (uint32_t round = 1; round <= 3; round++)
		for (uint64_t i = 0; i < CROWD; i++)
			assert_true(
			    spend(counters, i, QUOTA_DAY, NOON, 1) >= round);
	/* Hours have a shared slot of their own. */
	assert_int_equal(spend(counters, 99, QUOTA_HOUR, NOON, 1), 1);
	counter_table_free(table);
}

static void
test_restart(void **state)
{
	struct counter_table *before = counter_table_new(64, SEED), *after;
	struct counters counters = counter_table_counters(before);
	size_t places = counter_table_places(before);

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		for (uint64_t j = 0; j <= i % 5; j++)
			(void)spend(counters, i, QUOTA_DAY, NOON, 1);
	(void)spend(counters, 7, QUOTA_HOUR, NOON, 1);
	after = counter_table_new(64, counter_table_seed(before));
	for (size_t i = 0; i < places; i++)
		assert_true(counter_table_restore(
		    after, i, counter_table_word(before, i, NOON + HOUR)));
	assert_false(counter_table_restore(after, places, 0));
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(spend(counter_table_counters(after), i,
				     QUOTA_DAY, NOON + HOUR, 0),
		    spend(counters, i, QUOTA_DAY, NOON + HOUR, 0));
	/* What has passed is not kept. */
	assert_int_equal(
	    spend(counter_table_counters(after), 7, QUOTA_HOUR, NOON, 0), 0);
	counter_table_free(before);
	counter_table_free(after);
}

static void
test_clock(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	struct counters counters = counter_table_counters(table);

	(void)state;
	/* A day that has just begun goes on where a thread is a little late. */
	assert_int_equal(spend(counters, 1, QUOTA_DAY, 20001 * DAY, 1), 1);
	assert_int_equal(spend(counters, 1, QUOTA_DAY, 20001 * DAY - 1, 1), 2);
	/* A clock that was a year ahead does not count for a year. */
	assert_int_equal(spend(counters, 2, QUOTA_DAY, NOON + 365 * DAY, 1), 1);
	assert_int_equal(spend(counters, 2, QUOTA_DAY, NOON, 1), 1);
	counter_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_periods),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
