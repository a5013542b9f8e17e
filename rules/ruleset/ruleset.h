/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ruleset.h - a policy compiled: what the session looks things up in.
 *
 * Immutable once compile.c has filled it; only the reference count moves.
 * It owns the policy that it was compiled from, which is its cold data:
 * names, places and comments.
 */
#ifndef RULESET_H
#define RULESET_H

#include <stdatomic.h>

#include "domains.h"
#include "lookup.h"
#include "policy.h"

/* A connector, compiled. */
struct rule {
	const struct connector *written;
	right_set allowed[PRINCIPAL_COUNT];
	right_set denied[PRINCIPAL_COUNT];
	principal_set base; /* of a session before AUTH */
	enum mode mode;
	size_t first_range; /* the number of its first range */
};

/* One range of a contest: which connector's, and which of its ranges. */
struct slot {
	uint32_t rule, range;
};

/* Ranges of connectors that compete with each other. The entries of the set
 * are those of one connector after the other. */
struct contest {
	struct netset *set;
	struct slot *firsts; /* by connector: its rule, its first entry */
	size_t nfirsts;
	size_t nentries;
};

/* Whose range an entry of the contest's set is. */
struct slot contest_slot(const struct contest *, size_t entry);

/* A listener that the policy tells from others, and who competes there:
 * VIEW_EXACT those that name address and port, VIEW_PORT those that name the
 * family's wildcard address and the port, and those without bindings;
 * VIEW_ANY only the latter, for every listener that no other view is for. */
struct view {
	enum { VIEW_EXACT, VIEW_PORT, VIEW_ANY } type;
	struct netaddr addr; /* VIEW_PORT: only the family */
	uint16_t port;
	uint32_t contest;  /* views with the same competitors share one */
	uint32_t fallback; /* VIEW_EXACT: the contest that is asked where
			      nobody wins its own; else CONTEST_NONE */
};

#define CONTEST_NONE UINT32_MAX

/* Whether the same connectors win the same clients in both. */
bool view_same(const struct view *, const struct view *);
/* The view that decides for a listener that a view, of this or another
 * ruleset, is for: the exact one, else that of the port, else VIEW_ANY. */
const struct view *view_for(const struct ruleset *, const struct view *);

/* What an address list lets be sent, as far as the accepted domains say. */
struct address_facts {
	bool null;    /* the null sender */
	bool own;     /* something in own domains */
	bool foreign; /* something in others */
};

/* Whether senders of an accepted domain need
 * Accept-Authoritative-Domain-Sender; NULL: no accepted domain. */
bool domain_protects_senders(
    const struct policy *, const struct accepted_domain *);

struct ruleset {
	atomic_uint references;
	struct arena *arena;
	struct policy *policy;
	const char *server;
	struct rule *rules; /* one per connector of the policy, in its order */
	struct view *views; /* sorted; the last is VIEW_ANY */
	size_t nviews;
	struct contest *contests;
	size_t ncontests;
	struct netset *allow, *block;
	struct netset *servers, *legacy_servers; /* Exchange's, by address */
	struct domset *domains;
	struct address_facts *lists; /* by number of the list */
	unsigned needs;
};

/* The order of views; for qsort() and bsearch(). */
int view_compare(const void *, const void *);
/* Whether a connector takes part in a view. */
bool connector_competes(const struct connector *, const struct view *);

/* Frees what an unfinished compile left, too. */
void ruleset_free(struct ruleset *);

/* Who won; rule is NULL where nobody did. */
struct choice {
	const struct rule *rule;
	uint32_t range; /* in the rule's list */
};

/* The range that won; somebody did. */
struct range choice_range(const struct choice *);

/* What a pick of a contest's set means now. */
struct choice contest_choice(
    const struct ruleset *, const struct contest *, uint32_t pick, int64_t now);
/* Who wins a client in a view. */
struct choice view_choice(const struct ruleset *, const struct view *,
    const struct netaddr *client, int64_t now);
/* The connector for a client: of those bound to the exact address and port,
 * else of all others of the listener. -EAGAIN: the listener is not told, and it
 * could matter. */
int ruleset_choose(const struct ruleset *, const struct netaddr *client,
    const struct listener *, int64_t now, struct choice *);
/* How a connector takes part on a listener. */
enum competing {
	COMPETES_NOT,
	COMPETES_AFTER, /* asked where no exactly bound one has the client */
	COMPETES_FIRST
};
/* Known only as far as the listener is. */
enum competing ruleset_competes(const struct ruleset *, const struct rule *,
    const struct netaddr *client, const struct listener *);

/* Whether an entry of a list holds a client now; which may be NULL. */
bool ruleset_listed(const struct netset *, const struct range_list *,
    const struct netaddr *client, int64_t now, size_t *which);

/* The principals that a client could be by its address alone: a real Exchange
 * server, a legacy one, both, or 0. */
principal_set ruleset_server(
    const struct ruleset *, const struct netaddr *client, int64_t now);

#endif
