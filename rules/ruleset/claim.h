/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.h - what a client may do at a listener, with given credentials.
 *
 * The only place that computes principals, rights, senders and relay. The
 * session judges by it, and who, diff, export, check, the open-relay rule and
 * doctor list what it says of whole intervals.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include "ruleset.h"

/* All that an address and a listener decide about a client. */
struct client_state {
	const struct rule *rule; /* NULL: no connector holds the client */
	principal_set server;    /* as ruleset_server() says */
	bool allow_listed, block_listed;
	struct client_limits limits; /* as rule_limits() says */
};

/* Whether a connector grants anything for such credentials to a client;
 * unaccepted ones grant nothing. */
bool claim_accepts(const struct ruleset *, const struct client_state *,
    const struct credentials *);
/* The credentials that a name on a verified certificate is. name is lower
 * case, "" for none. */
struct credentials claim_credentials(const struct ruleset *,
    const struct client_state *, const char *name, bool login);
/* What the client may do. Ignores credentials that are not accepted. */
struct claim claim_find(const struct ruleset *, const struct client_state *,
    const struct credentials *);

/* Whether some sender is allowed to a client with this claim, by its list and
 * its rights. */
bool claim_sends(
    const struct ruleset *, const struct client_state *, const struct claim *);

/* What a set of principals may do under a rule: what each is allowed less
 * what it is denied, together; a deny for authenticated binds all of it. */
right_set rule_rights(const struct rule *, principal_set);
/* Who a client is before AUTH: the rule's own, or the server (as
 * ruleset_server() says) if the rule gives that principal anything. */
principal_set rule_principals(const struct rule *, principal_set server);
/* Whether clients of a connector relay, or are trusted, without credentials
 * and unless they are blocked: what an open relay is judged by. */
bool rule_relays(const struct rule *);
/* What clients of one range of a connector are narrowed to; entry is what the
 * range states, or NULL. */
struct client_limits rule_limits(
    const struct rule *, const struct client_limits *entry);
/* Where a right comes from ("AnonymousUsers", "extended_rights") or what
 * denies it; NULL: nothing gives it, and where is the connector. */
const char *rule_right_origin(
    const struct rule *, principal_set, enum right, struct where *);

#endif
