/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify.h - what a policy says must be true of it.
 *
 * Neither asks a clock: an entry counts while it takes part, and what holds
 * must hold before and after each end of an entry. So time alone makes no
 * policy invalid.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "ruleset.h"

/* What the engine decides about a session of one message. */
struct test_outcome {
	struct session *session;  /* the texts of the decision live in it */
	struct decision decision; /* of the first refusal, else the last one */
	enum verdict verdict;     /* as if nothing were monitored */
};

/* Plays a probe to a new session. outcome_fini() in every case. -ENOMEM. */
int outcome_find(struct ruleset *, const struct probe *, struct test_outcome *);
/* Plays another one to the same session. */
void outcome_play(struct test_outcome *, const struct probe *);
void outcome_fini(struct test_outcome *);

/* Add an error for each test that fails, and for each entry of never that is
 * not true. -EINVAL: there was one. -ENOMEM. */
int tests_run(struct ruleset *, struct diagnostics *);
int never_prove(const struct ruleset *, struct diagnostics *);

#endif
