/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ruleset - references to and look-ups in a compiled policy.
 *
 * A listener that the MTA tells only in part stands for several views; they
 * must agree on the connector, or there is no answer.
 */
#include "intervals.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "claim.h"

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

bool
ruleset_reply_ids(const struct ruleset *ruleset)
{
	return ruleset->policy->reply_ids;
}

/* ---- Views ----------------------------------------------------------- */

static bool
is_told(const struct netaddr *addr)
{
	return addr->family != FAMILY_NONE && (addr->hi | addr->lo) != 0;
}

int
view_compare(const void *left, const void *right)
{
	const struct view *a = left, *b = right;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return netaddr_compare(&a->addr, &b->addr);
}

/* The view that names an address and port, or NULL. */
static const struct view *
view_find(const struct ruleset *ruleset, const struct view *named)
{
	return bsearch(named, ruleset->views, ruleset->nviews, sizeof(*named),
	    view_compare);
}

const struct view *
view_for(const struct ruleset *ruleset, const struct view *like)
{
	struct view port = { .type = VIEW_PORT,
		.port = like->port,
		.addr = { .family = like->addr.family } };
	const struct view *view = NULL;

	if (like->type == VIEW_EXACT)
		view = view_find(ruleset, like);
	if (!view && like->type != VIEW_ANY)
		view = view_find(ruleset, &port);
	return view ? view : &ruleset->views[ruleset->nviews - 1];
}

bool
view_same(const struct view *a, const struct view *b)
{
	return a->contest == b->contest && a->fallback == b->fallback;
}

/* What is told of a listener, and which views name it. */
struct scope {
	struct netaddr addr; /* of a known family */
	uint16_t port;
	bool exact, named;
	size_t from, to; /* the views to look at */
};

/* The local address is of the client's family where it is not told. Where all
 * is told one view is looked at, else all. */
static struct scope
scope_of(const struct ruleset *ruleset, const struct netaddr *client,
    const struct listener *listener)
{
	struct scope scope = {
		.addr = listener->addr,
		.port = listener->port,
		.to = ruleset->nviews,
	};
	struct view exact = { .type = VIEW_EXACT, .port = scope.port };
	struct view port = { .type = VIEW_PORT, .port = scope.port };
	const struct view *view, *any = &ruleset->views[scope.to - 1];

	if (!is_told(&scope.addr))
		scope.addr = (struct netaddr){ .family = client->family };
	if (scope.port == 0)
		return scope;
	exact.addr = scope.addr;
	port.addr.family = scope.addr.family;
	view = is_told(&scope.addr) ? view_find(ruleset, &exact) : NULL;
	scope.exact = view != NULL;
	if (view == NULL)
		view = view_find(ruleset, &port);
	scope.named = !scope.exact && view != NULL;
	if (is_told(&scope.addr)) {
		scope.from =
		    (size_t)((view != NULL ? view : any) - ruleset->views);
		scope.to = scope.from + 1;
	}
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

static bool
is_over(const struct range_list *list, size_t i, int64_t now)
{
	return range_expires(list, i) && now >= range_get(list, i).until;
}

struct slot
contest_slot(const struct contest *contest, size_t entry)
{
	const struct slot *first = contest->firsts;
	size_t n = contest->nfirsts, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		first += first[half].range <= entry ? half : 0;
	}
	return (struct slot){
		.rule = first->rule,
		.range = (uint32_t)entry - first->range,
	};
}

struct choice
contest_choice(const struct ruleset *ruleset, const struct contest *contest,
    uint32_t pick, int64_t now)
{
	for (; pick != NETSET_NONE; pick = netset_next(contest->set, pick)) {
		struct slot slot =
		    contest_slot(contest, netset_entry(contest->set, pick));
		const struct rule *rule = &ruleset->rules[slot.rule];

		if (!is_over(&rule->written->remote_ip_ranges, slot.range, now))
			return (struct choice){ rule, slot.range };
	}
	return (struct choice){ NULL, 0 };
}

struct range
choice_range(const struct choice *choice)
{
	return range_get(
	    &choice->rule->written->remote_ip_ranges, choice->range);
}

struct choice
view_choice(const struct ruleset *ruleset, const struct view *view,
    const struct netaddr *client, int64_t now)
{
	const struct contest *contest = &ruleset->contests[view->contest];
	struct choice choice = contest_choice(
	    ruleset, contest, netset_find(contest->set, client), now);

	if (choice.rule || view->fallback == CONTEST_NONE)
		return choice;
	contest = &ruleset->contests[view->fallback];
	return contest_choice(
	    ruleset, contest, netset_find(contest->set, client), now);
}

