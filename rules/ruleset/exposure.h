/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposure.h - how much of the Internet may relay.
 *
 * Counted are the public addresses that connectors actually win, on any
 * listener, now or after another entry has expired, and whatever the
 * notation: two halves are the whole.
 */
#ifndef EXPOSURE_H
#define EXPOSURE_H

#include "ruleset.h"

enum {
	EXPOSURE_IPV4_MAX = 65536, /* addresses */
	EXPOSURE_IPV6_MAX = 65536, /* /64 networks: one /48 */
};

/* -EINVAL, with complaints, where a policy lets more relay than it says in
 * public_addresses. */
int exposure_check(const struct ruleset *, struct diagnostics *);

/* Tells of the public parts of a range, by address. Stops when fn answers
 * non-zero, and answers that. */
int exposure_public(const struct netrange *,
    int (*fn)(void *ctx, const struct netrange *), void *ctx);

/* What each rule wins of the Internet where it lets relay, in the unit of
 * public_addresses; sums has an element a rule. */
int exposure_count(const struct ruleset *, uint64_t *sums);

#endif
