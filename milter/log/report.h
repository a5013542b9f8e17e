/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - a decision as a line of the log.
 *
 * One line a decision, for both drivers. Names no more than the engine said:
 * who asked, what was decided, because of what.
 */
#ifndef REPORT_H
#define REPORT_H

#include "rules.h"

enum { REPORT_ID_SIZE = 32 };
enum { REPLY_TEXT_SIZE = 512 };

struct report {
	const char *id;  /* of the session */
	const char *via; /* "milter" or "policy" */
	const struct session *session;
	struct netaddr client;
	/* NULL: not known. They must live while a line is made. */
	const char *queue; /* the MTA's queue id */
	const char *helo;  /* said on lines of mail */
	unsigned refusals; /* so far, where they have ids */
	/* As text, from one connect to the next; report.c's own. */
	char client_text[NETADDR_TEXT_SIZE], range_text[NETRANGE_TEXT_SIZE];
};

/* A new session id, unique on this host for practical purposes. */
void report_id(char id[REPORT_ID_SIZE]);

/* Whether what is accepted at a stage is logged. */
bool stage_is_logged(enum stage);

/* The time of day and the time that never goes back, for an event. */
void clocks_read(struct session_event *);

/* Logs refusals at every stage, and what was accepted at connect, mail, rcpt
 * and end of message, with all of the envelope that the event told: explain
 * --log decides again from it. argument may be NULL. */
void report_decision(struct report *, const struct session_event *,
    const struct decision *, const char *argument);
/* After it: ends the reply's text with the id of that line, " [ID]", where
 * the policy has reply_ids. The text is then in buf. */
void report_identify(
    const struct report *, struct decision *, char buf[REPLY_TEXT_SIZE]);
/* Logs every complaint; priority by severity. */
void report_diagnostics(struct diagnostics *);
/* The same for people, on standard error. */
void report_print(struct diagnostics *);

/* "550 5.7.1 Unable to relay"; "" if there is none. */
const char *reply_format(const struct reply *, char buf[REPLY_TEXT_SIZE]);

#endif
