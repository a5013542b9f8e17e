/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rangeset.h - sets of addresses, as ranges.
 *
 * The ranges of a set are sorted, IPv4 first; no two overlap or adjoin, and
 * each has its shortest exact form. A set that is all zero is empty. Whoever
 * adds ranges in any other order than by address calls rangeset_sort()
 * before anything is asked; every other operation leaves a sorted set.
 */
#ifndef RANGESET_H
#define RANGESET_H

#include "count.h"

struct rangeset {
	struct netrange *items;
	size_t count, room;
	bool unsorted;
};

/* Adds a range; -ENOMEM. */
int rangeset_add(struct rangeset *, const struct netrange *);
/* Sorts and joins what was added. */
void rangeset_sort(struct rangeset *);
void rangeset_fini(struct rangeset *);

/* Change the first set; the other one must be sorted. -ENOMEM leaves the
 * first set as it was. */
int rangeset_unite(struct rangeset *, const struct rangeset *other);
int rangeset_subtract(struct rangeset *, const struct rangeset *other);
int rangeset_intersect(struct rangeset *, const struct rangeset *other);

bool rangeset_contains(const struct rangeset *, const struct netaddr *);
/* Calls fn with each part of a range that the set does not contain, or that
 * it does contain, by address. Stops when fn returns non-zero, and returns
 * that. */
int rangeset_outside(const struct rangeset *, const struct netrange *,
    int (*fn)(void *ctx, const struct netrange *part), void *ctx);
int rangeset_inside(const struct rangeset *, const struct netrange *,
    int (*fn)(void *ctx, const struct netrange *part), void *ctx);
/* Whether the other set lacks anything of this one: *first is the first part
 * that it lacks. first may be NULL. */
bool rangeset_exceeds(const struct rangeset *, const struct rangeset *other,
    struct netrange *first);
/* Adds the number of addresses of one family, or of both (FAMILY_NONE). */
void rangeset_count(
    const struct rangeset *, enum family, struct address_count *);

#endif
