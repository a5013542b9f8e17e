/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.h - loads the policy again, in a thread of its own.
 *
 * One load at a time; those who ask while one runs get the next, together.
 * Decisions, the policy service and those who ask how things are never wait
 * for it. What came of the last one is kept, and logged.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include "store.h"

#include <jansson.h>

enum reload_by { RELOAD_SIGNAL, RELOAD_CONTROL, RELOAD_WATCH };

struct reload_options {
	const char *last_good; /* a folder that takes what was good, or NULL */
	bool restored;         /* the store was filled from there */
	unsigned watch;        /* seconds between looks at the files; 0: none */
};

struct reload_state {
	uint64_t asked, done; /* tickets: the last one given, the last served */
	uint64_t good, bad;   /* loads since the start */
	bool failed;          /* the last one was bad */
	bool restored;        /* what runs is the last good, not the file */
	bool unsaved;         /* it could not be written to the folder */
};

struct reload;

/* The store must be filled, and must outlive it. Call when signals are
 * blocked. */
int reload_start(
    struct store *, const struct reload_options *, struct reload **);
/* Waits for a load that runs. Takes NULL. */
void reload_stop(struct reload *);

/* Somebody who is told from the thread when a load is done, and must not wait
 * nor ask back. One at a time; NULL: nobody, from now on. */
void reload_listen(struct reload *, void (*done)(void *ctx), void *ctx);

/* Asks for a load, and does not wait: the ticket is served when done has
 * reached it. */
uint64_t reload_ask(struct reload *, enum reload_by);
struct reload_state reload_state(struct reload *);
/* What came of the last load, a reference for the caller; NULL before the
 * first. Is never changed. Keys: time, by, result (good or bad), old, new
 * (policy ids), relation (as connectorctl diff has it), change (in one line),
 * new_relay, findings (as connectorctl check has them). */
json_t *reload_report(struct reload *);

/* "2026-11-22T04:00:00Z" */
enum { TIME_TEXT_SIZE = 24 };
const char *time_format(int64_t, char buf[TIME_TEXT_SIZE]);

#endif
