/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * missed - why not: the edits that would let a refused step pass.
 *
 * Tries single edits of the policy, nearest first. An edit counts if the
 * policy still loads, its tests and never hold, and the engine then lets the
 * step pass. Edits that let nobody else pass are tried first; the others only
 * where none of them helps.
 */
#include "amend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "claim.h"
#include "exposure.h"
#include "mailbox.h"
#include "session.h"
#include "step.h"

enum {
	KEPT_MAX = 3,
	TRIES_MAX = 400,         /* policies that are compiled for an answer */
	RANGES_TRIED = 10000000, /* and how many ranges they may have */
	STRANGERS_NEAR = 256,    /* addresses from an entry */
};

/* An edit that helps. */
struct remedy {
	struct amendment amendment;
	struct address_count others;
};

struct misses {
	struct arena *arena;
	struct missed items[KEPT_MAX];
	size_t count;
};

struct search {
	struct ruleset *ruleset;
	const struct probe *probe;
	enum stage stage;
	struct listener local;
	struct test_outcome outcome;
	size_t nranges;       /* of all connectors */
	struct slot *singles; /* the entries that are the client alone */
	size_t nsingles;
	bool stranger; /* public, and nothing but a catch-all holds it */
	struct arena *arena;
	struct amendment *amendments;
	size_t count;
	struct remedy *remedies;
	size_t nremedies;
};

/* ---- Entries --------------------------------------------------------- */

static struct netaddr
difference(const struct netaddr *a, const struct netaddr *b)
{
	return (struct netaddr){
		.family = FAMILY_IPV6, /* a number of 128 bits */
		.hi = a->hi - b->hi - (a->lo < b->lo),
		.lo = a->lo - b->lo,
	};
}

static struct netaddr
distance_of(const struct netrange *range, const struct netaddr *client)
{
	if (netaddr_compare(client, &range->first) < 0)
		return difference(&range->first, client);
	if (netaddr_compare(&range->last, client) < 0)
		return difference(client, &range->last);
	return (struct netaddr){ .family = FAMILY_IPV6 };
}

static bool
is_everyone(const struct netrange *range)
{
	const struct netaddr last = netstep_last(range->first.family);

	return range->first.hi == 0 && range->first.lo == 0 &&
	       netaddr_compare(&range->last, &last) == 0;
}

/* Whether an entry may be what a client was meant to be of. */
static bool
is_near(const struct search *search, const struct netrange *range,
    struct netaddr *distance)
{
	const struct netaddr *client = &search->probe->client;

	if (range->first.family != client->family)
		return false;
	*distance = distance_of(range, client);
	return !search->stranger || (!is_everyone(range) && distance->hi == 0 &&
					distance->lo <= STRANGERS_NEAR);
}

static bool
is_client(const struct search *search, const struct netrange *range)
{
	return netaddr_compare(&range->first, &range->last) == 0 &&
	       netaddr_compare(&range->first, &search->probe->client) == 0;
}

/* Whether a client added to a rule could be won by it. */
static bool
competes(const struct search *search, const struct rule *rule)
{
	return rule != search->outcome.session->choice.rule &&
	       rule->written->enabled &&
	       ruleset_competes(search->ruleset, rule, &search->probe->client,
		   &search->local) != COMPETES_NOT;
}

/* ---- Edits that concern only the client ------------------------------ */

static int
amendment_add(struct search *search, const struct amendment *amendment)
{
	void *items = search->amendments;

	if (arena_grow(search->arena, &items, search->count,
		sizeof *search->amendments) != 0)
		return -ENOMEM;
	search->amendments = items;
	search->amendments[search->count++] = *amendment;
	return 0;
}

/* Finds the entries that are the client alone, before anything else is
 * collected. */
