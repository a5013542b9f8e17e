/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim - what a client may do at a listener, with given credentials.
 *
 * Exchange's model: a session holds what its principals are allowed, less
 * what each of them is denied. Knows nothing of mail, modes or limits; looks
 * nothing up by address, which is ruleset.c's work.
 */
#include "claim.h"

#include <string.h>

static const right_set sender_rights =
    SET_OF(RIGHT_ANY_SENDER) | SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER);

/* ---- Principals ------------------------------------------------------ */

principal_set
rule_principals(const struct rule *rule, principal_set server)
{
	enum principal i;

	if (server == 0 || rule->base != SET_OF(PRINCIPAL_ANONYMOUS))
		return rule->base;
	for (i = 0; i < PRINCIPAL_COUNT; i++)
		if ((server & SET_OF(i)) != 0 && rule->allowed[i] != 0)
			return SET_OF(i);
	return rule->base;
}

static principal_set
base_of(const struct client_state *client)
{
	return client->rule ? rule_principals(client->rule, client->server)
			    : SET_OF(PRINCIPAL_ANONYMOUS);
}

/* Whether a name is on a list; "*.name" is it and every subdomain, as
 * everywhere in a policy. A certificate for "*.name" is for names that are
 * not known, so it is listed under exactly this. */
static bool
is_named(const struct name_list *list, const char *name)
{
	size_t have = strlen(name), i;

	for (i = 0; i < list->count; i++) {
		const char *item = list->items[i];
		size_t len = strlen(item);

		if (strcmp(name, item) == 0)
			return true;
		if (item[0] == '*' && name[0] != '*' &&
		    (strcmp(name, item + 2) == 0 ||
			(have >= len &&
			    strcmp(name + have - len + 1, item + 1) == 0)))
			return true;
	}
	return false;
}

struct credentials
claim_credentials(const struct ruleset *ruleset,
    const struct client_state *client, const char *name, bool login)
{
	const struct policy *policy = ruleset->policy;
	struct credentials credentials = { .login = login };

	if (!client->rule || name[0] == '\0')
		return credentials;
	if (is_named(&policy->exchange_servers.tls_domains, name))
		credentials.server |= SET_OF(PRINCIPAL_EXCHANGE_SERVER);
	if (is_named(&policy->exchange_legacy_servers.tls_domains, name))
		credentials.server |= SET_OF(PRINCIPAL_LEGACY_SERVER);
	credentials.partner =
	    is_named(&client->rule->written->tls_domains, name);
	return credentials;
}

/* A certificate of a server matters only where the address made the client
 * nothing more than anonymous. */
static bool
takes_server(const struct ruleset *ruleset, const struct client_state *client,
    principal_set server)
{
	const struct policy *policy = ruleset->policy;
	size_t names = 0;

	if ((server & SET_OF(PRINCIPAL_EXCHANGE_SERVER)) != 0)
		names += policy->exchange_servers.tls_domains.count;
	if ((server & SET_OF(PRINCIPAL_LEGACY_SERVER)) != 0)
		names += policy->exchange_legacy_servers.tls_domains.count;
	return names != 0 && base_of(client) == SET_OF(PRINCIPAL_ANONYMOUS) &&
	       (rule_principals(client->rule, server) & server) != 0;
}

bool
claim_accepts(const struct ruleset *ruleset, const struct client_state *client,
    const struct credentials *credentials)
{
	if (!client->rule)
		return false;
	if (credentials->partner &&
	    client->rule->written->tls_domains.count == 0)
		return false;
	return credentials->server == 0 ||
	       takes_server(ruleset, client, credentials->server);
}

static principal_set
principals_of(const struct ruleset *ruleset, const struct client_state *client,
    const struct credentials *credentials)
{
	principal_set principals = base_of(client);

	if (!client->rule)
		return principals;
	if (credentials->server != 0 &&
	    takes_server(ruleset, client, credentials->server))
		principals = rule_principals(client->rule, credentials->server);
	if (credentials->partner &&
	    client->rule->written->tls_domains.count != 0)
		principals |= SET_OF(PRINCIPAL_PARTNER);
	if (credentials->login)
		principals |= SET_OF(PRINCIPAL_AUTHENTICATED);
	return principals;
}

/* ---- Rights ---------------------------------------------------------- */

right_set
rule_rights(const struct rule *rule, principal_set principals)
{
	right_set rights = 0;
	principal_set left;

	for (left = principals; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);

		rights |= rule->allowed[i] & ~rule->denied[i];
	}
	if ((principals & SET_OF(PRINCIPAL_AUTHENTICATED)) != 0)
		rights &= ~rule->denied[PRINCIPAL_AUTHENTICATED];
	return rights;
}

