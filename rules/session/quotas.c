/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quotas - how many messages of their quotas clients have spent.
 *
 * As in counters.c a hash chooses a bucket of slots, and a slot is one atomic
 * word, so nothing waits. A slot is free again when its period has passed.
 * Periods are the hours and days of UTC, not of a clock that begins anew, so
 * that a word means the same after a restart. The last two slots of a bucket
 * are shared by all keys of a period that find no other free: a quota can be
 * met early then, but never late.
 */
#include "quotas.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	SLOTS = 8,
	SHARED = SLOTS - 2, /* and one more, one for each enum quota_period */

	/* A word is tag, period, number of the hour or day, and count. The
	 * number wraps after 14 years. */
	COUNT_BITS = 22,
	COUNT_MAX = (1 << COUNT_BITS) - 1,
	NUMBER_BITS = 17,
	NUMBER_MASK = (1 << NUMBER_BITS) - 1,
	PERIOD_BIT = COUNT_BITS + NUMBER_BITS,
	TAG_SHIFT = PERIOD_BIT + 1,
};

struct quota_bucket {
	_Alignas(64) _Atomic uint64_t slots[SLOTS];
};

struct quotas {
	size_t mask; /* the number of buckets, less one */
	struct quota_bucket *buckets;
	void *memory; /* that they lie in */
};

struct quotas *
quotas_new(size_t buckets)
{
	const uintptr_t align = _Alignof(struct quota_bucket) - 1;
	struct quotas *quotas = calloc(1, sizeof *quotas);

	if (!quotas)
		return NULL;
	quotas->mask = buckets - 1;
	/* As in counter_table_new(). */
	quotas->memory = calloc(buckets + 1, sizeof *quotas->buckets);
	if (!quotas->memory) {
		free(quotas);
		return NULL;
	}
	quotas->buckets =
	    (void *)(((uintptr_t)quotas->memory + align) & ~align);
	return quotas;
}

void
quotas_free(struct quotas *quotas)
{
	if (!quotas)
		return;
	free(quotas->memory);
	free(quotas);
}

static uint32_t
number_of(enum quota_period period, int64_t now)
{
	int64_t seconds = period == QUOTA_DAY ? 24 * 60 * 60 : 60 * 60;

	return (uint32_t)(now < 0 ? 0 : now / seconds) & NUMBER_MASK;
}

static enum quota_period
period_of(uint64_t word)
{
	return (word >> PERIOD_BIT & 1) != 0 ? QUOTA_DAY : QUOTA_HOUR;
}

/* Whether what a word counts still counts. A clock that was set back, and a
 * thread that read it before another did, find the next period begun. */
static bool
is_current(uint64_t word, int64_t now)
{
	uint32_t number = (uint32_t)(word >> COUNT_BITS) & NUMBER_MASK;
	uint32_t ahead =
	    (number - number_of(period_of(word), now)) & NUMBER_MASK;

	return (word & COUNT_MAX) != 0 && ahead <= 1;
}

/* What a word of a key is but for its count. */
static uint64_t
head_of(uint64_t tag, enum quota_period period, int64_t now)
{
	uint64_t head = tag << 1 | (period == QUOTA_DAY);

	return (head << NUMBER_BITS | number_of(period, now)) << COUNT_BITS;
}

static size_t
shared_slot(enum quota_period period)
{
	return period == QUOTA_DAY ? SHARED + 1 : SHARED;
}

static bool
is_own(uint64_t word, size_t i, uint64_t head, int64_t now)
{
	enum quota_period period = period_of(head);

	if (!is_current(word, now) || period_of(word) != period)
		return false;
	return i == shared_slot(period) ||
	       (i < SHARED && word >> TAG_SHIFT == head >> TAG_SHIFT);
}

/* Where one more goes: the key's slot, else a free one, else the shared one.
 * *found is what is there. */
static size_t
slot_find(
    struct quota_bucket *bucket, uint64_t head, int64_t now, uint64_t *found)
{
	size_t place = shared_slot(period_of(head)), i;

	*found = atomic_load(&bucket->slots[place]);
	for (i = 0; i < SHARED; i++) {
		uint64_t word = atomic_load(&bucket->slots[i]);

		if (is_own(word, i, head, now)) {
			*found = word;
			return i;
		}
		if (!is_current(word, now) && place >= SHARED) {
			*found = word;
			place = i;
		}
	}
	return place;
}

static void
spend_one(struct quota_bucket *bucket, uint64_t head, int64_t now)
{
	uint64_t word, next;
	size_t place;

	/* Ends: where an exchange fails, that of another thread did not. */
	do {
		place = slot_find(bucket, head, now, &word);
		next = is_own(word, place, head, now) ? word : head;
		if ((next & COUNT_MAX) != COUNT_MAX)
			next++;
	} while (!atomic_compare_exchange_strong(
	    &bucket->slots[place], &word, next));
}

uint32_t
quotas_spend(struct quotas *quotas, uint64_t hash, enum quota_period period,
    int64_t now, unsigned change)
{
	struct quota_bucket *bucket = &quotas->buckets[hash & quotas->mask];
	uint64_t head = head_of(hash >> TAG_SHIFT, period, now);
	uint32_t total = 0;
	size_t i;

	assert(change <= 1);
	if (change != 0)
		spend_one(bucket, head, now);
	for (i = 0; i < SLOTS; i++) {
		uint64_t word = atomic_load(&bucket->slots[i]);

		if (!is_own(word, i, head, now))
			continue;
		if ((word & COUNT_MAX) == COUNT_MAX)
			return UINT32_MAX;
		total += (uint32_t)(word & COUNT_MAX);
	}
	return total;
}

/* ---- Over a restart -------------------------------------------------- */

size_t
quotas_places(const struct quotas *quotas)
{
	return (quotas->mask + 1) * SLOTS;
}

static _Atomic uint64_t *
slot_at(const struct quotas *quotas, size_t place)
{
	return &quotas->buckets[place / SLOTS].slots[place % SLOTS];
}

uint64_t
quotas_word(const struct quotas *quotas, size_t place, int64_t now)
{
	uint64_t word;

	assert(place < quotas_places(quotas));
	word =
	    atomic_load_explicit(slot_at(quotas, place), memory_order_relaxed);
	return is_current(word, now) ? word : 0;
}

bool
quotas_restore(struct quotas *quotas, size_t place, uint64_t word)
{
	if (place >= quotas_places(quotas))
		return false;
	atomic_store(slot_at(quotas, place), word);
	return true;
}
