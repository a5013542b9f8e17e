/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.h - two policies over the same recordings.
 *
 * What was recorded as replies takes no part. A session is played to each of
 * the two as if it were the only one; a decision is compared where both were
 * asked, so a MAIL that one of them refuses is one difference, and what it
 * was spared behind that is none.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "engine.h"

struct compared;

struct compare {
	struct engine *engines[2]; /* the policy, and the other one */
	struct arena *arena;       /* of one session */
	struct compared *asked[2]; /* what each was asked */
	size_t count[2];
	unsigned turn; /* whose */
};

/* Borrows the engines. -ENOMEM. */
int compare_init(struct compare *, struct engine *, struct engine *other);
void compare_fini(struct compare *);
/* Plays one session to both; differences are told to the report. -ENOMEM. */
int compare_play(struct compare *, const struct recorded_session *, int64_t now,
    struct play_report *);

#endif
