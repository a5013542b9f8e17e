/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open_sessions.c - the sessions of the milter that are open.
 */
#include "open_sessions.h"

#include <pthread.h>
#include <stdlib.h>

enum { LISTS = 16 };

LIST_HEAD(visits, visit);

struct session_list {
	_Alignas(64) pthread_mutex_t lock;
	struct visits visits;
	size_t count;
};

struct roster {
	struct session_list lists[LISTS];
	atomic_size_t next;
};

struct roster *
roster_new(void)
{
	struct roster *r = aligned_alloc(_Alignof(struct roster), sizeof(*r));

	if (!r)
		return NULL;
	atomic_init(&r->next, 0);
	for (int i = 0; i < LISTS; i++) {
		pthread_mutex_init(&r->lists[i].lock, NULL);
		LIST_INIT(&r->lists[i].visits);
		r->lists[i].count = 0;
	}
	return r;
}

void
roster_free(struct roster *r)
{
	if (!r)
		return;
	for (int i = 0; i < LISTS; i++)
		pthread_mutex_destroy(&r->lists[i].lock);
	free(r);
}

void
roster_enter(struct roster *r, struct visit *v)
{
	struct session_list *list;

	v->list = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed) %
		  LISTS;
	list = &r->lists[v->list];
	pthread_mutex_lock(&list->lock);
	LIST_INSERT_HEAD(&list->visits, v, entry);
	list->count++;
	pthread_mutex_unlock(&list->lock);
}

void
roster_leave(struct roster *r, struct visit *v)
{
	struct session_list *list = &r->lists[v->list];

	pthread_mutex_lock(&list->lock);
	LIST_REMOVE(v, entry);
	list->count--;
	pthread_mutex_unlock(&list->lock);
}

void
visit_note(struct visit *v, const struct decision *d)
{
	atomic_uint *count = NULL;

	atomic_store_explicit(&v->stage, d->stage, memory_order_relaxed);
	if (d->verdict != VERDICT_ACCEPT)
		count = &v->refused;
	else if (d->stage == STAGE_RCPT)
		count = &v->recipients;
	else if (d->stage == STAGE_EOM)
		count = &v->messages;
	if (count)
		atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

size_t
roster_count(struct roster *r)
{
	size_t count = 0;

	for (int i = 0; i < LISTS; i++) {
		pthread_mutex_lock(&r->lists[i].lock);
		count += r->lists[i].count;
		pthread_mutex_unlock(&r->lists[i].lock);
	}
	return count;
}

void
roster_walk(
    struct roster *r, void (*fn)(void *ctx, const struct visit *), void *ctx)
{
	const struct visit *v;

	for (int i = 0; i < LISTS; i++) {
		pthread_mutex_lock(&r->lists[i].lock);
		LIST_FOREACH(v, &r->lists[i].visits, entry)
			fn(ctx, v);
		pthread_mutex_unlock(&r->lists[i].lock);
	}
}
