/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.c - keeps recorded sessions in the files of a folder.
 *
 * A file is named by the time at which it was begun, and a number where there
 * are several: 20261122T041507Z-0.session. One is begun each hour, and when
 * the last one has a sixteenth of what all may have.
 */
#define _GNU_SOURCE /* scandirat(), strverscmp() */

#include "recorder.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	HELD_MAX = 64 << 20, /* bytes of all texts in memory */
	NAME_SIZE = 48,
	FILES_MAX = 10000, /* of one second */
	HOUR = 3600,
	DAY = 24 * HOUR,
	SHARE = 16,
	STOP_SECONDS = 2,
};

struct recorder {
	struct recorder_limits limits;
	int folder;
	/* The thread's. */
	int file; /* -1: none */
	uint64_t size;
	time_t begun;
	bool failing;

	pthread_mutex_t lock; /* of the rest but the counts */
	pthread_cond_t filled, drained;
	struct recorder_text *first, **last;
	bool running, stopping;
	atomic_size_t held;
	atomic_uint_fast64_t dropped;
};

/* ---- Texts ----------------------------------------------------------- */

struct recorder_text *
recorder_text_resize(
    struct recorder *r, struct recorder_text *text, size_t room)
{
	size_t old = text ? text->room : 0, held;
	struct recorder_text *fresh;

	held = atomic_fetch_add(&r->held, room - old) + room - old;
	fresh = held <= HELD_MAX ? realloc(text, sizeof(*text) + room) : NULL;
	if (!fresh) {
		atomic_fetch_sub(&r->held, room - old);
		return NULL;
	}
	if (!text)
		*fresh = (struct recorder_text){ 0 };
	fresh->room = room;
	return fresh;
}

void
recorder_text_free(struct recorder *r, struct recorder_text *text)
{
	atomic_fetch_sub(&r->held, text->room);
	free(text);
}

void
recorder_put(struct recorder *r, struct recorder_text *text)
{
	text->next = NULL;
	pthread_mutex_lock(&r->lock);
	*r->last = text;
	r->last = &text->next;
	pthread_cond_signal(&r->filled);
	pthread_mutex_unlock(&r->lock);
}

void
recorder_drop(struct recorder *r)
{
	atomic_fetch_add(&r->dropped, 1);
}

uint64_t
recorder_dropped(struct recorder *r)
{
	return r ? atomic_load(&r->dropped) : 0;
}

bool
recorder_values(const struct recorder *r)
{
	return r->limits.values;
}

/* ---- Files ----------------------------------------------------------- */

/* Whether a file of the folder was made here: nobody else's are removed. */
static int
is_ours(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t digits;

	if (strspn(name, "0123456789") != 8 || name[8] != 'T' ||
	    strspn(name + 9, "0123456789") != 6 || name[15] != 'Z' ||
	    name[16] != '-')
		return 0;
	digits = strspn(name + 17, "0123456789");
	return digits && !strcmp(name + 17 + digits, ".session");
}

/* The newest one first, by what their names say. */
static int
newest_first(const struct dirent **a, const struct dirent **b)
{
	return -strverscmp((*a)->d_name, (*b)->d_name);
}

