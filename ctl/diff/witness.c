/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness.c - a session that two policies decide otherwise.
 *
 * The first client of a range, at a listener that it is told of, with what
 * it takes to show the right that was gained or lost. Names and addresses
 * are those of documentation, less what either policy knows.
 */
#include "diff_verb.h"
#include "ruleset.h"

#include <string.h>

/* ---- Where ----------------------------------------------------------- */

/* Whether either policy names a listener of this family at the port, be it
 * with that address. */
static bool
is_named(const struct diff *diff, const struct listener *like, bool exactly)
{
	const struct ruleset *both[] = { diff->older, diff->newer };

	for (int r = 0; r < 2; r++)
		for (size_t i = 0; i < both[r]->nviews; i++) {
			const struct view *view = &both[r]->views[i];

			if (view->type != VIEW_ANY &&
			    view->port == like->port &&
			    view->addr.family == like->addr.family &&
			    (!exactly ||
				netaddr_compare(&view->addr, &like->addr) == 0))
				return true;
		}
	return false;
}

/* An address that a family's wildcard stands for. */
static void
some_address(const struct diff *diff, struct listener *listener)
{
	if (listener->addr.family == FAMILY_IPV6)
		listener->addr.hi = UINT64_C(0x20010db800000000);
	else
		listener->addr.lo = 0xc0000200; /* 192.0.2.0 */
	do
		listener->addr.lo++;
	while (is_named(diff, listener, true));
}

static uint16_t
some_port(const struct diff *diff, struct listener listener)
{
	static const uint16_t usual[] = { 25, 587, 465, 2525 };

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		listener.port = usual[i];
		if (!is_named(diff, &listener, false))
			return listener.port;
	}
	for (listener.port = 10025; is_named(diff, &listener, false);)
		listener.port++;
	return listener.port;
}

static void
find_local(
    const struct diff *diff, const struct changed *change, struct witness *w)
{
	struct listener listener = { .port = 25 };

	if (diff->older->nviews == 1 && diff->newer->nviews == 1)
		return;
	if (change->listener != NULL)
		listener = *change->listener;
	if (listener.addr.family == FAMILY_NONE) {
		listener.addr.family = change->clients.first.family;
		if (change->listener != NULL)
			listener.port = some_port(diff, listener);
	}
	if ((listener.addr.hi | listener.addr.lo) == 0)
		some_address(diff, &listener);
	listener_format(&listener, w->local);
}

/* ---- What ------------------------------------------------------------ */

static bool
is_accepted(const struct ruleset *ruleset, const char *domain)
{
	return domset_find(ruleset->domains, domain) != NULL;
}

/* A domain that neither policy accepts. */
static void
find_stranger(const struct diff *diff, char domain[64])
{
	static const char *const names[] = { "fabrikam.com",
		"northwindtraders.com", "wingtiptoys.com" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(domain, 64, "%s", names[i]);
		if (!is_accepted(diff->older, domain) &&
		    !is_accepted(diff->newer, domain))
			return;
	}
	for (unsigned i = 1; is_accepted(diff->older, domain) ||
			     is_accepted(diff->newer, domain);
	     i++)
		snprintf(domain, 64, "a%u-fabrikam.com", i);
}

/* A domain that is authoritative under both policies, or else the stranger's,
 * which then shows nothing. */
static const char *
find_own(const struct diff *diff, const char *stranger)
{
	const struct policy *policy = diff->newer->policy;

	for (size_t i = 0; i < policy->naccepted_domains; i++) {
		const struct accepted_domain *is = &policy->accepted_domains[i];
		const struct accepted_domain *was =
		    domset_find(diff->older->domains, is->name);

		if (is->type == DOMAIN_AUTHORITATIVE && was != NULL &&
		    was->type == DOMAIN_AUTHORITATIVE)
			return is->name;
	}
	return stranger;
}

static void
find_mail(const struct diff *diff, right_set shown, struct witness *w)
{
	char stranger[64];

	find_stranger(diff, stranger);
	snprintf(w->from, sizeof w->from, "<>");
	snprintf(w->rcpt, sizeof w->rcpt, "postmaster");
	if ((shown & SET_OF(RIGHT_ANY_RECIPIENT)) != 0)
		snprintf(w->rcpt, sizeof w->rcpt, "kate@%s", stranger);
	else if ((shown & SET_OF(RIGHT_SUBMIT)) != 0)
		return;
	else if ((shown & SET_OF(RIGHT_ANY_SENDER)) != 0)
		snprintf(w->from, sizeof w->from, "kim@%s", stranger);
	else if ((shown & SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) != 0)
		snprintf(w->from, sizeof w->from, "kim@%s",
		    find_own(diff, stranger));
	else if ((shown & SET_OF(RIGHT_HEADERS_ORGANIZATION)) != 0)
		w->header = "X-MS-Exchange-Organization-SCL: 9";
	else if ((shown & SET_OF(RIGHT_HEADERS_FOREST)) != 0)
		w->header = "X-MS-Exchange-Forest-Test: 1";
	else if ((shown & SET_OF(RIGHT_HEADERS_ROUTING)) != 0)
		w->header = "Resent-From: kim@example.com";
}

/* ---- Who ------------------------------------------------------------- */

static const char *
any_name(const struct name_list *names)
{
	if (names->count == 0)
		return NULL;
	/* "*.name" is the name, too. */
	return names->items[0] + (names->items[0][0] == '*' ? 2 : 0);
}

static const struct connector *
connector_find(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->policy->nconnectors; i++)
		if (name == ruleset->policy->connectors[i].name)
			return &ruleset->policy->connectors[i];
	return NULL;
}

/* The name on a certificate that makes the client what it is, for the policy
 * in which it makes it that. */
static const char *
find_name(
    const struct ruleset *ruleset, const char *connector, principal_set as)
{
	const struct policy *policy = ruleset->policy;
	const struct connector *c = connector_find(ruleset, connector);

	if ((as & SET_OF(PRINCIPAL_EXCHANGE_SERVER)) != 0)
		return any_name(&policy->exchange_servers.tls_domains);
	if ((as & SET_OF(PRINCIPAL_LEGACY_SERVER)) != 0)
		return any_name(&policy->exchange_legacy_servers.tls_domains);
	if ((as & SET_OF(PRINCIPAL_PARTNER)) != 0 && c != NULL)
		return any_name(&c->tls_domains);
	return NULL;
}

static void
find_proofs(
    const struct diff *diff, const struct changed *change, struct witness *w)
{
	const char *name;
	bool partner = (change->as & SET_OF(PRINCIPAL_PARTNER)) != 0;

	if ((change->as & SET_OF(PRINCIPAL_AUTHENTICATED)) != 0)
		w->auth = "kim";
	if (!partner && !change->certificate)
		return;
	name = find_name(diff->newer, change->newer, change->as);
	if (name == NULL)
		name = find_name(diff->older, change->older, change->as);
	if (name != NULL)
		snprintf(w->cert, sizeof w->cert, "%s", name);
}

void
witness_find(
    const struct diff *diff, const struct changed *change, struct witness *w)
{
	*w = (struct witness){ 0 };
	netaddr_format(&change->clients.first, w->client);
	find_local(diff, change, w);
	find_proofs(diff, change, w);
	find_mail(diff, change->gained | change->lost, w);
}