static int
singles_find(struct search *search)
{
	const struct policy *policy = search->ruleset->policy;
	void *singles = NULL;

	for (size_t i = 0; i < policy->nconnectors; i++) {
		const struct range_list *list =
		    &policy->connectors[i].remote_ip_ranges;

		search->nranges += list->count;
		for (size_t j = 0; j < list->count; j++) {
			const struct netrange range = range_clients(list, j);

			if (!is_client(search, &range))
				continue;
			if (arena_grow(search->arena, &singles,
				search->nsingles, sizeof(struct slot)) != 0)
				return -ENOMEM;
			search->singles = singles;
			search->singles[search->nsingles++] = (struct slot){
				.rule = (uint32_t)i,
				.range = (uint32_t)j,
			};
		}
	}
	return 0;
}

/* The same from each connector that has the client as an entry. */
static int
moves_add(struct search *search, struct amendment amendment)
{
	int error = 0;

	amendment.type = AMEND_MOVE;
	for (size_t i = 0; i < search->nsingles && error == 0; i++) {
		amendment.from = search->singles[i].rule;
		amendment.from_entry = search->singles[i].range;
		if (amendment.from != amendment.connector)
			error = amendment_add(search, &amendment);
	}
	return error;
}

/* The client to a connector, by its nearest entry. */
static int
adds_of(struct search *search, size_t connector)
{
	const struct range_list *list =
	    &search->ruleset->policy->connectors[connector].remote_ip_ranges;
	struct amendment amendment = {
		.type = AMEND_ADD,
		.client = search->probe->client,
		.connector = connector,
		.entry = ENTRY_NONE,
		.distance = netstep_last(FAMILY_IPV6),
	};
	struct netaddr distance;
	int error;

	for (size_t i = 0; i < list->count; i++) {
		const struct netrange range = range_clients(list, i);

		if (!is_near(search, &range, &distance) ||
		    (amendment.entry != ENTRY_NONE &&
			netaddr_compare(&distance, &amendment.distance) >= 0))
			continue;
		amendment.entry = i;
		amendment.distance = distance;
	}
	if (amendment.entry == ENTRY_NONE && search->stranger)
		return 0;
	error = amendment_add(search, &amendment);
	return error != 0 ? error : moves_add(search, amendment);
}

static int
unblocks_of(struct search *search)
{
	const struct range_list *list = &search->ruleset->policy->ip_block_list;
	struct amendment amendment = {
		.type = AMEND_UNBLOCK,
		.client = search->probe->client,
		.distance = { .family = FAMILY_IPV6 },
	};
	int error = 0;

	for (size_t i = 0; i < list->count && error == 0; i++) {
		const struct netrange range = range_clients(list, i);

		amendment.entry = i;
		if (netrange_holds(&range, &amendment.client))
			error = amendment_add(search, &amendment);
	}
	return error;
}

static int
collect_own(struct search *search)
{
	const struct ruleset *ruleset = search->ruleset;
	int error = singles_find(search);

	if (error == 0)
		error = unblocks_of(search);
	for (size_t i = 0; i < ruleset->policy->nconnectors && error == 0; i++)
		if (competes(search, &ruleset->rules[i]))
			error = adds_of(search, i);
	return error;
}

/* ---- Edits that concern others as well ------------------------------- */

static int
allows_of(struct search *search)
{
	static const enum right rights[] = { RIGHT_SUBMIT, RIGHT_ANY_RECIPIENT,
		RIGHT_ANY_SENDER, RIGHT_AUTHORITATIVE_DOMAIN_SENDER,
		RIGHT_BYPASS_ANTI_SPAM };
	const struct session *session = search->outcome.session;
	struct amendment amendment = {
		.type = AMEND_ALLOW,
		.client = search->probe->client,
		.distance = { .family = FAMILY_IPV6 },
	};
	int error = 0;

	if (!session->choice.rule)
		return 0;
	amendment.connector =
	    (size_t)(session->choice.rule - search->ruleset->rules);
	for (int p = 0; p < PRINCIPAL_COUNT; p++)
		for (size_t i = 0;
		     i < sizeof rights / sizeof rights[0] && error == 0; i++) {
			amendment.principal = (enum principal)p;
			amendment.right = rights[i];
			if ((session->claim.principals & SET_OF(p)) != 0 &&
			    !session_holds(session, rights[i]))
				error = amendment_add(search, &amendment);
		}
	return error;
}

