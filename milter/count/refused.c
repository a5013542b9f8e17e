/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refused.c - the clients that are refused most, in a fixed room.
 */
#include "refused.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct refused {
	pthread_mutex_t lock; /* of the table */
	struct refused_client clients[REFUSED_MAX];
	size_t count;
	_Atomic uint64_t missed;
};

struct refused *
refused_new(void)
{
	struct refused *r = calloc(1, sizeof(*r));

	if (r)
		pthread_mutex_init(&r->lock, NULL);
	return r;
}

void
refused_free(struct refused *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* The client's place, a free one, or that of the least. */
static struct refused_client *
place_find(struct refused *r, const struct netaddr *client)
{
	struct refused_client *least = &r->clients[0];

	for (size_t i = 0; i < r->count; i++) {
		struct refused_client *c = &r->clients[i];
		if (!netaddr_compare(&c->client, client))
			return c;
		if (c->count < least->count)
			least = c;
	}
	if (r->count == REFUSED_MAX) {
		least->extra = least->count;
	} else {
		least = &r->clients[r->count++];
		*least = (struct refused_client){ 0 };
	}
	least->client = *client;
	return least;
}

void
refused_note(struct refused *r, const struct netaddr *client, unsigned reason,
    int64_t now)
{
	struct netaddr source = *client;
	struct refused_client *c;

	if (source.family == FAMILY_NONE)
		return;
	if (source.family == FAMILY_IPV6)
		source.lo = 0;
	if (pthread_mutex_trylock(&r->lock)) {
		atomic_fetch_add(&r->missed, 1);
		return;
	}
	c = place_find(r, &source);
	c->count++;
	c->reason = reason;
	c->last = now;
	pthread_mutex_unlock(&r->lock);
}

static int
count_compare(const void *left, const void *right)
{
	const struct refused_client *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return netaddr_compare(&a->client, &b->client);
}

size_t
refused_top(struct refused *r, struct refused_client *out, size_t room)
{
	struct refused_client all[REFUSED_MAX];
	size_t count;

	pthread_mutex_lock(&r->lock);
	count = r->count;
	memcpy(all, r->clients, count * sizeof(*all));
	pthread_mutex_unlock(&r->lock);
	qsort(all, count, sizeof(*all), count_compare);
	if (count > room)
		count = room;
	memcpy(out, all, count * sizeof(*all));
	return count;
}

uint64_t
refused_missed(const struct refused *r)
{
	return atomic_load(&r->missed);
}
