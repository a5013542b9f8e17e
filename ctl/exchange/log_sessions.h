/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_sessions.h - the open sessions of a protocol log, by their names.
 *
 * A table of at most LOG_SESSIONS_MAX, and an order by when each was met
 * last. A session's memory is used again by the next one. Knows nothing of
 * what a session says.
 */
#ifndef LOG_SESSIONS_H
#define LOG_SESSIONS_H

#include "recording.h"

#include <sys/queue.h>

enum {
	LOG_SESSIONS_MAX = 65536,
	LOG_SESSION_ID_SIZE = 64, /* longer than a GUID */
};

struct log_session {
	TAILQ_ENTRY(log_session) order;
	struct log_session *next; /* in a bucket, or of those to use again */
	char id[LOG_SESSION_ID_SIZE];
	uint64_t hash;
	struct arena *arena; /* of all that session points to */
	struct recorded_session session;
	uint64_t sequence; /* of the last line */
	int64_t seen, at;  /* the times of the last line, of the last step */
	size_t awaiting;   /* index of the step that the next reply is for */
	char last[4];      /* code of the last reply */
	bool multiline;    /* it may go on */
	bool auth;         /* the client answers a 334 */
	const char *user;  /* who authenticated, or NULL */
	bool left_out;     /* not to be played: was complained about */
	bool proxied;      /* the inner half of a session */
};

struct log_sessions {
	struct log_session **buckets;
	struct log_session *unused;
	TAILQ_HEAD(log_order, log_session) order; /* met longest ago first */
	size_t count;
};

/* -ENOMEM. */
int log_sessions_init(struct log_sessions *);
void log_sessions_fini(struct log_sessions *);

/* NULL: it is not open. One that is found counts as met now. id is shorter
 * than LOG_SESSION_ID_SIZE. */
struct log_session *log_sessions_find(struct log_sessions *, const char *id);
/* One that is not open yet, with an empty arena; there is room. NULL: out of
 * memory. */
struct log_session *log_sessions_add(struct log_sessions *, const char *id);
void log_sessions_remove(struct log_sessions *, struct log_session *);
/* The one that was met longest ago; NULL: none is open. */
struct log_session *log_sessions_oldest(struct log_sessions *);

#endif
