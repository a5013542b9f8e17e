/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amend.h - a policy with one edit, and whom that lets pass.
 */
#ifndef AMEND_H
#define AMEND_H

#include "count.h"
#include "verify.h"

enum amendment_type {
	AMEND_ADD,     /* the client, to a connector */
	AMEND_MOVE,    /* the same, from another one */
	AMEND_EXTEND,  /* an entry of a connector, to the client */
	AMEND_ALLOW,   /* a right to a principal of a connector */
	AMEND_ACCEPT,  /* a domain */
	AMEND_UNBLOCK, /* take the client out of an entry of the block list */
};

#define ENTRY_NONE                                                \
	SIZE_MAX /* the connector has none of the client's family \
		  */

struct amendment {
	enum amendment_type type;
	struct netaddr client;
	size_t connector, entry;  /* numbers; the entry is the nearest one */
	size_t from, from_entry;  /* AMEND_MOVE */
	enum principal principal; /* AMEND_ALLOW */
	enum right right;
	const char *domain;      /* AMEND_ACCEPT */
	struct netaddr distance; /* as a number, from the entry */
};

/* The policy of a ruleset with an edit, compiled; the ruleset must outlive it.
 * -EINVAL: it would not load, or a test or never would not hold. -ENOMEM. */
int amendment_try(
    const struct ruleset *, const struct amendment *, struct ruleset **amended);

/* What an edit is and why, for people: all but would_also_allow. A text is NULL
 * where memory ran out. */
void amendment_tell(const struct ruleset *, const struct probe *,
    const struct amendment *, struct arena *, struct missed *);

/* Whether the step of a stage passes in what was played. */
bool outcome_passes(const struct test_outcome *, enum stage);
/* How many clients but the probe's own have the same step pass, at any
 * listener, with one ruleset that is refused with the other. -E2BIG: too many
 * to find out. -ENOMEM. */
int gains_count(struct ruleset *older, struct ruleset *newer,
    const struct probe *, enum stage, struct address_count *);

#endif
