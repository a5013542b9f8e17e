/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ruleset - references to and look-ups in a compiled policy.
 *
 * A listener that the MTA tells only in part stands for several views; they
 * must agree on the connector, or there is no answer.
 */
#include "ruleset.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct ruleset *
ruleset_ref(struct ruleset *ruleset)
{
	atomic_fetch_add_explicit(
	    &ruleset->references, 1, memory_order_relaxed);
	return ruleset;
}

void
ruleset_unref(struct ruleset *ruleset)
{
	if (ruleset != NULL && atomic_fetch_sub_explicit(&ruleset->references,
				   1, memory_order_acq_rel) == 1)
		ruleset_free(ruleset);
}

void
ruleset_free(struct ruleset *ruleset)
{
	size_t i;

	if (ruleset == NULL)
		return;
	for (i = 0; i < ruleset->ncontests; i++)
		netset_free(ruleset->contests[i].set);
	netset_free(ruleset->allow);
	netset_free(ruleset->block);
	netset_free(ruleset->servers);
	netset_free(ruleset->legacy_servers);
	domset_free(ruleset->domains);
	policy_free(ruleset->policy);
	arena_free(ruleset->arena);
	free(ruleset);
}

const char *
ruleset_id(const struct ruleset *ruleset)
{
	return ruleset->policy->id;
}

const char *
ruleset_file(const struct ruleset *ruleset)
{
	return ruleset->policy->file;
}

unsigned
ruleset_needs(const struct ruleset *ruleset)
{
	return ruleset->needs;
}

/* ---- Views ----------------------------------------------------------- */

static bool
is_told(const struct netaddr *addr)
{
	return addr->family != FAMILY_NONE && (addr->hi | addr->lo) != 0;
}

/* A view of one of the two named types that is exactly for a listener. */
static const struct view *
view_find(const struct ruleset *ruleset, int type, const struct netaddr *addr,
    uint16_t port)
{
	size_t i;

	for (i = 0; i < ruleset->nviews; i++) {
		const struct view *view = &ruleset->views[i];

		if ((int)view->type != type || view->port != port)
			continue;
		if (type == VIEW_EXACT ? netaddr_compare(&view->addr, addr) == 0
				       : view->addr.family == addr->family)
			return view;
	}
	return NULL;
}

/* What is told of a listener, and which views name it. */
struct scope {
	struct netaddr addr; /* of a known family */
	uint16_t port;
	bool exact, named;
};

/* The local address is of the client's family where it is not told. */
static struct scope
scope_of(const struct ruleset *ruleset, const struct netaddr *client,
    const struct listener *listener)
{
	struct scope scope = { .addr = listener->addr, .port = listener->port };

	if (!is_told(&scope.addr))
		scope.addr = (struct netaddr){ .family = client->family };
	if (scope.port == 0)
		return scope;
	scope.exact =
	    is_told(&scope.addr) &&
	    view_find(ruleset, VIEW_EXACT, &scope.addr, scope.port) != NULL;
	scope.named =
	    view_find(ruleset, VIEW_PORT, &scope.addr, scope.port) != NULL;
	return scope;
}

/* Whether a view could be the one for a listener. */
static bool
view_could_be(const struct view *view, const struct scope *scope)
{
	bool here = view->port == scope->port || scope->port == 0;

	if (view->type != VIEW_ANY)
		here = here && view->addr.family == scope->addr.family;
	switch (view->type) {
	case VIEW_EXACT:
		return here &&
		       (!is_told(&scope->addr) ||
			   netaddr_compare(&view->addr, &scope->addr) == 0);
	case VIEW_PORT:
		return here && !scope->exact;
	case VIEW_ANY:
		return !scope->exact && !scope->named;
	}
	return false;
}

static struct choice
contest_choose(const struct ruleset *ruleset, const struct contest *contest,
    const struct netaddr *client, int64_t now)
{
	struct choice choice = { NULL, NULL };
	uint32_t pick;

	for (pick = netset_find(contest->set, client); pick != NETSET_NONE;
	     pick = netset_next(contest->set, pick)) {
		const struct slot *slot =
		    &contest->slots[netset_entry(contest->set, pick)];
		const struct rule *rule = &ruleset->rules[slot->rule];
		const struct range *range =
		    &rule->written->remote_ip_ranges.items[slot->range];

		if (now < range->until) {
			choice.rule = rule;
			choice.range = range;
			break;
		}
	}
	return choice;
}

