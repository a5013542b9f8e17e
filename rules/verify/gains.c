/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gains - who else would have a step pass, if a policy were edited.
 *
 * Plays the probe for one client of each interval, at each listener that the
 * policy tells from others: within an interval all clients are alike.
 */
#include "amend.h"

#include <errno.h>

#include "intervals.h"
#include "rangeset.h"

enum { PLAYS_MAX = 2000000 };

struct gains {
	struct test_outcome outcome;
	struct probe probe;
	enum stage stage;
	struct rangeset *passing;
	size_t plays;
};

bool
outcome_passes(const struct test_outcome *outcome, enum stage stage)
{
	return outcome->verdict == VERDICT_ACCEPT ||
	       outcome->decision.stage > stage;
}

/* ---- A listener of a view -------------------------------------------- */

static bool
is_named(
    const struct ruleset *ruleset, const struct netaddr *addr, uint16_t port)
{
	for (size_t i = 0; i < ruleset->nviews; i++) {
		const struct view *view = &ruleset->views[i];

		if (view->type != VIEW_ANY && view->port == port &&
		    (!addr || (view->type == VIEW_EXACT &&
				  netaddr_compare(&view->addr, addr) == 0)))
			return true;
	}
	return false;
}

/* One that no other view is for. */
static struct listener
listener_for(
    const struct ruleset *ruleset, const struct view *view, enum family family)
{
	struct listener listener = { view->addr, view->port };

	if (view->type == VIEW_EXACT)
		return listener;
	listener.addr = (struct netaddr){ .family = family, .lo = 1 };
	if (view->type == VIEW_ANY)
		for (listener.port = 1; is_named(ruleset, NULL, listener.port);)
			listener.port++;
	while (is_named(ruleset, &listener.addr, listener.port))
		listener.addr.lo++;
	return listener;
}

/* ---- Playing --------------------------------------------------------- */

static int
play_part(void *ctx, const struct part *part)
{
	struct gains *gains = ctx;

	if (gains->plays++ == PLAYS_MAX)
		return -E2BIG;
	gains->probe.client = part->clients.first;
	outcome_play(&gains->outcome, &gains->probe);
	if (!outcome_passes(&gains->outcome, gains->stage))
		return 0;
	return rangeset_add(gains->passing, &part->clients);
}

/* The clients of a view that pass; passing is empty. */
static int
passing_find(struct ruleset *ruleset, const struct view *view,
    const struct probe *probe, enum stage stage, struct rangeset *passing)
{
	static const enum family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
	struct gains gains = {
		.outcome = { .session = session_new(ruleset) },
		.probe = *probe,
		.stage = stage,
		.passing = passing,
	};
	int error = gains.outcome.session ? 0 : -ENOMEM;

	for (size_t i = 0; i < 2 && error == 0; i++) {
		if (view->addr.family != FAMILY_NONE &&
		    view->addr.family != families[i])
			continue;
		gains.probe.local = listener_for(ruleset, view, families[i]);
		error = view_walk(
		    ruleset, view, families[i], probe->at, play_part, &gains);
	}
	outcome_fini(&gains.outcome);
	return error;
}

static int
gains_add(struct ruleset *older, struct ruleset *newer, size_t view,
    const struct probe *probe, enum stage stage, struct rangeset *all)
{
	struct rangeset was = { 0 }, is = { 0 };
	int error =
	    passing_find(older, &older->views[view], probe, stage, &was);

	if (error == 0)
		error =
		    passing_find(newer, &newer->views[view], probe, stage, &is);
	if (error == 0)
		error = rangeset_subtract(&is, &was);
	if (error == 0)
		error = rangeset_unite(all, &is);
	rangeset_fini(&was);
	rangeset_fini(&is);
	return error;
}

int
gains_count(struct ruleset *older, struct ruleset *newer,
    const struct probe *probe, enum stage stage, struct address_count *count)
{
	struct netrange own = { .first = probe->client,
		.last = probe->client,
		.form = NETFORM_SINGLE };
	struct rangeset all = { 0 }, self = { 0 };
	struct probe step = *probe;
	int error = rangeset_add(&self, &own);

	if (stage == STAGE_MAIL)
		step.rcpt = NULL;
	step.header = NULL;
	for (size_t i = 0; i < older->nviews && error == 0; i++)
		error = gains_add(older, newer, i, &step, stage, &all);
	if (error == 0)
		error = rangeset_subtract(&all, &self);
	*count = (struct address_count){ { 0 } };
	if (error == 0)
		rangeset_count(&all, FAMILY_NONE, count);
	rangeset_fini(&all);
	rangeset_fini(&self);
	return error;
}
