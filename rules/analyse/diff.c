/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * difference - what changed in meaning between two rulesets.
 *
 * Walks both at once, by address, at every listener that either tells from
 * others; diff_clients.c says what becomes of a client, diff_keys.c of a key.
 * What all listeners have in common is said once. Entries end, so the same is
 * done again for each later end. Cost grows with the ranges, as loading
 * does: nothing is looked up address by address.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "expiry.h"
#include "step.h"
#include "diff_clients.h"
#include "rangeset.h"
#include "regions.h"

enum {
	SUMMARY_SIZE = 512,
	/* Parts that may be looked at for ends to come. */
	STEPS_MAX = 200 * 1000 * 1000,
};

/* A listener, and who competes there under each ruleset. */
struct place {
	struct view view;
	const struct view *older, *newer; /* that decide there */
	size_t group;                     /* of those with the same two */
};

struct difference {
	const struct ruleset *older, *newer;
	struct arena *arena;
	struct pairing *pairing;
	struct place *places;
	struct listener *listeners; /* by place */
	size_t nplaces;
	struct settings settings;
	struct regions changes; /* by place */
	struct later *laters;
	size_t nlaters;
	enum relation relation;
	bool new_relay;
	bool widened;                      /* who relayed may send more, now */
	struct address_count gained, lost; /* addresses that may relay, now */
	char summary[SUMMARY_SIZE];
};

const char *
relation_name(enum relation relation)
{
	static const char *const names[] = {
		[RELATION_EQUIVALENT] = "equivalent",
		[RELATION_NARROWER] = "narrower",
		[RELATION_WIDER] = "wider",
		[RELATION_INCOMPARABLE] = "incomparable",
	};

	return names[relation];
}

/* ---- Listeners ------------------------------------------------------- */

static bool
is_view_of(const struct ruleset *ruleset, const struct view *like)
{
	const struct view *view = view_for(ruleset, like);

	return view->type == like->type;
}

static void
place_add(struct difference *d, const struct view *view)
{
	d->listeners[d->nplaces] =
	    (struct listener){ .addr = view->addr, .port = view->port };
	d->places[d->nplaces++] = (struct place){
		.view = *view,
		.older = view_for(d->older, view),
		.newer = view_for(d->newer, view),
	};
}

/* Those of the older ruleset, less the last one, then what the newer one
 * has besides; the last one is common to both. */
static int
places_make(struct difference *d)
{
	size_t room = d->older->nviews + d->newer->nviews;

	d->places = arena_array(d->arena, room, sizeof(*d->places));
	d->listeners = arena_array(d->arena, room, sizeof(*d->listeners));
	if (d->places == NULL || d->listeners == NULL)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < d->older->nviews; i++)
		place_add(d, &d->older->views[i]);
	for (size_t i = 0; i < d->newer->nviews; i++) {
		const struct view *view = &d->newer->views[i];

		if (view->type == VIEW_ANY || !is_view_of(d->older, view))
			place_add(d, view);
	}
	return 0;
}

static bool
place_serves(const struct place *place, enum family family)
{
	return place->view.type == VIEW_ANY ||
	       place->view.addr.family == family;
}

/* Numbers the places of a family that differ; answers how many do. groups
 * has the first place of each. */
static size_t
groups_make(struct difference *d, enum family family, size_t *groups)
{
	size_t count = 0, g;

	for (size_t i = 0; i < d->nplaces; i++) {
		struct place *place = &d->places[i];

		if (!place_serves(place, family))
			continue;
		for (g = 0; g < count; g++)
			if (view_same(
				d->places[groups[g]].older, place->older) &&
			    view_same(d->places[groups[g]].newer, place->newer))
				break;
		if (g == count)
			groups[count++] = i;
		place->group = g;
	}
	return count;
}

/* ---- Two walks at once ----------------------------------------------- */

/* Where the older ruleset's parts end, in order. */
struct stretch {
	struct netaddr last;
	standing standing;
};

struct merge {
	struct difference *d;
	struct stretch *stretches;
	size_t count, room;
	size_t at; /* the one under way */
	size_t group;
	bool telling;           /* of changes, not only of relations */
	struct regions changes; /* of the family under way */
	struct rangeset gained, lost;
	bool widened; /* who relayed, and does, may send more */
	enum relation relation;
	uint64_t steps;
	const struct pair *pair; /* the last one */
};

