/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - where lines go: syslog's mail facility, or standard error.
 *
 * A line is put into a bounded queue and a thread of its own writes it, so
 * that no slow log delays a decision. What finds no room is dropped, counted
 * and reported. Before log_start() and after log_stop() lines are written at
 * once by whoever calls.
 */
#ifndef LOG_H
#define LOG_H

#include "logline.h"

#include <stdbool.h>
#include <syslog.h>

enum log_target {
	LOG_TARGET_AUTO, /* not known yet; never opened */
	LOG_TARGET_SYSLOG,
	LOG_TARGET_STDERR,
	LOG_TARGET_COUNT
};

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_COUNT };

/* Call while there is one thread. */
void log_open(enum log_target);
/* Starts the writer. */
int log_start(void);
/* Writes what is queued, for two seconds at most. */
void log_stop(void);

/* priority is LOG_INFO, ... of syslog(3). */
void log_line(int priority, const struct logline *);
/* A line with one pair, message="...", for what is no decision. */
void log_message(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
