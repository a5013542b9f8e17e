/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parser.h - where the reader of recordings is.
 *
 * Shared by recording.c, which knows the lines and the words beside the
 * dialogue, and dialogue.c, which knows whose turn it is. Nobody else's.
 */
#ifndef PARSER_H
#define PARSER_H

#include "smtp_line.h"

enum { TITLE_SIZE = 256 };

struct parser {
	struct line_reader *lines;
	struct arena *arena; /* of the open session */
	char *why;
	int (*session_end)(void *ctx, const struct recorded_session *);
	void *ctx;
	bool any; /* a session has begun */
	int64_t at;
	char title[TITLE_SIZE];          /* the comment so far */
	struct recorded_session session; /* line 0: none is open */
	uint64_t begin;                  /* bytes of the file before it */
	enum { STATE_COMMANDS, STATE_DATA, STATE_MESSAGE } state;
	bool replied;    /* a reply came since the last command */
	bool multiline;  /* the last reply goes on */
	size_t awaiting; /* index of the step that the next reply is for */
	struct recorded_message *message; /* the last one, for its marks */
};

/* Both answer what the caller answers: -EINVAL and -ENOMEM. */
int parser_complain(struct parser *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
int parser_no_memory(struct parser *);

/* The text is the arena's, and not copied. */
int parser_step(
    struct parser *, enum step_type, const char *text, struct step **);

/* What stands behind C: and S:; the text is the arena's. */
int dialogue_client(struct parser *, char *text);
int dialogue_server(struct parser *, char *text);

#endif
