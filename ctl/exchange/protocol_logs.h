/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * protocol_logs.h - the files of protocol logs that were named in one call.
 *
 * A log is rotated, and a session may begin in one file and end in the next.
 * So files wait until all are known, and are read in the order of their first
 * lines' times, whatever order they were named in.
 */
#ifndef PROTOCOL_LOGS_H
#define PROTOCOL_LOGS_H

#include "protocol_log.h"

struct protocol_logs {
	struct protocol_log *log;
	struct waiting_log *waiting;
	size_t count;
};

/* The sink must outlive it. -ENOMEM. */
int protocol_logs_init(
    struct protocol_logs *, const struct protocol_log_sink *);
void protocol_logs_fini(struct protocol_logs *);

/* Lets a file wait that begins as a protocol log; what cannot be opened
 * again, a pipe, is read at once. Errors as of protocol_log_read(). */
int protocol_logs_take(
    struct protocol_logs *, struct line_reader *, char why[RECORDING_WHY_SIZE]);
/* Reads all that waits, and hands over the sessions that have no end. A file
 * that cannot be read is told to unreadable(). Answers what the sink answers,
 * or -ENOMEM. */
int protocol_logs_read(struct protocol_logs *,
    void (*unreadable)(void *ctx, const char *file, const char *why),
    void *ctx);

#endif
