/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.h - how many addresses: numbers that hold every IPv4 and every IPv6
 * address at once, which is a bit more than 2^128.
 *
 * They only grow. A sum beyond 2^192 cannot be reached by counting addresses
 * that differ.
 */
#ifndef COUNT_H
#define COUNT_H

#include "rules.h"

struct wide {
	uint64_t word[3]; /* the lowest first */
};

enum { WIDE_TEXT_SIZE = 64 }; /* 2^192 has 58 digits */

/* Adds the size of a range. */
void wide_add_range(struct wide *, const struct netrange *);
/* Decimal text without separators; answers buf. */
const char *wide_format(const struct wide *, char buf[WIDE_TEXT_SIZE]);

#endif
