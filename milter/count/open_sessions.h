/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open_sessions.h - the sessions of the milter that are open.
 *
 * In several lists with a lock each, so that sessions that come and go seldom
 * meet, and one that is fed takes no lock at all.
 */
#ifndef OPEN_SESSIONS_H
#define OPEN_SESSIONS_H

#include "rules.h"

#include <stdatomic.h>
#include <sys/queue.h>

/* A session, as others may see it; part of what its owner has. What is no
 * atomic is not changed while it is on the roster. */
struct visit {
	LIST_ENTRY(visit) entry;
	size_t list;
	const char *id;
	const struct session *session; /* its connector and its ruleset */
	struct netaddr client;
	int64_t since; /* seconds since 1970 */
	atomic_int stage;
	atomic_uint messages, recipients, refused;
};

struct roster;

/* NULL: out of memory. */
struct roster *roster_new(void);
void roster_free(struct roster *);

/* After connect; the visit has to leave before it or its session is freed. */
void roster_enter(struct roster *, struct visit *);
void roster_leave(struct roster *, struct visit *);
/* What was decided of it. */
void visit_note(struct visit *, const struct decision *);

/* How many there are. */
size_t roster_count(struct roster *);
/* Tells of each, in no order, with a lock held: fn must be quick. */
void roster_walk(
    struct roster *, void (*fn)(void *ctx, const struct visit *), void *ctx);

#endif