int
ruleset_choose(const struct ruleset *ruleset, const struct netaddr *client,
    const struct listener *listener, int64_t now, struct choice *choice)
{
	struct scope scope = scope_of(ruleset, client, listener);
	bool chosen = false;
	struct choice first = { NULL, NULL }, next;
	size_t i;

	for (i = 0; i < ruleset->nviews; i++) {
		const struct view *view = &ruleset->views[i];

		if (!view_could_be(view, &scope))
			continue;
		next = contest_choose(
		    ruleset, &ruleset->contests[view->contest], client, now);
		if (chosen && next.rule != first.rule)
			return -EAGAIN;
		if (!chosen)
			first = next;
		chosen = true;
	}
	assert(chosen);
	*choice = first;
	return 0;
}

bool
connector_competes(const struct connector *connector, const struct view *view)
{
	size_t i;

	if (!connector->enabled)
		return false;
	if (connector->nbindings == 0)
		return view->type != VIEW_EXACT;
	for (i = 0; i < connector->nbindings; i++) {
		const struct binding *binding = &connector->bindings[i];

		if (view->type != VIEW_ANY && binding->port == view->port &&
		    netaddr_compare(&binding->addr, &view->addr) == 0)
			return true;
	}
	return false;
}

bool
ruleset_competes(const struct ruleset *ruleset, const struct rule *rule,
    const struct netaddr *client, const struct listener *listener)
{
	struct scope scope = scope_of(ruleset, client, listener);
	size_t i;

	for (i = 0; i < ruleset->nviews; i++)
		if (view_could_be(&ruleset->views[i], &scope) &&
		    connector_competes(rule->written, &ruleset->views[i]))
			return true;
	return false;
}

/* ---- Lists and rights ------------------------------------------------ */

const struct range *
ruleset_listed(const struct netset *set, const struct range_list *list,
    const struct netaddr *client, int64_t now)
{
	uint32_t pick;

	for (pick = netset_find(set, client); pick != NETSET_NONE;
	     pick = netset_next(set, pick)) {
		const struct range *range =
		    &list->items[netset_entry(set, pick)];

		if (now < range->until)
			return range;
	}
	return NULL;
}

principal_set
ruleset_server(
    const struct ruleset *ruleset, const struct netaddr *client, int64_t now)
{
	const struct policy *policy = ruleset->policy;
	principal_set servers = 0;

	if (ruleset_listed(ruleset->servers,
		&policy->exchange_servers.remote_ip_ranges, client,
		now) != NULL)
		servers |= SET_OF(PRINCIPAL_EXCHANGE_SERVER);
	if (ruleset_listed(ruleset->legacy_servers,
		&policy->exchange_legacy_servers.remote_ip_ranges, client,
		now) != NULL)
		servers |= SET_OF(PRINCIPAL_LEGACY_SERVER);
	return servers;
}

principal_set
rule_principals(const struct rule *rule, principal_set server)
{
	enum principal i;

	if (rule->base != SET_OF(PRINCIPAL_ANONYMOUS))
		return rule->base;
	for (i = 0; i < PRINCIPAL_COUNT; i++)
		if ((server & SET_OF(i)) != 0 && rule->allowed[i] != 0)
			return SET_OF(i);
	return rule->base;
}

right_set
rule_denied(const struct rule *rule, principal_set principals)
{
	right_set denied = 0;
	enum principal i;

	/* A token of Windows is anonymous only if nobody logged on. */
	if ((principals & SET_OF(PRINCIPAL_AUTHENTICATED)) != 0)
		principals &= ~SET_OF(PRINCIPAL_ANONYMOUS);
	for (i = 0; i < PRINCIPAL_COUNT; i++)
		if ((principals & SET_OF(i)) != 0)
			denied |= rule->denied[i];
	return denied;
}

right_set
rule_rights(const struct rule *rule, principal_set principals)
{
	right_set allowed = 0;
	enum principal i;

	for (i = 0; i < PRINCIPAL_COUNT; i++)
		if ((principals & SET_OF(i)) != 0)
			allowed |= rule->allowed[i];
	return allowed & ~rule_denied(rule, principals);
}

