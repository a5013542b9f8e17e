/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.c - a socket to a filter, and packets on it.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 1 << 22 }; /* more than any filter has to say */

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static int64_t
time_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
fd_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - time_now();
		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(&p, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* inet:port@address or inet6:port@[address]; no names: no resolver. */
static int
inet_parse(const char *spec, union address *out, socklen_t *len)
{
	char host[INET6_ADDRSTRLEN + 2], *end;
	const char *at = strchr(spec, '@');
	unsigned long port = strtoul(spec, &end, 10);
	size_t n;

	if (!at || end != at || !port || port > 65535)
		return -EINVAL;
	at++;
	n = strlen(at);
	if (n > 1 && at[0] == '[' && at[n - 1] == ']') {
		at++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, at, n);
	host[n] = '\0';
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &out->ipv4.sin_addr) == 1) {
		out->ipv4.sin_family = AF_INET;
		out->ipv4.sin_port = htons((uint16_t)port);
		*len = sizeof(out->ipv4);
		return 0;
	}
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET6, host, &out->ipv6.sin6_addr) == 1) {
		out->ipv6.sin6_family = AF_INET6;
		out->ipv6.sin6_port = htons((uint16_t)port);
		*len = sizeof(out->ipv6);
		return 0;
	}
	return -EINVAL;
}

static int
spec_parse(const char *spec, union address *out, socklen_t *len)
{
	const char *rest = strchr(spec, ':');

	if (!rest)
		return -EINVAL;
	rest++;
	if (!strncmp(spec, "inet:", 5) || !strncmp(spec, "inet6:", 6))
		return inet_parse(rest, out, len);
	if (strncmp(spec, "unix:", 5) && strncmp(spec, "local:", 6))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (strlen(rest) >= sizeof(out->local.sun_path))
		return -ENAMETOOLONG;
	out->local.sun_family = AF_UNIX;
	memcpy(out->local.sun_path, rest, strlen(rest) + 1);
	*len = sizeof(out->local);
	return 0;
}

int
wire_open(struct wire *w, const char *spec, int timeout)
{
	union address address;
	socklen_t len;
	int fd, on = 1, rc = spec_parse(spec, &address, &len);

	if (rc)
		return rc;
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &address.any, len) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	if (address.any.sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*w = (struct wire){ .fd = fd, .timeout = timeout };
	return 0;
}

void
wire_close(struct wire *w)
{
	close(w->fd);
	free(w->data);
	w->data = NULL;
	w->fd = -1;
}

int
wire_write(struct wire *w, const void *bytes, size_t len)
{
	const char *p = bytes;
	int64_t deadline = time_now() + w->timeout;

	while (len) {
		ssize_t n = send(w->fd, p, len, MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			int rc = fd_wait(w->fd, POLLOUT, deadline);
			if (rc)
				return rc;
		} else if (errno == EPIPE) {
			return -ECONNRESET;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

void
wire_head(char to[WIRE_HEAD], char command, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);

	memcpy(to, &size, 4);
	to[4] = command;
}

int
wire_send(struct wire *w, char command, const void *data, size_t len)
{
	/* In one write: a packet in two small ones waits for the peer's
	 * delayed acknowledgement on TCP. */
	char *packet = malloc(WIRE_HEAD + len);
	int rc;

	if (!packet)
		return -ENOMEM;
	wire_head(packet, command, len);
	if (len)
		memcpy(packet + WIRE_HEAD, data, len);
	rc = wire_write(w, packet, WIRE_HEAD + len);
	free(packet);
	return rc;
}

static int
bytes_read(struct wire *w, void *into, size_t len, int64_t deadline)
{
	char *p = into;

	while (len) {
		ssize_t n = recv(w->fd, p, len, 0);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (!n) {
			return -ECONNRESET;
		} else if (errno == EAGAIN) {
			int rc = fd_wait(w->fd, POLLIN, deadline);
			if (rc)
				return rc;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int
wire_read(struct wire *w, char *command, const char **data, size_t *len)
{
	int64_t deadline = time_now() + w->timeout;
	uint32_t size;
	int rc = bytes_read(w, &size, sizeof(size), deadline);

	if (rc)
		return rc;
	size = ntohl(size);
	if (!size || size > PACKET_MAX)
		return -EPROTO;
	if (size + 1 > w->room) {
		char *grown = realloc(w->data, size + 1);
		if (!grown)
			return -ENOMEM;
		w->data = grown;
		w->room = size + 1;
	}
	rc = bytes_read(w, w->data, size, deadline);
	if (rc)
		return rc;
	w->data[size] = '\0';
	*command = w->data[0];
	*data = w->data + 1;
	*len = size - 1;
	return 0;
}
