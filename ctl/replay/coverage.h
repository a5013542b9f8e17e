/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage.h - which connectors and ranges sessions have reached.
 *
 * A range is reached by a client that it won. Connectors that are not enabled
 * take no part. One bit a range, whatever the number of sessions.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include "rules.h"

struct coverage {
	const struct ruleset *ruleset;
	size_t *first;         /* by connector: the bit of its first range */
	unsigned char *ranges; /* bits */
	bool *connectors;
};

/* Borrows the ruleset. -ENOMEM. */
int coverage_init(struct coverage *, const struct ruleset *);
void coverage_fini(struct coverage *);
/* A session of that ruleset, once connected. */
void coverage_touch(struct coverage *, const struct session *);
/* Walks what was not reached, in the order of the policy: connectors (range
 * is NULL), and ranges of connectors that were. */
void coverage_walk(const struct coverage *,
    void (*untouched)(void *ctx, const struct where *, const char *connector,
	const struct netrange *range),
    void *ctx);

#endif
