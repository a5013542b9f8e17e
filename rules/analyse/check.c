/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check - what is doubtful in a policy that is not wrong.
 *
 * Works on the compiled ruleset, so that it judges what connectors win and
 * give, not how they were written down. Here is what can be said of a
 * connector as a whole; ranges and lists have files of their own. Prints
 * nothing and has no clock; never makes a policy invalid.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposure.h"
#include "tenants.h"

enum { MESSAGE_SIZE = 1024, RIGHTS_TEXT_SIZE = 600, PORT_SMTP = 25 };

/* ---- Saying ---------------------------------------------------------- */

static bool
same_place(const struct where *a, const struct where *b)
{
	return a->line == b->line && a->column == b->column &&
	       (a->file == b->file || (a->file != NULL && b->file != NULL &&
					  strcmp(a->file, b->file) == 0));
}

void
check_say(struct check *check, enum warning warning, enum severity severity,
    struct where where, const char *format, ...)
{
	const char *id = story_get(warning)->id;
	size_t i, said = check->nsaid[warning];
	char message[MESSAGE_SIZE];
	va_list args;

	if (said > CHECK_SAID_MAX)
		return;
	for (i = 0; i < said; i++)
		if (same_place(&check->said[warning][i], &where))
			return;
	check->nsaid[warning]++;
	if (said == CHECK_SAID_MAX) {
		diagnostics_add(check->list, SEVERITY_NOTE, id,
		    (struct where){ .file = check->ruleset->policy->file },
		    "there are more like the first %u; mend these first",
		    (unsigned)CHECK_SAID_MAX);
		return;
	}
	check->said[warning][said] = where;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	diagnostics_add(check->list, severity, id, where, "%s", message);
}

/* ---- Rights ---------------------------------------------------------- */

static int
on_public(void *ctx, const struct netrange *part)
{
	(void)ctx;
	(void)part;
	return 1;
}

bool
check_is_private(const struct netrange *range)
{
	return exposure_public(range, on_public, NULL) == 0;
}

/* The group, or the entry of extended_rights, that gives a principal what it
 * may do. */
static struct where
given_where(const struct connector *connector, enum principal principal)
{
	enum group group;
	size_t i;

	for (group = 0; group < GROUP_COUNT; group++)
		if ((connector->permission_groups & SET_OF(group)) != 0 &&
		    group_rights(group, principal) != 0)
			return connector->permission_groups_where;
	for (i = 0; i < connector->nextended_rights; i++)
		if (connector->extended_rights[i].principal == principal &&
		    connector->extended_rights[i].allow != 0)
			return connector->extended_rights[i].where;
	return connector->where;
}

static void
check_methods(struct check *check, const struct rule *rule)
{
	const struct connector *connector = rule->written;

	if (rule->base != SET_OF(PRINCIPAL_EXTERNALLY_SECURED) ||
	    rule->allowed[PRINCIPAL_ANONYMOUS] == 0)
		return;
	check_say(check, W_BOTH_METHODS, SEVERITY_WARNING,
	    given_where(connector, PRINCIPAL_ANONYMOUS),
	    "connector \"%s\" has both ways to relay: ExternalAuthoritative "
	    "makes every client externally_secured, so what anonymous is "
	    "given here counts for nothing, until somebody removes "
	    "ExternalAuthoritative; keep one: remove AnonymousUsers and the "
	    "rights of anonymous, or remove ExternalAuthoritative and "
	    "ExchangeServers",
	    connector->name);
}

static const char *
rights_format(right_set rights, char text[RIGHTS_TEXT_SIZE])
{
	enum right right;
	size_t used = 0;

	text[0] = '\0';
	for (right = 0; right < RIGHT_COUNT; right++) {
		int n;

		if ((rights & SET_OF(right)) == 0)
			continue;
		n = snprintf(text + used, RIGHTS_TEXT_SIZE - used, "%s%s",
		    used != 0 ? ", " : "", right_name(right));
		used += (size_t)n;
		if (used >= RIGHTS_TEXT_SIZE)
			break;
	}
	return text;
}

/* What a deny for a principal can take away: what it is given, and of the
 * rights for senders those that it is judged by though nobody gives them. That
 * for authenticated binds whatever a session holds. */
static right_set
deniable(const struct rule *rule, enum principal principal)
{
	right_set rights = rule->allowed[principal];
	size_t i;

	if (principal == PRINCIPAL_PARTNER)
		rights |= SET_OF(RIGHT_ANY_SENDER);
	if (principal != PRINCIPAL_AUTHENTICATED)
		return rights;
	for (i = 0; i < PRINCIPAL_COUNT; i++)
		rights |= rule->allowed[i];
	return rights | SET_OF(RIGHT_ANY_SENDER) |
	       SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER);
}

static void
check_denies(struct check *check, const struct rule *rule)
{
	const struct connector *connector = rule->written;
	char text[RIGHTS_TEXT_SIZE];
	size_t i;

	for (i = 0; i < connector->nextended_rights; i++) {
		const struct extended_right *entry =
		    &connector->extended_rights[i];
		right_set idle =
		    entry->deny & ~deniable(rule, entry->principal);

		if (idle == 0)
			continue;
		check_say(check, W_DENY_NOTHING, SEVERITY_WARNING, entry->where,
		    "this denies %s %s, which it is not given on connector "
		    "\"%s\": remove it, or write the right or principal that "
		    "was meant",
		    principal_name(entry->principal), rights_format(idle, text),
		    connector->name);
	}
}

