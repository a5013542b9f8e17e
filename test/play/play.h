/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play.h - plays recorded sessions to a filter or to a live MTA.
 *
 * A way to play either plays a session, and every reply is compared, or says
 * why it cannot: such a session is counted apart and never as passed.
 */
#ifndef PLAY_H
#define PLAY_H

#include "conversation.h"

#include <netinet/in.h>

enum { MAP_COUNT = 16, WAIT_MS = 15000 };

/* Why a session cannot be played in a way; 0 is that it can. */
enum unplayable {
	PLAYABLE,
	UNPLAYABLE_AT,
	UNPLAYABLE_AUTH,
	UNPLAYABLE_AUTH_COMMAND,
	UNPLAYABLE_AUTH_LATER,
	UNPLAYABLE_CLIENT,
	UNPLAYABLE_LISTENER,
	UNPLAYABLE_LOCAL,
	UNPLAYABLE_MARKS,
	UNPLAYABLE_TLS,
	UNPLAYABLE_XCLIENT,
	UNPLAYABLE_COUNT
};

struct map {
	const char *from, *to;
	size_t len; /* of from */
};

struct play {
	const char *milter; /* or NULL */
	bool sendmail;      /* its macros */
	struct sockaddr_storage mta;
	const char *mta_text; /* or NULL */
	bool xclient, source;
	bool mta_refuses;      /* the MTA may refuse a RCPT in its own words */
	const char *delivered; /* or NULL */
	struct map maps[MAP_COUNT];
	size_t nmaps;
	size_t unplayable[UNPLAYABLE_COUNT];
	size_t played;   /* sessions */
	size_t messages; /* sent: for their names */
	struct report report;
	bool failed;
};

/* Each plays one session: how it went is in the report. 0, or a negative
 * errno after a message to stderr. */
int play_milter(struct play *, const struct recorded_session *);
int play_smtp(struct play *, const struct recorded_session *);

enum unplayable milter_unplayable(
    const struct play *, const struct recorded_session *);
enum unplayable smtp_unplayable(
    const struct play *, const struct recorded_session *);

/* ADDR:PORT of a session's end with the maps applied, as a socket address.
 * text is as the recording writes it. -EINVAL. */
int play_endpoint(const struct play *, const char *text, int port,
    struct netaddr *, int *mapped_port);
void sockaddr_set(const struct netaddr *, int port, struct sockaddr_storage *,
    socklen_t *len);

#endif
