/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters.c - the embedded store of counters: a table of fixed size.
 *
 * A key is hashed, with a seed that nobody else knows, to a bucket of eight
 * slots; a slot is one atomic word that holds tag and value together. There
 * are two arrays of buckets: gauges (what is open) and windows (what happened
 * in a minute). Nothing is allocated after counter_table_new(), nothing
 * waits, and nothing is swept: a gauge at 0 and a window that has passed are
 * free for the next key.
 *
 * A bucket never refuses a key. Its last slot is shared by all keys that find
 * no other free, and everybody's answer is what stands under its own tag plus
 * what stands in the shared slot. So a limit can be met early, by a bucket
 * that has overflowed, but never late. The same holds for keys whose tags
 * happen to be the same, and for a slot at its maximum, which answers
 * UINT32_MAX.
 */
#include "rules.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "quotas.h"

enum {
	SLOTS = 8,
	SHARED = SLOTS - 1, /* the last slot has no tag */

	MINUTE = 60, /* seconds */

	/* A gauge is tag and count. */
	GAUGE_BITS = 24,
	GAUGE_MAX = (1 << GAUGE_BITS) - 1,

	/* A window is tag, start and count. The start, in seconds, wraps
	 * after 48 days. */
	TAG_BITS = 20,
	START_BITS = 22,
	START_MASK = (1 << START_BITS) - 1,
	WINDOW_BITS = 22,
	WINDOW_MAX = (1 << WINDOW_BITS) - 1,

	/* A shared window is start, count of the minute before and count. */
	SHARED_BITS = 21,
	SHARED_MAX = (1 << SHARED_BITS) - 1,
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "atomics would take locks");
_Static_assert(TAG_BITS + START_BITS + WINDOW_BITS == 64, "one word");
_Static_assert(START_BITS + 2 * SHARED_BITS == 64, "one word");
_Static_assert(sizeof(struct counter_key) == 32, "hashed as bytes");

struct bucket {
	_Alignas(64) _Atomic uint64_t slots[SLOTS];
};

struct counter_table {
	uint64_t seed;
	size_t mask; /* the number of buckets of an array, less one */
	struct bucket *gauges;
	struct bucket *windows;
	struct quotas *quotas;
	void *memory; /* that both lie in */
};

/* ---- The table ------------------------------------------------------- */

struct counter_table *
counter_table_new(size_t keys, uint64_t seed)
{
	struct counter_table *table;
	const uintptr_t align = _Alignof(struct bucket) - 1;
	size_t buckets = 1;

	/* With two keys to a bucket one in a thousand overflows. */
	if (keys > SIZE_MAX / (8 * sizeof(struct bucket)))
		return NULL;
	while (buckets < (keys + 1) / 2)
		buckets *= 2;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	table->seed = seed;
	table->mask = buckets - 1;
	/* Not aligned_alloc(): zeros that are not written take no memory until
	 * they are counted in. */
	table->memory = calloc(2 * buckets + 1, sizeof(struct bucket));
	table->quotas = quotas_new(buckets);
	if (table->memory == NULL || table->quotas == NULL) {
		counter_table_free(table);
		return NULL;
	}
	table->gauges = (void *)(((uintptr_t)table->memory + align) & ~align);
	table->windows = table->gauges + buckets;
	return table;
}

void
counter_table_free(struct counter_table *table)
{
	if (table == NULL)
		return;
	quotas_free(table->quotas);
	free(table->memory);
	free(table);
}

/* The low bits choose the bucket, the high ones are the tag. */
static uint64_t
key_hash(const struct counter_table *table, const struct counter_key *key)
{
	return XXH3_64bits_withSeed(key, sizeof(*key), table->seed);
}

/* A slot that has reached its maximum does not know how many there are. */
static uint32_t
saturate(uint64_t count, uint64_t max)
{
	return count >= max ? UINT32_MAX : (uint32_t)count;
}

static uint32_t
saturating_sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* ---- Gauges ---------------------------------------------------------- */

/* Whether slot i may hold a part of tag's count. */
static bool
gauge_counts(uint64_t word, size_t i, uint64_t tag)
{
	return (word & GAUGE_MAX) != 0 &&
	       (i == SHARED || word >> GAUGE_BITS == tag);
}

/* Where one more of tag goes: its slot, else a free one, else the shared
 * one; *found is what stands there. */
static size_t
gauge_find(struct bucket *bucket, uint64_t tag, uint64_t *found)
{
	size_t place = SHARED, i;

	*found = atomic_load(&bucket->slots[SHARED]);
	for (i = 0; i < SHARED; i++) {
		uint64_t word = atomic_load(&bucket->slots[i]);

		if (gauge_counts(word, i, tag)) {
			*found = word;
			return i;
		}
		if (word == 0 && place == SHARED) {
			*found = word;
			place = i;
		}
	}
	return place;
}

/* One more. Two threads may each claim a slot for the same tag: no harm,
 * since answers are sums and a release takes what it finds. */
