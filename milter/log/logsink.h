/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsink.h - writes one line of log to where it goes: standard error,
 * syslog's mail facility, or the journal of systemd.
 *
 * May wait as long as the reader makes it wait; not for threads. syslog and
 * the journal are spoken to over their sockets, each line by its own send, so
 * that one that is restarted is found again and a line that is lost is known.
 * On standard error whole lines are written together.
 */
#ifndef LOGSINK_H
#define LOGSINK_H

#include "logline.h"

#include <stdint.h>
#include <sys/un.h>
#include <time.h>

enum log_target {
	LOG_TARGET_AUTO, /* not known yet; never opened */
	LOG_TARGET_SYSLOG,
	LOG_TARGET_JOURNAL,
	LOG_TARGET_STDERR,
	LOG_TARGET_COUNT
};

struct logsink {
	enum log_target target;
	enum log_format format;
	struct sockaddr_un address;
	int fd; /* -1: none */
	/* Of what the heads are, and where they end. */
	time_t second;
	int priority;
	size_t text_head, packet_head;
	struct logtext text;
	/* A datagram, or lines for standard error that are not written yet. */
	size_t len;
	char packet[LOGTEXT_SIZE + 4 * LOGLINE_SIZE];
	bool torn; /* of the last that was written the end is missing */
	uint64_t lost;
};

/* path: of the socket; NULL for where it is on every host. */
void logsink_open(
    struct logsink *, enum log_target, enum log_format, const char *path);
void logsink_close(struct logsink *);
/* when is not said to the journal, which notes when it hears of it. */
void logsink_write(
    struct logsink *, int priority, time_t when, const struct logline *);
/* Writes what is not written yet. How many lines were lost since the last
 * call. */
uint64_t logsink_flush(struct logsink *);

/* "err", "warning", ... for the priorities of syslog(3), else NULL. */
const char *log_level_name(int priority);

#endif
