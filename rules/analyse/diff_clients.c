/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pairing - how one client stands under two rulesets.
 *
 * Asks for every way in which a client can prove who it is, alone and
 * together with others, so that two standings which are told equal are equal
 * for every session. Decides nothing of its own: rights and principals are
 * those of the ruleset.
 */
#include "diff_clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claim.h"
#include "diff_limits.h"
#include "diff_standing.h"

enum {
	WHAT_SIZE = 512,
};

/* Two connectors that were compared. */
struct rules {
	uint32_t newer;
	enum relation relation;
	size_t first, count; /* of the settings */
	size_t next;         /* 1 + that of the same older one, or 0 */
};

struct pairing {
	const struct ruleset *older, *newer;
	struct settings *settings;
	struct arena *arena;
	struct pair *pairs;
	size_t npairs;
	uint32_t *table; /* 1 + index of a pair, by hash; 0: free */
	size_t room;     /* of the table: a power of two */
	struct kind *kinds;
	size_t nkinds;
	struct rules *rules;
	size_t nrules;
	/* By number of an older connector: 1 + its latest, or 0. */
	size_t *latest_kind, *latest_rules;
	bool *joined; /* by number of a newer one: it was seen */
	bool splits;
};

/* ---- Ways to prove oneself ------------------------------------------- */

