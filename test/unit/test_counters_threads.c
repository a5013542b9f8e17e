/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The embedded counters under several threads: nobody is let in late, whoever
 * claims, shares and frees slots meanwhile, and when all have left nothing is
 * counted. To be run with -fsanitize=thread, too.
 */
#include "counting.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS = 4, ROUNDS = 60000, HOLD = 8 };

/* What the threads of one test share. */
struct crowd {
	struct counters counters;
	uint32_t keys, limit;
	atomic_uint inside[CROWD];   /* accepted, and not left */
	atomic_uint accepted[CROWD]; /* ever */
	atomic_uint hits[CROWD];
	atomic_uint seconds;
	atomic_uint seen[THREADS]; /* the seconds that each came with last */
	atomic_uint late;          /* answers that let one too many in */
};

struct worker {
	struct crowd *crowd;
	size_t number;
	uint64_t random;
};

static void
run(struct crowd *crowd, void *(*work)(void *))
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ crowd, i, 77 + i };
		assert_int_equal(
		    pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&crowd->late), 0);
}

/* One connection that a worker holds. */
struct held {
	uint32_t key;
	bool open, accepted;
};

static void
leave(struct crowd *crowd, struct held *held)
{
	if (!held->open)
		return;
	if (held->accepted)
		atomic_fetch_sub(&crowd->inside[held->key], 1);
	change(crowd->counters, held->key, -1);
	held->open = false;
}

/* Opens and leaves at random; never may there be more inside than the limit
 * says. Those who are inside are counted after they were accepted and until
 * before they leave, so that no order of threads excuses one too many. */
static void *
connect_and_leave(void *arg)
{
	struct worker *worker = arg;
	struct crowd *crowd = worker->crowd;
	struct held holds[HOLD] = { 0 };
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		struct held *held = &holds[next_random(&worker->random) % HOLD];
		uint32_t key = next_random(&worker->random) % crowd->keys;

		leave(crowd, held);
		if (next_random(&worker->random) % 2 == 0)
			continue;
		*held = (struct held){ .key = key, .open = true };
		if (change(crowd->counters, key, 1) > crowd->limit)
			continue;
		held->accepted = true;
		atomic_fetch_add(&crowd->accepted[key], 1);
		if (atomic_fetch_add(&crowd->inside[key], 1) >= crowd->limit)
			atomic_fetch_add(&crowd->late, 1);
	}
	for (i = 0; i < HOLD; i++)
		leave(crowd, &holds[i]);
	return NULL;
}

static void
threads_open(void **state)
{
	static const struct {
		uint32_t keys, limit;
	} rows[] = {
		{ 1, 1 },
		{ 1, 3 },
		{ 3, 1 },
		{ OWN, 2 },
		{ OWN + 1, 2 },
		{ CROWD, 1 },
		{ CROWD, 12 },
	};
	size_t i;
	uint32_t k, accepted;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct counter_table *table =
		    counter_table_new(ONE_BUCKET, SEED);
		struct crowd crowd = {
			.counters = counter_table_counters(table),
			.keys = rows[i].keys,
			.limit = rows[i].limit,
		};

		assert_non_null(table);
		run(&crowd, connect_and_leave);
		accepted = 0;
		for (k = 0; k < crowd.keys; k++) {
			accepted += atomic_load(&crowd.accepted[k]);
			assert_int_equal(change(crowd.counters, k, 1), 1);
			assert_int_equal(change(crowd.counters, k, -1), 0);
		}
		if (accepted == 0)
			fail_msg("row %zu: nobody was let in", i);
		counter_table_free(table);
	}
}

/* Hits within one minute. */
static void *
hit_at_once(void *arg)
{
	struct worker *worker = arg;
	struct crowd *crowd = worker->crowd;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		uint32_t key = next_random(&worker->random) % crowd->keys;

		atomic_fetch_add(&crowd->hits[key], 1);
		if (hit(crowd->counters, key, 1000) > crowd->limit)
			continue;
		if (atomic_fetch_add(&crowd->accepted[key], 1) >= crowd->limit)
			atomic_fetch_add(&crowd->late, 1);
	}
	return NULL;
}

static void
threads_hit(void **state)
{
	static const uint32_t keys[] = { 1, OWN, OWN + 1, CROWD };
	size_t i;
	uint32_t k;

	(void)state;
	for (i = 0; i < COUNT(keys); i++) {
		struct counter_table *table =
		    counter_table_new(ONE_BUCKET, SEED);
		struct crowd crowd = {
			.counters = counter_table_counters(table),
			.keys = keys[i],
			.limit = 1000,
		};

		assert_non_null(table);
		run(&crowd, hit_at_once);
		for (k = 0; k < crowd.keys; k++) {
			uint32_t total = atomic_load(&crowd.hits[k]) + 1;
			uint32_t got = hit(crowd.counters, k, 1000);

			assert_true(got >= total);
			if (keys[i] <= OWN)
				assert_int_equal(got, total);
		}
		counter_table_free(table);
	}
}

