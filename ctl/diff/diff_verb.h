/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_verb.h - what changed between two policies, as the verb diff says it.
 */
#ifndef DIFF_VERB_H
#define DIFF_VERB_H

#include "diff.h"
#include "ctl.h"

struct diff {
	const struct ctl *ctl;
	const char *old_file, *new_file;
	struct ruleset *older, *newer;
	int64_t now;
	bool at; /* the clock was set */
	struct difference *difference;
};

enum { WITNESS_TEXT_SIZE = 320 };

/* A session that shows a change: what to give to connectorctl explain. */
struct witness {
	char client[NETADDR_TEXT_SIZE];
	char local[NETADDR_TEXT_SIZE + 10]; /* "": anywhere */
	const char *auth, *header;          /* or NULL */
	char cert[WITNESS_TEXT_SIZE];
	char from[WITNESS_TEXT_SIZE], rcpt[WITNESS_TEXT_SIZE];
};

void witness_find(
    const struct diff *, const struct changed *, struct witness *);

/* Both answer status, or STATUS_UNKNOWN if they could not. */
int diff_print_text(const struct diff *, int status);
int diff_print_json(const struct diff *, int status);

#endif
