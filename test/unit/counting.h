/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counting.h - keys by number, for the tests of the counters.
 *
 * A table for one key is one bucket: seven slots of their own and the shared
 * one, so that a handful of keys shows what a million would.
 */
#ifndef COUNTING_H
#define COUNTING_H

#include "cases.h"

enum {
	ONE_BUCKET = 1,
	OWN = 7,
	CROWD = 20, /* more keys than one bucket has slots */
	MINUTE = 60000,
	SEED = 20070101,
};

static inline struct counter_key
key_number(uint64_t i)
{
	return (struct counter_key){
		.type = COUNTER_SOURCE,
		.connector = 1,
		.source = { UINT64_C(0x20010db8) << 32 | i, 0 },
	};
}

static inline uint32_t
change(struct counters counters, uint64_t i, int by)
{
	struct counter_key key = key_number(i);

	return counters.open(counters.ctx, &key, by);
}

static inline uint32_t
hit(struct counters counters, uint64_t i, uint64_t ticks)
{
	struct counter_key key = key_number(i);

	return counters.hit(counters.ctx, &key, ticks);
}

/* A small generator of our own: the same numbers on every machine. */
static inline uint32_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

#endif
