/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidates - tells a listener who could have had a client, and why not.
 *
 * Looks at every connector as it was written, one after the other: it is for
 * people who ask, never for a decision.
 */
#include "candidates.h"

static bool
names_listener(const struct connector *connector,
    const struct listener *listener, const struct netaddr *client)
{
	size_t i;

	for (i = 0; i < connector->nbindings; i++) {
		const struct binding *binding = &connector->bindings[i];
		enum family family = listener->addr.family != FAMILY_NONE
					 ? listener->addr.family
					 : client->family;

		if (binding->port == listener->port &&
		    binding->addr.family == family &&
		    ((binding->addr.hi | binding->addr.lo) == 0 ||
			netaddr_compare(&binding->addr, &listener->addr) == 0))
			return true;
	}
	return false;
}

static const struct range *
range_find(const struct range_list *list, const struct netaddr *client,
    int64_t now, bool *expired)
{
	const struct range *old = NULL;
	size_t i;

	*expired = false;
	for (i = 0; i < list->count; i++) {
		if (!netrange_holds(&list->items[i].range, client))
			continue;
		if (now < list->items[i].until)
			return &list->items[i];
		old = &list->items[i];
	}
	*expired = old != NULL;
	return old;
}

static const char *
why_lost(const struct ruleset *ruleset, const struct rule *rule,
    const struct event *event, bool untold, bool holds_client, bool expired)
{
	if (!rule->written->enabled)
		return holds_client ? "disabled" : NULL;
	if (untold)
		return holds_client ? "local address not told" : NULL;
	if (!ruleset_competes(
		ruleset, rule, &event->connect.client, &event->connect.local))
		return holds_client ? "other listener" : NULL;
	if (holds_client)
		return expired ? "entry expired" : "wider range";
	return names_listener(
		   rule->written, &event->connect.local, &event->connect.client)
		   ? "client not in its ranges"
		   : NULL;
}

void
candidates_tell(const struct ruleset *ruleset, const struct event *event,
    const struct choice *choice, bool untold,
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
		const struct range *range;
		bool expired;

		if (rule == choice->rule)
			continue;
		range = range_find(&rule->written->remote_ip_ranges,
		    &event->connect.client, event->now, &expired);
		if (range != NULL)
			candidate.where = range->where;
		candidate.lost = why_lost(
		    ruleset, rule, event, untold, range != NULL, expired);
		if (candidate.lost != NULL)
			listener->candidate(listener->ctx, &candidate);
	}
	if (choice->rule != NULL)
		listener->candidate(
		    listener->ctx, &(struct candidate){
				       .connector = choice->rule->written->name,
				       .where = choice->range->where,
				   });
}
