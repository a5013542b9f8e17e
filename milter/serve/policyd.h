/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policyd.h - Postfix's policy delegation, served from a thread of its own.
 *
 * Asks the engine on a fresh session for each request at RCPT, of one
 * ruleset; at every other protocol state it says DUNNO. It can grant what no
 * milter can: OK, where Accept-Any-Recipient is held.
 */
#ifndef POLICYD_H
#define POLICYD_H

#include "service.h"

struct policyd;

struct policyd_limits {
	size_t connections;  /* more have to wait */
	unsigned request_ms; /* for a request, from its first byte to its end:
				who sends it byte by byte is closed, too */
	unsigned between_ms; /* between requests */
	unsigned answer_ms;  /* that an answer waits to be read */
};

/* What the daemon serves by. */
extern const struct policyd_limits policyd_standard;

/* Serves a listening, non-blocking socket, which becomes its own. The service
 * must outlive it. Call when signals are blocked. */
int policyd_start(int fd, const struct service *, const struct policyd_limits *,
    struct policyd **);
/* Ends the thread; open connections are closed. Takes NULL. */
void policyd_stop(struct policyd *);

#endif
