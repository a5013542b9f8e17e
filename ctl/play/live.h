/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.h - plays a recorded session to a live MTA, command by command.
 *
 * Commands go out as they were typed, one at a time, and every recorded reply
 * is compared as it stands. Unless it is told to go on, no message is sent:
 * RSET stands for DATA.
 */
#ifndef LIVE_H
#define LIVE_H

#include "conversation.h"
#include "smtp.h"

/* Why a session cannot be played; 0 is that it can. */
enum unplayable {
	PLAYABLE,
	UNPLAYABLE_AT,
	UNPLAYABLE_AUTH,
	UNPLAYABLE_AUTH_COMMAND,
	UNPLAYABLE_AUTH_LATER,
	UNPLAYABLE_CLIENT,
	UNPLAYABLE_COMMAND,
	UNPLAYABLE_LISTENER,
	UNPLAYABLE_LOCAL,
	UNPLAYABLE_MARKS,
	UNPLAYABLE_TLS,
	UNPLAYABLE_XCLIENT,
	UNPLAYABLE_COUNT
};

/* For people; static. */
const char *unplayable_reason(enum unplayable);

struct live {
	struct sockaddr_storage mta;
	const char *mta_text;          /* for complaints */
	struct sockaddr_storage *from; /* to connect from, or NULL */
	socklen_t from_len;
	bool xclient;     /* the client is told by XCLIENT */
	bool delivers;    /* messages are sent */
	bool mta_refuses; /* a RCPT may be refused in the MTA's own words */
	struct play_report *report;

	/* For who delivers; NULL where nobody wants to know. Both answer 0 or
	 * a negative errno, which ends the session. */
	void *ctx;
	/* Another address for an end of a session, or -EINVAL. */
	int (*endpoint)(
	    void *ctx, const char *text, struct netaddr *addr, int *port);
	/* A message begins, and may be given lines of its own. */
	int (*begin)(void *ctx, struct smtp *);
	/* It was accepted. */
	int (*accepted)(void *ctx, const char *file, const struct step *);
};

/* As far as the recording itself can tell. */
enum unplayable live_unplayable(
    const struct live *, const struct recorded_session *);
/* Plays one session: how it went is in the report. 0; -EOPNOTSUPP if the MTA
 * does not offer the XCLIENT that it needs, and nothing was played; else a
 * negative errno of the connection. */
int live_play(struct live *, const struct recorded_session *);

#endif
