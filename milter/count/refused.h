/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refused.h - the clients that are refused most, in a fixed room.
 *
 * The space-saving algorithm of Metwally, Agrawal and El Abbadi: whoever
 * finds no room takes the place, and the count, of the least one. A client
 * with more than one refusal in 256 is in it for certain. An IPv6 client is
 * its /64. Whoever finds the table in use does not wait, and is counted as
 * missed.
 */
#ifndef REFUSED_H
#define REFUSED_H

#include "rules.h"

enum { REFUSED_MAX = 256 };

struct refused_client {
	struct netaddr client;
	uint64_t count;
	uint64_t extra;  /* of them at most so many were others' */
	int64_t last;    /* seconds since 1970 */
	unsigned reason; /* the last one */
};

struct refused;

/* NULL: out of memory. */
struct refused *refused_new(void);
void refused_free(struct refused *);

void refused_note(struct refused *, const struct netaddr *client,
    unsigned reason, int64_t now);
/* The first of them, up to room, by count; answers how many. */
size_t refused_top(struct refused *, struct refused_client *out, size_t room);
uint64_t refused_missed(const struct refused *);

#endif
