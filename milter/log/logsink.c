/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsink.c - writes one line of log to where it goes.
 *
 * The journal's protocol is systemd's "Native Journal Protocol": a datagram
 * of KEY=value lines. Each pair becomes a field of its own, CM_ and the key
 * in capitals, beside the line as MESSAGE. libsystemd is not used: it brings
 * five other libraries into a program that faces the Internet.
 */
#include "logsink.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

static const char *const paths[LOG_TARGET_COUNT] = {
	[LOG_TARGET_SYSLOG] = "/dev/log",
	[LOG_TARGET_JOURNAL] = "/run/systemd/journal/socket",
};

static const char name[] = "connector-milter";

const char *
log_level_name(int priority)
{
	static const char *const names[] = {
		[LOG_EMERG] = "emerg",
		[LOG_ALERT] = "alert",
		[LOG_CRIT] = "crit",
		[LOG_ERR] = "err",
		[LOG_WARNING] = "warning",
		[LOG_NOTICE] = "notice",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	if (priority < LOG_EMERG || priority > LOG_DEBUG)
		return NULL;
	return names[priority];
}

void
logsink_open(struct logsink *s, enum log_target target, enum log_format format,
    const char *path)
{
	s->target = target;
	s->format = format;
	s->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	s->fd = -1;
	s->priority = -1;
	s->len = 0;
	s->torn = false;
	s->lost = 0;
	if (!path)
		path = paths[target];
	if (!path)
		return;
	snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s", path);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void
logsink_close(struct logsink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int
packet_send(const struct logsink *s, size_t len)
{
	ssize_t n;

	if (s->fd < 0)
		return -ENOTCONN;
	do
		n = sendto(s->fd, s->packet, len, MSG_NOSIGNAL,
		    (const struct sockaddr *)&s->address, sizeof(s->address));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* What text and datagrams begin with; it stays there for all lines of a second
 * and a priority. */
static void
head_make(struct logsink *s, int priority, time_t when)
{
	struct logline head;
	char stamp[32];
	struct tm tm;

	logtext_begin(&s->text, s->format);
	if (s->target == LOG_TARGET_STDERR) {
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ",
		    gmtime_r(&when, &tm));
		logline_init(&head);
		logline_add(&head, "time", stamp);
		logline_add(&head, "level", log_level_name(priority));
		logtext_add(&s->text, &head);
	} else if (s->target == LOG_TARGET_SYSLOG) {
		/* RFC 3164, with the time of day of this place, as syslog(3)
		 * has. */
		strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S",
		    localtime_r(&when, &tm));
		s->packet_head = (size_t)snprintf(s->packet, sizeof(s->packet),
		    "<%d>%s %s[%ld]: ", LOG_MAIL | priority, stamp, name,
		    (long)getpid());
	}
	s->text_head = s->text.len;
	s->second = when;
	s->priority = priority;
}

static int
syslog_write(struct logsink *s, int priority)
{
	int rc;

	memcpy(s->packet + s->packet_head, s->text.text, s->text.len);
	rc = packet_send(s, s->packet_head + s->text.len);
	/* A socket of another kind, which syslog(3) can speak to. */
	if (rc == -EPROTOTYPE) {
		syslog(priority, "%.*s", (int)s->text.len, s->text.text);
		rc = 0;
	}
	return rc;
}

/* A field whose value may hold newlines has its length in front, in eight
 * bytes, the lowest first. */
static size_t
field_add(char *to, const char *key, const char *value, size_t len)
{
	size_t n = 0;

	for (; *key; key++)
		to[n++] = *key >= 'a' && *key <= 'z' ? (char)(*key - 32) : *key;
	to[n++] = '\n';
	for (unsigned shift = 0; shift < 64; shift += 8)
		to[n++] = (char)((uint64_t)len >> shift & 0xff);
	memcpy(to + n, value, len);
	n += len;
	to[n++] = '\n';
	return n;
}

static int
journal_write(struct logsink *s, int priority, const struct logline *l)
{
	struct logpair pair;
	char field[64];
	size_t n, at = 0;

	n = (size_t)snprintf(s->packet, sizeof(s->packet),
	    "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\n", priority,
	    LOG_MAIL >> 3, name);
	n += field_add(s->packet + n, "MESSAGE", s->text.text, s->text.len);
	while (logline_next(l, &at, &pair)) {
		snprintf(field, sizeof(field), "CM_%.*s", (int)pair.key_len,
		    pair.key);
		if (n + strlen(field) + pair.value_len + 10 > sizeof(s->packet))
			break;
		n +=
		    field_add(s->packet + n, field, pair.value, pair.value_len);
	}
	return packet_send(s, n);
}

/* What is not written to its end is lost, and no line stands behind a part of
 * another: a disk that is full takes some of them. */
static void
lines_write(struct logsink *s)
{
	const char *text = s->packet, *end = text + s->len;

	if (s->torn && text < end)
		s->torn = write(STDERR_FILENO, "\n", 1) != 1;
	while (text < end) {
		ssize_t n = write(STDERR_FILENO, text, (size_t)(end - text));
		if (n > 0)
			text += n;
		else if (n == 0 || errno != EINTR)
			break;
	}
	if (text > s->packet)
		s->torn = text[-1] != '\n';
	for (; text < end; text++)
		s->lost += *text == '\n';
	s->len = 0;
}

/* No more than a pipe takes at once: lines of several programs do not mix. */
static void
stderr_write(struct logsink *s)
{
	size_t len = s->text.len + 1;

	if (s->len + len > PIPE_BUF)
		lines_write(s);
	s->text.text[s->text.len] = '\n';
	memcpy(s->packet + s->len, s->text.text, len);
	s->len += len;
}

void
logsink_write(
    struct logsink *s, int priority, time_t when, const struct logline *l)
{
	if (when != s->second || priority != s->priority)
		head_make(s, priority, when);
	s->text.len = s->text_head;
	logtext_add(&s->text, l);
	logtext_end(&s->text);
	if (s->target == LOG_TARGET_SYSLOG)
		s->lost += syslog_write(s, priority) != 0;
	else if (s->target == LOG_TARGET_JOURNAL)
		s->lost += journal_write(s, priority, l) != 0;
	else
		stderr_write(s);
}

uint64_t
logsink_flush(struct logsink *s)
{
	uint64_t lost;

	lines_write(s);
	lost = s->lost;
	s->lost = 0;
	return lost;
}