bool
rule_relays(const struct rule *rule)
{
	return rule->base == SET_OF(PRINCIPAL_EXTERNALLY_SECURED) ||
	       (rule_rights(rule, rule->base) & SET_OF(RIGHT_ANY_RECIPIENT)) !=
		   0;
}

static const struct extended_right *
extended_find(const struct connector *connector, principal_set principals,
    enum right right, bool deny)
{
	size_t i;

	for (i = 0; i < connector->nextended_rights; i++) {
		const struct extended_right *entry =
		    &connector->extended_rights[i];
		right_set rights = deny ? entry->deny : entry->allow;

		if ((principals & SET_OF(entry->principal)) != 0 &&
		    (rights & SET_OF(right)) != 0)
			return entry;
	}
	return NULL;
}

static const char *
group_find(const struct connector *connector, principal_set principals,
    enum right right)
{
	enum group group;
	enum principal principal;

	for (group = 0; group < GROUP_COUNT; group++) {
		if ((connector->permission_groups & SET_OF(group)) == 0)
			continue;
		for (principal = 0; principal < PRINCIPAL_COUNT; principal++)
			if ((principals & SET_OF(principal)) != 0 &&
			    (group_rights(group, principal) & SET_OF(right)) !=
				0)
				return group_name(group);
	}
	return NULL;
}

const char *
rule_right_origin(const struct rule *rule, principal_set principals,
    enum right right, struct where *where)
{
	const struct connector *connector = rule->written;
	const struct extended_right *entry;
	const char *group;
	bool denied = (rule_denied(rule, principals) & SET_OF(right)) != 0;

	if ((entry = denied ? extended_find(connector, principals, right, true)
			    : NULL) != NULL ||
	    (group = group_find(connector, principals, right)) == NULL) {
		if (entry == NULL)
			entry =
			    extended_find(connector, principals, right, false);
		*where = entry != NULL ? entry->where : connector->where;
		return entry != NULL ? "extended_rights" : NULL;
	}
	*where = connector->permission_groups_where;
	return group;
}

/* ---- Walking --------------------------------------------------------- */

struct walk {
	const struct ruleset *ruleset;
	const struct contest *contest;
	enum family family; /* of the listener, and so of its clients */
	int64_t now;
	int (*fn)(void *ctx, const struct holding *);
	void *ctx;
	struct netaddr *cuts; /* where another part may begin; sorted */
	size_t ncuts;
};

static struct netaddr
addr_step(struct netaddr addr, int step)
{
	uint64_t lo = addr.lo + (uint64_t)(int64_t)step;

	if (step > 0 ? lo < addr.lo : lo > addr.lo)
		addr.hi += (uint64_t)(int64_t)step;
	addr.lo = lo;
	return addr;
}

static int
compare_cuts(const void *left, const void *right)
{
	return netaddr_compare(left, right);
}

/* All lists that make clients of one interval differ. */
static int
cuts_make(struct walk *walk)
{
	const struct policy *policy = walk->ruleset->policy;
	const struct range_list *lists[] = {
		&policy->exchange_servers.remote_ip_ranges,
		&policy->exchange_legacy_servers.remote_ip_ranges,
		&policy->ip_allow_list,
		&policy->ip_block_list,
	};
	size_t i, j, count = 0;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		count += lists[i]->count;
	if (count == 0)
		return 0;
	walk->cuts = calloc(count, 2 * sizeof(*walk->cuts));
	if (walk->cuts == NULL)
		return -ENOMEM;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (j = 0; j < lists[i]->count; j++) {
			const struct netrange *range =
			    &lists[i]->items[j].range;

			/* The step behind a family's last address is above
			 * or below all of its clients: no cut. */
			walk->cuts[walk->ncuts++] = range->first;
			walk->cuts[walk->ncuts++] = addr_step(range->last, 1);
		}
	}
	qsort(walk->cuts, walk->ncuts, sizeof(*walk->cuts), compare_cuts);
	return 0;
}

/* The last address from first on to which the same ranges of the lists apply
 * as to first, at most last. */
static struct netaddr
same_until(const struct walk *walk, const struct netaddr *first,
    const struct netaddr *last)
{
	size_t low = 0, high = walk->ncuts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (netaddr_compare(&walk->cuts[middle], first) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == walk->ncuts || netaddr_compare(&walk->cuts[low], last) > 0)
		return *last;
	return addr_step(walk->cuts[low], -1);
}