/* The sender rights that the session is judged by. An authenticated user's
 * address is the MTA's to check, and a partner sends from its own domains, so
 * against these only a deny counts; but a partner is not us. */
static right_set
senders_of(const struct rule *rule, principal_set principals, right_set rights)
{
	if ((principals & SET_OF(PRINCIPAL_AUTHENTICATED)) != 0)
		return sender_rights & ~rule->denied[PRINCIPAL_AUTHENTICATED];
	if ((principals & SET_OF(PRINCIPAL_PARTNER)) != 0)
		rights |=
		    SET_OF(RIGHT_ANY_SENDER) & ~rule->denied[PRINCIPAL_PARTNER];
	return rights & sender_rights;
}

struct client_limits
rule_limits(const struct rule *rule, const struct client_limits *entry)
{
	const struct client_limits *connector = &rule->written->narrowed;

	return entry ? client_limits_nearest(entry, connector) : *connector;
}

/* The null sender passes the rights of everybody, so without a list some
 * sender always is allowed. */
static bool
may_send(const struct ruleset *ruleset, const struct address_list *list,
    right_set senders)
{
	const struct address_facts *facts;

	if (!list)
		return true;
	facts = &ruleset->lists[list->number];
	return facts->null ||
	       (facts->own &&
		   (senders & SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) !=
		       0) ||
	       (facts->foreign && (senders & SET_OF(RIGHT_ANY_SENDER)) != 0);
}

bool
claim_sends(const struct ruleset *ruleset, const struct client_state *client,
    const struct claim *claim)
{
	return may_send(ruleset, client->limits.senders, claim->senders);
}

static bool
may_relay(const struct ruleset *ruleset, const struct client_limits *limits,
    const struct claim *claim)
{
	const right_set needed =
	    SET_OF(RIGHT_SUBMIT) | SET_OF(RIGHT_ANY_RECIPIENT);

	return !claim->blocked && (claim->rights & needed) == needed &&
	       may_send(ruleset, limits->senders, claim->senders) &&
	       (!limits->recipients ||
		   ruleset->lists[limits->recipients->number].foreign);
}

struct claim
claim_find(const struct ruleset *ruleset, const struct client_state *client,
    const struct credentials *credentials)
{
	struct claim claim = {
		.principals = principals_of(ruleset, client, credentials),
	};

	if (client->rule) {
		claim.rights = rule_rights(client->rule, claim.principals);
		claim.senders =
		    senders_of(client->rule, claim.principals, claim.rights);
	}
	claim.blocked = client->block_listed && !client->allow_listed &&
			(claim.rights & SET_OF(RIGHT_BYPASS_ANTI_SPAM)) == 0;
	claim.relay = may_relay(ruleset, &client->limits, &claim);
	return claim;
}

bool
claim_may_use(const struct claim *claim, enum right right)
{
	return !claim->blocked && (claim->rights & SET_OF(RIGHT_SUBMIT)) != 0 &&
	       (claim->rights & SET_OF(right)) != 0;
}

bool
rule_relays(const struct rule *rule)
{
	return rule->base == SET_OF(PRINCIPAL_EXTERNALLY_SECURED) ||
	       (rule_rights(rule, rule->base) & SET_OF(RIGHT_ANY_RECIPIENT)) !=
		   0;
}

/* ---- Origins --------------------------------------------------------- */

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
	group_set groups = connector->permission_groups;
	principal_set left;

	for (; groups != 0; groups &= groups - 1) {
		enum group group = (enum group)__builtin_ctz(groups);

		for (left = principals; left != 0; left &= left - 1)
			if ((group_rights(
				 group, (enum principal)__builtin_ctz(left)) &
				SET_OF(right)) != 0)
				return group_name(group);
	}
	return NULL;
}

/* Those of the principals that are not denied a right. */
static principal_set
not_denied(const struct rule *rule, principal_set principals, enum right right)
{
	principal_set left = principals, i;

	for (i = principals; i != 0; i &= i - 1)
		if ((rule->denied[__builtin_ctz(i)] & SET_OF(right)) != 0)
			left &= ~(i & -i);
	return left;
}

const char *
rule_right_origin(const struct rule *rule, principal_set principals,
    enum right right, struct where *where)
{
	const struct connector *connector = rule->written;
	const struct extended_right *entry = NULL;
	const char *group;

	if ((rule_rights(rule, principals) & SET_OF(right)) != 0)
		principals = not_denied(rule, principals, right);
	else
		entry = extended_find(connector, principals, right, true);
	group = entry ? NULL : group_find(connector, principals, right);
	if (group) {
		*where = connector->permission_groups_where;
		return group;
	}
	if (!entry)
		entry = extended_find(connector, principals, right, false);
	*where = entry ? entry->where : connector->where;
	return entry ? "extended_rights" : NULL;
}
