/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.h - a question, and all that the engine answered.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "arena.h"
#include "ctl.h"
#include "recording.h"

struct question {
	const char *client_text;
	struct netaddr client;
	struct listener local;
	const char *helo, *auth, *cert, *from;
	bool tls;
	char size[32];  /* as a parameter of MAIL; empty: not told */
	uint64_t bytes; /* the same as a number */
	const char **rcpts;
	size_t nrcpts;
	struct recorded_field *headers;
	size_t nheaders;
	int64_t now;
	const char *log, *id; /* --log: where all of the above is from, and of
				 which session; or NULL */
	bool told;            /* something of it was told by an option */
};

struct explained_step {
	struct decision decision; /* without edits */
	const char *argument;     /* or NULL */
};

/* A line of the log that says something else than was decided now. */
struct log_difference {
	uint32_t line;
	const char *stage, *logged, *decided;
};

/* How a log and the decisions that were made again from it agree. */
struct explained_log {
	char policy[64];       /* that the log names, or "" */
	size_t lines, decided; /* of the session; of these, decided again */
	struct log_difference *differences;
	size_t ndifferences;
};

struct explained {
	const struct question *question;
	struct arena *arena;
	struct session *session;
	struct candidate *considered; /* those that lost */
	size_t nconsidered;
	struct explained_step *steps;
	size_t nsteps;
	struct edit *edits;
	size_t nedits;
	enum verdict verdict; /* the worst step's */
	bool failed;          /* out of memory while listening */
	struct session_listener listener;
	const struct explained_log *log; /* or NULL */
	struct misses *misses;           /* of the first refusal, or NULL */
};

/* e must not move afterwards. -ENOMEM. */
int explained_init(
    struct explained *e, const struct question *, struct ruleset *);
void explained_fini(struct explained *);
/* Feeds by the question's clock. A refusal is kept as a step; an acceptance
 * where asked. -ENOMEM. */
int explained_feed(struct explained *, struct session_event,
    const char *argument, bool asked, struct decision *);
/* Keeps what would be stripped and stamped. -ENOMEM. */
int explained_edits(struct explained *, const struct decision *);

/* Finds what would let the refused step pass. -ENOMEM. */
int explained_misses(struct explained *, struct ruleset *);

/* Answers the exit status. */
int explain_print(const struct ctl *, const struct explained *);
/* "550 5.7.1 Unable to relay"; answers buf. */
const char *explain_reply_format(const struct reply *, char *buf, size_t size);

/* --log: decides again what a log says of a session. Answers the exit
 * status. */
int explain_log(const struct ctl *, struct question *);

#endif
