/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regions.h - ranges of clients at several listeners, as short as they can be
 * said.
 *
 * A kind is what is said of a range, as a number of the caller's. Ranges of
 * one kind and place neither overlap nor, where they are added by address,
 * adjoin.
 */
#ifndef REGIONS_H
#define REGIONS_H

#include "count.h"

#define REGION_EVERYWHERE SIZE_MAX /* every place of the range's family */

struct region {
	struct netrange clients; /* in its shortest form */
	size_t place;            /* a listener, as a number of the caller's */
	uint32_t kind;
};

/* All zero: empty. */
struct regions {
	struct region *items;
	size_t count, room;
	size_t *latest; /* by kind: 1 + its latest region, or 0 */
	size_t nlatest;
};

/* Adds a range, or makes the latest one of its kind and place longer. By
 * address within each place. -ENOMEM. */
int regions_add(struct regions *, const struct netrange *clients, size_t place,
    uint32_t kind);
/* Makes what all places have in common one region each. places is how many
 * there are for IPv4 and for IPv6. Not to be added to any more. -ENOMEM. */
int regions_fold(struct regions *, const size_t places[2]);
/* By place, those that hold everywhere first, then by address and kind. */
void regions_sort(struct regions *);
/* Adds the number of addresses of all regions, each counted once. -ENOMEM. */
int regions_count(const struct regions *, struct address_count *);
void regions_fini(struct regions *);

#endif
