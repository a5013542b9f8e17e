/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_request.h - one line of the control socket: what connectorctl(8) asks
 * for.
 *
 * A JSON object: {"verb":"status"}, {"verb":"status","ranges":true},
 * {"verb":"sessions"}, {"verb":"reload"}, {"verb":"log-level",
 * "level":"warning"}. Unknown keys are errors: a newer tool shall hear that
 * it asks too much.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { ORDER_SIZE_MAX = 4096 };

enum order_verb {
	ORDER_STATUS,
	ORDER_SESSIONS,
	ORDER_RELOAD,
	ORDER_LOG_LEVEL,
	ORDER_COUNT
};

struct order {
	enum order_verb verb;
	bool ranges; /* of status: every range, too */
	int level;   /* of log-level: LOG_INFO, ... of syslog(3) */
};

/* -EINVAL: *why says what is wrong; static. */
int order_parse(const char *text, size_t len, struct order *, const char **why);
/* Whether only root and the daemon's own user may ask for it: it changes
 * something. */
bool order_changes(enum order_verb);

#endif
