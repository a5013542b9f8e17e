/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.c - the ruleset that new sessions get.
 */
#include "store.h"
#include "files.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct store {
	pthread_mutex_t lock; /* of current: held to read and count it */
	struct ruleset *current;
	struct files files;
	char server[HOST_NAME_MAX + 1];
};

int
store_new(const char *file, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	rc = pthread_mutex_init(&s->lock, NULL);
	if (rc) {
		free(s);
		return -rc;
	}
	files_init(&s->files, file);
	/* sizeof - 1: POSIX leaves open whether a cut name ends. */
	if (gethostname(s->server, sizeof(s->server) - 1))
		s->server[0] = '\0';
	*out = s;
	return 0;
}

void
store_free(struct store *s)
{
	if (!s)
		return;
	ruleset_unref(s->current);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
store_load(struct store *s, struct diagnostics *list)
{
	struct reader reader = files_reader(&s->files);
	struct ruleset *fresh, *old;
	int rc =
	    ruleset_load(&reader, s->files.policy, s->server, &fresh, list);

	if (rc)
		return rc;
	pthread_mutex_lock(&s->lock);
	old = s->current;
	s->current = fresh;
	pthread_mutex_unlock(&s->lock);
	ruleset_unref(old);
	return 0;
}

struct ruleset *
store_get(struct store *s)
{
	struct ruleset *r;

	/* The count goes up under the lock: else the last session of the old
	 * ruleset could free it between the look and the count. */
	pthread_mutex_lock(&s->lock);
	r = s->current ? ruleset_ref(s->current) : NULL;
	pthread_mutex_unlock(&s->lock);
	return r;
}
