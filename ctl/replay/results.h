/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results.h - what replay found, as text, JSON or JUnit's XML.
 *
 * Text goes out at once. The other two say first how much there is, so what
 * they list waits in a temporary file: memory does not grow with it.
 */
#ifndef RESULTS_H
#define RESULTS_H

#include "conversation.h"
#include "ctl.h"
#include "summary.h"

struct results {
	const struct ctl *ctl;
	FILE *spool;             /* or NULL: text */
	const char *other;       /* the policy that is compared with, or NULL */
	bool coverage;           /* what no session touched is told, too */
	struct summary *summary; /* of protocol logs, */
	const struct protocol_log_counts *counts; /* or both NULL */
	size_t items; /* in the list of the spool; JUnit: testcases */
	size_t untouched, unplayed;
	json_t *unreadable;      /* JSON: what was said of files; or NULL */
	size_t failures, errors; /* JUnit's */
	bool session, failure;   /* JUnit: elements that are open */
};

/* Borrows all. -1 after a complaint. */
int results_init(struct results *, const struct ctl *);
void results_fini(struct results *);

/* What follows is of this session. */
void results_session(struct results *, const struct recorded_session *);
void results_difference(struct results *, const struct reply_difference *);
void results_unreadable(struct results *, const char *file, const char *why);
/* The session could not be played. */
void results_unplayed(
    struct results *, const struct recorded_session *, const char *why);
/* After all sessions: a connector that none of them reached, or where range
 * is not NULL a range of it. */
void results_untouched(struct results *, const struct where *,
    const char *connector, const char *range);
/* The rest; answers status, or STATUS_UNKNOWN if it could not be written. */
int results_end(struct results *, const struct play_report *, int status);

#endif
