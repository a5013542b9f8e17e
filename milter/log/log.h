/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - the log: lines on their way to syslog, the journal or standard
 * error.
 *
 * A line is put into a bounded queue and a thread of its own writes it, so
 * that no slow log delays a decision. What finds no room, or cannot be
 * written, is dropped, counted and reported. Before log_start() and after
 * log_stop() lines are written at once by whoever calls.
 */
#ifndef LOG_H
#define LOG_H

#include "logsink.h"

#include <stdint.h>
#include <syslog.h>

/* Call while there is one thread, again to change it. path as for
 * logsink_open(). */
void log_open(enum log_target, enum log_format, const char *path);
/* Starts the writer. */
int log_start(void);
/* Writes what is queued, for two seconds at most. */
void log_stop(void);

/* priority is LOG_INFO, ... of syslog(3); the pointers need live only during
 * the call. */
void log_line(int priority, const struct logline *);
/* A line with one pair, message="...", for what is no decision. */
void log_message(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Lines of a lower priority than this are not logged; LOG_INFO at first. Any
 * thread may call these, at any time. */
void log_level_set(int priority);
int log_level(void);
/* How many lines were dropped since the start. */
uint64_t log_dropped(void);

#endif
