/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inventory - the connectors and ranges of a ruleset by number, for those who
 * count what each is used for. The order is that of the file; numbers mean
 * nothing in another ruleset.
 */
#include "session.h"

bool
ruleset_connector(
    const struct ruleset *ruleset, size_t i, struct connector_facts *facts)
{
	const struct connector *connector;

	if (i >= ruleset->policy->nconnectors)
		return false;
	connector = ruleset->rules[i].written;
	*facts = (struct connector_facts){
		.name = connector->name,
		.enabled = connector->enabled,
		.monitored = ruleset->rules[i].mode == MODE_MONITOR,
		.first_range = ruleset->rules[i].first_range,
		.nranges = connector->remote_ip_ranges.count,
		.max_inbound_connection =
		    connector->limits.max_inbound_connection,
	};
	return true;
}

/* The last connector whose ranges begin at or before a number; one without
 * ranges cannot be loaded. */
static size_t
connector_of(const struct ruleset *ruleset, size_t range)
{
	size_t low = 0, high = ruleset->policy->nconnectors;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (ruleset->rules[middle].first_range <= range)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool
ruleset_range(
    const struct ruleset *ruleset, size_t i, struct range_facts *facts)
{
	size_t connector = connector_of(ruleset, i);
	const struct rule *rule = &ruleset->rules[connector];
	const struct range_list *list = &rule->written->remote_ip_ranges;
	struct range range;

	if (i - rule->first_range >= list->count)
		return false;
	range = range_get(list, i - rule->first_range);
	*facts = (struct range_facts){
		.connector = connector,
		.range = range.range,
		.network = range.network,
		.where = range.where,
		.until = range.until,
	};
	return true;
}

size_t
session_connector_number(const struct session *session)
{
	if (session->choice.rule == NULL)
		return SIZE_MAX;
	return (size_t)(session->choice.rule - session->ruleset->rules);
}

size_t
session_range_number(const struct session *session)
{
	const struct rule *rule = session->choice.rule;

	if (rule == NULL)
		return SIZE_MAX;
	return rule->first_range + session->choice.range;
}