/* A second passes, unless a thread lags half a minute behind already. */
static void
let_time_pass(struct crowd *crowd)
{
	unsigned now = atomic_load(&crowd->seconds);
	size_t i;

	for (i = 0; i < THREADS; i++) {
		unsigned seen = atomic_load(&crowd->seen[i]);

		if (now > seen && now - seen > 30)
			return;
	}
	atomic_compare_exchange_strong(&crowd->seconds, &now, now + 1);
}

/* Hits while minutes pass, by threads that read the clock before they hit,
 * and so at times come with one that has gone on. */
static void *
hit_as_time_passes(void *arg)
{
	struct worker *worker = arg;
	struct crowd *crowd = worker->crowd;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		uint32_t key = next_random(&worker->random) % crowd->keys;
		unsigned seconds = atomic_load(&crowd->seconds);

		atomic_store(&crowd->seen[worker->number], seconds);
		if (next_random(&worker->random) % 64 == 0)
			let_time_pass(crowd);
		if (hit(crowd->counters, key, (uint64_t)seconds * 1000) <=
		    crowd->limit)
			atomic_fetch_add(&crowd->accepted[key], 1);
	}
	atomic_store(&crowd->seen[worker->number], UINT_MAX);
	return NULL;
}

static void
threads_hit_as_time_passes(void **state)
{
	static const uint32_t keys[] = { 1, 3, OWN, CROWD };
	size_t i;
	uint32_t k;

	(void)state;
	for (i = 0; i < COUNT(keys); i++) {
		struct counter_table *table =
		    counter_table_new(ONE_BUCKET, SEED);
		struct crowd crowd = {
			.counters = counter_table_counters(table),
			.keys = keys[i],
			.limit = 10,
		};
		uint32_t most;

		assert_non_null(table);
		run(&crowd, hit_as_time_passes);
		most = crowd.limit * (atomic_load(&crowd.seconds) / 60 + 1);
		for (k = 0; k < crowd.keys; k++)
			assert_in_range(atomic_load(&crowd.accepted[k]),
			    keys[i] <= OWN ? most / 2 : 0, most);
		counter_table_free(table);
	}
}

/* The first of a minute, as soon as the other came in the last one. */
static void *
begin_minutes(void *arg)
{
	struct crowd *crowd = arg;
	unsigned minute = 0, seen;
	size_t i;

	for (i = 0; i < 1000 * ROUNDS; i++) {
		seen = atomic_load(&crowd->seen[0]);
		if (seen == UINT_MAX)
			break;
		if (seen < minute) {
			if (i % 1000 == 0)
				sched_yield();
			continue;
		}
		hit(crowd->counters, 1, (uint64_t)++minute * MINUTE);
		atomic_store(&crowd->seconds, minute * 60);
	}
	return NULL;
}

/* Comes at the end of a minute that another began, or in the one that begins
 * just then: never the first. */
static void
end_minutes(struct crowd *crowd)
{
	size_t i;

	for (i = 0; i < 20 * ROUNDS; i++) {
		unsigned minute = atomic_load(&crowd->seconds) / 60;

		atomic_store(&crowd->seen[0], minute);
		if (hit(crowd->counters, 1,
			(uint64_t)minute * MINUTE + MINUTE - 1) < 2)
			atomic_fetch_add(&crowd->late, 1);
		if (i % 1000 == 0)
			sched_yield();
	}
	atomic_store(&crowd->seen[0], UINT_MAX);
}

static void
threads_cross_minutes(void **state)
{
	struct counter_table *table = counter_table_new(ONE_BUCKET, SEED);
	struct crowd crowd = { .counters = counter_table_counters(table) };
	pthread_t begins;
	size_t i;

	(void)state;
	assert_non_null(table);
	assert_int_equal(hit(crowd.counters, 1, 0), 1);
	assert_int_equal(
	    pthread_create(&begins, NULL, begin_minutes, &crowd), 0);
	for (i = 0; i < 1000 * ROUNDS && atomic_load(&crowd.seconds) == 0; i++)
		sched_yield();
	end_minutes(&crowd);
	assert_int_equal(pthread_join(begins, NULL), 0);
	assert_int_equal(atomic_load(&crowd.late), 0);
	assert_true(atomic_load(&crowd.seconds) > 60);
	counter_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_open),
		cmocka_unit_test(threads_hit),
		cmocka_unit_test(threads_hit_as_time_passes),
		cmocka_unit_test(threads_cross_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
