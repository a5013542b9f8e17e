/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - the control socket, for connectorctl(8).
 *
 * A connection sends one line (control_request.h) and gets one line of JSON,
 * with the key "error" where it did not go well. Served from a thread of its
 * own; nobody else waits for it. Whoever can open the socket may look; only
 * root and the daemon's own user may change something.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "service.h"

struct control;

/* Serves a listening, non-blocking UNIX socket, which becomes its own. The
 * service must outlive it. Call when signals are blocked. */
int control_start(int fd, const struct service *, struct control **);
/* Ends the thread; open connections are closed. Takes NULL. */
void control_stop(struct control *);

#endif
