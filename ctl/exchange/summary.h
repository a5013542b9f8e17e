/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary.h - what a replay of protocol logs comes to.
 *
 * How many sessions Exchange and the policy agree on, and the others by what
 * they differ in: the connector, and the first verdict. Memory is bounded:
 * what finds no room among the reasons is counted as one.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "conversation.h"
#include "protocol_log.h"

#include <jansson.h>

enum { SUMMARY_REASONS = 256, SUMMARY_REASON_SIZE = 160 };

struct summary {
	size_t sessions, same;
	struct reason {
		char text[SUMMARY_REASON_SIZE];
		size_t sessions;
		const char *file; /* where it was first; lives as the log */
		uint32_t line;
	} * reasons;
	size_t nreasons, other; /* sessions that found no room */
	/* Of the session that is played. */
	const struct recorded_session *session; /* or NULL: of no log */
	char connector[SUMMARY_REASON_SIZE / 2 - 2];
	char verdict[SUMMARY_REASON_SIZE / 2 - 2];
	const char *file; /* of the first difference */
	uint32_t line;
};

/* -ENOMEM. */
int summary_init(struct summary *);
void summary_fini(struct summary *);

/* Before, during and after a session is played; one that is of no protocol
 * log is not counted. */
void summary_begin(struct summary *, const struct recorded_session *);
void summary_difference(struct summary *, const struct reply_difference *);
void summary_end(struct summary *);

void summary_print(
    struct summary *, const struct protocol_log_counts *, FILE *);
/* NULL: out of memory. */
json_t *summary_json(struct summary *, const struct protocol_log_counts *);

#endif
