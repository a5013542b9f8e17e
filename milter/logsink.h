/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsink.h - writes one line of log to where it goes: standard error,
 * syslog's mail facility, or the journal of systemd.
 *
 * May wait as long as the reader makes it wait; not for threads. syslog and
 * the journal are spoken to over their sockets, each line by its own send, so
 * that one that is restarted is found again and a line that is lost is known.
 */
#ifndef LOGSINK_H
#define LOGSINK_H

#include "logline.h"

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
	struct logtext text;
	char packet[LOGTEXT_SIZE + 4 * LOGLINE_SIZE];
};

/* path: of the socket; NULL for where it is on every host. */
void logsink_open(
    struct logsink *, enum log_target, enum log_format, const char *path);
void logsink_close(struct logsink *);
/* 0, or a negative errno: the line is lost. when is said only on standard
 * error; the others note when they hear of it. */
int logsink_write(
    struct logsink *, int priority, time_t when, const struct logline *);

/* "err", "warning", ... for the priorities of syslog(3), else NULL. */
const char *log_level_name(int priority);

#endif
