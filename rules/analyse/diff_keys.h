/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_keys.h - which keys of two policies mean something else.
 */
#ifndef DIFF_KEYS_H
#define DIFF_KEYS_H

#include "diff.h"
#include "ruleset.h"

/* A growing list in an arena. */
struct settings {
	struct arena *arena;
	struct setting *items;
	size_t count;
};

/* Add what differs, each with its relation, and answer 0 or -ENOMEM. What
 * clients win and which rights they hold is not asked here: that is found
 * address by address. */
int settings_policy(struct settings *, const struct ruleset *older,
    const struct ruleset *newer);
/* Of tests and never: no change of meaning. */
int settings_expectations(
    struct settings *, const struct policy *older, const struct policy *newer);
/* Adds one as it is. */
int settings_add(struct settings *, const struct setting *);
int settings_connector(struct settings *, const struct connector *older,
    const struct connector *newer);

#endif
