/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_reader.h - the daemon's log, as connector-milter(8) describes it.
 *
 * Finds the lines of one session in a log of any size: pairs of key=value or
 * a JSON object, bare or behind what syslog or journald put before them. It
 * keeps one line at a time and decides nothing.
 */
#ifndef LOG_READER_H
#define LOG_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	LOGGED_LINE_SIZE = 64 * 1024, /* no line of the daemon is longer */
	LOGGED_PAIRS = 64,
};

/* One line. Everything lives until the next one is read. */
struct logged {
	uint32_t line;
	int64_t time; /* seconds since 1970, or RECORDING_NOW */
	struct {
		const char *key, *value;
	} pairs[LOGGED_PAIRS];
	size_t count;
};

/* NULL: the line does not say it. */
const char *logged_get(const struct logged *, const char *key);
/* Whether a value is longer than the log shows. */
bool logged_cut(const char *value);

/* Calls line for each line of a session, in order, until it answers other
 * than 0; answers that. -EIO, -ENOMEM. */
int log_read(FILE *, const char *session,
    int (*line)(void *ctx, const struct logged *), void *ctx);

#endif