static const struct credentials ways[] = {
	{ 0, false, false },
	{ 0, false, true },
	{ 0, true, false },
	{ 0, true, true },
	{ SET_OF(PRINCIPAL_EXCHANGE_SERVER), false, false },
	{ SET_OF(PRINCIPAL_EXCHANGE_SERVER), false, true },
	{ SET_OF(PRINCIPAL_EXCHANGE_SERVER), true, false },
	{ SET_OF(PRINCIPAL_EXCHANGE_SERVER), true, true },
	{ SET_OF(PRINCIPAL_LEGACY_SERVER), false, false },
	{ SET_OF(PRINCIPAL_LEGACY_SERVER), false, true },
	{ SET_OF(PRINCIPAL_LEGACY_SERVER), true, false },
	{ SET_OF(PRINCIPAL_LEGACY_SERVER), true, true },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* What a client may do with credentials, and whether they are accepted. */
struct proved {
	bool taken;
	struct claim claim;
	right_set usable; /* all that claim_may_use() says */
};

static struct proved
prove(const struct side *side, const struct credentials *way)
{
	struct proved proved = {
		.taken = claim_accepts(side->ruleset, &side->client, way),
		.claim = claim_find(side->ruleset, &side->client, way),
	};

	if (claim_may_use(&proved.claim, RIGHT_SUBMIT))
		proved.usable = proved.claim.rights;
	return proved;
}

/* ---- Comparing ------------------------------------------------------- */

static enum relation
sets_compare(uint32_t older, uint32_t newer)
{
	unsigned relation = (newer & ~older) != 0 ? RELATION_WIDER : 0;

	if ((older & ~newer) != 0)
		relation |= RELATION_NARROWER;
	return (enum relation)relation;
}

/* Whoever the client is, it is more than anonymous. */
static enum relation
principals_compare(principal_set older, principal_set newer)
{
	if (older == newer)
		return RELATION_EQUIVALENT;
	if (older == SET_OF(PRINCIPAL_ANONYMOUS))
		return RELATION_WIDER;
	if (newer == SET_OF(PRINCIPAL_ANONYMOUS))
		return RELATION_NARROWER;
	return RELATION_INCOMPARABLE;
}

static bool
same_kind(const struct kind *a, const struct kind *b)
{
	return a->older == b->older && a->newer == b->newer && a->as == b->as &&
	       a->certificate == b->certificate && a->gained == b->gained &&
	       a->lost == b->lost &&
	       (a->what == NULL || strcmp(a->what, b->what) == 0);
}

static int
kind_add(struct pairing *pairing, struct pair *pair, const struct kind *kind)
{
	void *kinds = pairing->kinds;
	size_t *latest = &pairing->latest_kind[kind->older], i = *latest;

	while (i > 0 && !same_kind(&pairing->kinds[i - 1], kind))
		i = pairing->kinds[i - 1].next;
	if (i == 0) {
		if (arena_grow(pairing->arena, &kinds, pairing->nkinds,
			sizeof(*pairing->kinds)) != 0)
			return -ENOMEM;
		pairing->kinds = kinds;
		pairing->kinds[pairing->nkinds] = *kind;
		pairing->kinds[pairing->nkinds++].next = *latest;
		i = *latest = pairing->nkinds;
	}
	pair->kinds[pair->nkinds++] = (uint32_t)(i - 1);
	return 0;
}

/* Two standings under comparison. */
struct match {
	struct pairing *pairing;
	struct pair *pair;
	struct side older, newer;
	struct kind kind; /* the connectors, to be filled in */
	right_set told;   /* gained or lost by proofs that stand alone */
	unsigned what;    /* what is otherwise: bits of enum trait */
	bool both_relay;  /* strangers, under both */
};

enum trait {
	TRAIT_CONNECTOR,
	TRAIT_PRINCIPAL,
	TRAIT_RIGHTS,
	TRAIT_ALLOWED,
	TRAIT_BLOCKED,
	TRAIT_SENDERS,
	TRAIT_RECIPIENTS,
	TRAIT_QUOTA,
	TRAIT_COUNT
};

static int
tell_rights(struct match *match, principal_set as, bool certificate,
    right_set older, right_set newer)
{
	struct kind kind = match->kind;

	kind.as = as;
	kind.certificate = certificate;
	kind.gained = newer & ~older;
	kind.lost = older & ~newer;
	if ((kind.gained | kind.lost) == 0)
		return 0;
	return kind_add(match->pairing, match->pair, &kind);
}

/* By its address alone a client is one principal; another one may use
 * nothing. */
static int
compare_base(
    struct match *match, const struct proved *was, const struct proved *is)
{
	const principal_set strangers =
	    SET_OF(PRINCIPAL_ANONYMOUS) | SET_OF(PRINCIPAL_EXTERNALLY_SECURED);
	bool relayed =
	    (was->claim.principals & strangers) != 0 && was->claim.relay;
	bool relays =
	    (is->claim.principals & strangers) != 0 && is->claim.relay;
	int result;

	match->pair->relay_gained = relays && !relayed;
	match->pair->relay_lost = relayed && !relays;
	match->both_relay = relayed && relays;
	if (was->claim.principals == is->claim.principals)
		return tell_rights(match, is->claim.principals, false,
		    was->usable, is->usable);
	match->what |= SET_OF(TRAIT_PRINCIPAL);
	match->pair->relation |=
	    principals_compare(was->claim.principals, is->claim.principals);
	result =
	    tell_rights(match, was->claim.principals, false, was->usable, 0);
	return result != 0 ? result
			   : tell_rights(match, is->claim.principals, false, 0,
				 is->usable);
}

/* As somebody with proofs: who has one that is not taken, is not that. */
static int
compare_proof(struct match *match, const struct credentials *way,
    const struct proved *was, const struct proved *is)
{
	right_set older = was->taken ? was->usable : 0;
	right_set newer = is->taken ? is->usable : 0;
	right_set changed = older ^ newer;
	principal_set as = way->server;
	bool alone = way->partner + way->login + (way->server != 0) == 1;

	/* A server by its address is told of as such. */
	if (way->server != 0 && (match->older.base | match->newer.base) !=
				    SET_OF(PRINCIPAL_ANONYMOUS))
		return 0;
	/* Several proofs say only what none of them says alone. */
	if (!alone && (changed & ~match->told) == 0)
		return 0;
	if (alone)
		match->told |= changed;
	as |= way->partner ? SET_OF(PRINCIPAL_PARTNER) : 0;
	as |= way->login ? SET_OF(PRINCIPAL_AUTHENTICATED) : 0;
	return tell_rights(match, as, way->server != 0, older, newer);
}

static int
compare_way(struct match *match, const struct credentials *way)
{
	struct proved was = prove(&match->older, way);
	struct proved is = prove(&match->newer, way);
	enum relation hidden =
	    sets_compare(was.claim.rights, is.claim.rights) |
	    sets_compare(was.claim.senders, is.claim.senders);
	enum relation shown = sets_compare(was.usable, is.usable);

	match->pair->relation |= hidden | shown;
	if (hidden != RELATION_EQUIVALENT && shown == RELATION_EQUIVALENT)
		match->what |= SET_OF(TRAIT_RIGHTS);
	if (way == &ways[0])
		return compare_base(match, &was, &is);
	return compare_proof(match, way, &was, &is);
}

static bool
is_monitored(const struct side *side)
{
	return (side->rule != NULL
		       ? side->rule->mode
		       : side->ruleset->policy->mode) == MODE_MONITOR;
}

static void
compare_lists(struct match *match)
{
	const struct side *was = &match->older, *is = &match->newer;

	/* Else it shows in what the client may use. */
	if (was->blocked != is->blocked &&
	    (is_monitored(was) || is_monitored(is))) {
		match->what |= SET_OF(TRAIT_BLOCKED);
		match->pair->relation |=
		    was->blocked ? RELATION_WIDER : RELATION_NARROWER;
	}
	/* A local submission is stamped whatever its rights are, so this
	 * matters to clients who may not submit, too. */
	if (was->allowed != is->allowed) {
		match->what |= SET_OF(TRAIT_ALLOWED);
		match->pair->relation |= RELATION_INCOMPARABLE;
	}
}

static enum relation
compare_limit(struct match *match, enum trait trait, enum relation relation)
{
	if (relation != RELATION_EQUIVALENT)
		match->what |= SET_OF(trait);
	return relation;
}

/* Where nobody has the clients, nothing narrows them. */
static void
compare_limits(struct match *match)
{
	const struct client_limits *was = &match->older.client.limits;
	const struct client_limits *is = &match->newer.client.limits;
	enum relation relation;

	if (!match->older.rule || !match->newer.rule)
		return;
	relation = compare_limit(match, TRAIT_SENDERS,
		       address_lists_compare(was->senders, is->senders)) |
		   compare_limit(match, TRAIT_RECIPIENTS,
		       address_lists_compare(was->recipients, is->recipients)) |
		   compare_limit(match, TRAIT_QUOTA,
		       message_quotas_compare(was->quota, is->quota));
	match->pair->relation |= relation;
	match->pair->relay_widened =
	    match->both_relay && (relation & RELATION_WIDER) != 0;
}

/* A client that no connector is for hears so, or in monitor mode does not. */
static void
compare_presence(struct match *match)
{
	const struct side *none =
	    match->older.rule == NULL ? &match->older : &match->newer;

	if ((match->older.rule == NULL) == (match->newer.rule == NULL))
		return;
	match->what |= SET_OF(TRAIT_CONNECTOR);
	if (is_monitored(none))
		match->pair->relation |= RELATION_INCOMPARABLE;
	else
		match->pair->relation |=
		    none == &match->older ? RELATION_WIDER : RELATION_NARROWER;
}

/* ---- Connectors ------------------------------------------------------ */

static bool
counts(const struct rule *rule)
{
	const struct connector_limits *limits = &rule->written->limits;

	return (limits->message_rate_limit | limits->max_inbound_connection |
		   limits->max_inbound_connection_per_source) != 0 ||
	       rule->written->narrowed.quota;
}

static bool
has_quota(const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->nentry_limits; i++)
		if (policy->entry_limits[i]->quota)
			return true;
	return false;
}

