/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contradictions - what is wrong between the values of a policy.
 *
 * Each value may be well-formed and the policy still be wrong: names that
 * are taken, names of nothing, mechanisms that exclude each other (Set-
 * ReceiveConnector, learn.microsoft.com). Knows nothing of addresses: ties,
 * crossings and open relays are found when the policy is compiled.
 */
#include "contradictions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

#include "networks.h"

/* A key with a bad value has a place and an empty set. */
static bool
is_bad(uint32_t set, struct where where)
{
	return where.line != 0 && set == 0;
}

static void
mechanisms_check(struct decoder *decoder, const struct connector *connector)
{
	struct complaints *to = decoder->complaints;
	struct where where = connector->auth_mechanism_where;
	mechanism_set set = connector->auth_mechanism;
	mechanism_set tls = SET_OF(MECHANISM_TLS);
	mechanism_set basic = SET_OF(MECHANISM_BASIC_AUTH);
	mechanism_set external = SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE);

	if ((set & SET_OF(MECHANISM_NONE)) != 0 &&
	    set != SET_OF(MECHANISM_NONE))
		complain(to, "E-AUTH", where,
		    "auth_mechanism: None stands alone; remove it or the "
		    "others");
	if ((set & external) != 0 && (set & ~(external | tls)) != 0)
		complain(to, "E-AUTH", where,
		    "auth_mechanism: ExternalAuthoritative stands alone or "
		    "with Tls; remove the others");
	if ((set & SET_OF(MECHANISM_BASIC_AUTH_REQUIRE_TLS)) != 0 &&
	    (set & (basic | tls)) != (basic | tls))
		complain(to, "E-AUTH", where,
		    "auth_mechanism: BasicAuthRequireTLS needs BasicAuth and "
		    "Tls beside it");
	if ((set & external) != 0 &&
	    (connector->permission_groups & SET_OF(GROUP_EXCHANGE_SERVERS)) ==
		0 &&
	    !is_bad(connector->permission_groups,
		connector->permission_groups_where))
		complain(to, "E-AUTH", where,
		    "auth_mechanism: ExternalAuthoritative needs "
		    "ExchangeServers in permission_groups");
}

static void
connector_check(struct decoder *decoder, const struct policy *policy,
    struct connector *connector)
{
	group_set groups = connector->permission_groups;

	mechanisms_check(decoder, connector);
	if ((groups & SET_OF(GROUP_NONE)) != 0 && groups != SET_OF(GROUP_NONE))
		complain(decoder->complaints, "E-AUTH",
		    connector->permission_groups_where,
		    "permission_groups: None stands alone; remove it or the "
		    "others");
	if ((int)connector->mode == MODE_OF_POLICY)
		connector->mode = policy->mode;
}

static int
name_compare(const void *left, const void *right)
{
	const struct connector *const *a = left, *const *b = right;
	int order = ascii_compare((*a)->name, (*b)->name);

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static int
names_check(struct decoder *decoder, const struct policy *policy)
{
	const struct connector **sorted;
	size_t i, count = 0;

	sorted =
	    arena_array(decoder->arena, policy->nconnectors, sizeof(*sorted));
	if (sorted == NULL)
		return -ENOMEM;
	for (i = 0; i < policy->nconnectors; i++)
		if (policy->connectors[i].name != NULL)
			sorted[count++] = &policy->connectors[i];
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), name_compare);
	for (i = 1; i < count; i++)
		if (ascii_same(sorted[i - 1]->name, sorted[i]->name))
			complain(decoder->complaints, "E-NAME",
			    sorted[i]->where,
			    "the name \"%s\" is taken by the connector in "
			    "line %u (case does not count); write another",
			    sorted[i]->name,
			    (unsigned)sorted[i - 1]->where.line);
	return 0;
}

static int
domain_compare(const void *left, const void *right)
{
	const struct accepted_domain *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	if (order == 0)
		order = (*a)->subdomains - (*b)->subdomains;
	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static int
domains_check(struct decoder *decoder, const struct policy *policy)
{
	const struct accepted_domain **sorted;
	size_t i, count = 0;

	sorted = arena_array(
	    decoder->arena, policy->naccepted_domains, sizeof(*sorted));
	if (sorted == NULL)
		return -ENOMEM;
	for (i = 0; i < policy->naccepted_domains; i++)
		if (policy->accepted_domains[i].name != NULL)
			sorted[count++] = &policy->accepted_domains[i];
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), domain_compare);
	for (i = 1; i < count; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0 &&
		    sorted[i - 1]->subdomains == sorted[i]->subdomains)
			complain(decoder->complaints, "E-DOMAIN",
			    sorted[i]->where,
			    "accepted_domains: %s%s stands there twice; the "
			    "first is in line %u",
			    sorted[i]->subdomains ? "*." : "", sorted[i]->name,
			    (unsigned)sorted[i - 1]->where.line);
	return 0;
}

int
contradictions_find(struct decoder *decoder, struct policy *policy)
{
	int result = networks_resolve(decoder);
	size_t i;

	if (result == -ENOMEM)
		return result;
	for (i = 0; i < policy->nconnectors; i++)
		connector_check(decoder, policy, &policy->connectors[i]);
	result = names_check(decoder, policy);
	if (result == 0)
		result = domains_check(decoder, policy);
	return result;
}
