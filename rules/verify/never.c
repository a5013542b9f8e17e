/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * never - proves what a policy says of never, over all addresses.
 *
 * Walks every interval of clients at every listener, and within it every
 * moment from which another entry takes part. claim_find() says what its
 * clients may do; here that is only laid beside the subjects.
 */
#include "verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "calendar.h"
#include "claim.h"
#include "exposure.h"
#include "intervals.h"
#include "rangeset.h"

enum { ADDRESS_SIZE = NETADDR_TEXT_SIZE + 16 };

struct promise {
	const struct never *never;
	struct rangeset subject; /* NEVER_RANGES */
	bool broken;
};

struct proof {
	const struct ruleset *ruleset;
	struct diagnostics *diagnostics;
	const struct view *view;
	struct promise *promises;
	size_t count, broken;
};

/* ---- Moments --------------------------------------------------------- */

/* The earliest end of an entry after a moment, among those that were looked
 * at; INT64_MAX: none. */
struct next_end {
	int64_t after, at;
};

static void
end_take(struct next_end *next, const struct range_list *list, size_t entry)
{
	int64_t until;

	if (!range_expires(list, entry))
		return;
	until = range_get(list, entry).until;
	if (until > next->after && until < next->at)
		next->at = until;
}

static void
ends_of_contest(const struct ruleset *ruleset, uint32_t number,
    const struct netaddr *client, struct next_end *next)
{
	const struct contest *contest = &ruleset->contests[number];
	uint32_t pick;

	for (pick = netset_find(contest->set, client); pick != NETSET_NONE;
	     pick = netset_next(contest->set, pick)) {
		struct slot slot =
		    contest_slot(contest, netset_entry(contest->set, pick));

		end_take(next,
		    &ruleset->rules[slot.rule].written->remote_ip_ranges,
		    slot.range);
	}
}

static void
ends_of_list(const struct netset *set, const struct range_list *list,
    const struct netaddr *client, struct next_end *next)
{
	uint32_t pick;

	for (pick = netset_find(set, client); pick != NETSET_NONE;
	     pick = netset_next(set, pick))
		end_take(next, list, netset_entry(set, pick));
}

/* From when on a client can be treated otherwise than at a moment. */
static int64_t
next_moment(const struct proof *proof, const struct netaddr *client, int64_t at)
{
	const struct ruleset *ruleset = proof->ruleset;
	const struct policy *policy = ruleset->policy;
	struct next_end next = { .after = at, .at = INT64_MAX };

	ends_of_contest(ruleset, proof->view->contest, client, &next);
	if (proof->view->fallback != CONTEST_NONE)
		ends_of_contest(ruleset, proof->view->fallback, client, &next);
	ends_of_list(ruleset->allow, &policy->ip_allow_list, client, &next);
	ends_of_list(ruleset->block, &policy->ip_block_list, client, &next);
	ends_of_list(ruleset->servers,
	    &policy->exchange_servers.remote_ip_ranges, client, &next);
	ends_of_list(ruleset->legacy_servers,
	    &policy->exchange_legacy_servers.remote_ip_ranges, client, &next);
	return next.at;
}

/* ---- What is never true ---------------------------------------------- */

static bool
is_true(const struct never *never, const struct claim *claim)
{
	switch (never->predicate) {
	case NEVER_RELAYS:
		return claim->relay;
	case NEVER_EXTERNALLY_SECURED:
		return (claim->principals &
			   SET_OF(PRINCIPAL_EXTERNALLY_SECURED)) != 0;
	case NEVER_HOLDS:
		return claim_may_use(claim, never->right);
	case NEVER_SENDS_AS_OWN_DOMAIN:
		return claim_may_use(claim, RIGHT_SUBMIT) &&
		       (claim->senders &
			   SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) != 0;
	case NEVER_KEEPS_ORGANIZATION_HEADERS:
		return claim_may_use(claim, RIGHT_HEADERS_ORGANIZATION);
	}
	return false;
}

static int
take_first(void *ctx, const struct netrange *part)
{
	*(struct netaddr *)ctx = part->first;
	return 1;
}

/* Whether a subject has one of the clients: *client is the first. */
static bool
has_any(const struct promise *promise, const struct netrange *clients,
    struct netaddr *client)
{
	switch (promise->never->subject) {
	case NEVER_EVERYONE:
		*client = clients->first;
		return true;
	case NEVER_PUBLIC:
		return exposure_public(clients, take_first, client) == 1;
	case NEVER_RANGES:
		return rangeset_inside(
			   &promise->subject, clients, take_first, client) == 1;
	}
	return false;
}

/* ---- Saying it ------------------------------------------------------- */

