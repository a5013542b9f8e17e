/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr.h - a range of addresses as aligned blocks, for the forms that MTAs
 * know.
 */
#ifndef CIDR_H
#define CIDR_H

#include "rules.h"

enum { BLOCK_TEXT_SIZE = 96 };

struct block {
	struct netaddr first;
	unsigned prefix;
};

/* The fewest blocks that hold exactly the range, in order; prefixes are
 * multiples of step (1, 8 or 16). Stops when fn answers non-zero, and answers
 * that. */
int blocks_walk(const struct netrange *, unsigned step,
    int (*fn)(void *ctx, const struct block *), void *ctx);

/* "192.0.2.0/24" */
void block_cidr(const struct block *, char buf[BLOCK_TEXT_SIZE]);
/* The octets or groups that the prefix covers, uncompressed: "192.0.2",
 * "2001:db8:0:5". */
void block_parts(const struct block *, char buf[BLOCK_TEXT_SIZE]);

#endif
