/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * build.h - how a netset is made, for the files that make it.
 *
 * A sweep turns the ranges of one family into segments: where each begins,
 * and its pick. sweep.c does it for ranges that nest, which nearly all
 * do; heap.c for those of one owner that cross. Nobody but these and
 * lookup.c includes this.
 */
#ifndef BUILD_H
#define BUILD_H

#include "conflicts.h"
#include "step.h"

/* A pick above the number of entries: an entry that expires, and the pick
 * behind it. */
struct netlink {
	uint32_t entry, next;
};

struct netlinks {
	struct netlink *items;
	uint32_t count, room;
};

/* Segments of one family, by address; the first begins at address 0. */
struct netsegments {
	uint32_t count;
	uint32_t *starts;    /* IPv4 */
	uint64_t *his, *los; /* IPv6 */
	uint32_t *picks;
	uint8_t *bits; /* how far each reaches, whatever begins within */
	uint32_t open; /* the last that reaches up to the next, however far */
};

enum {
	/* Steps along chains of picks that a build may take for each entry:
	 * as many as any set of networks without duplicates can need, 129
	 * prefix lengths deep in two segments each. More would make those
	 * who follow the chains slow. */
	NETBUILD_STEPS = 258,
	NETBUILD_STEPS_MORE = 1 << 20,
};

struct netbuild {
	const struct netset_input *input;
	uint64_t steps;              /* along chains, that are left */
	enum family family;          /* at work on */
	uint32_t ranges;             /* of that family */
	struct netsegments segments; /* with room for 2 * ranges + 1 */
	struct netlinks links;       /* of both families */
};

/* -EDOM: the ranges do not nest, or equal ones have several owners. -E2BIG,
 * -ENOMEM. */
int netsweep(struct netbuild *);

/* The same for any ranges of one owner or apart; the list is sorted. */
int netheap(struct netbuild *, const struct netorder *);

/* Adds a link; *pick is what stands for it. -E2BIG, -ENOMEM. */
int netbuild_link(
    struct netbuild *, uint32_t entry, uint32_t next, uint32_t *pick);

/* From this address on, not below that of the last segment, there is another
 * pick: that of a range that begins there and is a block of 2^bits addresses,
 * or, with NETSTEP_NO_BLOCK, any up to the next segment. Answers the segment's
 * index. */
uint32_t netbuild_segment(struct netbuild *, const struct netaddr *start,
    unsigned bits, uint32_t pick);
/* Whether a look-up behind all segments goes back to this one, which reaches
 * there while those after it have ended. */
bool netbuild_is_near(const struct netbuild *, uint32_t segment);

#endif