/* Whether it matters that clients of one connector now have two, or the
 * other way round, be these alike: limits count by connector, and where the
 * MTA does not tell the listener, all that it could be must agree on one. */
static bool
minds_splits(const struct pairing *pairing, uint32_t older, uint32_t newer)
{
	return pairing->older->ncontests > 1 || pairing->newer->ncontests > 1 ||
	       has_quota(pairing->older->policy) ||
	       has_quota(pairing->newer->policy) ||
	       counts(&pairing->older->rules[older - 1]) ||
	       counts(&pairing->newer->rules[newer - 1]);
}

static const struct rules *
rules_compare(struct pairing *pairing, uint32_t older, uint32_t newer)
{
	struct settings *settings = pairing->settings;
	size_t *latest = &pairing->latest_rules[older], i;
	struct rules rules = { newer, 0, settings->count, 0, *latest };
	void *items = pairing->rules;

	for (i = *latest; i > 0; i = pairing->rules[i - 1].next)
		if (pairing->rules[i - 1].newer == newer)
			return &pairing->rules[i - 1];
	if (settings_connector(settings,
		pairing->older->rules[older - 1].written,
		pairing->newer->rules[newer - 1].written) != 0 ||
	    arena_grow(pairing->arena, &items, pairing->nrules,
		sizeof(*pairing->rules)) != 0)
		return NULL;
	for (i = rules.first; i < settings->count; i++)
		rules.relation |= settings->items[i].relation;
	rules.count = settings->count - rules.first;
	if ((*latest != 0 || pairing->joined[newer]) &&
	    minds_splits(pairing, older, newer))
		pairing->splits = true;
	pairing->joined[newer] = true;
	pairing->rules = items;
	pairing->rules[pairing->nrules++] = rules;
	*latest = pairing->nrules;
	return &pairing->rules[pairing->nrules - 1];
}

