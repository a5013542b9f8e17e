/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_clients.h - how one client stands under two rulesets.
 *
 * A standing is all that decides about a client beside what it does. Few
 * pairs of them exist, however many addresses there are: each is compared
 * once.
 */
#ifndef DIFF_CLIENTS_H
#define DIFF_CLIENTS_H

#include "diff.h"
#include "diff_keys.h"
#include "diff_standing.h"

/* What changes for clients, as struct changed has it; rules by number + 1, 0
 * for none. */
struct kind {
	uint32_t older, newer;
	principal_set as;
	bool certificate;
	right_set gained, lost;
	const char *what;
	bool beside;
	size_t next; /* for diff_clients.c */
};

enum { PAIR_KINDS_MAX = 16 };

struct pair {
	standing older, newer;
	enum relation relation;
	bool relay_gained, relay_lost; /* anonymous, externally_secured */
	bool relay_widened; /* more senders, recipients or messages of these */
	uint32_t kinds[PAIR_KINDS_MAX];
	size_t nkinds;
};

struct pairing;

/* Settings of connectors that differ are added to the list, those of each
 * pair of connectors once; it and the rulesets must outlive the pairing.
 * NULL: out of memory. */
struct pairing *pairing_new(const struct ruleset *older,
    const struct ruleset *newer, struct settings *);
void pairing_free(struct pairing *);

/* NULL: out of memory. Lives until the next call. */
const struct pair *pairing_get(
    struct pairing *, standing older, standing newer);
/* Lives until the next call of pairing_get(). */
const struct kind *pairing_kind(const struct pairing *, uint32_t kind);
/* Whether connectors were split or joined, of all pairs seen, where that
 * matters: limits count by connector, and the MTA may not tell listeners. */
bool pairing_splits(const struct pairing *);

#endif
