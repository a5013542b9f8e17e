/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amend - a policy with one edit.
 *
 * Copies what the edit changes and shares the rest with the policy that it is
 * made of. Text is never edited: what is tried is what the edit means.
 */
#include "amend.h"

#include <errno.h>
#include <string.h>

#include "step.h"

/* A list without one entry (SIZE_MAX: with all), and with others behind. */
static int
list_edit(struct arena *arena, struct range_list *list, size_t without,
    const struct range *more, size_t nmore)
{
	struct range_maker maker = { 0 };
	int error = 0;

	for (size_t i = 0; i < list->count && error == 0; i++) {
		const struct range range = range_get(list, i);

		if (i != without)
			error = range_add(&maker, &range);
	}
	for (size_t i = 0; i < nmore && error == 0; i++)
		error = range_add(&maker, &more[i]);
	if (error == 0)
		error = range_made(&maker, arena, list);
	range_maker_fini(&maker);
	return error;
}

/* The client alone, as an entry that stands where another one does. */
static struct range
entry_for(const struct amendment *amendment, const struct range *near)
{
	return (struct range){
		.range = { .first = amendment->client,
		    .last = amendment->client,
		    .form = NETFORM_SINGLE },
		.until = UNTIL_FOREVER,
		.where = near->where,
	};
}

static int
edit_ranges(struct policy *policy, const struct amendment *amendment)
{
	struct range_list *list =
	    &policy->connectors[amendment->connector].remote_ip_ranges;
	struct range range = { .where = list->where };
	size_t without = SIZE_MAX;

	if (amendment->entry != ENTRY_NONE)
		range = range_get(list, amendment->entry);
	if (amendment->type == AMEND_EXTEND) {
		without = amendment->entry;
		if (netaddr_compare(&amendment->client, &range.range.first) < 0)
			range.range.first = amendment->client;
		else
			range.range.last = amendment->client;
		range.range.form = NETFORM_RANGE;
		range.host_bits = false;
	} else {
		range = entry_for(amendment, &range);
	}
	if (amendment->type == AMEND_MOVE) {
		struct range_list *from =
		    &policy->connectors[amendment->from].remote_ip_ranges;
		int error = list_edit(
		    policy->arena, from, amendment->from_entry, NULL, 0);

		if (error != 0 || from->count == 0)
			return error != 0 ? error : -EINVAL;
	}
	return list_edit(policy->arena, list, without, &range, 1);
}

static int
edit_rights(struct policy *policy, const struct amendment *amendment)
{
	struct connector *connector = &policy->connectors[amendment->connector];
	size_t count = connector->nextended_rights;
	struct extended_right *entries =
	    arena_array(policy->arena, count + 1, sizeof *entries);

	if (!entries)
		return -ENOMEM;
	if (count > 0)
		memcpy(entries, connector->extended_rights,
		    count * sizeof *entries);
	entries[count] = (struct extended_right){
		.principal = amendment->principal,
		.allow = SET_OF(amendment->right),
		.where = connector->where,
	};
	connector->extended_rights = entries;
	connector->nextended_rights++;
	return 0;
}

static int
edit_domains(struct policy *policy, const struct amendment *amendment)
{
	size_t count = policy->naccepted_domains;
	struct accepted_domain *domains =
	    arena_array(policy->arena, count + 1, sizeof *domains);

	if (!domains)
		return -ENOMEM;
	if (count > 0)
		memcpy(
		    domains, policy->accepted_domains, count * sizeof *domains);
	domains[count] = (struct accepted_domain){
		.name = amendment->domain,
		.where = { .file = policy->file },
	};
	policy->accepted_domains = domains;
	policy->naccepted_domains++;
	return 0;
}

static int
edit_block_list(struct policy *policy, const struct amendment *amendment)
{
	struct range_list *list = &policy->ip_block_list;
	const struct range whole = range_get(list, amendment->entry);
	struct range parts[2] = { whole, whole };
	size_t count = 0;

	if (netaddr_compare(&whole.range.first, &amendment->client) < 0) {
		parts[count].range.form = NETFORM_RANGE;
		parts[count++].range.last = netstep_previous(amendment->client);
	}
	if (netaddr_compare(&amendment->client, &whole.range.last) < 0) {
		parts[count] = whole;
		parts[count].range.form = NETFORM_RANGE;
		parts[count++].range.first = netstep_next(amendment->client);
	}
	return list_edit(policy->arena, list, amendment->entry, parts, count);
}

static int
policy_edit(struct policy *policy, const struct amendment *amendment)
{
	struct connector *connectors =
	    arena_array(policy->arena, policy->nconnectors, sizeof *connectors);

	if (!connectors)
		return -ENOMEM;
	memcpy(connectors, policy->connectors,
	    policy->nconnectors * sizeof *connectors);
	policy->connectors = connectors;
	switch (amendment->type) {
	case AMEND_ADD:
	case AMEND_MOVE:
	case AMEND_EXTEND:
		return edit_ranges(policy, amendment);
	case AMEND_ALLOW:
		return edit_rights(policy, amendment);
	case AMEND_ACCEPT:
		return edit_domains(policy, amendment);
	case AMEND_UNBLOCK:
		return edit_block_list(policy, amendment);
	}
	return -EINVAL;
}

static int
policy_amend(const struct policy *policy, const struct amendment *amendment,
    struct policy **out)
{
	struct arena *arena = arena_new(0);
	struct policy *copy = arena ? arena_alloc(arena, sizeof *copy) : NULL;
	int error = -ENOMEM;

	if (copy) {
		*copy = *policy;
		copy->arena = arena;
		error = policy_edit(copy, amendment);
	}
	if (error != 0)
		arena_free(arena);
	else
		*out = copy;
	return error;
}

int
amendment_try(const struct ruleset *ruleset, const struct amendment *amendment,
    struct ruleset **amended)
{
	struct diagnostics *unread = diagnostics_new();
	struct ruleset *fresh = NULL;
	struct policy *policy;
	int error = unread ? policy_amend(ruleset->policy, amendment, &policy)
			   : -ENOMEM;

	if (error == 0)
		error =
		    ruleset_compile(policy, ruleset->server, &fresh, unread);
	if (error == 0)
		error = tests_run(fresh, unread);
	if (error == 0)
		error = never_prove(fresh, unread);
	diagnostics_free(unread);
	if (error == 0)
		*amended = fresh;
	else
		ruleset_unref(fresh);
	return error == 0 || error == -ENOMEM ? error : -EINVAL;
}
