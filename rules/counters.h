/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters.h - how the engine counts for limits, and the embedded store of
 * counts; a part of rules.h.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a limit counts. The engine fills the whole struct, so that keys may be
 * compared and hashed as bytes. */
struct counter_key {
	enum {
		COUNTER_CONNECTIONS,
		COUNTER_SOURCE,
		COUNTER_RATE,
		COUNTER_QUOTA
	} type;
	uint32_t reserved;  /* of a quota: enum quota_period; else 1: source is
			       a user, or 0 */
	uint64_t connector; /* a hash of its name: survives a reload */
	uint64_t source[2]; /* the client's network, or a hash of a name */
};

/* How the engine counts for limits. Calls come from any thread and must not
 * wait. A store may forget, but must not grow without bound. */
struct counters {
	void *ctx;
	/* One more (1) or one less (-1) that is open; answers how many there
	 * are now. */
	uint32_t (*open)(void *ctx, const struct counter_key *, int change);
	/* One more in this minute, which begins with the first; answers how
	 * many there were, this one included. */
	uint32_t (*hit)(void *ctx, const struct counter_key *, uint64_t ticks);
	/* Returns how many messages of a quota are spent in the period that
	 * now (seconds since 1970) is in, after change (0 or 1) more. */
	uint32_t (*spend)(void *ctx, const struct counter_key *, int64_t now,
	    unsigned change);
};

/* The embedded store: a table of fixed size, without locks. seed is random,
 * so that nobody can choose keys that meet. NULL: out of memory. */
struct counter_table;
struct counter_table *counter_table_new(size_t keys, uint64_t seed);
void counter_table_free(struct counter_table *);
/* The interface to it; lives as long as the table. */
struct counters counter_table_counters(struct counter_table *);

/* How full it is; reads all of it, and changes nothing. */
struct counter_usage {
	size_t room;    /* keys of each kind that have a place of their own */
	size_t open;    /* keys with something open */
	size_t windows; /* keys that were hit in this minute */
	size_t shared;  /* places where keys share a count for want of room */
};
struct counter_usage counter_table_usage(
    const struct counter_table *, uint64_t ticks);

/* What is spent of quotas, for who keeps it over a restart. Places are
 * numbered from 0; words mean something only to a table of as many places and
 * the same seed. */
size_t counter_table_places(const struct counter_table *);
uint64_t counter_table_seed(const struct counter_table *);
/* 0: nothing is spent there that still counts. */
uint64_t counter_table_word(
    const struct counter_table *, size_t place, int64_t now);
/* Before anything is counted. False: no such place. */
bool counter_table_restore(struct counter_table *, size_t place, uint64_t word);

#endif