static size_t
what_add(char *buf, size_t used, const char *word)
{
	if (used >= WHAT_SIZE)
		return used;
	return used + (size_t)snprintf(buf + used, WHAT_SIZE - used, "%s%s",
			  used > 0 ? ", " : "", word);
}

/* What is otherwise beside the rights that are told. */
static int
tell_what(struct match *match, const struct rules *rules)
{
	static const char *const words[TRAIT_COUNT] = {
		[TRAIT_CONNECTOR] = "connector",
		[TRAIT_PRINCIPAL] = "principal",
		[TRAIT_RIGHTS] = "unused rights",
		[TRAIT_ALLOWED] = "ip_allow_list",
		[TRAIT_BLOCKED] = "ip_block_list",
		[TRAIT_SENDERS] = "allowed_senders",
		[TRAIT_RECIPIENTS] = "allowed_recipients",
		[TRAIT_QUOTA] = "message_quota",
	};
	const struct settings *settings = match->pairing->settings;
	struct kind kind = match->kind;
	char buf[WHAT_SIZE] = "";
	size_t used = 0, i;

	if (match->pair->nkinds > 0) /* these show */
		match->what &=
		    ~(SET_OF(TRAIT_CONNECTOR) | SET_OF(TRAIT_PRINCIPAL) |
			SET_OF(TRAIT_BLOCKED));
	for (i = 0; i < TRAIT_COUNT; i++)
		if ((match->what & SET_OF(i)) != 0)
			used = what_add(buf, used, words[i]);
	kind.beside = used > 0;
	for (i = 0; rules != NULL && i < rules->count; i++) {
		const struct setting *setting =
		    &settings->items[rules->first + i];

		/* Items of one key stand together. */
		if (i == 0 || setting[-1].key != setting->key)
			used = what_add(buf, used, setting->key);
	}
	if (used == 0)
		return 0;
	kind.what = arena_text(match->pairing->arena, buf, strlen(buf));
	if (kind.what == NULL)
		return -ENOMEM;
	return kind_add(match->pairing, match->pair, &kind);
}

