/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_bindings - ranges that an exactly bound connector hides.
 *
 * On a listener that some connector names with its address and port, those
 * connectors are asked first, so that a wide range of theirs wins a client
 * from a smaller one of a connector with the wildcard or without bindings.
 * Judges each range by its first client.
 */
#include "check.h"

static void
check_hidden(struct check *check, const struct view *view,
    const struct rule *rule, size_t i)
{
	const struct ruleset *ruleset = check->ruleset;
	const struct range_list *list = &rule->written->remote_ip_ranges;
	const struct contest *contest = &ruleset->contests[view->contest];
	struct netrange clients = range_clients(list, i);
	struct listener listener = { view->addr, view->port };
	char text[NETRANGE_TEXT_SIZE], wider[NETRANGE_TEXT_SIZE];
	char local[NETADDR_TEXT_SIZE];
	struct choice choice;
	struct range other, range;

	if (clients.first.family != view->addr.family ||
	    check_expired(check, list, i))
		return;
	choice = contest_choice(ruleset, contest,
	    netset_find(contest->set, &clients.first), check->now);
	if (!choice.rule)
		return;
	other = choice_range(&choice);
	if (!netrange_holds(&other.range, &clients.last) ||
	    (addr_order(&other.range.first, &clients.first) == 0 &&
		addr_order(&other.range.last, &clients.last) == 0))
		return;
	range = range_get(list, i);
	check_say(check, W_BINDING_REACH, SEVERITY_WARNING, range.where,
	    "%s of connector \"%s\" wins no client at %s port %u, where "
	    "\"%s\" is bound exactly and holds %s (%s:%u:%u): bind both "
	    "alike, or narrow the wider range",
	    netrange_format(&range.range, text), rule->written->name,
	    netaddr_format(&listener.addr, local), (unsigned)listener.port,
	    choice.rule->written->name, netrange_format(&other.range, wider),
	    other.where.file, (unsigned)other.where.line,
	    (unsigned)other.where.column);
}

void
check_bindings(struct check *check)
{
	const struct ruleset *ruleset = check->ruleset;
	size_t v, i, j;

	for (v = 0; v < ruleset->nviews; v++) {
		const struct view *view = &ruleset->views[v];
		const struct contest *fallback;

		if (view->fallback == CONTEST_NONE)
			continue;
		fallback = &ruleset->contests[view->fallback];
		for (i = 0; i < fallback->nfirsts; i++) {
			const struct rule *rule =
			    &ruleset->rules[fallback->firsts[i].rule];

			for (j = 0; j < rule->written->remote_ip_ranges.count;
			     j++)
				check_hidden(check, view, rule, j);
		}
	}
}
