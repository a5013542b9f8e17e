/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup.h - ranges to the most specific owner: build once, look up for
 * ever.
 *
 * Of the ranges that hold an address the smallest wins, however it was
 * written. Ranges of different owners may nest; two that are equal (a tie)
 * or that overlap without nesting (a crossing) cannot be built. Ranges of
 * one owner may do as they like. Both families live in one set.
 *
 * A range may expire. The look-up answers a pick: the smallest range, and
 * behind it, should that one have expired, the next smallest, and so on to
 * the first that never expires.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "rules.h"

struct netset_entry {
	struct netrange range;
	uint32_t owner;
	bool expires;
};

/* Where entries come from: entry(ctx, i) for i below count, any number of
 * times and in any order. So nobody has to hold them all in this form. */
struct netset_input {
	size_t count;
	struct netset_entry (*entry)(const void *ctx, size_t i);
	const void *ctx;
};

struct netset;

/* A pair of entries that may not stand together, by index. */
struct netset_conflict {
	enum { NETSET_TIE, NETSET_CROSSING } type;
	size_t a, b;           /* a < b: in the order of the input */
	struct netaddr client; /* an address that both hold */
};

enum { NETSET_NONE = 0 }; /* no pick */

/* Answers -EINVAL and up to *nconflicts conflicts (in: room, out: how many
 * were written) when there are any; of those that do not fit into the room,
 * the ones with the higher addresses are left out. -E2BIG: more than 2^30
 * entries, or expiring ones that lie over a hundred deep on each other
 * throughout. The set keeps indices, not entries. */
int netset_new(const struct netset_input *, struct netset **,
    struct netset_conflict *, size_t *nconflicts);
void netset_free(struct netset *);

/* The pick for an address, NETSET_NONE if no range holds it. */
uint32_t netset_find(const struct netset *, const struct netaddr *);
/* The entry of a pick (index into the input), and the pick behind it, which
 * is NETSET_NONE when the entry does not expire. */
size_t netset_entry(const struct netset *, uint32_t pick);
uint32_t netset_next(const struct netset *, uint32_t pick);

/* Walks the disjoint intervals by address, those with a pick only; stops
 * when fn answers non-zero and answers that. Neighbours differ in their
 * pick. An interval's form is the shortest that is exact: single, CIDR,
 * range. */
int netset_walk(const struct netset *,
    int (*fn)(void *ctx, const struct netrange *, uint32_t pick), void *ctx);
/* That form; the range's own is not asked. */
enum netform netset_form(const struct netrange *);

#endif
