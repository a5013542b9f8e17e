/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp.c - the client's side of SMTP.
 */
#include "smtp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <unistd.h>

enum { REPLY_SECONDS = 40, REPLY_LINES = 100 };

static int
flush(struct smtp *s)
{
	size_t done = 0;

	while (done < s->out_len) {
		ssize_t n =
		    send(s->fd, s->out + done, s->out_len - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	s->out_len = 0;
	return 0;
}

static int
put(struct smtp *s, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t room = sizeof s->out - s->out_len;
		size_t n = len < room ? len : room;
		int rc;

		memcpy(s->out + s->out_len, bytes, n);
		s->out_len += n;
		bytes += n;
		len -= n;
		if (s->out_len == sizeof s->out && (rc = flush(s)) < 0)
			return rc;
	}
	return 0;
}

/* One line without CRLF. */
static int
get_line(struct smtp *s, char line[SMTP_BUFFER_SIZE])
{
	char *nl;

	while ((nl = memchr(s->buffer, '\n', s->len)) == NULL) {
		ssize_t n;

		if (s->len == sizeof s->buffer)
			return -EMSGSIZE;
		n = read(s->fd, s->buffer + s->len, sizeof s->buffer - s->len);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		s->len += n > 0 ? (size_t)n : 0;
	}
	*nl = '\0';
	memcpy(line, s->buffer, (size_t)(nl - s->buffer) + 1);
	s->len -= (size_t)(nl + 1 - s->buffer);
	memmove(s->buffer, nl + 1, s->len);
	line[strcspn(line, "\r")] = '\0';
	return 0;
}

static int
get_reply(struct smtp *s, struct answer *a)
{
	char line[SMTP_BUFFER_SIZE] = "";
	int rc;

	for (int i = 0; i < REPLY_LINES; i++) {
		if ((rc = get_line(s, line)) < 0 ||
		    (rc = answer_parse(line, a)) < 0)
			return rc;
		if (strncasecmp(line + 4, "XCLIENT ", 8) == 0)
			snprintf(s->xclient, sizeof s->xclient, " %.500s ",
			    line + 12);
		if (line[3] != '-')
			return 0;
	}
	return -EPROTO;
}

int
smtp_open(struct smtp *s, const struct sockaddr_storage *to,
    const struct sockaddr_storage *from, socklen_t from_len, struct answer *a)
{
	static const struct timeval wait = { .tv_sec = REPLY_SECONDS };
	socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						  : sizeof(struct sockaddr_in);

	s->fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) <
		0 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) <
		0 ||
	    (from != NULL &&
		bind(s->fd, (const struct sockaddr *)from, from_len) < 0) ||
	    connect(s->fd, (const struct sockaddr *)to, len) < 0)
		return -errno;
	return get_reply(s, a);
}

void
smtp_close(struct smtp *s)
{
	if (s->fd > 0)
		close(s->fd);
	s->fd = 0;
}

int
smtp_command(struct smtp *s, const char *line, struct answer *a)
{
	int rc = put(s, line, strlen(line));

	if (rc == 0)
		rc = put(s, "\r\n", 2);
	if (rc == 0)
		rc = flush(s);
	return rc == 0 ? get_reply(s, a) : rc;
}

int
smtp_line(struct smtp *s, const char *line)
{
	int rc = line[0] == '.' ? put(s, ".", 1) : 0;

	if (rc == 0)
		rc = put(s, line, strlen(line));
	return rc == 0 ? put(s, "\r\n", 2) : rc;
}

int
smtp_end(struct smtp *s, struct answer *a)
{
	return smtp_command(s, ".", a);
}

bool
smtp_offers(const struct smtp *s, const char *attribute)
{
	size_t len = strlen(attribute);

	for (const char *at = strstr(s->xclient, attribute); at != NULL;
	     at = strstr(at + 1, attribute)) {
		if (at[-1] == ' ' && at[len] == ' ')
			return true;
	}
	return false;
}

static int
take_end(const struct sockaddr_storage *s, struct listener *out)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)s;
	const struct sockaddr_in *in = (const struct sockaddr_in *)s;

	if (s->ss_family == AF_INET)
		*out = (struct listener){
			netaddr_from_ipv4((const uint8_t *)&in->sin_addr),
			ntohs(in->sin_port),
		};
	else if (s->ss_family == AF_INET6)
		*out = (struct listener){
			netaddr_from_ipv6(in6->sin6_addr.s6_addr),
			ntohs(in6->sin6_port),
		};
	else
		return -EAFNOSUPPORT;
	return 0;
}

int
smtp_ends(const struct smtp *s, struct listener *here, struct listener *there)
{
	struct sockaddr_storage local, peer;
	socklen_t local_len = sizeof local, peer_len = sizeof peer;

	if (getsockname(s->fd, (struct sockaddr *)&local, &local_len) < 0 ||
	    getpeername(s->fd, (struct sockaddr *)&peer, &peer_len) < 0)
		return -errno;
	return take_end(&local, here) < 0 || take_end(&peer, there) < 0
		   ? -EAFNOSUPPORT
		   : 0;
}