static int
note_older(void *ctx, const struct part *part)
{
	struct merge *merge = ctx;
	const standing code = standing_of(merge->d->older, part);
	struct stretch *last;

	if (merge->count > 0) {
		last = &merge->stretches[merge->count - 1];
		if (last->standing == code) {
			last->last = part->clients.last;
			return 0;
		}
	}
	if (merge->count == merge->room) {
		size_t room = merge->room == 0 ? 256 : merge->room * 2;

		last = realloc(merge->stretches, room * sizeof *last);
		if (!last)
			return -ENOMEM;
		merge->stretches = last;
		merge->room = room;
	}
	merge->stretches[merge->count] =
	    (struct stretch){ part->clients.last, code };
	merge->count++;
	return 0;
}

/* All clients of a range stand alike under both. */
static int
note_pair(struct merge *merge, const struct netrange *clients, standing older,
    standing newer)
{
	const struct pair *pair = merge->pair;
	int rc = 0;

	if (pair == NULL || pair->older != older || pair->newer != newer)
		pair = pairing_get(merge->d->pairing, older, newer);
	if (pair == NULL)
		return -ENOMEM;
	merge->pair = pair;
	merge->steps++;
	if (pair->relation == RELATION_EQUIVALENT)
		return 0;
	merge->relation |= pair->relation;
	merge->widened |= pair->relay_widened;
	if (pair->relay_gained)
		rc = rangeset_add(&merge->gained, clients);
	if (rc == 0 && pair->relay_lost)
		rc = rangeset_add(&merge->lost, clients);
	for (size_t i = 0; i < pair->nkinds && rc == 0 && merge->telling; i++)
		rc = regions_add(
		    &merge->changes, clients, merge->group, pair->kinds[i]);
	return rc;
}

static int
note_newer(void *ctx, const struct part *part)
{
	struct merge *merge = ctx;
	const standing code = standing_of(merge->d->newer, part);
	struct netrange both = { .first = part->clients.first };
	int rc = 0;

	for (;;) {
		const struct stretch *older = &merge->stretches[merge->at];
		int order = netaddr_compare(&older->last, &part->clients.last);

		both.last = order < 0 ? older->last : part->clients.last;
		rc = note_pair(merge, &both, older->standing, code);
		if (order <= 0)
			merge->at++;
		if (order >= 0 || rc != 0)
			return rc;
		both.first = netstep_next(both.last);
	}
}

static int
merge_group(struct merge *merge, const struct place *place, enum family family,
    int64_t now)
{
	const struct ruleset *older = merge->d->older;
	const struct ruleset *newer = merge->d->newer;
	int rc;

	merge->count = merge->at = 0;
	rc = view_walk(older, place->older, family, now, note_older, merge);
	if (rc != 0)
		return rc;
	return view_walk(newer, place->newer, family, now, note_newer, merge);
}

/* Each region of a group is one of all its listeners. */
static int
take_changes(struct difference *d, const struct regions *changes,
    enum family family, bool everywhere)
{
	int rc = 0;

	for (size_t i = 0; i < changes->count && rc == 0; i++) {
		const struct region *region = &changes->items[i];

		if (everywhere || region->place == REGION_EVERYWHERE) {
			rc = regions_add(&d->changes, &region->clients,
			    REGION_EVERYWHERE, region->kind);
			continue;
		}
		for (size_t p = 0; p < d->nplaces && rc == 0; p++)
			if (place_serves(&d->places[p], family) &&
			    d->places[p].group == region->place)
				rc = regions_add(&d->changes, &region->clients,
				    p, region->kind);
	}
	return rc;
}

static int
merge_family(struct merge *merge, enum family family, int64_t now)
{
	struct difference *d = merge->d;
	size_t *groups = calloc(d->nplaces, sizeof(*groups)), count;
	int rc = 0;

	if (groups == NULL)
		return -ENOMEM;
	count = groups_make(d, family, groups);
	for (size_t g = 0; g < count && rc == 0; g++) {
		merge->group = g;
		rc = merge_group(merge, &d->places[groups[g]], family, now);
	}
	free(groups);
	if (rc == 0 && count > 1)
		rc = regions_fold(
		    &merge->changes, (const size_t[]){ count, count });
	if (rc == 0)
		rc = take_changes(d, &merge->changes, family, count == 1);
	regions_fini(&merge->changes);
	return rc;
}

