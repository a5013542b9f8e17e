/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quota_file - keeps over a restart what clients have spent of quotas.
 *
 * The file is text: a line with the table's seed and its number of places, a
 * line for each place that counts, and a last line that shows that nothing is
 * missing. It has the seed, so it is for nobody else to read.
 */
#include "quota_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { EVERY = 60, LINE_SIZE = 128 }; /* seconds; bytes */

static const char head[] = "connector-milter quotas 1 %" SCNx64 " %zu%c";
static const char end[] = "end\n";

struct quota_keeper {
	const char *path;
	const struct counter_table *table;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ending;
	bool failed; /* the last time; said once */
};

/* ---- In -------------------------------------------------------------- */

/* The lines after the first. */
static bool
places_read(FILE *file, struct counter_table *table)
{
	char line[LINE_SIZE], newline;
	uint64_t word;
	size_t place;

	while (fgets(line, sizeof line, file)) {
		if (strcmp(line, end) == 0)
			return true;
		if (sscanf(line, "%zu %" SCNx64 "%c", &place, &word,
			&newline) != 3 ||
		    newline != '\n' ||
		    !counter_table_restore(table, place, word))
			return false;
	}
	return false;
}

static struct counter_table *
table_read(FILE *file, size_t keys)
{
	char line[LINE_SIZE], newline;
	struct counter_table *table;
	uint64_t seed;
	size_t places;

	if (!fgets(line, sizeof line, file) ||
	    sscanf(line, head, &seed, &places, &newline) != 3)
		return NULL;
	table = counter_table_new(keys, seed);
	if (table && (counter_table_places(table) != places ||
			 !places_read(file, table))) {
		counter_table_free(table);
		return NULL;
	}
	return table;
}

struct counter_table *
quota_file_table(const char *path, size_t keys, uint64_t seed)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	struct counter_table *table = file ? table_read(file, keys) : NULL;

	if (file && !table)
		log_message(LOG_WARNING,
		    "%s: is not whole or not of this version; quotas begin "
		    "anew",
		    path);
	else if (path && !file && errno != ENOENT)
		log_message(LOG_WARNING, "%s: %s; quotas begin anew", path,
		    strerror(errno));
	if (file)
		fclose(file);
	return table ? table : counter_table_new(keys, seed);
}

/* ---- Out ------------------------------------------------------------- */

static int
places_write(const struct counter_table *table, FILE *file)
{
	size_t places = counter_table_places(table), i;
	int64_t now = (int64_t)time(NULL);

	fprintf(file, "connector-milter quotas 1 %" PRIx64 " %zu\n",
	    counter_table_seed(table), places);
	for (i = 0; i < places; i++) {
		uint64_t word = counter_table_word(table, i, now);

		if (word != 0)
			fprintf(file, "%zu %" PRIx64 "\n", i, word);
	}
	fputs(end, file);
	return fflush(file) || ferror(file) || fsync(fileno(file)) ? -EIO : 0;
}

static int
quota_file_write(const char *path, const struct counter_table *table)
{
	char fresh[PATH_MAX];
	int fd, error, n = snprintf(fresh, sizeof fresh, "%s.new", path);
	FILE *file;

	if (n < 0 || (size_t)n >= sizeof fresh)
		return -ENAMETOOLONG;
	(void)unlink(fresh);
	fd = open(
	    fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	error = places_write(table, file);
	if (fclose(file) && !error)
		error = -EIO;
	if (!error && rename(fresh, path))
		error = -errno;
	if (error)
		(void)unlink(fresh);
	return error;
}

static void
keeper_write(struct quota_keeper *keeper)
{
	int error = quota_file_write(keeper->path, keeper->table);

	if (error && !keeper->failed)
		log_message(LOG_ERR, "--quota-file %s: %s", keeper->path,
		    strerror(-error));
	keeper->failed = error != 0;
}

static void *
keeper_run(void *ctx)
{
	struct quota_keeper *keeper = ctx;
	struct timespec next;
	bool ending = false;

	/* Ends when it is told to. */
	while (!ending) {
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_sec += EVERY;
		pthread_mutex_lock(&keeper->lock);
		while (
		    !keeper->ending && pthread_cond_timedwait(&keeper->wake,
					   &keeper->lock, &next) != ETIMEDOUT)
			;
		ending = keeper->ending;
		pthread_mutex_unlock(&keeper->lock);
		keeper_write(keeper);
	}
	return NULL;
}

int
quota_keeper_start(const char *path, const struct counter_table *table,
    struct quota_keeper **out)
{
	struct quota_keeper *keeper = calloc(1, sizeof *keeper);
	int error;

	if (!keeper)
		return -ENOMEM;
	keeper->path = path;
	keeper->table = table;
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->wake, NULL);
	error = -pthread_create(&keeper->thread, NULL, keeper_run, keeper);
	if (error) {
		free(keeper);
		return error;
	}
	*out = keeper;
	return 0;
}

void
quota_keeper_stop(struct quota_keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->ending = true;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	pthread_cond_destroy(&keeper->wake);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}
