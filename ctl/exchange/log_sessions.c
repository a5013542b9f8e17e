/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_sessions.c - the open sessions of a protocol log, by their names.
 */
#include "log_sessions.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { BUCKETS = LOG_SESSIONS_MAX }; /* a power of two */

int
log_sessions_init(struct log_sessions *t)
{
	*t = (struct log_sessions){
		.buckets = calloc(BUCKETS, sizeof(struct log_session *)),
	};
	TAILQ_INIT(&t->order);
	return t->buckets == NULL ? -ENOMEM : 0;
}

void
log_sessions_fini(struct log_sessions *t)
{
	struct log_session *s;

	while ((s = log_sessions_oldest(t)) != NULL)
		log_sessions_remove(t, s);
	while ((s = t->unused) != NULL) {
		t->unused = s->next;
		arena_free(s->arena);
		free(s);
	}
	free(t->buckets);
}

/* Where in a bucket a session is, or would be. */
static struct log_session **
find(struct log_sessions *t, const char *id, uint64_t hash)
{
	struct log_session **s = &t->buckets[hash % BUCKETS];

	while (*s != NULL && ((*s)->hash != hash || strcmp((*s)->id, id) != 0))
		s = &(*s)->next;
	return s;
}

struct log_session *
log_sessions_find(struct log_sessions *t, const char *id)
{
	struct log_session *s = *find(t, id, XXH3_64bits(id, strlen(id)));

	if (s != NULL && TAILQ_NEXT(s, order) != NULL) {
		TAILQ_REMOVE(&t->order, s, order);
		TAILQ_INSERT_TAIL(&t->order, s, order);
	}
	return s;
}

/* One that was used before, or a new one; zeroed but for its arena. */
static struct log_session *
take_unused(struct log_sessions *t)
{
	struct log_session *s = t->unused;

	if (s != NULL) {
		struct arena *arena = s->arena;

		t->unused = s->next;
		*s = (struct log_session){ .arena = arena };
		return s;
	}
	s = calloc(1, sizeof *s);
	if (s != NULL && (s->arena = arena_new(0)) == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

struct log_session *
log_sessions_add(struct log_sessions *t, const char *id)
{
	struct log_session *s, **bucket;
	size_t len = strlen(id);

	assert(t->count < LOG_SESSIONS_MAX && len < LOG_SESSION_ID_SIZE);
	if ((s = take_unused(t)) == NULL)
		return NULL;
	memcpy(s->id, id, len + 1);
	s->hash = XXH3_64bits(id, len);
	bucket = &t->buckets[s->hash % BUCKETS];
	s->next = *bucket;
	*bucket = s;
	TAILQ_INSERT_TAIL(&t->order, s, order);
	t->count++;
	return s;
}

void
log_sessions_remove(struct log_sessions *t, struct log_session *s)
{
	*find(t, s->id, s->hash) = s->next;
	TAILQ_REMOVE(&t->order, s, order);
	t->count--;
	arena_reset(s->arena);
	s->next = t->unused;
	t->unused = s;
}

struct log_session *
log_sessions_oldest(struct log_sessions *t)
{
	return TAILQ_FIRST(&t->order);
}