static void
check_partner(struct check *check, const struct rule *rule)
{
	const struct connector *connector = rule->written;

	if (rule->allowed[PRINCIPAL_PARTNER] == 0 ||
	    connector->tls_domains.count != 0)
		return;
	check_say(check, W_PARTNER, SEVERITY_WARNING,
	    given_where(connector, PRINCIPAL_PARTNER),
	    "connector \"%s\" has rights for partners, but no client becomes "
	    "one: name the partners' certificates in tls_domains, or remove "
	    "Partners",
	    connector->name);
}

static void
check_tenants(struct check *check, const struct rule *rule)
{
	const struct connector *connector = rule->written;
	size_t i;

	for (i = 0; i < connector->tls_domains.count; i++)
		if (tenants_share(connector->tls_domains.items[i]))
			check_say(check, W_TENANTS, SEVERITY_WARNING,
			    connector->tls_domains.where,
			    "connector \"%s\" makes a partner of every tenant "
			    "of a provider, since all of them send with the "
			    "certificate of %s: remove this name",
			    connector->name, connector->tls_domains.items[i]);
}

/* ---- Between connectors ---------------------------------------------- */

static bool
serves_smtp(const struct connector *connector)
{
	size_t i;

	for (i = 0; i < connector->nbindings; i++)
		if (connector->bindings[i].port == PORT_SMTP)
			return true;
	return connector->nbindings == 0;
}

static void
check_submission(struct check *check)
{
	const struct ruleset *ruleset = check->ruleset;
	const struct connector *front = NULL, *client = NULL;
	size_t i;

	for (i = 0; i < ruleset->policy->nconnectors; i++) {
		const struct rule *rule = &ruleset->rules[i];
		const struct connector *connector = rule->written;
		bool users = (rule->allowed[PRINCIPAL_AUTHENTICATED] &
				 SET_OF(RIGHT_SUBMIT)) != 0;

		if (!connector->enabled)
			continue;
		if (serves_smtp(connector) && users)
			return;
		if (users && client == NULL)
			client = connector;
		if (serves_smtp(connector) && front == NULL &&
		    rule->base == SET_OF(PRINCIPAL_ANONYMOUS))
			front = connector;
	}
	if (front == NULL || client == NULL)
		return;
	check_say(check, W_SUBMISSION, SEVERITY_NOTE,
	    front->permission_groups_where.line != 0
		? front->permission_groups_where
		: front->where,
	    "who logs in at port 25 may not relay: no connector there has "
	    "ExchangeUsers, \"%s\" has it elsewhere; nothing to do if users "
	    "submit there only, else add ExchangeUsers here",
	    client->name);
}

static void
check_servers(struct check *check, const struct servers *servers,
    const char *key, const char *group, enum principal principal)
{
	const struct ruleset *ruleset = check->ruleset;
	size_t i;

	if (servers->remote_ip_ranges.count == 0 &&
	    servers->tls_domains.count == 0)
		return;
	for (i = 0; i < ruleset->policy->nconnectors; i++)
		if (ruleset->rules[i].written->enabled &&
		    ruleset->rules[i].base == SET_OF(PRINCIPAL_ANONYMOUS) &&
		    ruleset->rules[i].allowed[principal] != 0)
			return;
	check_say(check, W_SERVERS, SEVERITY_WARNING,
	    servers->remote_ip_ranges.count != 0
		? servers->remote_ip_ranges.where
		: servers->tls_domains.where,
	    "%s names hosts, but no connector gives them a right, so that "
	    "they may do less than a stranger: add %s to permission_groups "
	    "of the connector that they use",
	    key, group);
}

/* ---- The whole ------------------------------------------------------- */

static void
check_connectors(struct check *check)
{
	const struct policy *policy = check->ruleset->policy;
	size_t i;

	for (i = 0; i < policy->nconnectors; i++) {
		const struct rule *rule = &check->ruleset->rules[i];

		if (!rule->written->enabled)
			continue;
		check_methods(check, rule);
		check_denies(check, rule);
		check_partner(check, rule);
		check_tenants(check, rule);
	}
	check_submission(check);
	check_servers(check, &policy->exchange_servers, "exchange_servers",
	    "ExchangeServers", PRINCIPAL_EXCHANGE_SERVER);
	check_servers(check, &policy->exchange_legacy_servers,
	    "exchange_legacy_servers", "ExchangeLegacyServers",
	    PRINCIPAL_LEGACY_SERVER);
}

void
ruleset_check(
    const struct ruleset *ruleset, int64_t now, struct diagnostics *list)
{
	struct check *check = calloc(1, sizeof(*check));
	bool done = false;

	if (check != NULL) {
		check->ruleset = ruleset;
		check->now = now;
		check->list = list;
		check->arena = arena_new(0);
	}
	if (check != NULL && check->arena != NULL) {
		check_connectors(check);
		check_bindings(check);
		check_limits(check);
		done = check_allowed_collect(check) == 0 &&
		       check_ranges(check) == 0 && check_lists(check) == 0;
		if (done)
			check_allowed(check);
	}
	if (!done)
		diagnostics_add(list, SEVERITY_ERROR, "E-MEMORY",
		    (struct where){ .file = ruleset->policy->file },
		    "out of memory while checking the policy");
	if (check != NULL)
		arena_free(check->arena);
	free(check);
}
