/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decided.h - a decision, handed on to whoever keeps account of it.
 */
#ifndef DECIDED_H
#define DECIDED_H

#include "record.h"
#include "report.h"
#include "service.h"

/* Who decided, and for whom; the driver's own, as long as its session. */
struct decided_for {
	enum decision_via via;
	struct edition *edition;
	const struct session *session;
	struct report report; /* its client and ids */
	struct visit *visit;  /* or NULL: not among the open sessions */
	struct session_record *record; /* or NULL: not recorded */
};

/* Hands one decision on: to the open sessions, the recording, the log, the
 * statistics and the refused clients. argument is what the log says of the
 * event, or NULL. Never waits. */
void decision_made(const struct service *, struct decided_for *,
    const struct session_event *, const struct decision *,
    const char *argument);
/* The same for an event of which the engine only takes notice, such as a header
 * field: nothing is decided, so only the first two are told. */
void event_noticed(const struct service *, struct decided_for *,
    const struct session_event *, const struct decision *);

#endif
