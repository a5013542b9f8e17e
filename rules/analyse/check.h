/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - what the parts of ruleset_check() share.
 *
 * check.c asks what connectors give, check_ranges.c what their ranges win (with
 * check_order.c and check_hosts.c),
 * check_lists.c what was written and what the lists are for. explanations.c
 * names each warning once. Nobody else includes this.
 */
#ifndef CHECK_H
#define CHECK_H

#include "ruleset.h"

/* The warnings, in the order in which they are told of. */
enum warning {
	W_SHADOWED,
	W_DUPLICATE,
	W_UNREACHABLE,
	W_CATCH_ALL,
	W_PUBLIC,
	W_BRIDGE,
	W_GATEWAY,
	W_BOTH_METHODS,
	W_DENY_NOTHING,
	W_PARTNER,
	W_TENANTS,
	W_SERVERS,
	W_NEVER_SENDS,
	W_QUOTA,
	W_SUBMISSION,
	W_ALLOW_NO_RELAY,
	W_RELAY_NOT_ALLOWED,
	W_HOST_BITS,
	W_BARE_ZERO,
	W_BINDING_REACH,
	W_EXPIRED,
	W_EXPIRING,
	W_UNUSED_NETWORK,
	W_CUT, /* by connectorctl check: it takes the text */
	W_COUNT
};

enum { CHECK_SAID_MAX = 25 };

/* Addresses that are on the allow list now. */
struct allowed {
	struct netrange range;
	bool relays;   /* some of its clients win a connector that relays */
	size_t before; /* how many relay before this one */
};

/* One range in the order of address and width. */
struct checked_range {
	struct netaddr first, last;
	int64_t until;
	uint32_t rule, index; /* index is that of the range in its list */
};

struct check {
	const struct ruleset *ruleset;
	int64_t now;
	struct diagnostics *list;
	struct where said[W_COUNT][CHECK_SAID_MAX];
	size_t nsaid[W_COUNT];
	struct allowed *allowed;     /* by address, apart */
	size_t nallowed, allowed_at; /* the last one that was asked for */
	struct arena *arena;         /* for the time of the check */
};

/* netaddr_compare(), for the loops that a long list is long in. */
static inline int
addr_order(const struct netaddr *a, const struct netaddr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* Says a warning once a place, and not more than CHECK_SAID_MAX times. */
void check_say(struct check *, enum warning, enum severity, struct where,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Whether a range takes no part any more. */
static inline bool
check_expired(
    const struct check *check, const struct range_list *list, size_t i)
{
	return range_expires(list, i) && check->now >= range_get(list, i).until;
}

/* Whether no address of a range is public. */
bool check_is_private(const struct netrange *);

/* The i-th range of a list. */
struct checked_range item_of(const struct range_list *, size_t rule, size_t i);
/* Sorts by first address, of these the widest first. */
void items_sort(struct checked_range *, size_t count);
/* Tells of each item the smallest one before it that holds it, NULL if none.
 * stack has room for count. Items of one rule may cross, others may not. */
void items_nest(const struct checked_range *, size_t count, uint32_t *stack,
    void (*fn)(void *ctx, const struct checked_range *,
	const struct checked_range *outer),
    void *ctx);

/* A network that software makes on a host by itself. */
struct bridge {
	struct netaddr first, last, gateway;
	bool own; /* nobody else would use it */
	const char *name;
};

/* The one whose gateway is among the clients, or that a range, as it was
 * written, lies in; NULL if there is none. */
const struct bridge *bridge_find(
    const struct netrange *written, const struct netrange *clients);
/* The first of the clients that ends in .1 or .254, where the range is of 256
 * IPv4 addresses or more; 0 if there is none. */
uint32_t gateway_find(
    const struct netrange *written, const struct netrange *clients);

/* 0 or -ENOMEM. The first three in this order. */
int check_allowed_collect(struct check *);
int check_ranges(struct check *);
void check_allowed(struct check *);
int check_lists(struct check *);
void check_bindings(struct check *);
void check_limits(struct check *);

/* Notes that clients relay; whether all of them are on the allow list. */
bool check_allowed_meet(struct check *, const struct netrange *clients);

#endif
