/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_version.h - a ruleset in service, and what is counted of its parts.
 *
 * Reference-counted: sessions that began with it hold it to their end. How
 * often each range was used goes over to the next edition, by connector and
 * address. A range takes eight bytes.
 */
#ifndef POLICY_VERSION_H
#define POLICY_VERSION_H

#include "tally.h"

struct edition;

/* Takes the ruleset, on success only. before may be NULL. */
int edition_new(struct ruleset *, struct tally *, const struct edition *before,
    struct edition **);
struct edition *edition_ref(struct edition *);
void edition_unref(struct edition *);

/* Lives as long as the edition. */
struct ruleset *edition_ruleset(const struct edition *);
/* The row of a session's connector. */
struct tally_row *edition_row(const struct edition *, const struct session *);

/* A session at connect uses its range. */
void edition_hit(struct edition *, const struct session *, int64_t now);
/* How often the i-th range was used (UINT32_MAX: as often or more), and when
 * it was last; 0: never. */
uint32_t edition_hits(const struct edition *, size_t range, int64_t *last);

#endif
