/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * who_routes - logins and certificates with which clients may do something.
 *
 * A client can bring them from any address that the connector wins, so no
 * list of addresses tells them. For each connector, the fewest credentials
 * that are enough are told.
 */
#include "exposure.h"
#include "tenants.h"
#include "who.h"

#include <errno.h>
#include <stdlib.h>

/* The combinations of credentials, each after its own parts. */
static const struct credential_mix {
	principal_set certificate; /* the principal that its name makes */
	bool login;
} combinations[] = {
	{ 0, true },
	{ SET_OF(PRINCIPAL_PARTNER), false },
	{ SET_OF(PRINCIPAL_EXCHANGE_SERVER), false },
	{ SET_OF(PRINCIPAL_LEGACY_SERVER), false },
	{ SET_OF(PRINCIPAL_PARTNER), true },
	{ SET_OF(PRINCIPAL_EXCHANGE_SERVER), true },
	{ SET_OF(PRINCIPAL_LEGACY_SERVER), true },
};

enum { COMBINATIONS = sizeof combinations / sizeof *combinations };

struct route_search {
	const struct who_question *question;
	bool (*found)[COMBINATIONS]; /* by connector */
};

bool
who_shared(const char *name)
{
	return tenants_share(name) || strangers_obtain(name);
}

static principal_set
principals_of(const struct credential_mix *combination)
{
	return combination->certificate |
	       (combination->login ? SET_OF(PRINCIPAL_AUTHENTICATED) : 0);
}

static bool
may_use(const struct holding *h, const struct credential_mix *combination,
    enum right right)
{
	const principal_set partner = SET_OF(PRINCIPAL_PARTNER);
	const struct credentials credentials = {
		.login = combination->login,
		.partner = combination->certificate == partner,
		.server = combination->certificate & ~partner,
	};
	struct claim claim;

	return holding_claim(h, &credentials, &claim) &&
	       who_may_use(&claim, right);
}

/* Whether combination i is enough and no part of it is. */
static bool
is_route(const struct holding *h, size_t i, enum right right)
{
	const principal_set all = principals_of(&combinations[i]);

	if (!may_use(h, &combinations[i], right))
		return false;
	for (size_t j = 0; j < i; j++)
		if ((principals_of(&combinations[j]) & ~all) == 0 &&
		    may_use(h, &combinations[j], right))
			return false;
	return true;
}

static int
stop(void *ctx, const struct netrange *part)
{
	(void)ctx;
	(void)part;
	return 1;
}

static int
on_holding(void *ctx, const struct holding *h)
{
	struct route_search *routes = ctx;
	const struct who_question *question = routes->question;
	bool *found = routes->found[h->number];

	if (who_may_use(&h->claim, question->right) ||
	    (question->public_only &&
		exposure_public(&h->clients, stop, NULL) == 0))
		return 0;
	for (size_t i = 0; i < COMBINATIONS; i++)
		if (!found[i] &&
		    (principals_of(&combinations[i]) & question->routes) != 0)
			found[i] = is_route(h, i, question->right);
	return 0;
}

static int
walk(struct route_search *routes, const struct ruleset *ruleset,
    const struct who_answer *answer)
{
	const struct who_question *question = routes->question;
	int rc = 0;

	if (question->listener != NULL)
		return ruleset_walk(ruleset, question->listener, question->now,
		    on_holding, routes);
	for (size_t i = 0; i < answer->nlisteners && rc == 0; i++)
		rc = ruleset_walk_nth(
		    ruleset, i, question->now, on_holding, routes);
	return rc;
}

static void
add_route(struct who_answer *answer, const struct policy *policy,
    const struct connector *connector, const struct credential_mix *combination)
{
	struct who_route *route = &answer->routes[answer->nroutes++];

	*route = (struct who_route){
		.connector = connector->name,
		.login = combination->login,
		.principals = principals_of(combination),
	};
	if (combination->certificate == SET_OF(PRINCIPAL_PARTNER))
		route->names = &connector->tls_domains;
	else if (combination->certificate == SET_OF(PRINCIPAL_EXCHANGE_SERVER))
		route->names = &policy->exchange_servers.tls_domains;
	else if (combination->certificate == SET_OF(PRINCIPAL_LEGACY_SERVER))
		route->names = &policy->exchange_legacy_servers.tls_domains;
	for (size_t i = 0;
	     route->names && !route->login && i < route->names->count; i++)
		answer->shared |= who_shared(route->names->items[i]);
}

int
who_routes(const struct ruleset *ruleset, const struct who_question *question,
    struct who_answer *answer)
{
	const struct policy *policy = ruleset->policy;
	struct route_search routes = { .question = question };
	int rc = -ENOMEM;

	routes.found = calloc(policy->nconnectors + 1, sizeof *routes.found);
	answer->routes = calloc(
	    policy->nconnectors + 1, COMBINATIONS * sizeof *answer->routes);
	if (routes.found && answer->routes)
		rc = question->routes != 0 ? walk(&routes, ruleset, answer) : 0;
	for (size_t i = 0; rc == 0 && i < policy->nconnectors; i++)
		for (size_t j = 0; j < COMBINATIONS; j++)
			if (routes.found[i][j])
				add_route(answer, policy,
				    &policy->connectors[i], &combinations[j]);
	free(routes.found);
	return rc;
}
