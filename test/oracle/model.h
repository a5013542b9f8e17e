/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h - a random policy as plain numbers, and what it means to somebody
 * who only has a pencil.
 *
 * Shares nothing with the engine but the words of rules.h. Addresses are
 * numbers of 128 bits; everything is found by looking at everything.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdio.h>

#include "rules.h"

__extension__ typedef unsigned __int128 number;

enum {
	CONNECTORS_FEW = 6,
	PADS = 80, /* connectors before those, of one range that is its own */
	CONNECTORS_MAX = PADS + CONNECTORS_FEW,
	RANGES_FEW = 5,
	RANGES_MAX = 48, /* in a crowd */
	BINDINGS_MAX = 3,
	EXTENDED_MAX = 3,
	LOCALS = 3, /* addresses of this host, a family; nothing is ever bound
		       to the last one */
	PORTS = 3,  /* the same */
};

/* The clock of all sessions: noon of the day that until: names as the last
 * one that counts. */
enum { NOW = 1781524800 }; /* 2026-06-15 12:00 UTC */

struct span {
	bool ipv6;
	number first, last;
	int prefix;   /* -1: written as a range */
	bool expired; /* until yesterday */
	bool today;   /* until today */
};

struct spans {
	struct span items[RANGES_MAX];
	int count;
};

/* A listener: the family's local addresses and ports by index; -1 is the
 * wildcard in a binding, and not told in a session. */
struct place {
	bool ipv6;
	int local, port;
};

struct entry {
	enum principal principal;
	bool deny;
	enum right right;
};

struct node {
	bool enabled, external, partner;
	bool monitor; /* mode monitor, and it wants a domain in EHLO */
	struct place bindings[BINDINGS_MAX];
	int nbindings;
	struct spans ranges;
	unsigned groups; /* bits of the order in naive.c */
	struct entry extended[EXTENDED_MAX];
	int nextended;
};

struct model {
	struct node nodes[CONNECTORS_MAX];
	int count;
	struct spans exchange, legacy, allow, block;
	bool exchange_named, legacy_named; /* by certificates, too */
};

/* The certificate that a client shows; CERT_ALL is on every list. */
enum cert { CERT_NONE, CERT_PARTNER, CERT_HUB, CERT_OLD, CERT_ALL, CERTS };
extern const char *const cert_names[CERTS];

struct random {
	uint64_t state;
};
unsigned random_below(struct random *, unsigned);

/* Which policies to try. Of the words of a command: none, so many; --all, times
 * as many; a number, that policy; two, so many from it on. */
struct seeds {
	uint64_t first, count;
};
struct seeds seeds_asked(int argc, char **argv, uint64_t many, uint64_t times);

void model_make(struct model *, struct random *);
void model_print(const struct model *, FILE *);
/* What an admin does to a policy: one range, list, group, right, binding or
 * switch is otherwise. Where it is that a connector lost a range, *node and
 * *removed say which; else *node is -1. */
void model_change(
    struct model *, struct random *, int *node, struct span *removed);
/* The same policy a day later. */
void model_sleep(struct model *);
number local_number(bool ipv6, int local);
unsigned port_number(int port);
extern const char *const group_words[5];

/* What a pencil finds. */
bool naive_refused(const struct model *);
/* The connector of a client at a place that is told in full; -1: none. */
int naive_choose(const struct model *, bool ipv6, number client, struct place);
/* The same where the place may not be told; -2: it matters. */
int naive_choose_untold(
    const struct model *, bool ipv6, number client, struct place);
principal_set naive_base(
    const struct model *, int node, bool ipv6, number client);
/* The same with a certificate and a login. */
principal_set naive_principals(const struct model *, int node, bool ipv6,
    number client, enum cert, bool login);
right_set naive_rights(const struct node *, principal_set);
bool naive_blocked(const struct model *, bool ipv6, number client);
/* Whether a client of a connector may use a right as these. */
bool naive_may(const struct model *, int node, bool ipv6, number client,
    principal_set, enum right);
bool naive_public(bool ipv6, number client);
/* What connectorctl who should call a place. */
struct place naive_view(const struct model *, struct place, bool *other);

#endif
