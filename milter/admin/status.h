/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.h - how the daemon is, as JSON.
 *
 * What connectorctl(8) shows and its --format json hands through: keys may
 * be added, none changes. NULL: out of memory.
 */
#ifndef STATUS_H
#define STATUS_H

#include "service.h"

#include <jansson.h>

/* ranges: with every range of every connector, the unused first, up to
 * STATUS_RANGES_MAX. */
enum { STATUS_RANGES_MAX = 10000, STATUS_SESSIONS_MAX = 10000 };
json_t *status_json(const struct service *, bool ranges);
/* The open sessions of the milter, up to STATUS_SESSIONS_MAX. */
json_t *sessions_json(const struct service *);

/* Seconds of a clock that never goes back. */
int64_t monotonic_now(void);

#endif
