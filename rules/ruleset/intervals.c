/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk - all clients of a listener, interval by interval.
 *
 * Lays over each other what connectors win and the lists of the policy, so
 * that within a part every client is treated alike. One pass by address over
 * both; asks for nothing address by address.
 */
#include "intervals.h"

#include <errno.h>
#include <stdlib.h>

#include "step.h"

struct walk {
	const struct ruleset *ruleset;
	const struct contest *contest;
	const struct contest *fallback; /* or NULL */
	int64_t now;
	int (*fn)(void *ctx, const struct part *);
	void *ctx;
	struct netaddr *cuts; /* where another part may begin; sorted */
	size_t ncuts, cut;    /* the next one */
	struct netaddr next;  /* the first that is not yet told */
	struct netaddr last;  /* of the family */
	bool over;            /* there is none */
};

static int
compare_cuts(const void *left, const void *right)
{
	return netaddr_compare(left, right);
}

static int
count_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	size_t *count = ctx;

	(void)clients;
	(void)pick;
	++*count;
	return 0;
}

/* The step after a family's last address is above or below all of its
 * clients: no cut. */
static void
cuts_add(struct walk *walk, const struct netrange *range)
{
	walk->cuts[walk->ncuts++] = range->first;
	walk->cuts[walk->ncuts++] = netstep_next(range->last);
}

static int
cut_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	(void)pick;
	cuts_add(ctx, clients);
	return 0;
}

/* All that makes clients of one interval differ: the lists, and whose the
 * clients are that nobody wins at first. */
static int
cuts_make(struct walk *walk)
{
	const struct policy *policy = walk->ruleset->policy;
	const struct range_list *lists[] = {
		&policy->exchange_servers.remote_ip_ranges,
		&policy->exchange_legacy_servers.remote_ip_ranges,
		&policy->ip_allow_list,
		&policy->ip_block_list,
	};
	size_t i, j, count = 0;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		count += lists[i]->count;
	if (walk->fallback)
		(void)netset_walk(walk->fallback->set, count_interval, &count);
	if (count == 0)
		return 0;
	walk->cuts = calloc(count, 2 * sizeof(*walk->cuts));
	if (walk->cuts == NULL)
		return -ENOMEM;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (j = 0; j < lists[i]->count; j++) {
			struct netrange range = range_clients(lists[i], j);

			cuts_add(walk, &range);
		}
	}
	if (walk->fallback)
		(void)netset_walk(walk->fallback->set, cut_interval, walk);
	qsort(walk->cuts, walk->ncuts, sizeof(*walk->cuts), compare_cuts);
	return 0;
}

static struct choice
choose(const struct walk *walk, uint32_t pick)
{
	struct choice choice =
	    contest_choice(walk->ruleset, walk->contest, pick, walk->now);

	if (choice.rule || !walk->fallback)
		return choice;
	pick = netset_find(walk->fallback->set, &walk->next);
	return contest_choice(walk->ruleset, walk->fallback, pick, walk->now);
}

static bool
listed(const struct walk *walk, const struct netset *set,
    const struct range_list *list)
{
	return ruleset_listed(set, list, &walk->next, walk->now, NULL);
}

/* From the next address to last, or to the next cut. */
static int
tell_part(struct walk *walk, uint32_t pick, const struct netaddr *last)
{
	const struct ruleset *ruleset = walk->ruleset;
	const struct policy *policy = ruleset->policy;
	struct part part = { .clients = {
				 .first = walk->next, .last = *last } };

	while (walk->cut < walk->ncuts &&
	       netaddr_compare(&walk->cuts[walk->cut], &walk->next) <= 0)
		walk->cut++;
	if (walk->cut < walk->ncuts &&
	    netaddr_compare(&walk->cuts[walk->cut], last) <= 0)
		part.clients.last = netstep_previous(walk->cuts[walk->cut]);
	part.clients.form = netset_form(&part.clients);
	part.choice = choose(walk, pick);
	part.server = ruleset_server(ruleset, &walk->next, walk->now);
	part.blocked = listed(walk, ruleset->block, &policy->ip_block_list);
	part.allow_listed =
	    listed(walk, ruleset->allow, &policy->ip_allow_list);
	walk->over = netaddr_compare(&part.clients.last, &walk->last) == 0;
	walk->next = netstep_next(part.clients.last);
	return walk->fn(walk->ctx, &part);
}

/* What lies before the interval, and the interval. */
static int
walk_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	struct walk *walk = ctx;
	struct netaddr before;
	int result = 0;

	if (clients->first.family != walk->next.family)
		return 0;
	/* Not asked for where there is nothing before. */
	before = netstep_previous(clients->first);
	while (result == 0 && netaddr_compare(&walk->next, &clients->first) < 0)
		result = tell_part(walk, NETSET_NONE, &before);
	while (result == 0 && !walk->over &&
	       netaddr_compare(&walk->next, &clients->last) <= 0)
		result = tell_part(walk, pick, &clients->last);
	return result;
}

static int
walk_family(struct walk *walk, enum family family)
{
	int result;

	walk->next = (struct netaddr){ .family = family };
	walk->last = netstep_last(family);
	walk->over = false;
	result = netset_walk(walk->contest->set, walk_interval, walk);
	while (result == 0 && !walk->over)
		result = tell_part(walk, NETSET_NONE, &walk->last);
	return result;
}

int
view_walk(const struct ruleset *ruleset, const struct view *view,
    enum family family, int64_t now, int (*fn)(void *ctx, const struct part *),
    void *ctx)
{
	struct walk walk = {
		.ruleset = ruleset,
		.contest = &ruleset->contests[view->contest],
		.fallback = view->fallback != CONTEST_NONE
				? &ruleset->contests[view->fallback]
				: NULL,
		.now = now,
		.fn = fn,
		.ctx = ctx,
	};
	int result = cuts_make(&walk);

	if (result == 0 && family != FAMILY_IPV6)
		result = walk_family(&walk, FAMILY_IPV4);
	if (result == 0 && family != FAMILY_IPV4)
		result = walk_family(&walk, FAMILY_IPV6);
	free(walk.cuts);
	return result;
}
