/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * who.h - the sets of client addresses that may do something, as connectorctl
 * who says them.
 *
 * A client may use a right if its session holds it together with Submit, and
 * is not stopped by the block list: without these no recipient is accepted.
 */
#ifndef WHO_H
#define WHO_H

#include "regions.h"

struct who_question {
	enum right right;
	principal_set principals; /* each is asked for on its own */
	int64_t now;
	bool public_only;                /* leave out what is not public */
	const struct listener *listener; /* or NULL: all of the policy */
};

#define WHO_EVERYWHERE REGION_EVERYWHERE /* every listener of its family */

struct who_range {
	struct netrange clients; /* in its shortest form */
	size_t listener;         /* of the answer, or WHO_EVERYWHERE */
	const char *connector;   /* of the ruleset */
	enum principal principal;
};

/* By listener, those that hold everywhere first, then by address. Ranges of
 * one listener, connector and principal neither overlap nor adjoin. */
struct who_answer {
	struct who_range *ranges;
	size_t nranges;
	struct listener *listeners; /* as ruleset_listeners() has them, or the
				       one that was asked for */
	size_t nlisteners;
	struct address_count addresses; /* each is counted once */
};

/* -EAGAIN: the listener is not told well enough. -ENOMEM. The answer, which
 * borrows names from the ruleset, is for who_fini() on success. */
int who_find(
    const struct ruleset *, const struct who_question *, struct who_answer *);
void who_fini(struct who_answer *);

#endif
