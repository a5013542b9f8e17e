/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * protocol_logs.c - the files of protocol logs that were named in one call.
 */
#include "protocol_logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct waiting_log {
	char *file;
	int64_t first; /* time of its first line */
	size_t index;  /* order in which they were named */
};

int
protocol_logs_init(
    struct protocol_logs *logs, const struct protocol_log_sink *sink)
{
	*logs = (struct protocol_logs){ .log = protocol_log_new(sink) };
	return logs->log == NULL ? -ENOMEM : 0;
}

void
protocol_logs_fini(struct protocol_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++)
		free(logs->waiting[i].file);
	free(logs->waiting);
	protocol_log_free(logs->log);
}

static bool
is_regular(FILE *file)
{
	struct stat st;

	return fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode);
}

int
protocol_logs_take(struct protocol_logs *logs, struct line_reader *lines,
    char why[RECORDING_WHY_SIZE])
{
	struct waiting_log *waiting;
	const char *text;
	char *file;
	size_t len;

	if (lines->file == stdin || !is_regular(lines->file))
		return protocol_log_read(logs->log, lines, why);
	text = line_reader_peek(lines, &len);
	waiting = realloc(logs->waiting, (logs->count + 1) * sizeof *waiting);
	if (waiting != NULL)
		logs->waiting = waiting;
	file = waiting != NULL ? strdup(lines->name) : NULL;
	if (file == NULL) {
		snprintf(why, RECORDING_WHY_SIZE, "%.120s: out of memory",
		    lines->name);
		return -ENOMEM;
	}
	waiting[logs->count] = (struct waiting_log){
		.file = file,
		.first = protocol_log_first(text, len),
		.index = logs->count,
	};
	logs->count++;
	return 0;
}

static int
compare_waiting(const void *a, const void *b)
{
	const struct waiting_log *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static int
read_file(
    struct protocol_logs *logs, const char *file, char why[RECORDING_WHY_SIZE])
{
	struct line_reader lines;
	FILE *f = fopen(file, "rbe");
	int rc = f == NULL ? -errno : line_reader_init(&lines, f, file);

	if (rc < 0) {
		snprintf(
		    why, RECORDING_WHY_SIZE, "%.120s: %s", file, strerror(-rc));
	} else {
		rc = protocol_log_read(logs->log, &lines, why);
		line_reader_fini(&lines);
	}
	if (f != NULL)
		fclose(f);
	return rc;
}

int
protocol_logs_read(struct protocol_logs *logs,
    void (*unreadable)(void *ctx, const char *file, const char *why), void *ctx)
{
	char why[RECORDING_WHY_SIZE];
	int rc = 0;

	if (logs->count > 0)
		qsort(logs->waiting, logs->count, sizeof *logs->waiting,
		    compare_waiting);
	for (size_t i = 0; i < logs->count && rc == 0; i++) {
		rc = read_file(logs, logs->waiting[i].file, why);
		if (rc < 0) {
			unreadable(ctx, logs->waiting[i].file, why);
			rc = 0;
		}
	}
	return rc != 0 ? rc : protocol_log_end(logs->log);
}
