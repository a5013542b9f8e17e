/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.h - what was decided, counted since the start.
 *
 * A row for each connector that there was, by its name, so that a reload
 * forgets nothing; one for sessions without a connector; and one for all
 * that find no room. Nothing is labelled by what a client sent, so there is
 * an end to it. Counting is one atomic addition and never waits.
 */
#ifndef TALLY_H
#define TALLY_H

#include "rules.h"

#include <stdatomic.h>

enum { TALLY_CONNECTORS_MAX = 64 };

/* Who asked. */
enum decision_via { VIA_MILTER, VIA_POLICY, VIA_COUNT };

enum outcome {
	OUTCOME_ACCEPT,
	OUTCOME_REJECT,
	OUTCOME_TEMPFAIL,
	OUTCOME_MONITORED, /* accepted, and would have been refused */
	OUTCOME_COUNT
};

typedef _Atomic uint64_t tally_cell;

struct tally_row {
	const char *name; /* "": no connector; "*": those without room */
	atomic_size_t open;
	tally_cell cells[VIA_COUNT][STAGE_COUNT][OUTCOME_COUNT][REASONS_MAX];
};

struct tally;

/* NULL: out of memory. */
struct tally *tally_new(void);
void tally_free(struct tally *);

/* The row of a connector; NULL: of none. Lives as long as the tally. One
 * thread at a time. */
struct tally_row *tally_row(struct tally *, const char *connector);
/* The i-th, NULL past the end. Any thread. */
const struct tally_row *tally_get(const struct tally *, size_t i);

void tally_count(
    struct tally_row *, enum decision_via, const struct decision *);
uint64_t tally_read(const struct tally_row *, enum decision_via, enum stage,
    enum outcome, unsigned reason);
/* Over all reasons. */
uint64_t tally_sum(
    const struct tally_row *, enum decision_via, enum stage, enum outcome);

const char *via_name(enum decision_via); /* "milter", "policy" */
const char *outcome_name(enum outcome);  /* "accept", ..., "monitored" */

/* All rows together. */
struct totals {
	uint64_t sessions; /* of the milter */
	uint64_t messages; /* accepted at their end */
	uint64_t refused;  /* by the milter, at any stage */
	uint64_t requests; /* of the policy service */
	uint64_t refused_requests;
};
struct totals tally_totals(const struct tally *);

#endif
