/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.c - what was decided, counted since the start.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = TALLY_CONNECTORS_MAX + 2 };

struct tally {
	struct tally_row *rows[ROWS_MAX]; /* no connector, no room, others */
	atomic_size_t count;              /* grows when a row can be read */
};

static struct tally_row *
row_add(struct tally *t, const char *name)
{
	size_t n = atomic_load_explicit(&t->count, memory_order_relaxed);
	struct tally_row *row = calloc(1, sizeof(*row));
	char *copy = strdup(name);

	if (!row || !copy) {
		free(row);
		free(copy);
		return NULL;
	}
	row->name = copy;
	t->rows[n] = row;
	atomic_store_explicit(&t->count, n + 1, memory_order_release);
	return row;
}

struct tally *
tally_new(void)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t && row_add(t, "") && row_add(t, "*"))
		return t;
	tally_free(t);
	return NULL;
}

void
tally_free(struct tally *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < atomic_load(&t->count); i++) {
		free((char *)t->rows[i]->name);
		free(t->rows[i]);
	}
	free(t);
}

const struct tally_row *
tally_get(const struct tally *t, size_t i)
{
	return i < atomic_load_explicit(&t->count, memory_order_acquire)
		   ? t->rows[i]
		   : NULL;
}

struct tally_row *
tally_row(struct tally *t, const char *connector)
{
	size_t n = atomic_load_explicit(&t->count, memory_order_relaxed);
	struct tally_row *row;

	if (!connector)
		return t->rows[0];
	for (size_t i = 2; i < n; i++)
		if (!strcmp(t->rows[i]->name, connector))
			return t->rows[i];
	row = n < ROWS_MAX ? row_add(t, connector) : NULL;
	return row ? row : t->rows[1];
}

static enum outcome
outcome_of(const struct decision *d)
{
	switch (d->verdict) {
	case VERDICT_ACCEPT:
		return d->monitored ? OUTCOME_MONITORED : OUTCOME_ACCEPT;
	case VERDICT_REJECT:
		return OUTCOME_REJECT;
	case VERDICT_TEMPFAIL:
		break;
	}
	return OUTCOME_TEMPFAIL;
}

void
tally_count(
    struct tally_row *row, enum decision_via via, const struct decision *d)
{
	atomic_fetch_add_explicit(
	    &row->cells[via][d->stage][outcome_of(d)][d->reason], 1,
	    memory_order_relaxed);
}

uint64_t
tally_read(const struct tally_row *row, enum decision_via via, enum stage stage,
    enum outcome outcome, unsigned reason)
{
	return atomic_load_explicit(
	    &row->cells[via][stage][outcome][reason], memory_order_relaxed);
}

uint64_t
tally_sum(const struct tally_row *row, enum decision_via via, enum stage stage,
    enum outcome outcome)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < REASONS_MAX; i++)
		sum += tally_read(row, via, stage, outcome, i);
	return sum;
}

const char *
via_name(enum decision_via via)
{
	return via == VIA_MILTER ? "milter" : "policy";
}

const char *
outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_ACCEPT] = "accept",
		[OUTCOME_REJECT] = "reject",
		[OUTCOME_TEMPFAIL] = "tempfail",
		[OUTCOME_MONITORED] = "monitored",
	};

	return names[outcome];
}

static uint64_t
row_refused(const struct tally_row *row, enum decision_via via)
{
	uint64_t sum = 0;

	for (int s = 0; s < STAGE_COUNT; s++)
		sum += tally_sum(row, via, (enum stage)s, OUTCOME_REJECT) +
		       tally_sum(row, via, (enum stage)s, OUTCOME_TEMPFAIL);
	return sum;
}

struct totals
tally_totals(const struct tally *t)
{
	struct totals all = { 0 };
	const struct tally_row *row;

	for (size_t i = 0; (row = tally_get(t, i)); i++) {
		all.sessions +=
		    tally_sum(row, VIA_MILTER, STAGE_CONNECT, OUTCOME_ACCEPT);
		all.messages +=
		    tally_sum(row, VIA_MILTER, STAGE_EOM, OUTCOME_ACCEPT) +
		    tally_sum(row, VIA_MILTER, STAGE_EOM, OUTCOME_MONITORED);
		all.refused += row_refused(row, VIA_MILTER);
		all.refused_requests += row_refused(row, VIA_POLICY);
		all.requests +=
		    tally_sum(row, VIA_POLICY, STAGE_CONNECT, OUTCOME_ACCEPT);
	}
	return all;
}
