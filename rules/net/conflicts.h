/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conflicts.h - ranges by place, and those that may not stand together.
 *
 * Entries are named by their index, and are neither moved nor copied. Nobody
 * but those who make a netset includes this.
 */
#ifndef CONFLICTS_H
#define CONFLICTS_H

#include "lookup.h"

struct netorder {
	const struct netset_entry *entries;
	uint32_t count;
	uint32_t *sorted; /* count of them */
	uint32_t *spare;  /* as many, to work in */
};

static inline const struct netrange *
netorder_range(const struct netorder *list, uint32_t entry)
{
	return &list->entries[entry].range;
}

/* Fills sorted: by first address, of these the widest first, of equal ranges
 * by owner, then as in the input. */
void netorder_sort(const struct netorder *);

/* As netset_new() answers them; sorted is filled. 0, -EINVAL, -ENOMEM. */
int netorder_conflicts(
    const struct netorder *, struct netset_conflict *, size_t *nconflicts);

#endif
