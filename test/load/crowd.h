/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crowd.h - many sessions of an MTA with a filter at once, in one thread.
 *
 * All play one script. Some may stop on the way and stay open, between two
 * commands or in the middle of one. Counts what happens and repairs nothing;
 * every wait is bounded.
 */
#ifndef CROWD_H
#define CROWD_H

#include "script.h"

#include <stdint.h>

struct crowd_plan {
	const char *spec;            /* of the filter, as for wire_open() */
	const struct script *script; /* outlives the crowd */
	size_t again; /* the turn at which another message begins */
	int timeout;  /* milliseconds in which something has to happen */
};

struct crowd_count {
	size_t sessions;  /* that went to their end, or to their place */
	size_t messages;  /* to whose end the filter said "continue" */
	size_t refused;   /* sessions with any other answer */
	size_t lost;      /* sessions that the filter closed or let wait */
	size_t decisions; /* answers after the negotiation */
	uint32_t *waits;  /* for each of them, nanoseconds */
};

struct crowd;

/* 0 or a negative errno. */
int crowd_new(const struct crowd_plan *, struct crowd **);
/* Closes those that stayed. */
void crowd_free(struct crowd *);

/* Opens so many, which stay before a turn, or in the middle of it. -EINVAL: the
 * script has not so many. */
int crowd_stay(struct crowd *, size_t sessions, size_t turn, bool halfway);
/* So many sessions of so many messages each, at_once of them open. */
int crowd_run(struct crowd *, size_t sessions, size_t at_once, size_t messages);
/* Since the last crowd_stay() or crowd_run() began. */
const struct crowd_count *crowd_count(const struct crowd *);

#endif
