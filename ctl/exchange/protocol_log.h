/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * protocol_log.h - Exchange's SMTP Receive protocol logs.
 *
 * Reads the files of a log as one stream and hands over each session at its
 * end, whatever others it is mixed with: memory is needed for the open ones
 * only. A session that the log does not hold as a whole is never guessed at:
 * it is complained about, left out and counted.
 */
#ifndef PROTOCOL_LOG_H
#define PROTOCOL_LOG_H

#include "line_reader.h"
#include "recording.h"

struct protocol_log_sink {
	void *ctx;
	/* The session lives during the call. Other than 0 stops the reading
	 * and is answered. */
	int (*session)(void *ctx, const struct recorded_session *);
	/* "FILE:LINE: what is wrong and what is done"; of very many the first
	 * ones only. */
	void (*complain)(void *ctx, const char *why);
};

struct protocol_log_counts {
	size_t files;
	size_t left_out;   /* sessions that were complained about */
	size_t unread;     /* lines that were complained about */
	size_t unfinished; /* sessions without an end, played as far as told */
	size_t proxied;    /* inner halves of sessions, not played */
	size_t foreign;    /* refusals that are not a connector's, and so not
			      compared */
};

struct protocol_log;

/* Whether a file that begins so is a protocol log. */
bool protocol_log_begins(const char *text, size_t len);
/* The time of the first line in the beginning of a file; INT64_MAX where it
 * has none. */
int64_t protocol_log_first(const char *text, size_t len);

/* NULL: out of memory. */
struct protocol_log *protocol_log_new(const struct protocol_log_sink *);
void protocol_log_free(struct protocol_log *);
/* Reads the next file; its sessions may end in a later one. -EINVAL and what
 * line_reader_next() says: why says FILE:LINE: and what is wrong, and the
 * rest of the file is not read. */
int protocol_log_read(
    struct protocol_log *, struct line_reader *, char why[RECORDING_WHY_SIZE]);
/* Hands over the sessions that have no end. */
int protocol_log_end(struct protocol_log *);
struct protocol_log_counts protocol_log_counts(const struct protocol_log *);

#endif
