/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.h - one milter session as a recording that connectorctl(8) replays.
 *
 * Writes down the envelope and the names of header fields, their values only
 * on request, never a body; and what was decided, as far as it can be decided
 * again from that. It grows in memory, within a bound, and is handed to the
 * recorder when the session ends. What cannot be written in that form
 * without saying something else is left out as a whole, and counted.
 */
#ifndef RECORD_H
#define RECORD_H

#include "recorder.h"
#include "rules.h"

struct session_record;

/* Begins; id is the session's. recorder NULL, or out of memory: NULL. */
struct session_record *record_new(
    struct recorder *, const char *id, const struct ruleset *);
/* What was fed and what came of it. Takes NULL. */
void record_event(struct session_record *, const struct session_event *,
    const struct decision *);
/* Hands it over, or forgets it if nothing was decided. Takes NULL. */
void record_end(struct session_record *);

#endif
