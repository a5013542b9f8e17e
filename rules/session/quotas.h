/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quotas.h - how many messages of their quotas clients have spent.
 *
 * A part of the embedded store of counters: a table of fixed size, which
 * never waits.
 */
#ifndef QUOTAS_H
#define QUOTAS_H

#include "rules.h"

struct quotas;

/* buckets is a power of two. NULL: out of memory. */
struct quotas *quotas_new(size_t buckets);
void quotas_free(struct quotas *);

/* Counts change more (0 or 1) for whoever has this hash in the period that
 * now is in; returns how many that makes. */
uint32_t quotas_spend(struct quotas *, uint64_t hash, enum quota_period,
    int64_t now, unsigned change);

/* As counter_table_places(), counter_table_word() and
 * counter_table_restore(). */
size_t quotas_places(const struct quotas *);
uint64_t quotas_word(const struct quotas *, size_t place, int64_t now);
bool quotas_restore(struct quotas *, size_t place, uint64_t word);

#endif
