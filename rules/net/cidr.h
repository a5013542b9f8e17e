/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr.h - arithmetic with CIDR blocks.
 */
#ifndef CIDR_H
#define CIDR_H

#include "rules.h"

enum { BLOCK_TEXT_SIZE = 96 };

/* 2^(32 - prefix) or 2^(128 - prefix) addresses from an aligned one on. */
struct block {
	struct netaddr first;
	unsigned prefix;
};

/* Calls fn with the fewest blocks that are exactly the range, by address;
 * prefixes are multiples of step (1, 8 or 16). Stops when fn returns
 * non-zero, and returns that. -ENOMEM. */
int blocks_walk(const struct netrange *, unsigned step,
    int (*fn)(void *ctx, const struct block *), void *ctx);

/* "192.0.2.0/24" */
void block_cidr(const struct block *, char buf[BLOCK_TEXT_SIZE]);
/* The octets or groups that the prefix covers, uncompressed: "192.0.2",
 * "2001:db8:0:5". */
void block_parts(const struct block *, char buf[BLOCK_TEXT_SIZE]);

/* The prefix length that an IPv4 netmask stands for. -EINVAL: its bits are
 * not set from the highest on. */
int netmask_length(const struct netaddr *mask, unsigned *length);

#endif