static int
pair_compare(struct pairing *pairing, struct pair *pair)
{
	struct match match = {
		.pairing = pairing,
		.pair = pair,
		.older = side_of(pairing->older, pair->older),
		.newer = side_of(pairing->newer, pair->newer),
		.kind.older = standing_rule(pair->older),
		.kind.newer = standing_rule(pair->newer),
	};
	const struct rules *rules = NULL;
	int result = 0;

	for (int i = 0; i < WAYS && result == 0; i++)
		result = compare_way(&match, &ways[i]);
	compare_lists(&match);
	compare_limits(&match);
	compare_presence(&match);
	if (result == 0 && match.older.rule != NULL &&
	    match.newer.rule != NULL) {
		rules =
		    rules_compare(pairing, match.kind.older, match.kind.newer);
		if (rules == NULL)
			return -ENOMEM;
		pair->relation |= rules->relation;
	}
	return result != 0 ? result : tell_what(&match, rules);
}

/* ---- All pairs ------------------------------------------------------- */

struct pairing *
pairing_new(const struct ruleset *older, const struct ruleset *newer,
    struct settings *settings)
{
	struct pairing *pairing = calloc(1, sizeof(*pairing));

	if (pairing == NULL)
		return NULL;
	pairing->older = older;
	pairing->newer = newer;
	pairing->settings = settings;
	pairing->arena = arena_new(0);
	pairing->room = 64;
	pairing->table = calloc(pairing->room, sizeof(*pairing->table));
	if (pairing->arena != NULL) {
		pairing->latest_kind = arena_array(pairing->arena,
		    older->policy->nconnectors + 1, sizeof(size_t));
		pairing->latest_rules = arena_array(pairing->arena,
		    older->policy->nconnectors + 1, sizeof(size_t));
		pairing->joined = arena_array(pairing->arena,
		    newer->policy->nconnectors + 1, sizeof(bool));
	}
	if (pairing->table == NULL || pairing->joined == NULL ||
	    pairing->latest_kind == NULL || pairing->latest_rules == NULL) {
		pairing_free(pairing);
		return NULL;
	}
	return pairing;
}

void
pairing_free(struct pairing *pairing)
{
	if (pairing == NULL)
		return;
	arena_free(pairing->arena);
	free(pairing->table);
	free(pairing);
}

/* Where a pair is in the table, or the free place for it. */
static uint32_t *
place_of(const struct pairing *pairing, standing older, standing newer)
{
	uint64_t hash = (older * UINT64_C(0xff51afd7ed558ccd) ^ newer) *
			UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 32) & (pairing->room - 1);

	while (pairing->table[at] != 0) {
		const struct pair *pair =
		    &pairing->pairs[pairing->table[at] - 1];

		if (pair->older == older && pair->newer == newer)
			break;
		at = (at + 1) & (pairing->room - 1);
	}
	return &pairing->table[at];
}

static int
table_grow(struct pairing *pairing)
{
	uint32_t *table = calloc(pairing->room, 2 * sizeof(*table));
	size_t i;

	if (table == NULL)
		return -ENOMEM;
	free(pairing->table);
	pairing->table = table;
	pairing->room *= 2;
	for (i = 0; i < pairing->npairs; i++)
		*place_of(pairing, pairing->pairs[i].older,
		    pairing->pairs[i].newer) = (uint32_t)i + 1;
	return 0;
}

const struct pair *
pairing_get(struct pairing *pairing, standing older, standing newer)
{
	uint32_t *place = place_of(pairing, older, newer);
	struct pair pair = { .older = older, .newer = newer };
	void *pairs = pairing->pairs;

	if (*place != 0)
		return &pairing->pairs[*place - 1];
	if (pairing->npairs > pairing->room / 2) {
		if (table_grow(pairing) != 0)
			return NULL;
		place = place_of(pairing, older, newer);
	}
	if (pair_compare(pairing, &pair) != 0 ||
	    arena_grow(pairing->arena, &pairs, pairing->npairs, sizeof(pair)) !=
		0)
		return NULL;
	pairing->pairs = pairs;
	pairing->pairs[pairing->npairs++] = pair;
	*place = (uint32_t)pairing->npairs;
	return &pairing->pairs[pairing->npairs - 1];
}

const struct kind *
pairing_kind(const struct pairing *pairing, uint32_t kind)
{
	return &pairing->kinds[kind];
}

bool
pairing_splits(const struct pairing *pairing)
{
	return pairing->splits;
}
