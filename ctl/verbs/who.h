/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * who.h - the sets of client addresses that may do something, as connectorctl
 * who says them.
 *
 * A client may use a right if its session holds it together with Submit, and
 * is not stopped by the block list: without these no recipient is accepted.
 * Accept-Any-Recipient stands for "may relay", so that some sender and some
 * foreign recipient must be allowed as well.
 */
#ifndef WHO_H
#define WHO_H

#include "policy.h"
#include "regions.h"

struct who_question {
	enum right right;
	principal_set principals; /* each is asked for on its own */
	principal_set routes;     /* credentials of these are told, too */
	int64_t now;
	bool worth;                      /* apart by what narrows them */
	bool public_only;                /* leave out what is not public */
	const struct listener *listener; /* or NULL: all of the policy */
};

#define WHO_EVERYWHERE REGION_EVERYWHERE /* every listener of its family */

struct who_range {
	struct netrange clients; /* in its shortest form */
	size_t listener;         /* of the answer, or WHO_EVERYWHERE */
	const char *connector;   /* of the ruleset */
	enum principal principal;
	struct client_limits limits; /* if worth was asked for */
};

/* Whether a client with this claim may use a right, as said above. */
bool who_may_use(const struct claim *, enum right);

/* Credentials with which clients of a connector may do what they may not
 * without them, or with fewer. */
struct who_route {
	const char *connector;         /* of the ruleset */
	const struct name_list *names; /* one on a certificate, or NULL */
	bool login;
	principal_set principals; /* what the credentials add */
};

/* Whether strangers, or every tenant of a provider, can have this name on a
 * certificate. */
bool who_shared(const char *name);

/* By listener, those that hold everywhere first, then by address. Ranges of
 * one listener, connector and principal neither overlap nor adjoin. */
struct who_answer {
	struct who_range *ranges;
	size_t nranges;
	struct listener *listeners; /* as ruleset_listeners() has them, or the
				       one that was asked for */
	size_t nlisteners;
	struct address_count addresses; /* each is counted once */
	struct who_route *routes;       /* by connector */
	size_t nroutes;
	bool shared; /* a route takes a name that who_shared() tells */
};

/* -EAGAIN: the listener is not told well enough. -ENOMEM. The answer, which
 * borrows names from the ruleset, is for who_fini() on success. */
int who_find(
    const struct ruleset *, const struct who_question *, struct who_answer *);
/* For who_find(): the routes of a ruleset. -EAGAIN, -ENOMEM. */
int who_routes(
    const struct ruleset *, const struct who_question *, struct who_answer *);
void who_fini(struct who_answer *);

#endif
