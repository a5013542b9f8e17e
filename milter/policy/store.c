/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.c - the edition of the policy that new sessions get.
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
	struct edition *current;
	int64_t since;

	/* Of the thread that loads. */
	struct tally *tally;
	struct files files;
	struct snapshot *good;  /* of current, or recalled, or NULL */
	struct snapshot *tried; /* of a later load that failed, or NULL */
	char good_id[SNAPSHOT_ID_SIZE]; /* as store_recall() read it */
	char server[HOST_NAME_MAX + 1];
};

int
store_new(const char *file, struct tally *tally, struct store **out)
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
	s->tally = tally;
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
	edition_unref(s->current);
	snapshot_free(s->good);
	snapshot_free(s->tried);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
store_guard(struct store *s, uid_t user)
{
	files_guard(&s->files, user);
}

/* Takes both, on success only. */
static int
store_swap(struct store *s, struct ruleset *ruleset, struct snapshot *files)
{
	struct edition *fresh, *old;
	int rc = edition_new(ruleset, s->tally, s->current, &fresh);

	if (rc)
		return rc;
	pthread_mutex_lock(&s->lock);
	old = s->current;
	s->current = fresh;
	s->since = (int64_t)time(NULL);
	pthread_mutex_unlock(&s->lock);
	edition_unref(old);
	snapshot_free(s->good);
	snapshot_free(s->tried);
	s->good = files;
	s->tried = NULL;
	return 0;
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
	    "it is shorter than what is in use and looks cut off; if it is "
	    "meant to end there, add a line, such as a comment");
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
	if (!rc)
		rc = store_swap(s, fresh, files);
	if (!rc)
		return 0;
	ruleset_unref(fresh);
	snapshot_forget(files);
	snapshot_free(s->tried);
	s->tried = files;
	return rc;
}

struct edition *
store_get(struct store *s)
{
	struct edition *e;

	/* The count goes up under the lock: else the last session of the old
	 * edition could free it between the look and the count. */
	pthread_mutex_lock(&s->lock);
	e = s->current ? edition_ref(s->current) : NULL;
	pthread_mutex_unlock(&s->lock);
	return e;
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
store_keep(struct store *s, const char *folder)
{
	char path[PATH_MAX];
	int rc = folder ? good_path(folder, path) : 0;

	if (!rc && folder)
		rc = snapshot_write(
		    s->good, path, ruleset_id(edition_ruleset(s->current)));
	snapshot_trim(s->good);
	return rc;
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
	rc = store_swap(s, fresh, files);
	if (rc) {
		ruleset_unref(fresh);
		s->good = files;
	}
	s->tried = tried;
	return rc;
}