/* Removes what is too old, and what is too much behind the newest ones. */
static void
files_prune(struct recorder *r, time_t now)
{
	time_t oldest = now - (time_t)r->limits.days * DAY;
	struct dirent **entries;
	uint64_t size = 0;
	int count = scandirat(r->folder, ".", &entries, is_ours, newest_first);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		struct stat st;

		if (!fstatat(r->folder, name, &st, AT_SYMLINK_NOFOLLOW)) {
			size += (uint64_t)st.st_size;
			if (i &&
			    (size > r->limits.size || st.st_mtime < oldest))
				(void)unlinkat(r->folder, name, 0);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static int
file_begin(struct recorder *r, time_t now)
{
	char stamp[24], name[NAME_SIZE];
	struct tm tm;

	if (r->file >= 0)
		close(r->file);
	r->file = -1;
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	errno = EEXIST;
	for (int i = 0; i < FILES_MAX && r->file < 0 && errno == EEXIST; i++) {
		snprintf(name, sizeof(name), "%s-%d.session", stamp, i);
		r->file = openat(r->folder, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	if (r->file < 0)
		return -errno;
	r->begun = now;
	r->size = 0;
	files_prune(r, now);
	return 0;
}

static int
bytes_write(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
text_write(struct recorder *r, const struct recorder_text *text)
{
	time_t now = time(NULL);
	int rc = 0;

	if (r->file < 0 || now - r->begun >= HOUR || now < r->begun ||
	    r->size >= r->limits.size / SHARE)
		rc = file_begin(r, now);
	if (rc)
		return rc;
	rc = bytes_write(r->file, text->bytes, text->len);
	/* Not a half of one. */
	if (rc && ftruncate(r->file, (off_t)r->size)) {
		close(r->file);
		r->file = -1;
	}
	if (!rc)
		r->size += text->len;
	return rc;
}

/* Says that it fails, or no longer does, once. */
static void
result_tell(struct recorder *r, int rc)
{
	if (rc && !r->failing)
		log_message(
		    LOG_ERR, "cannot record sessions: %s", strerror(-rc));
	if (!rc && r->failing)
		log_message(LOG_NOTICE,
		    "sessions are recorded again; %llu were not",
		    (unsigned long long)recorder_dropped(r));
	r->failing = rc != 0;
	if (rc)
		recorder_drop(r);
}

/* ---- The thread ------------------------------------------------------ */

/* The next text; NULL when an hour has passed, or it is to end. */
static struct recorder_text *
text_take(struct recorder *r)
{
	struct recorder_text *text;
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HOUR;
	while (!r->first && !r->stopping && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&r->filled, &r->lock, &until);
	text = r->first;
	if (text)
		r->first = text->next;
	if (!r->first)
		r->last = &r->first;
	return text;
}

static void *
recorder_run(void *ctx)
{
	struct recorder *r = ctx;
	struct recorder_text *text;

	pthread_mutex_lock(&r->lock);
	while ((text = text_take(r)) || !r->stopping) {
		pthread_mutex_unlock(&r->lock);
		if (text) {
			result_tell(r, text_write(r, text));
			recorder_text_free(r, text);
		} else {
			files_prune(r, time(NULL));
		}
		pthread_mutex_lock(&r->lock);
	}
	r->running = false;
	pthread_cond_signal(&r->drained);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int
recorder_open(const char *folder, const struct recorder_limits *limits,
    struct recorder **out)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->limits = *limits;
	r->file = -1;
	r->last = &r->first;
	r->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = r->folder < 0 ? -errno : 0;
	if (!rc)
		rc = -pthread_mutex_init(&r->lock, NULL);
	if (!rc)
		rc = -pthread_cond_init(&r->filled, NULL);
	if (!rc)
		rc = -pthread_cond_init(&r->drained, NULL);
	if (rc) {
		if (r->folder >= 0)
			close(r->folder);
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

int
recorder_start(struct recorder *r)
{
	pthread_t thread;
	int rc;

	/* The first session begins a file: an empty one is no recording. */
	if (faccessat(r->folder, ".", W_OK | X_OK, AT_EACCESS))
		return -errno;
	files_prune(r, time(NULL));
	r->running = true;
	rc = -pthread_create(&thread, NULL, recorder_run, r);
	if (!rc)
		pthread_detach(thread);
	r->running = !rc;
	return rc;
}

void
recorder_stop(struct recorder *r)
{
	struct timespec until;

	if (!r)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_SECONDS;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->filled);
	while (r->running)
		if (pthread_cond_timedwait(&r->drained, &r->lock, &until) ==
		    ETIMEDOUT)
			break;
	pthread_mutex_unlock(&r->lock);
}

void
recorder_free(struct recorder *r)
{
	bool running;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	running = r->running;
	pthread_mutex_unlock(&r->lock);
	if (running)
		return; /* it still waits for the disk, to the end */
	if (r->file >= 0)
		close(r->file);
	close(r->folder);
	pthread_cond_destroy(&r->filled);
	pthread_cond_destroy(&r->drained);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
