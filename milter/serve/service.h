/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.h - the parts of the daemon, for those who serve and those who tell
 * how it is.
 *
 * Nothing here is changed once threads run; each part guards itself. None is
 * freed at the end: libmilter's workers may still be in a callback.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "recorder.h"
#include "refused.h"
#include "reload.h"
#include "open_sessions.h"
#include "store.h"
#include "tally.h"

#include <stdbool.h>

struct service {
	struct store *store;
	struct reload *reload;
	struct tally *tally;
	struct roster *roster;
	struct refused *refused;
	struct counter_table *table; /* of the limits */
	struct counters counters;    /* the interface to it */
	struct recorder *recorder;   /* or NULL */
	bool tcp;          /* the milter socket, or what it was given, is TCP */
	int64_t started;   /* the time of day, and that of a clock that */
	int64_t monotonic; /* never goes back */
};

#endif