static void
gauge_raise(struct bucket *bucket, uint64_t tag)
{
	uint64_t word, next;
	size_t place;

	/* Ends: where an exchange fails, that of another thread did not. */
	do {
		place = gauge_find(bucket, tag, &word);
		next = word;
		if (place != SHARED)
			next = tag << GAUGE_BITS | (word & GAUGE_MAX);
		if ((next & GAUGE_MAX) != GAUGE_MAX)
			next++;
	} while (!atomic_compare_exchange_strong(
	    &bucket->slots[place], &word, next));
}

/* One less, from the first slot in order that may count tag. Whoever counted
 * something finds something: a release passes a slot only while nothing of
 * its tag stands there, so at any time the slots still before the releases
 * under way hold at least one for each of them, and the shared slot loses no
 * more for a tag than was put there for it. */
static void
gauge_lower(struct bucket *bucket, uint64_t tag)
{
	uint64_t word, next;
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		word = atomic_load(&bucket->slots[i]);
		while (gauge_counts(word, i, tag)) {
			next = (word & GAUGE_MAX) == 1 ? 0 : word - 1;
			if (atomic_compare_exchange_strong(
				&bucket->slots[i], &word, next))
				return;
		}
	}
}

/* Every slot is read after the caller's own change, so that of those who
 * come at once the last sees all the others. */
static uint32_t
gauge_total(struct bucket *bucket, uint64_t tag)
{
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		uint64_t word = atomic_load(&bucket->slots[i]);

		if (gauge_counts(word, i, tag))
			total = saturating_sum(
			    total, saturate(word & GAUGE_MAX, GAUGE_MAX));
	}
	return total;
}

static uint32_t
table_open(void *ctx, const struct counter_key *key, int change)
{
	const struct counter_table *table = ctx;
	uint64_t hash = key_hash(table, key);
	uint64_t tag = hash >> GAUGE_BITS;
	struct bucket *bucket = &table->gauges[hash & table->mask];

	assert(change == 1 || change == -1);
	if (change > 0)
		gauge_raise(bucket, tag);
	else
		gauge_lower(bucket, tag);
	return gauge_total(bucket, tag);
}

/* ---- Windows --------------------------------------------------------- */

/* A time as windows see it. A window begins with the next full second, so
 * that it lasts a minute and never less. */
struct counter_moment {
	uint32_t now, start;
};

static struct counter_moment
moment_of(uint64_t ticks)
{
	uint64_t seconds = ticks / 1000;

	return (struct counter_moment){
		.now = (uint32_t)(seconds & START_MASK),
		.start =
		    (uint32_t)((seconds + (ticks % 1000 != 0)) & START_MASK),
	};
}

enum phase { PHASE_NOW, PHASE_BEFORE, PHASE_PAST };

/* Whether a start lies in this minute, in the one before or further back. A
 * thread may come with a time that it read before another began the window,
 * and then finds a start that is a little ahead of it. */
static enum phase
phase_of(uint64_t start, struct counter_moment moment)
{
	uint32_t age = (moment.now - (uint32_t)start) & START_MASK;

	if (age < MINUTE || age > START_MASK - MINUTE)
		return PHASE_NOW;
	return age < 2 * MINUTE ? PHASE_BEFORE : PHASE_PAST;
}

/* What a slot is to a tag, the best first. */
enum fit {
	FIT_OWN,    /* its window, and not over */
	FIT_PASSED, /* its window of an earlier minute */
	FIT_FREE,
	FIT_NONE
};

static enum fit
window_fit(uint64_t word, uint64_t tag, struct counter_moment moment)
{
	bool own = word >> (WINDOW_BITS + START_BITS) == tag;

	if ((word & WINDOW_MAX) == 0)
		return FIT_FREE;
	if (phase_of(word >> WINDOW_BITS & START_MASK, moment) == PHASE_NOW)
		return own ? FIT_OWN : FIT_NONE;
	return own ? FIT_PASSED : FIT_FREE;
}

/* Where a hit of tag goes; *found is what stands there. A tag returns to its
 * own slot, so that threads whose clocks differ do not begin two windows. */
static size_t
window_find(struct bucket *bucket, uint64_t tag, struct counter_moment moment,
    uint64_t *found)
{
	enum fit best = FIT_NONE, fit;
	size_t place = SHARED, i;

	*found = atomic_load(&bucket->slots[SHARED]);
	for (i = 0; i < SHARED; i++) {
		uint64_t word = atomic_load(&bucket->slots[i]);

		fit = window_fit(word, tag, moment);
		if (fit < best) {
			best = fit;
			place = i;
			*found = word;
		}
	}
	return place;
}

static uint64_t
window_next(uint64_t word, uint64_t tag, struct counter_moment moment)
{
	if (window_fit(word, tag, moment) != FIT_OWN)
		return (tag << START_BITS | moment.start) << WINDOW_BITS | 1;
	return (word & WINDOW_MAX) == WINDOW_MAX ? word : word + 1;
}

/* The shared window keeps the count of the minute before, too: those who
 * share it began their minutes at different times, and this covers each. */
