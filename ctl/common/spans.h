/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spans.h - a set of client addresses as ranges, to compare what an MTA says
 * with what the policy says.
 */
#ifndef SPANS_H
#define SPANS_H

#include "rules.h"

/* Once settled: in order, none overlaps or adjoins another. */
struct spans {
	struct netrange *items;
	size_t count, room;
};

/* -ENOMEM. */
int spans_add(struct spans *, const struct netrange *);
void spans_fini(struct spans *);
/* Sorts and joins. */
void spans_settle(struct spans *);
/* Takes out what a settled set holds; the result is settled. -ENOMEM. */
int spans_remove(struct spans *, const struct spans *other);
/* The first addresses of a settled set that another one does not hold. */
bool spans_beyond(
    const struct spans *, const struct spans *other, struct netrange *first);

/* The next address, and the one before; behind the last one of IPv6 is ::. */
struct netaddr address_behind(struct netaddr);
struct netaddr address_before(struct netaddr);

#endif