/* ---- At one time, and later ------------------------------------------ */

/* How the two are to each other at one time. */
struct moment {
	enum relation relation;
	struct address_count gained, lost;
	bool widened;
	uint64_t steps;
};

static int
moment_find(
    struct difference *d, int64_t now, bool changes, struct moment *moment)
{
	struct merge merge = { .d = d, .telling = changes };
	int rc;

	*moment = (struct moment){ 0 };
	rc = merge_family(&merge, FAMILY_IPV4, now);
	if (rc == 0)
		rc = merge_family(&merge, FAMILY_IPV6, now);
	if (rc == 0) {
		moment->relation = merge.relation;
		moment->steps = merge.steps;
		moment->widened = merge.widened;
		rangeset_sort(&merge.gained);
		rangeset_sort(&merge.lost);
		rangeset_count(&merge.gained, FAMILY_NONE, &moment->gained);
		rangeset_count(&merge.lost, FAMILY_NONE, &moment->lost);
	}
	free(merge.stretches);
	rangeset_fini(&merge.gained);
	rangeset_fini(&merge.lost);
	return rc;
}

static bool
is_none(const struct address_count *count)
{
	return (count->word[0] | count->word[1] | count->word[2]) == 0;
}

static bool
same_moment(const struct moment *a, const struct moment *b)
{
	return a->relation == b->relation && a->widened == b->widened &&
	       memcmp(&a->gained, &b->gained, sizeof(a->gained)) == 0 &&
	       memcmp(&a->lost, &b->lost, sizeof(a->lost)) == 0;
}

static int
later_add(struct difference *d, int64_t at, const struct moment *moment)
{
	void *laters = d->laters;

	if (arena_grow(d->arena, &laters, d->nlaters, sizeof(*d->laters)) != 0)
		return -ENOMEM;
	d->laters = laters;
	d->laters[d->nlaters++] = (struct later){
		.at = at,
		.relation = moment->relation,
		.new_relay = !is_none(&moment->gained) || moment->widened,
	};
	return 0;
}

/* A statement about the whole that is no key's value. */
static int
doubt_add(struct difference *d, const char *key, const char *newer)
{
	void *items = d->settings.items;

	d->relation = RELATION_INCOMPARABLE;
	if (arena_grow(d->settings.arena, &items, d->settings.count,
		sizeof(*d->settings.items)) != 0)
		return -ENOMEM;
	d->settings.items = items;
	d->settings.items[d->settings.count++] = (struct setting){
		.key = key,
		.newer = newer,
		.relation = RELATION_INCOMPARABLE,
	};
	return 0;
}

static int
laters_find(struct difference *d, int64_t now, struct moment before)
{
	uint64_t left = STEPS_MAX;
	struct ends ends;
	int rc = ends_find(d->older->policy, d->newer->policy, now, &ends);

	for (size_t i = 0; i < ends.count && rc == 0; i++) {
		struct moment moment;

		if (before.steps > left) {
			d->new_relay = true;
			rc = doubt_add(d, "until",
			    "more ends of entries than can be compared: "
			    "nobody knows who may relay in the end");
			break;
		}
		left -= before.steps;
		rc = moment_find(d, ends.items[i], false, &moment);
		if (rc == 0 && !same_moment(&before, &moment)) {
			rc = later_add(d, ends.items[i], &moment);
			d->relation |= moment.relation;
			d->new_relay |=
			    !is_none(&moment.gained) || moment.widened;
		}
		before = moment;
	}
	free(ends.items);
	return rc;
}

/* ---- The whole ------------------------------------------------------- */

