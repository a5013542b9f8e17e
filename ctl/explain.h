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
	struct field *headers;
	size_t nheaders;
	int64_t now;
};

struct explained_step {
	struct decision decision; /* without edits */
	const char *argument;     /* or NULL */
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
};

/* Answers the exit status. */
int explain_print(const struct ctl *, const struct explained *);

#endif