static uint64_t
shared_next(uint64_t word, struct counter_moment moment)
{
	uint64_t start = word >> 2 * SHARED_BITS;
	uint64_t before = word >> SHARED_BITS & SHARED_MAX;
	uint64_t count = word & SHARED_MAX;
	enum phase phase = phase_of(start, moment);

	if (count == 0 || phase == PHASE_PAST) {
		start = moment.start;
		before = 0;
		count = 0;
	} else if (phase == PHASE_BEFORE) {
		start = (start + MINUTE) & START_MASK;
		before = count;
		count = 0;
	}
	if (count < SHARED_MAX)
		count++;
	return start << 2 * SHARED_BITS | before << SHARED_BITS | count;
}

static uint32_t
shared_total(uint64_t word, struct counter_moment moment)
{
	uint32_t before =
	    saturate(word >> SHARED_BITS & SHARED_MAX, SHARED_MAX);
	uint32_t count = saturate(word & SHARED_MAX, SHARED_MAX);

	if (count == 0)
		return 0;
	switch (phase_of(word >> 2 * SHARED_BITS, moment)) {
	case PHASE_NOW:
		return saturating_sum(before, count);
	case PHASE_BEFORE:
		return count;
	case PHASE_PAST:
		break;
	}
	return 0;
}

static uint32_t
slot_total(uint64_t word, size_t i, uint64_t tag, struct counter_moment moment)
{
	if (i == SHARED)
		return shared_total(word, moment);
	if (window_fit(word, tag, moment) != FIT_OWN)
		return 0;
	return saturate(word & WINDOW_MAX, WINDOW_MAX);
}

/* One more; answers what stands everywhere then. A slot's own answer is what
 * was written there: by now the next minute may have begun in it. */
static uint32_t
window_raise(struct bucket *bucket, uint64_t tag, struct counter_moment moment)
{
	uint64_t word, next;
	uint32_t total;
	size_t place, i;

	/* Ends: where an exchange fails, that of another thread did not. */
	do {
		place = window_find(bucket, tag, moment, &word);
		next = place == SHARED ? shared_next(word, moment)
				       : window_next(word, tag, moment);
	} while (!atomic_compare_exchange_strong(
	    &bucket->slots[place], &word, next));
	total = slot_total(next, place, tag, moment);
	for (i = 0; i < SLOTS; i++)
		if (i != place)
			total = saturating_sum(
			    total, slot_total(atomic_load(&bucket->slots[i]), i,
				       tag, moment));
	return total;
}

static uint32_t
table_hit(void *ctx, const struct counter_key *key, uint64_t ticks)
{
	const struct counter_table *table = ctx;
	uint64_t hash = key_hash(table, key);

	return window_raise(&table->windows[hash & table->mask],
	    hash >> (64 - TAG_BITS), moment_of(ticks));
}

static uint32_t
table_spend(
    void *ctx, const struct counter_key *key, int64_t now, unsigned change)
{
	const struct counter_table *table = ctx;

	return quotas_spend(table->quotas, key_hash(table, key),
	    (enum quota_period)key->reserved, now, change);
}

size_t
counter_table_places(const struct counter_table *table)
{
	return quotas_places(table->quotas);
}

uint64_t
counter_table_seed(const struct counter_table *table)
{
	return table->seed;
}

uint64_t
counter_table_word(const struct counter_table *table, size_t place, int64_t now)
{
	return quotas_word(table->quotas, place, now);
}

bool
counter_table_restore(struct counter_table *table, size_t place, uint64_t word)
{
	return quotas_restore(table->quotas, place, word);
}

static struct counter_usage
bucket_usage(
    const struct bucket *bucket, bool window, struct counter_moment moment)
{
	struct counter_usage usage = { 0 };
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		uint64_t word = atomic_load_explicit(
		    &bucket->slots[i], memory_order_relaxed);
		bool used = word != 0;

		if (window && i == SHARED)
			used = shared_total(word, moment) != 0;
		else if (window)
			used = (word & WINDOW_MAX) != 0 &&
			       phase_of(word >> WINDOW_BITS & START_MASK,
				   moment) == PHASE_NOW;
		if (i == SHARED)
			usage.shared += used;
		else if (window)
			usage.windows += used;
		else
			usage.open += used;
	}
	return usage;
}

struct counter_usage
counter_table_usage(const struct counter_table *table, uint64_t ticks)
{
	struct counter_moment moment = moment_of(ticks);
	struct counter_usage usage = { .room = (table->mask + 1) * SHARED };
	size_t i;

	for (i = 0; i <= table->mask; i++) {
		struct counter_usage gauges =
		    bucket_usage(&table->gauges[i], false, moment);
		struct counter_usage windows =
		    bucket_usage(&table->windows[i], true, moment);

		usage.open += gauges.open;
		usage.windows += windows.windows;
		usage.shared += gauges.shared + windows.shared;
	}
	return usage;
}

struct counters
counter_table_counters(struct counter_table *table)
{
	return (struct counters){
		.ctx = table,
		.open = table_open,
		.hit = table_hit,
		.spend = table_spend,
	};
}