static void
summarise(struct difference *d)
{
	char gained[ADDRESS_COUNT_SIZE], lost[ADDRESS_COUNT_SIZE];
	size_t used = (size_t)snprintf(
	    d->summary, SUMMARY_SIZE, "%s", relation_name(d->relation));

	if (d->relation == RELATION_EQUIVALENT)
		return;
	address_count_format(&d->gained, gained);
	address_count_format(&d->lost, lost);
	used += (size_t)snprintf(d->summary + used, SUMMARY_SIZE - used,
	    ": %s more address%s may relay (anonymous, externally secured), "
	    "%s fewer",
	    gained, strcmp(gained, "1") == 0 ? "" : "es", lost);
	if (d->widened)
		used += (size_t)snprintf(d->summary + used, SUMMARY_SIZE - used,
		    "; some that may relay may send more");
	if (d->settings.count > 0)
		used += (size_t)snprintf(d->summary + used, SUMMARY_SIZE - used,
		    "; %zu setting%s changed", d->settings.count,
		    d->settings.count == 1 ? "" : "s");
	if (d->nlaters > 0)
		snprintf(d->summary + used, SUMMARY_SIZE - used,
		    "; more changes as entries end");
}

static int
find(struct difference *d, int64_t now)
{
	struct moment moment;
	int rc = places_make(d);

	if (rc == 0)
		rc = settings_policy(&d->settings, d->older, d->newer);
	for (size_t i = 0; i < d->settings.count; i++)
		d->relation |= d->settings.items[i].relation;
	d->pairing = pairing_new(d->older, d->newer, &d->settings);
	if (rc == 0 && d->pairing == NULL)
		rc = -ENOMEM;
	if (rc == 0)
		rc = moment_find(d, now, true, &moment);
	if (rc != 0)
		return rc;
	regions_sort(&d->changes);
	d->relation |= moment.relation;
	d->gained = moment.gained;
	d->lost = moment.lost;
	d->new_relay = !is_none(&moment.gained) || moment.widened;
	d->widened = moment.widened;
	rc = laters_find(d, now, moment);
	if (rc == 0 && d->relation == RELATION_EQUIVALENT &&
	    pairing_splits(d->pairing))
		rc = doubt_add(d, "connectors",
		    "clients that shared one now have several, or the other "
		    "way round: limits count by connector");
	summarise(d);
	return rc;
}

int
difference_find(const struct ruleset *older, const struct ruleset *newer,
    int64_t now, struct difference **out)
{
	struct difference *d = calloc(1, sizeof(*d));
	int rc = -ENOMEM;

	if (d == NULL)
		return -ENOMEM;
	d->older = older;
	d->newer = newer;
	d->arena = d->settings.arena = arena_new(0);
	if (d->arena != NULL)
		rc = find(d, now);
	if (rc == 0)
		*out = d;
	else
		difference_free(d);
	return rc;
}

void
difference_free(struct difference *d)
{
	if (d == NULL)
		return;
	pairing_free(d->pairing);
	regions_fini(&d->changes);
	arena_free(d->arena);
	free(d);
}

enum relation
difference_relation(const struct difference *d)
{
	return d->relation;
}

bool
difference_new_relay(const struct difference *d)
{
	return d->new_relay;
}

const char *
difference_summary(const struct difference *d)
{
	return d->summary;
}

static const char *
connector_name(const struct ruleset *ruleset, uint32_t number)
{
	return number != 0 ? ruleset->rules[number - 1].written->name : NULL;
}

bool
difference_change(const struct difference *d, size_t i, struct changed *change)
{
	const struct region *region;
	const struct kind *kind;

	if (i >= d->changes.count)
		return false;
	region = &d->changes.items[i];
	kind = pairing_kind(d->pairing, region->kind);
	*change = (struct changed){
		.clients = region->clients,
		.listener = region->place == REGION_EVERYWHERE
				? NULL
				: &d->listeners[region->place],
		.older = connector_name(d->older, kind->older),
		.newer = connector_name(d->newer, kind->newer),
		.as = kind->as,
		.certificate = kind->certificate,
		.gained = kind->gained,
		.lost = kind->lost,
		.what = kind->what,
		.beside = kind->beside,
	};
	return true;
}

const struct setting *
difference_setting(const struct difference *d, size_t i)
{
	return i < d->settings.count ? &d->settings.items[i] : NULL;
}

const struct later *
difference_later(const struct difference *d, size_t i)
{
	return i < d->nlaters ? &d->laters[i] : NULL;
}
