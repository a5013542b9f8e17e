/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expiry.h - when entries of two policies end.
 */
#ifndef EXPIRY_H
#define EXPIRY_H

#include "policy.h"

/* In order, each once. */
struct ends {
	int64_t *items; /* to be freed, whatever ends_find() answers */
	size_t count, room;
	int64_t now;
};

/* Each time behind now from which an entry of either takes no part any more,
 * those of connectors that are disabled aside. -ENOMEM. */
int ends_find(
    const struct policy *, const struct policy *, int64_t now, struct ends *);

#endif
