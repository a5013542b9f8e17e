/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intervals.h - all clients of a listener, interval by interval.
 */
#ifndef INTERVALS_H
#define INTERVALS_H

#include "ruleset.h"

/* Clients that are all alike: one connector has them, and the same lists hold
 * them. */
struct part {
	struct netrange clients; /* in its shortest form */
	struct choice choice;
	principal_set server; /* as ruleset_server() says */
	bool allow_listed, blocked;
};

/* Walks every address of a family once and in order, those that nobody wins
 * too; FAMILY_NONE: of both, IPv4 first. Stops when fn answers non-zero, and
 * answers that. -ENOMEM. */
int view_walk(const struct ruleset *, const struct view *, enum family,
    int64_t now, int (*fn)(void *ctx, const struct part *), void *ctx);

#endif