static int
accept_of(struct search *search)
{
	const struct probe *probe = search->probe;
	struct amendment amendment = {
		.type = AMEND_ACCEPT,
		.client = probe->client,
		.distance = { .family = FAMILY_IPV6 },
	};
	const char *mailbox =
	    search->stage == STAGE_RCPT ? probe->rcpt : probe->from;
	struct mailaddr addr;

	if (!mailbox)
		return 0;
	mailaddr_classify(mailbox, &addr);
	if (addr.class != MAILADDR_PLAIN || addr.utf8 ||
	    !strchr(addr.domain, '.'))
		return 0;
	amendment.domain =
	    arena_text(search->arena, addr.domain, strlen(addr.domain));
	return amendment.domain ? amendment_add(search, &amendment) : -ENOMEM;
}

static int
extends_of(struct search *search, size_t connector)
{
	const struct range_list *list =
	    &search->ruleset->policy->connectors[connector].remote_ip_ranges;
	struct amendment amendment = {
		.type = AMEND_EXTEND,
		.client = search->probe->client,
		.connector = connector,
	};
	int error = 0;

	for (size_t i = 0; i < list->count && error == 0; i++) {
		const struct netrange range = range_clients(list, i);

		amendment.entry = i;
		if (is_near(search, &range, &amendment.distance) &&
		    (amendment.distance.hi | amendment.distance.lo) != 0)
			error = amendment_add(search, &amendment);
	}
	return error;
}

static int
collect_shared(struct search *search)
{
	const struct ruleset *ruleset = search->ruleset;
	int error = 0;

	search->count = 0;
	if (!search->stranger)
		error = allows_of(search);
	if (!search->stranger && error == 0)
		error = accept_of(search);
	for (size_t i = 0; i < ruleset->policy->nconnectors && error == 0; i++)
		if (competes(search, &ruleset->rules[i]))
			error = extends_of(search, i);
	return error;
}

/* ---- Trying ---------------------------------------------------------- */

static int
compare_amendments(const void *left, const void *right)
{
	const struct amendment *a = left, *b = right;
	int order = netaddr_compare(&a->distance, &b->distance);

	if (order == 0)
		order = (a->connector > b->connector) -
			(a->connector < b->connector);
	if (order == 0)
		order = (a->type > b->type) - (a->type < b->type);
	return order != 0 ? order
			  : (a->entry > b->entry) - (a->entry < b->entry);
}

static int
compare_remedies(const void *left, const void *right)
{
	const struct remedy *a = left, *b = right;

	for (size_t i = 3; i-- > 0;)
		if (a->others.word[i] != b->others.word[i])
			return a->others.word[i] < b->others.word[i] ? -1 : 1;
	return compare_amendments(&a->amendment, &b->amendment);
}

static int
remedy_add(struct search *search, const struct remedy *remedy)
{
	void *items = search->remedies;

	if (arena_grow(search->arena, &items, search->nremedies,
		sizeof *search->remedies) != 0)
		return -ENOMEM;
	search->remedies = items;
	search->remedies[search->nremedies++] = *remedy;
	return 0;
}

/* Keeps an edit that helps. */
static int
try_one(struct search *search, const struct amendment *amendment, bool shared)
{
	struct remedy remedy = { .amendment = *amendment };
	struct test_outcome outcome = { 0 };
	struct ruleset *amended;
	int error = amendment_try(search->ruleset, amendment, &amended);

	if (error != 0)
		return error == -EINVAL ? 0 : error;
	error = outcome_find(amended, search->probe, &outcome);
	if (error == 0 && outcome_passes(&outcome, search->stage)) {
		if (shared)
			error = gains_count(search->ruleset, amended,
			    search->probe, search->stage, &remedy.others);
		if (error == 0)
			error = remedy_add(search, &remedy);
	}
	outcome_fini(&outcome);
	ruleset_unref(amended);
	return error == -E2BIG ? 0 : error;
}

