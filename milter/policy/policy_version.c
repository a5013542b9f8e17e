/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_version.c - a ruleset in service, and what is counted of its parts.
 */
#include "policy_version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ends in 2106. */
struct hit {
	_Atomic uint32_t count, last;
};

struct edition {
	atomic_uint references;
	struct ruleset *ruleset;
	struct tally_row *none;  /* for sessions without a connector */
	struct tally_row **rows; /* by connector */
	struct hit *hits;        /* by range */
	size_t nranges;
};

/* A range that was used, to be found again. */
struct used {
	struct tally_row *row;
	struct netrange range;
	uint32_t count, last;
};

static int
used_compare(const void *left, const void *right)
{
	const struct used *a = left, *b = right;
	int order;

	if (a->row != b->row)
		return (uintptr_t)a->row < (uintptr_t)b->row ? -1 : 1;
	order = netaddr_compare(&a->range.first, &b->range.first);
	return order ? order : netaddr_compare(&a->range.last, &b->range.last);
}

static uint32_t
hit_load(const _Atomic uint32_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

/* Most ranges of a large policy are hardly ever used, so this is short. */
static int
used_list(const struct edition *e, struct used **out, size_t *count)
{
	struct range_facts facts;
	struct used *list;
	size_t n = 0;

	for (size_t i = 0; i < e->nranges; i++)
		n += hit_load(&e->hits[i].count) != 0;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	*count = n;
	n = 0;
	for (size_t i = 0; i < e->nranges && n < *count; i++) {
		if (!hit_load(&e->hits[i].count) ||
		    !ruleset_range(e->ruleset, i, &facts))
			continue;
		list[n++] = (struct used){ e->rows[facts.connector],
			facts.range, hit_load(&e->hits[i].count),
			hit_load(&e->hits[i].last) };
	}
	*count = n;
	qsort(list, n, sizeof(*list), used_compare);
	*out = list;
	return 0;
}

/* What is used while this is done is counted for the old edition only. */
static int
hits_carry(struct edition *e, const struct edition *before)
{
	struct range_facts facts;
	struct used *list;
	size_t count;
	int rc = used_list(before, &list, &count);

	if (rc)
		return rc;
	for (size_t i = 0;
	     count && i < e->nranges && ruleset_range(e->ruleset, i, &facts);
	     i++) {
		const struct used key = { .row = e->rows[facts.connector],
			.range = facts.range };
		const struct used *was =
		    bsearch(&key, list, count, sizeof(*list), used_compare);
		if (!was)
			continue;
		atomic_init(&e->hits[i].count, was->count);
		atomic_init(&e->hits[i].last, was->last);
	}
	free(list);
	return 0;
}

static void
edition_free(struct edition *e)
{
	if (!e)
		return;
	ruleset_unref(e->ruleset);
	free(e->rows);
	free(e->hits);
	free(e);
}

int
edition_new(struct ruleset *ruleset, struct tally *tally,
    const struct edition *before, struct edition **out)
{
	struct edition *e = calloc(1, sizeof(*e));
	struct connector_facts facts;
	size_t n = 0;

	if (!e)
		return -ENOMEM;
	for (; ruleset_connector(ruleset, n, &facts); n++)
		e->nranges = facts.first_range + facts.nranges;
	e->rows = calloc(n + 1, sizeof(struct tally_row *));
	e->hits = calloc(e->nranges + 1, sizeof(*e->hits));
	if (!e->rows || !e->hits) {
		edition_free(e);
		return -ENOMEM;
	}
	e->none = tally_row(tally, NULL);
	for (size_t i = 0; ruleset_connector(ruleset, i, &facts); i++)
		e->rows[i] = tally_row(tally, facts.name);
	atomic_init(&e->references, 1);
	e->ruleset = ruleset_ref(ruleset);
	if (before && hits_carry(e, before)) {
		edition_free(e);
		return -ENOMEM;
	}
	ruleset_unref(ruleset);
	*out = e;
	return 0;
}

struct edition *
edition_ref(struct edition *e)
{
	atomic_fetch_add_explicit(&e->references, 1, memory_order_relaxed);
	return e;
}

void
edition_unref(struct edition *e)
{
	if (e && atomic_fetch_sub_explicit(
		     &e->references, 1, memory_order_acq_rel) == 1)
		edition_free(e);
}

struct ruleset *
edition_ruleset(const struct edition *e)
{
	return e->ruleset;
}

struct tally_row *
edition_row(const struct edition *e, const struct session *session)
{
	size_t i = session_connector_number(session);

	return i == SIZE_MAX ? e->none : e->rows[i];
}

void
edition_hit(struct edition *e, const struct session *session, int64_t now)
{
	size_t i = session_range_number(session);
	struct hit *hit;

	if (i == SIZE_MAX)
		return;
	hit = &e->hits[i];
	if (hit_load(&hit->count) != UINT32_MAX)
		atomic_fetch_add_explicit(&hit->count, 1, memory_order_relaxed);
	atomic_store_explicit(&hit->last, (uint32_t)now, memory_order_relaxed);
}

uint32_t
edition_hits(const struct edition *e, size_t range, int64_t *last)
{
	*last = hit_load(&e->hits[range].last);
	return hit_load(&e->hits[range].count);
}
