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

/* ranges: with a line for every range of every connector. */
json_t *status_json(const struct service *, bool ranges);

/* Seconds of a clock that never goes back. */
int64_t monotonic_now(void);

#endif
