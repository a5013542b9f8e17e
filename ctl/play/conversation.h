/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conversation.h - plays a recorded session to somebody, as an MTA would.
 *
 * Knows what an MTA keeps from a filter: no RCPT without an accepted MAIL, no
 * message without an accepted recipient, the end of a transaction. Who
 * decides is behind struct conversation; what was recorded is compared here,
 * and differences are told to a report.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "fields.h"
#include "recording.h"
#include "text.h"

/* A reply as it was given. */
struct answer {
	char code[4];
	char enhanced[12]; /* "" if there is none */
	char text[512];
	bool said; /* these are the words of who decides; else the MTA would
		      choose them, and only the class can be compared */
};

/* What a session has come to, for who decides. */
struct conversation_state {
	int64_t now;
	const char *auth; /* login name, or NULL */
	bool tls;
	const char *tls_name; /* of the client's certificate, or NULL */
	bool mail;            /* a transaction is open */
	size_t recipients;    /* accepted ones */
};

/* Who decides. Each answers 0, or a negative errno when it cannot go on. The
 * answer says accepted (250) when it comes in. */
struct conversation {
	void *ctx;
	int (*connect)(void *ctx, const struct recorded_session *,
	    const struct conversation_state *, struct answer *);
	/* HELO, MAIL, RCPT and DATA. */
	int (*command)(void *ctx, const struct step *,
	    const struct conversation_state *, struct answer *);
	/* Up to end of message. The header that comes out lives until the
	 * next call; it is asked for only after acceptance. */
	int (*message)(void *ctx, const struct step *,
	    const struct conversation_state *, struct answer *,
	    const struct recorded_field **, size_t *count);
	int (*abort)(void *ctx, const struct conversation_state *);
};

struct reply_difference {
	const char *file;
	uint32_t line;
	const char *stage;
	const char *recorded; /* NULL: two policies are compared */
	const char *decided;

	/* Of two policies. */
	const char *argument;  /* of the command, or "" */
	const char *connector; /* or NULL */
	const char *other, *other_connector;
};

struct play_report {
	size_t sessions, decisions, differences;
	void *ctx;
	void (*difference)(void *ctx, const struct reply_difference *);
};

/* Plays one session. now is the clock where the recording says none. 0 also
 * when there were differences. */
int conversation_play(const struct conversation *,
    const struct recorded_session *, int64_t now, struct play_report *);

/* "550 5.7.1 Unable to relay"; answers buf. */
const char *answer_format(const struct answer *, char buf[PRINTABLE_SIZE]);
/* A code of an MTA's own accord, three digits. */
void answer_init(struct answer *, const char *code);
/* Sets an answer to a reply of the engine. */
void answer_set(struct answer *, const struct reply *);
/* From the wire: "550 5.7.1 text". -EPROTO if it is no reply. */
int answer_parse(const char *line, struct answer *);

/* Compares and reports one reply; exact: the enhanced code and the text, too,
 * even when there is none. */
void report_reply(struct play_report *, const char *file, const char *stage,
    const struct expect *, const struct answer *, bool exact);
/* Compares and reports the marks of a message. */
void report_marks(struct play_report *, const char *file,
    const struct recorded_message *, const struct recorded_field *,
    size_t count);
/* Reports that a message with marks was refused. */
void report_refused(
    struct play_report *, const char *file, const struct recorded_message *);
/* Reports that something did not come to pass. */
void report_missing(struct play_report *, const char *file, uint32_t line,
    const char *stage, const char *recorded, const char *decided);

/* "mail", "rcpt", ...; "eom" for a message, "command" for what no filter
 * sees. */
const char *step_stage(const struct step *);

#endif