/* Tells of one interval whose clients are all the same principal. */
static int
walk_part(const struct walk *walk, const struct choice *choice,
    const struct netrange *clients)
{
	const struct policy *policy = walk->ruleset->policy;
	struct holding holding = {
		.clients = *clients,
		.connector = choice->rule->written->name,
		.where = choice->range->where,
	};

	holding.principals = rule_principals(choice->rule,
	    ruleset_server(walk->ruleset, &clients->first, walk->now));
	holding.rights = rule_rights(choice->rule, holding.principals);
	holding.authenticated = rule_rights(
	    choice->rule, holding.principals | SET_OF(PRINCIPAL_AUTHENTICATED));
	if (choice->rule->written->tls_domains.count != 0)
		holding.partner = rule_rights(choice->rule,
		    holding.principals | SET_OF(PRINCIPAL_PARTNER));
	holding.blocked =
	    ruleset_listed(walk->ruleset->block, &policy->ip_block_list,
		&clients->first, walk->now) != NULL &&
	    ruleset_listed(walk->ruleset->allow, &policy->ip_allow_list,
		&clients->first, walk->now) == NULL;
	return walk->fn(walk->ctx, &holding);
}

static int
walk_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	const struct walk *walk = ctx;
	struct choice choice = contest_choose(
	    walk->ruleset, walk->contest, &clients->first, walk->now);
	struct netrange part = *clients;
	int result = 0;

	(void)pick; /* may have expired; the choice has not */
	if (choice.rule == NULL || (walk->family != FAMILY_NONE &&
				       walk->family != clients->first.family))
		return 0;
	while (result == 0) {
		part.last = same_until(walk, &part.first, &clients->last);
		if (netaddr_compare(&part.first, &clients->first) != 0 ||
		    netaddr_compare(&part.last, &clients->last) != 0)
			part.form = NETFORM_RANGE;
		if (netaddr_compare(&part.first, &part.last) == 0)
			part.form = NETFORM_SINGLE;
		result = walk_part(walk, &choice, &part);
		if (netaddr_compare(&part.last, &clients->last) == 0)
			break;
		part.first = addr_step(part.last, 1);
	}
	return result;
}

static int
walk_contest(struct walk *walk)
{
	int result = cuts_make(walk);

	if (result == 0)
		result = netset_walk(walk->contest->set, walk_interval, walk);
	free(walk->cuts);
	return result;
}

int
ruleset_walk(const struct ruleset *ruleset, const struct listener *listener,
    int64_t now, int (*fn)(void *ctx, const struct holding *), void *ctx)
{
	struct scope scope = scope_of(ruleset, &listener->addr, listener);
	struct walk walk = {
		.ruleset = ruleset,
		.family = scope.addr.family,
		.now = now,
		.fn = fn,
		.ctx = ctx,
	};
	size_t i;

	if (scope.addr.family == FAMILY_NONE && ruleset->nviews > 1)
		return -EAGAIN;
	for (i = 0; i < ruleset->nviews; i++) {
		const struct contest *contest =
		    &ruleset->contests[ruleset->views[i].contest];

		if (!view_could_be(&ruleset->views[i], &scope))
			continue;
		if (walk.contest != NULL && walk.contest != contest)
			return -EAGAIN;
		walk.contest = contest;
	}
	return walk_contest(&walk);
}

size_t
ruleset_listeners(
    const struct ruleset *ruleset, struct listener *out, size_t room)
{
	size_t i;

	for (i = 0; i < ruleset->nviews && i < room; i++)
		out[i] = (struct listener){
			.addr = ruleset->views[i].addr,
			.port = ruleset->views[i].port,
		};
	return ruleset->nviews;
}

int
ruleset_walk_nth(const struct ruleset *ruleset, size_t n, int64_t now,
    int (*fn)(void *ctx, const struct holding *), void *ctx)
{
	struct walk walk = {
		.ruleset = ruleset,
		.now = now,
		.fn = fn,
		.ctx = ctx,
	};

	assert(n < ruleset->nviews);
	walk.contest = &ruleset->contests[ruleset->views[n].contest];
	walk.family = ruleset->views[n].addr.family;
	return walk_contest(&walk);
}
