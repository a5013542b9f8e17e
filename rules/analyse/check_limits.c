/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_limits - entries that are narrowed to nothing, and quotas.
 *
 * Asks the claim of a client of each entry, by its address and, where users
 * have rights, with a login.
 * Does not look at who wins an address.
 */
#include "check.h"
#include "claim.h"

/* Whether such a client may send anything to anybody. */
static bool
sends(const struct check *check, const struct client_state *client, bool login)
{
	const struct credentials credentials = { .login = login };
	const struct claim claim =
	    claim_find(check->ruleset, client, &credentials);
	const struct address_list *recipients = client->limits.recipients;

	return (claim.rights & SET_OF(RIGHT_SUBMIT)) != 0 &&
	       claim_sends(check->ruleset, client, &claim) &&
	       (claim.relay || !recipients ||
		   check->ruleset->lists[recipients->number].own);
}

static bool
submits(const struct rule *rule, principal_set principals)
{
	return (rule_rights(rule, principals) & SET_OF(RIGHT_SUBMIT)) != 0;
}

static void
check_narrowed(struct check *check, const struct rule *rule,
    const struct client_limits *entry)
{
	const struct client_state client = {
		.rule = rule,
		.limits = rule_limits(rule, entry),
	};
	const bool users = rule->allowed[PRINCIPAL_AUTHENTICATED] != 0;
	const struct address_list *list = client.limits.senders
					      ? client.limits.senders
					      : client.limits.recipients;

	if (client.limits.quota)
		check_say(check, W_QUOTA, SEVERITY_NOTE,
		    client.limits.quota->where,
		    "message_quota: only the milter counts messages; nothing "
		    "to do if it is in use, since the policy service alone "
		    "does not know a quota");
	if (!list ||
	    !submits(rule, rule->base | SET_OF(PRINCIPAL_AUTHENTICATED)) ||
	    sends(check, &client, false) ||
	    (users && sends(check, &client, true)))
		return;
	check_say(check, W_NEVER_SENDS, SEVERITY_WARNING, list->where,
	    "clients of connector \"%s\" that this limits can never send: no "
	    "sender and recipient on their lists are allowed by their rights; "
	    "add one that is, or remove the list",
	    rule->written->name);
}

void
check_limits(struct check *check)
{
	const struct policy *policy = check->ruleset->policy;
	size_t i, j;

	for (i = 0; i < policy->nconnectors; i++) {
		const struct rule *rule = &check->ruleset->rules[i];
		const struct range_list *list =
		    &rule->written->remote_ip_ranges;
		const struct client_limits *last = NULL;

		if (!rule->written->enabled)
			continue;
		check_narrowed(check, rule, NULL);
		for (j = 0; policy->nentry_limits > 0 && j < list->count; j++) {
			const struct client_limits *entry =
			    range_get(list, j).limits;

			if (entry && entry != last)
				check_narrowed(check, rule, entry);
			last = entry;
		}
	}
}
