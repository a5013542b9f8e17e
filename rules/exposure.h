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

#endif
