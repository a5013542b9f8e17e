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

struct address_count {
	uint64_t word[3]; /* the lowest first */
};

enum { ADDRESS_COUNT_SIZE = 64 }; /* 2^192 has 58 digits */

/* Adds the size of a range. */
void address_count_add(struct address_count *, const struct netrange *);
/* Decimal text without separators; returns buf. */
const char *address_count_format(
    const struct address_count *, char buf[ADDRESS_COUNT_SIZE]);

#endif
