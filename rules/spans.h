/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spans.h - ranges of clients at several listeners, as short as they can be
 * said.
 *
 * A kind is what is said of a range, as a number of the caller's. Ranges of
 * one kind and place neither overlap nor, where they are added by address,
 * adjoin.
 */
#ifndef SPANS_H
#define SPANS_H

#include "wide.h"

#define SPAN_EVERYWHERE SIZE_MAX /* every place of the range's family */

struct span {
	struct netrange clients; /* in its shortest form */
	size_t place;            /* a listener, as a number of the caller's */
	uint32_t kind;
};

/* All zero: empty. */
struct spans {
	struct span *items;
	size_t count, room;
	size_t *latest; /* by kind: 1 + its latest span, or 0 */
	size_t nlatest;
};

/* Adds a range, or makes the latest one of its kind and place longer. By
 * address within each place. -ENOMEM. */
int spans_add(struct spans *, const struct netrange *clients, size_t place,
    uint32_t kind);
/* Makes what all places have in common one span each. places is how many
 * there are for IPv4 and for IPv6. Not to be added to any more. -ENOMEM. */
int spans_fold(struct spans *, const size_t places[2]);
/* By place, those that hold everywhere first, then by address and kind. */
void spans_sort(struct spans *);
/* Adds how many addresses there are in all, each counted once; orders the
 * spans by address. */
void spans_count(struct spans *, struct wide *);
void spans_fini(struct spans *);

#endif
