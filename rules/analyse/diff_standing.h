/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_standing.h - all that decides about a client beside what it does, as a
 * number.
 */
#ifndef DIFF_STANDING_H
#define DIFF_STANDING_H

#include "claim.h"
#include "intervals.h"

/* A standing as a number: of one ruleset, whatever the address and time. The
 * upper half is the number of what an entry narrows its clients to. */
typedef uint64_t standing;

standing standing_of(const struct ruleset *, const struct part *);

/* What a standing says, written out. */
struct side {
	const struct ruleset *ruleset;
	const struct rule *rule; /* or NULL */
	struct client_state client;
	principal_set base;
	bool allowed, blocked; /* blocked: and not allowed */
};

struct side side_of(const struct ruleset *, standing);
/* The number of its connector + 1; 0: none. */
uint32_t standing_rule(standing);

#endif
