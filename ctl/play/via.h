/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * via.h - recorded sessions through a real MTA.
 *
 * Each is played up to RCPT, and RSET stands for DATA; the clients are told
 * by XCLIENT. Only where it is asked to, and only to an MTA at a loopback
 * address, are messages sent.
 */
#ifndef VIA_H
#define VIA_H

#include "ctl.h"
#include "live.h"

struct via {
	const char *server; /* HOST:PORT */
	struct live live;
	bool advised; /* what to do for XCLIENT has been said */
};

/* Finds the server and greets it. STATUS_YES, or STATUS_UNKNOWN after a
 * complaint. The report is the caller's to fill. */
int via_open(struct via *, const struct ctl *);
/* Plays one session. PLAYABLE: it was; else it could not be. A negative errno
 * after a complaint: the server is gone. */
int via_play(struct via *, const struct ctl *, const struct recorded_session *);

#endif
