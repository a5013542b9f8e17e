/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.c - the ruleset that new sessions get.
 */
#include "store.h"
#include "snapshot.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char name_of_good[] = "last-good";

struct store {
	pthread_mutex_t lock; /* of the two that follow */
	struct ruleset *current;
	int64_t since;

	/* Of the thread that loads. */
	struct files files;
	struct snapshot *good;  /* of current, or recalled, or NULL */
	struct snapshot *tried; /* of a later load that failed, or NULL */
	char good_id[SNAPSHOT_ID_SIZE]; /* as store_recall() read it */
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
	snapshot_free(s->good);
	snapshot_free(s->tried);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
store_swap(struct store *s, struct ruleset *fresh, struct snapshot *files)
{
	struct ruleset *old;

	pthread_mutex_lock(&s->lock);
	old = s->current;
	s->current = fresh;
	s->since = (int64_t)time(NULL);
	pthread_mutex_unlock(&s->lock);
	ruleset_unref(old);
	snapshot_free(s->good);
	snapshot_free(s->tried);
	s->good = files;
	s->tried = NULL;
}

/* No shorter file is a good one by chance: it could lack what narrows. */
static int
store_compare(const struct store *s, const struct snapshot *files,
    struct diagnostics *list)
{
	const char *cut = s->good ? snapshot_cut(files, s->good) : NULL;

	if (!cut)
		return 0;
	diagnostics_add(list, SEVERITY_ERROR, "E-CUT",
	    (struct where){ .file = cut },
	    "it is the beginning of the file in use and looks cut off; if "
	    "it is meant to end there, change or add a line, such as a "
	    "comment");
	return -EINVAL;
}

int
store_load(struct store *s, struct diagnostics *list)
{
	struct snapshot *files = snapshot_new(&s->files);
	struct reader reader;
	struct ruleset *fresh = NULL;
	int rc;

	if (!files)
		return -ENOMEM;
	reader = snapshot_reader(files);
	rc = ruleset_load(&reader, s->files.policy, s->server, &fresh, list);
	if (!rc)
		rc = store_compare(s, files, list);
	if (!rc) {
		store_swap(s, fresh, files);
		return 0;
	}
	ruleset_unref(fresh);
	snapshot_forget(files);
	snapshot_free(s->tried);
	s->tried = files;
	return rc;
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

int64_t
store_since(struct store *s)
{
	int64_t since;

	pthread_mutex_lock(&s->lock);
	since = s->since;
	pthread_mutex_unlock(&s->lock);
	return since;
}

uint64_t
store_mark(const struct store *s)
{
	const struct snapshot *last = s->tried ? s->tried : s->good;

	return last ? snapshot_mark(last) : 0;
}

uint64_t
store_mark_now(const struct store *s)
{
	const struct snapshot *last = s->tried ? s->tried : s->good;

	return last ? snapshot_mark_now(last) : 0;
}

/* ---- The last good policy -------------------------------------------- */

static int
good_path(const char *folder, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", folder, name_of_good);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int
store_save(const struct store *s, const char *folder)
{
	char path[PATH_MAX];
	int rc = good_path(folder, path);

	return rc ? rc : snapshot_write(s->good, path, ruleset_id(s->current));
}

int
store_recall(struct store *s, const char *folder)
{
	struct snapshot *files = snapshot_new(&s->files);
	char path[PATH_MAX];
	int rc = files ? good_path(folder, path) : -ENOMEM;

	if (!rc)
		rc = snapshot_read(files, path, s->good_id);
	if (rc) {
		snapshot_free(files);
		return rc;
	}
	s->good = files;
	return 0;
}

int
store_restore(struct store *s, struct diagnostics *list)
{
	struct snapshot *files = s->good, *tried = s->tried;
	struct ruleset *fresh = NULL;
	struct reader reader;
	int rc;

	if (!files)
		return -ENOENT;
	reader = snapshot_replay(files);
	rc = ruleset_load(
	    &reader, snapshot_first(files), s->server, &fresh, list);
	/* The id is a hash of the text: nobody has changed it since. */
	if (!rc && strcmp(ruleset_id(fresh), s->good_id) != 0)
		rc = -EBADMSG;
	if (rc) {
		ruleset_unref(fresh);
		return rc;
	}
	/* What was tried is watched on: it is there to be mended. */
	s->good = s->tried = NULL;
	store_swap(s, fresh, files);
	s->tried = tried;
	return 0;
}