int
ruleset_choose(const struct ruleset *ruleset, const struct netaddr *client,
    const struct listener *listener, int64_t now, struct choice *choice)
{
	struct scope scope = scope_of(ruleset, client, listener);
	bool chosen = false;
	struct choice first = { NULL, 0 }, next;
	size_t i;

	for (i = scope.from; i < scope.to; i++) {
		const struct view *view = &ruleset->views[i];

		if (!view_could_be(view, &scope))
			continue;
		next = view_choice(ruleset, view, client, now);
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

static bool
contest_has(const struct contest *contest, size_t rule)
{
	size_t i;

	for (i = 0; i < contest->nfirsts; i++)
		if (contest->firsts[i].rule == rule)
			return true;
	return false;
}

enum competing
ruleset_competes(const struct ruleset *ruleset, const struct rule *rule,
    const struct netaddr *client, const struct listener *listener)
{
	struct scope scope = scope_of(ruleset, client, listener);
	size_t number = (size_t)(rule - ruleset->rules), i;
	enum competing reach = COMPETES_NOT;

	for (i = scope.from; i < scope.to; i++) {
		const struct view *view = &ruleset->views[i];

		if (!view_could_be(view, &scope))
			continue;
		if (contest_has(&ruleset->contests[view->contest], number))
			return COMPETES_FIRST;
		if (view->fallback != CONTEST_NONE &&
		    contest_has(&ruleset->contests[view->fallback], number))
			reach = COMPETES_AFTER;
	}
	return reach;
}

/* ---- Lists ----------------------------------------------------------- */

bool
ruleset_listed(const struct netset *set, const struct range_list *list,
    const struct netaddr *client, int64_t now, size_t *which)
{
	uint32_t pick;

	for (pick = netset_find(set, client); pick != NETSET_NONE;
	     pick = netset_next(set, pick)) {
		size_t entry = netset_entry(set, pick);

		if (is_over(list, entry, now))
			continue;
		if (which != NULL)
			*which = entry;
		return true;
	}
	return false;
}

principal_set
ruleset_server(
    const struct ruleset *ruleset, const struct netaddr *client, int64_t now)
{
	const struct policy *policy = ruleset->policy;
	principal_set servers = 0;

	if (ruleset_listed(ruleset->servers,
		&policy->exchange_servers.remote_ip_ranges, client, now, NULL))
		servers |= SET_OF(PRINCIPAL_EXCHANGE_SERVER);
	if (ruleset_listed(ruleset->legacy_servers,
		&policy->exchange_legacy_servers.remote_ip_ranges, client, now,
		NULL))
		servers |= SET_OF(PRINCIPAL_LEGACY_SERVER);
	return servers;
}

bool
domain_protects_senders(
    const struct policy *policy, const struct accepted_domain *domain)
{
	return domain && (domain->type == DOMAIN_AUTHORITATIVE ||
			     policy->sender_scope == SENDER_SCOPE_ACCEPTED);
}

/* ---- Walking --------------------------------------------------------- */

struct telling {
	const struct ruleset *ruleset;
	int (*fn)(void *ctx, const struct holding *);
	void *ctx;
};

bool
holding_claim(const struct holding *holding,
    const struct credentials *credentials, struct claim *claim)
{
	const struct client_state client = {
		.rule = holding->rule,
		.server = holding->server,
		.allow_listed = holding->allow_listed,
		.block_listed = holding->block_listed,
		.limits = holding->limits,
	};

	*claim = claim_find(holding->ruleset, &client, credentials);
	return claim_accepts(holding->ruleset, &client, credentials);
}

/* Tells of one interval that somebody wins. */
static int
tell(void *ctx, const struct part *part)
{
	const struct telling *telling = ctx;
	const struct rule *rule = part->choice.rule;
	const struct credentials none = { 0 };
	struct holding holding = { .clients = part->clients };
	struct range range;

	if (rule == NULL)
		return 0;
	range = choice_range(&part->choice);
	holding.connector = rule->written->name;
	holding.number = (size_t)(rule - telling->ruleset->rules);
	holding.where = range.where;
	holding.limits = rule_limits(rule, range.limits);
	holding.ruleset = telling->ruleset;
	holding.rule = rule;
	holding.server = part->server;
	holding.allow_listed = part->allow_listed;
	holding.block_listed = part->blocked;
	(void)holding_claim(&holding, &none, &holding.claim);
	return telling->fn(telling->ctx, &holding);
}

static int
view_tell(const struct ruleset *ruleset, const struct view *view,
    enum family family, int64_t now,
    int (*fn)(void *ctx, const struct holding *), void *ctx)
{
	struct telling telling = { ruleset, fn, ctx };

	return view_walk(ruleset, view, family, now, tell, &telling);
}

int
ruleset_walk(const struct ruleset *ruleset, const struct listener *listener,
    int64_t now, int (*fn)(void *ctx, const struct holding *), void *ctx)
{
	struct scope scope = scope_of(ruleset, &listener->addr, listener);
	const struct view *found = NULL;
	size_t i;

	if (scope.addr.family == FAMILY_NONE && ruleset->nviews > 1)
		return -EAGAIN;
	for (i = scope.from; i < scope.to; i++) {
		const struct view *view = &ruleset->views[i];

		if (!view_could_be(view, &scope))
			continue;
		if (found != NULL && !view_same(found, view))
			return -EAGAIN;
		found = view;
	}
	assert(found != NULL);
	return view_tell(ruleset, found, scope.addr.family, now, fn, ctx);
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
	assert(n < ruleset->nviews);
	return view_tell(ruleset, &ruleset->views[n],
	    ruleset->views[n].addr.family, now, fn, ctx);
}
