/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play.h - plays recorded sessions to a filter or to a live MTA.
 *
 * A way to play either plays a session, and every reply is compared, or says
 * why it cannot: such a session is counted apart and never as passed.
 */
#ifndef PLAY_H
#define PLAY_H

#include "live.h"

#include <netinet/in.h>

enum { MAP_COUNT = 16, WAIT_MS = 15000 };

struct map {
	const char *from, *to;
	size_t len; /* of from */
};

struct play {
	const char *milter; /* or NULL */
	bool sendmail;      /* its macros */
	struct live live;
	bool source;           /* the client by the socket's own address */
	const char *delivered; /* or NULL */
	struct map maps[MAP_COUNT];
	size_t nmaps;
	size_t unplayable[UNPLAYABLE_COUNT];
	size_t played;   /* sessions */
	size_t messages; /* sent: for their names */
	char id[64];     /* of the last one */
	struct play_report report;
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
