/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contradictions - what is wrong between the values of a policy.
 *
 * Each value may be well-formed and the policy still be wrong: names that
 * are taken, names of nothing, mechanisms that exclude each other, limits
 * that cannot bind (Set-ReceiveConnector, learn.microsoft.com). Knows nothing
 * of addresses: ties, crossings and open relays are found when the policy is
 * compiled.
 */
#include "between_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accepted_domains.h"
#include "ascii.h"
#include "domains.h"
#include "networks.h"

/* Whether a set holds a word, or has a bad value and might. */
static bool
may_hold(const struct keys *keys, const char *key, uint32_t set, int word)
{
	return (set & SET_OF(word)) != 0 ||
	       (keys_given(keys, key) != NULL && keys_good(keys, key) == NULL);
}

static void
mechanisms_check(struct decoder *decoder, const struct keys *keys,
    const struct connector *connector)
{
	struct complaints *to = decoder->complaints;
	struct where where = connector->auth_mechanism_where;
	mechanism_set set = connector->auth_mechanism;
	mechanism_set tls = SET_OF(MECHANISM_TLS);
	mechanism_set basic = SET_OF(MECHANISM_BASIC_AUTH);
	mechanism_set external = SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE);

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
	    !may_hold(keys, "permission_groups", connector->permission_groups,
		GROUP_EXCHANGE_SERVERS))
		complain(to, "E-AUTH", where,
		    "auth_mechanism: ExternalAuthoritative needs "
		    "ExchangeServers in permission_groups");
}

static bool
has_partner(const struct keys *keys, const struct connector *connector)
{
	size_t i;

	if (may_hold(keys, "permission_groups", connector->permission_groups,
		GROUP_PARTNERS))
		return true;
	for (i = 0; i < connector->nextended_rights; i++)
		if (connector->extended_rights[i].principal ==
			PRINCIPAL_PARTNER &&
		    connector->extended_rights[i].allow != 0)
			return true;
	return keys_given(keys, "extended_rights") != NULL &&
	       keys_good(keys, "extended_rights") == NULL;
}

static void
tls_check(struct decoder *decoder, const struct keys *keys,
    const struct connector *connector)
{
	struct complaints *to = decoder->complaints;
	const struct where *domains = keys_good(keys, "tls_domains");
	bool tls = may_hold(
	    keys, "auth_mechanism", connector->auth_mechanism, MECHANISM_TLS);

	if (connector->require_tls && !tls)
		complain(to, "E-AUTH", *keys_good(keys, "require_tls"),
		    "require_tls: nobody could meet it, since TLS is not "
		    "offered; add Tls to auth_mechanism");
	if (domains != NULL && !tls)
		complain(to, "E-AUTH", *domains,
		    "tls_domains: there are no certificates without TLS; add "
		    "Tls to auth_mechanism");
	if (domains != NULL && !has_partner(keys, connector))
		complain(to, "E-AUTH", *domains,
		    "tls_domains: a partner has no right here; add Partners "
		    "to permission_groups, or allow the principal partner "
		    "something under extended_rights");
}

static void
sizes_check(struct decoder *decoder, const struct keys *keys,
    const struct connector_limits *limits)
{
	if (limits->max_message_size != 0 &&
	    limits->max_header_size > limits->max_message_size)
		complain(decoder->complaints, "E-CONFLICT",
		    *keys_good(keys, "max_header_size"),
		    "max_header_size: a header is a part of its message; "
		    "write no more than max_message_size, %llu bytes",
		    (unsigned long long)limits->max_message_size);
}

static void
counts_check(struct decoder *decoder, const struct keys *keys,
    const struct connector_limits *limits)
{
	struct complaints *to = decoder->complaints;
	const struct where *where;
	uint32_t all = limits->max_inbound_connection;

	where = keys_good(keys, "message_rate_source");
	if (where != NULL && keys_given(keys, "message_rate_limit") == NULL)
		complain(to, "E-CONFLICT", *where,
		    "message_rate_source: it says of whom message_rate_limit "
		    "counts messages, and that is not set; set it, or remove "
		    "this key");
	where = keys_good(keys, "max_inbound_connection_percentage_per_source");
	if (where != NULL && all == 0 &&
	    (keys_given(keys, "max_inbound_connection") == NULL ||
		keys_good(keys, "max_inbound_connection") != NULL))
		complain(to, "E-CONFLICT", *where,
		    "max_inbound_connection_percentage_per_source: it is a "
		    "share of max_inbound_connection; set that to a number, "
		    "or write max_inbound_connection_per_source instead");
	where = keys_good(keys, "max_inbound_connection_per_source");
	if (all != 0 && limits->max_inbound_connection_per_source > all)
		complain(to, "E-CONFLICT", *where,
		    "max_inbound_connection_per_source: one source cannot "
		    "have more than all; write no more than "
		    "max_inbound_connection, %u",
		    (unsigned)all);
}

int
contradictions_connector(
    struct decoder *decoder, const struct keys *keys, void *object)
{
	const struct connector *connector = object;

	mechanisms_check(decoder, keys, connector);
	tls_check(decoder, keys, connector);
	sizes_check(decoder, keys, &connector->limits);
	counts_check(decoder, keys, &connector->limits);
	return 0;
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

static void
domain_complain(struct decoder *decoder, const struct accepted_domain *first,
    const struct accepted_domain *second)
{
	char show[SHOWN_SIZE];

	complain(decoder->complaints, "E-DOMAIN", second->where,
	    "accepted_domains: %s%s is %s here and %s in %s:%u; keep one of "
	    "the two entries",
	    second->subdomains ? "*." : "", second->name,
	    domains_types.name((int)second->type),
	    domains_types.name((int)first->type),
	    shown(first->where.file, show), (unsigned)first->where.line);
}

/* A repeated domain is an error only where its entries contradict each other;
 * otherwise it is a finding of check. */
static int
domains_check(struct decoder *decoder, const struct policy *policy)
{
	struct domset *set =
	    domset_new(policy->accepted_domains, policy->naccepted_domains);

	if (!set)
		return -ENOMEM;
	for (size_t i = 0; i < policy->naccepted_domains; i++) {
		const struct accepted_domain *entry =
		    &policy->accepted_domains[i];
		const struct accepted_domain *first = domset_first(set, entry);

		if (first->type != entry->type)
			domain_complain(decoder, first, entry);
	}
	domset_free(set);
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
		if ((int)policy->connectors[i].mode == MODE_OF_POLICY)
			policy->connectors[i].mode = policy->mode;
	/* The word None has a bit, which is no stamp. */
	policy->stamps &= (UINT32_C(1) << STAMP_COUNT) - 1;
	result = names_check(decoder, policy);
	if (result == 0)
		result = domains_check(decoder, policy);
	return result;
}