/* Nearest first; those that concern only the client are all as good, so that
 * the first few are enough. */
static int
try_all(struct search *search, bool shared)
{
	size_t tries = 1 + RANGES_TRIED / (search->nranges + 1);
	int error = 0;

	tries = tries < TRIES_MAX ? tries : TRIES_MAX;
	if (search->count > 1)
		qsort(search->amendments, search->count,
		    sizeof *search->amendments, compare_amendments);
	for (size_t i = 0; i < search->count && i < tries && error == 0; i++) {
		if (!shared && search->nremedies == KEPT_MAX)
			break;
		error = try_one(search, &search->amendments[i], shared);
	}
	if (search->nremedies > 1)
		qsort(search->remedies, search->nremedies,
		    sizeof *search->remedies, compare_remedies);
	return error;
}

/* ---- The whole ------------------------------------------------------- */

static int
misses_tell(struct search *search, struct misses *misses)
{
	struct arena *arena = misses->arena;
	char count[ADDRESS_COUNT_SIZE];

	for (size_t i = 0; i < search->nremedies && i < KEPT_MAX; i++) {
		const struct remedy *remedy = &search->remedies[i];
		const struct amendment *amendment = &remedy->amendment;
		struct missed *missed = &misses->items[misses->count++];

		(void)address_count_format(&remedy->others, count);
		amendment_tell(
		    search->ruleset, search->probe, amendment, arena, missed);
		missed->would_also_allow =
		    arena_text(arena, count, strlen(count));
		if (!missed->because || !missed->edit ||
		    !missed->would_also_allow)
			return -ENOMEM;
	}
	return 0;
}

static int
take_any(void *ctx, const struct netrange *part)
{
	(void)ctx;
	(void)part;
	return 1;
}

static void
search_init(struct search *search)
{
	const struct probe *probe = search->probe;
	const struct choice *choice = &search->outcome.session->choice;
	const struct netrange own = { .first = probe->client,
		.last = probe->client,
		.form = NETFORM_SINGLE };
	struct netrange winner = own;

	if (choice->rule)
		winner = choice_range(choice).range;
	search->stage = search->outcome.decision.stage;
	search->stranger = (!choice->rule || is_everyone(&winner)) &&
			   exposure_public(&own, take_any, NULL) == 1;
	search->local = probe->local;
	if (probe->local.port == 0)
		search->local = (struct listener){
			.addr = { .family = probe->client.family },
			.port = 25,
		};
}

static int
search_run(struct search *search, struct misses *misses)
{
	int error = collect_own(search);

	if (error == 0)
		error = try_all(search, false);
	if (error == 0 && search->nremedies == 0)
		error = collect_shared(search);
	if (error == 0 && search->nremedies == 0)
		error = try_all(search, true);
	return error != 0 ? error : misses_tell(search, misses);
}

int
misses_find(
    struct ruleset *ruleset, const struct probe *probe, struct misses **out)
{
	struct search search = {
		.ruleset = ruleset,
		.probe = probe,
		.arena = arena_new(0),
	};
	struct misses *misses = calloc(1, sizeof *misses);
	int error = -ENOMEM;

	if (misses)
		misses->arena = arena_new(0);
	if (search.arena && misses && misses->arena)
		error = outcome_find(ruleset, probe, &search.outcome);
	if (error == 0 && search.outcome.verdict != VERDICT_ACCEPT) {
		search_init(&search);
		if (search.stage == STAGE_MAIL || search.stage == STAGE_RCPT)
			error = search_run(&search, misses);
	}
	outcome_fini(&search.outcome);
	arena_free(search.arena);
	if (error == 0)
		*out = misses;
	else
		misses_free(misses);
	return error;
}

void
misses_free(struct misses *misses)
{
	if (!misses)
		return;
	arena_free(misses->arena);
	free(misses);
}

const struct missed *
misses_get(const struct misses *misses, size_t i)
{
	return i < misses->count ? &misses->items[i] : NULL;
}
