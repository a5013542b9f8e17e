/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidates - tells a listener who could have had a client, and why not.
 *
 * Looks at every connector as it was written, one after the other: it is for
 * people who ask, never for a decision.
 */
#include "losers.h"

/* The smallest range of a list that holds a client, one that has not expired
 * if there is one. False: none does. */
static bool
range_find(const struct range_list *list, const struct netaddr *client,
    int64_t now, struct range *found, bool *expired)
{
	struct netrange best = { 0 }, range;
	size_t i, which = list->count;

	*expired = false;
	for (i = 0; i < list->count; i++) {
		bool old;

		range = range_clients(list, i);
		if (!netrange_holds(&range, client))
			continue;
		old = range_expires(list, i) && now >= range_get(list, i).until;
		if (which == list->count || (*expired && !old) ||
		    (*expired == old && netrange_holds(&best, &range.first) &&
			netrange_holds(&best, &range.last))) {
			which = i;
			best = range;
			*expired = old;
		}
	}
	if (which == list->count)
		return false;
	*found = range_get(list, which);
	return true;
}

static const char *
why_lost(const struct ruleset *ruleset, const struct rule *rule,
    const struct session_event *event, const struct choice *choice, bool untold,
    bool holds_client, bool expired)
{
	const struct netaddr *client = &event->connect.client;
	const struct listener *listener = &event->connect.local;
	enum competing reach;

	if (!rule->written->enabled)
		return holds_client ? "disabled" : NULL;
	if (untold)
		return holds_client ? "local address not told" : NULL;
	reach = ruleset_competes(ruleset, rule, client, listener);
	if (reach == COMPETES_NOT)
		return holds_client ? "other listener" : NULL;
	if (holds_client && expired)
		return "entry expired";
	if (holds_client)
		return choice->rule && ruleset_competes(ruleset, choice->rule,
					   client, listener) > reach
			   ? "less exact binding"
			   : "wider range";
	return rule->written->nbindings != 0 ? "client not in its ranges"
					     : NULL;
}

void
candidates_tell(const struct ruleset *ruleset,
    const struct session_event *event, const struct choice *choice, bool untold,
    const struct session_listener *listener)
{
	const struct policy *policy = ruleset->policy;
	size_t i;

	for (i = 0; i < policy->nconnectors; i++) {
		const struct rule *rule = &ruleset->rules[i];
		struct candidate candidate = {
			.connector = rule->written->name,
			.where = rule->written->where,
		};
		struct range range;
		bool holds, expired;

		if (rule == choice->rule)
			continue;
		holds = range_find(&rule->written->remote_ip_ranges,
		    &event->connect.client, event->now, &range, &expired);
		if (holds)
			candidate.where = range.where;
		candidate.lost = why_lost(
		    ruleset, rule, event, choice, untold, holds, expired);
		if (candidate.lost != NULL)
			listener->candidate(listener->ctx, &candidate);
	}
	if (choice->rule != NULL)
		listener->candidate(
		    listener->ctx, &(struct candidate){
				       .connector = choice->rule->written->name,
				       .where = choice_range(choice).where,
				   });
}