/* "" where every listener is meant. */
static const char *
place_format(const struct view *view, char buf[ADDRESS_SIZE])
{
	char addr[NETADDR_TEXT_SIZE];

	if (view->type == VIEW_ANY)
		return "";
	(void)snprintf(buf, ADDRESS_SIZE, " at %s%sport %u",
	    view->type == VIEW_EXACT ? netaddr_format(&view->addr, addr) : "",
	    view->type == VIEW_EXACT ? " " : "", (unsigned)view->port);
	return buf;
}

static void
say_broken(const struct proof *proof, const struct never *never,
    const struct netaddr *client, const struct choice *choice, int64_t at)
{
	const struct range range = choice_range(choice);
	char addr[NETADDR_TEXT_SIZE], clients[NETRANGE_TEXT_SIZE];
	char place[ADDRESS_SIZE], date[CALENDAR_TEXT_SIZE];

	diagnostics_add(proof->diagnostics, SEVERITY_ERROR, "E-NEVER",
	    never->where,
	    "\"%s\" must never be true, and is of client %s%s%s%s, which "
	    "%s of connector \"%s\" (%s:%u:%u) holds; change the entry or "
	    "the connector, or remove this line",
	    never->text, netaddr_format(client, addr),
	    place_format(proof->view, place), at != INT64_MIN ? " from " : "",
	    at != INT64_MIN ? calendar_format(at / CALENDAR_DAY, date) : "",
	    netrange_format(&range.range, clients), choice->rule->written->name,
	    range.where.file, (unsigned)range.where.line,
	    (unsigned)range.where.column);
}

/* ---- The walk -------------------------------------------------------- */

static void
prove_at(struct proof *proof, const struct netrange *clients, int64_t at)
{
	const struct ruleset *ruleset = proof->ruleset;
	const struct policy *policy = ruleset->policy;
	const struct netaddr *first = &clients->first;
	const struct credentials none = { 0 };
	const struct choice choice =
	    view_choice(ruleset, proof->view, first, at);
	const struct client_state state = {
		.rule = choice.rule,
		.server = ruleset_server(ruleset, first, at),
		.allow_listed = ruleset_listed(
		    ruleset->allow, &policy->ip_allow_list, first, at, NULL),
		.block_listed = ruleset_listed(
		    ruleset->block, &policy->ip_block_list, first, at, NULL),
	};
	const struct claim claim = claim_find(ruleset, &state, &none);

	for (size_t i = 0; choice.rule && i < proof->count; i++) {
		struct promise *promise = &proof->promises[i];
		struct netaddr client;

		if (promise->broken || !is_true(promise->never, &claim) ||
		    !has_any(promise, clients, &client))
			continue;
		promise->broken = true;
		proof->broken++;
		say_broken(proof, promise->never, &client, &choice, at);
	}
}

static int
prove_part(void *ctx, const struct part *part)
{
	struct proof *proof = ctx;

	for (int64_t at = INT64_MIN; at != INT64_MAX;
	     at = next_moment(proof, &part->clients.first, at))
		prove_at(proof, &part->clients, at);
	return proof->broken == proof->count;
}

static int
promise_init(struct promise *promise, const struct never *never)
{
	int error = 0;

	promise->never = never;
	for (size_t i = 0; i < never->ranges.count && error == 0; i++) {
		const struct netrange range = range_clients(&never->ranges, i);

		error = rangeset_add(&promise->subject, &range);
	}
	rangeset_sort(&promise->subject);
	return error;
}

static int
prove(struct proof *proof)
{
	const struct ruleset *ruleset = proof->ruleset;
	int error = 0;

	for (size_t i = 0; i < proof->count && error == 0; i++)
		error = promise_init(
		    &proof->promises[i], &ruleset->policy->never[i]);
	for (size_t i = 0; i < ruleset->nviews && error == 0; i++) {
		proof->view = &ruleset->views[i];
		error = view_walk(ruleset, proof->view,
		    proof->view->addr.family, INT64_MIN, prove_part, proof);
	}
	if (error < 0)
		return error;
	return proof->broken != 0 ? -EINVAL : 0;
}

int
never_prove(const struct ruleset *ruleset, struct diagnostics *diagnostics)
{
	struct proof *proof;
	int error = -ENOMEM;

	if (ruleset->policy->nnever == 0)
		return 0;
	proof = calloc(1, sizeof *proof);
	if (!proof)
		return -ENOMEM;
	proof->ruleset = ruleset;
	proof->diagnostics = diagnostics;
	proof->count = ruleset->policy->nnever;
	proof->promises = calloc(proof->count, sizeof *proof->promises);
	if (proof->promises)
		error = prove(proof);
	for (size_t i = 0; proof->promises && i < proof->count; i++)
		rangeset_fini(&proof->promises[i].subject);
	free(proof->promises);
	free(proof);
	return error;
}
