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

/* Serves a listening, non-blocking socket, which becomes its own. The service
 * must outlive it. Call when signals are blocked. */
int policyd_start(int fd, const struct service *, struct policyd **);
/* Ends the thread; open connections are closed. Takes NULL. */
void policyd_stop(struct policyd *);

#endif
