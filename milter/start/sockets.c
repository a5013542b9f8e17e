/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets.c - listening sockets: where, whose, and never another's.
 *
 * libmilter would unlink any socket that stands at its path, and at its end
 * unlinks what is there now. The lock makes both harmless.
 */
#define _GNU_SOURCE /* O_PATH, AT_EMPTY_PATH */
#include "sockets.h"
#include "log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int
complain(const char *what, const char *name, int rc)
{
	log_message(LOG_ERR, "%s: %s: %s", name, what, strerror(-rc));
	return rc;
}

static int
number_parse(
    const char *text, size_t len, unsigned long max, unsigned long *out)
{
	unsigned long n = 0;

	if (!len || len > 5)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		n = n * 10 + (unsigned long)(text[i] - '0');
	}
	if (n > max)
		return -EINVAL;
	*out = n;
	return 0;
}

static int
inet_parse(const char *text, struct spec *s)
{
	const char *host = s->type == SPEC_INET ? "127.0.0.1" : "::1";
	size_t port = strcspn(text, "@"), len;
	unsigned char addr[16];
	unsigned long n;

	if (number_parse(text, port, 65535, &n) || !n)
		return -EINVAL;
	s->port = (uint16_t)n;
	if (text[port])
		host = text + port + 1;
	if (!strcmp(host, "localhost"))
		host = s->type == SPEC_INET ? "127.0.0.1" : "::1";
	len = strlen(host);
	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len >= sizeof(s->host))
		return -EINVAL;
	memcpy(s->host, host, len);
	s->host[len] = '\0';
	return inet_pton(s->type == SPEC_INET ? AF_INET : AF_INET6, s->host,
		   addr) == 1
		   ? 0
		   : -EINVAL;
}

int
spec_parse(const char *text, struct spec *out)
{
	struct spec s = { .type = SPEC_UNIX, .fd = -1 };
	const char *rest = strchr(text, ':');
	size_t kind = rest ? (size_t)(rest - text) : 0;
	unsigned long n;
	int rc = 0;

	rest = rest ? rest + 1 : "";
	if (kind == 4 && !memcmp(text, "inet", kind)) {
		s.type = SPEC_INET;
		rc = inet_parse(rest, &s);
	} else if (kind == 5 && !memcmp(text, "inet6", kind)) {
		s.type = SPEC_INET6;
		rc = inet_parse(rest, &s);
	} else if (kind == 2 && !memcmp(text, "fd", kind)) {
		s.type = SPEC_FD;
		rc = number_parse(rest, strlen(rest), 65535, &n);
		s.fd = rc ? -1 : (int)n;
	} else if ((kind == 4 && !memcmp(text, "unix", kind)) ||
		   (kind == 5 && !memcmp(text, "local", kind))) {
		if (*rest != '/')
			rc = -EINVAL;
		else if (strlen(rest) >= sizeof(s.path))
			rc = -ENAMETOOLONG;
		else
			memcpy(s.path, rest, strlen(rest) + 1);
	} else {
		rc = -EINVAL;
	}
	if (!rc)
		*out = s;
	return rc;
}

const char *
spec_advice(const char *text)
{
	const char *rest = strchr(text, ':');
	bool inet = !strncmp(text, "inet:", 5) || !strncmp(text, "inet6:", 6);
	size_t digits = rest ? strspn(rest + 1, "0123456789") : 0;

	if (*text == '/')
		return "write unix: before the path";
	if (rest && (!strncmp(text, "unix:", 5) || !strncmp(text, "local:", 6)))
		return strlen(rest + 1) >= sizeof(((struct spec *)0)->path)
			   ? "the path is too long"
			   : "write a full path, as in unix:/run/x.sock";
	if (inet && digits && (!rest[digits + 1] || rest[digits + 1] == '@')) {
		if (digits > 5 || atoi(rest + 1) > 65535 || !atoi(rest + 1))
			return "the port is out of range; write 1 to 65535";
		return "the host is not an address of that family; names are "
		       "not looked up";
	}
	return "write unix:/path, inet:port@address, inet6:port@[address] or "
	       "fd:N";
}

bool
spec_same(const struct spec *a, const struct spec *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case SPEC_UNIX:
		return !strcmp(a->path, b->path);
	case SPEC_INET:
	case SPEC_INET6:
		return a->port == b->port && !strcmp(a->host, b->host);
	case SPEC_FD:
		break;
	}
	return a->fd == b->fd;
}

bool
spec_is_loopback(const struct spec *s)
{
	switch (s->type) {
	case SPEC_INET:
		return !strncmp(s->host, "127.", 4);
	case SPEC_INET6:
		return !strcmp(s->host, "::1");
	case SPEC_UNIX:
	case SPEC_FD:
		break;
	}
	return true;
}

bool
spec_is_tcp(const struct spec *s)
{
	int domain = AF_UNIX;
	socklen_t len = sizeof(domain);

	if (s->type == SPEC_FD)
		(void)getsockopt(s->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	else if (s->type != SPEC_UNIX)
		domain = AF_INET;
	return domain != AF_UNIX;
}

/* The lock is the socket's owner's: a later start need not be root's. Only a
 * plain file with one name is given away: who may write in the folder could
 * have linked it to another's. */
static int
lock_guard(int fd, const struct socket_access *a)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -EEXIST;
	if (a->owner != (uid_t)-1 && st.st_uid != a->owner &&
	    fchown(fd, a->owner, (gid_t)-1))
		return -errno;
	return 0;
}

/* Holds PATH.lock to the end of the process. It stays: were it removed, two
 * programs could hold two files of that name. */
static int
path_lock(const char *path, const struct socket_access *a)
{
	char name[sizeof(((struct spec *)0)->path) + 6];
	int fd, rc;

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(
	    name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 && errno == ENOENT)
		return complain("its folder is missing (without Postfix: -s, "
				"and --policy-socket none)",
		    path, -ENOENT);
	if (fd < 0)
		return complain("cannot open", name, -errno);
	rc = lock_guard(fd, a);
	if (rc) {
		close(fd);
		return complain("cannot be the lock", name, rc);
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		rc = -errno;
		close(fd);
		if (rc == -EWOULDBLOCK) {
			log_message(LOG_ERR,
			    "%s: another connector-milter serves it", path);
			return -EADDRINUSE;
		}
		return complain("cannot lock", name, rc);
	}
	return 0;
}

/* 0 when the path is free. */
static int
path_clear(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, rc = 0;

	if (lstat(path, &st))
		return errno == ENOENT ? 0
				       : complain("cannot stat", path, -errno);
	if (!S_ISSOCK(st.st_mode)) {
		log_message(LOG_ERR, "%s: is there and is not a socket", path);
		return -EEXIST;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return complain("cannot make a socket", path, -errno);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    errno == EAGAIN) {
		log_message(LOG_ERR, "%s: another program serves it", path);
		rc = -EADDRINUSE;
	} else if (errno != ECONNREFUSED) {
		rc = complain("cannot tell who serves it", path, -errno);
	} else if (unlink(path)) {
		rc = complain("cannot remove", path, -errno);
	}
	close(fd);
	return rc;
}

/* A sandbox may forbid chown() even where nothing would change. */
static bool
gives_away(const struct socket_access *a)
{
	return a->owner != (uid_t)-1 || a->group != (gid_t)-1;
}

/* Who may write in the folder could have put a link there since bind(): what
 * is given away is a socket and nothing else. Its mode it has by the umask. */
static int
path_guard(const char *path, const struct socket_access *a)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	struct stat st;

	if (fd < 0)
		return complain("cannot open", path, -errno);
	if (fstat(fd, &st) ||
	    (S_ISSOCK(st.st_mode) && gives_away(a) &&
		fchownat(fd, "", a->owner, a->group, AT_EMPTY_PATH)))
		rc = -errno;
	else if (!S_ISSOCK(st.st_mode))
		rc = -ENOTSOCK;
	close(fd);
	return rc ? complain("cannot set owner and group", path, rc) : 0;
}

static int
path_prepare(const struct spec *s, const struct socket_access *a)
{
	int rc;

	if (s->type != SPEC_UNIX)
		return 0;
	rc = path_lock(s->path, a);
	return rc ? rc : path_clear(s->path);
}

static void
socket_nodelay(int fd)
{
	int on = 1;

	/* Accepted sockets inherit it. Fails on a UNIX socket: no matter. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool
fd_listens(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) && on;
}

static const char *
spec_format(const struct spec *s, char *buf, size_t size)
{
	switch (s->type) {
	case SPEC_UNIX:
		snprintf(buf, size, "unix:%s", s->path);
		break;
	case SPEC_INET:
		snprintf(buf, size, "inet:%u@%s", s->port, s->host);
		break;
	case SPEC_INET6:
		snprintf(buf, size, "inet6:%u@[%s]", s->port, s->host);
		break;
	case SPEC_FD:
		snprintf(buf, size, "fd:%d", s->fd);
		break;
	}
	return buf;
}

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static socklen_t
spec_address(const struct spec *s, union address *u)
{
	memset(u, 0, sizeof(*u));
	switch (s->type) {
	case SPEC_UNIX:
		u->local.sun_family = AF_UNIX;
		memcpy(u->local.sun_path, s->path, sizeof(s->path));
		return sizeof(u->local);
	case SPEC_INET:
		u->ipv4.sin_family = AF_INET;
		u->ipv4.sin_port = htons(s->port);
		inet_pton(AF_INET, s->host, &u->ipv4.sin_addr);
		return sizeof(u->ipv4);
	case SPEC_INET6:
		u->ipv6.sin6_family = AF_INET6;
		u->ipv6.sin6_port = htons(s->port);
		inet_pton(AF_INET6, s->host, &u->ipv6.sin6_addr);
		return sizeof(u->ipv6);
	case SPEC_FD:
		break;
	}
	return 0;
}

static bool
fd_is_at(int fd, const struct spec *s)
{
	union address want, is = { .any.sa_family = AF_UNSPEC };
	socklen_t len = sizeof(is);

	spec_address(s, &want);
	if (getsockname(fd, &is.any, &len) ||
	    is.any.sa_family != want.any.sa_family)
		return false;
	if (s->type == SPEC_INET)
		return is.ipv4.sin_port == want.ipv4.sin_port &&
		       is.ipv4.sin_addr.s_addr == want.ipv4.sin_addr.s_addr;
	return is.ipv6.sin6_port == want.ipv6.sin6_port &&
	       IN6_ARE_ADDR_EQUAL(&is.ipv6.sin6_addr, &want.ipv6.sin6_addr);
}

/* libmilter answers a message in two small writes and does not turn Nagle's
 * algorithm off: 40 ms a message. It keeps its socket to itself, but no other
 * can listen there; found soon, since numbers are given out from below. */
static void
milter_nodelay(const struct spec *s)
{
	long max = sysconf(_SC_OPEN_MAX);

	if (s->type == SPEC_FD)
		socket_nodelay(s->fd);
	if (s->type != SPEC_INET && s->type != SPEC_INET6)
		return;
	for (int fd = 0; fd < max; fd++) {
		if (!fd_listens(fd) || !fd_is_at(fd, s))
			continue;
		socket_nodelay(fd);
		return;
	}
}

int
socket_open_milter(const struct spec *s, const struct socket_access *a)
{
	char text[sizeof(s->path) + 8];
	mode_t mask;
	int rc = path_prepare(s, a);

	if (rc)
		return rc;
	spec_format(s, text, sizeof(text));
	if (s->type == SPEC_FD && !fd_listens(s->fd)) {
		log_message(LOG_ERR, "%s: is not a listening socket", text);
		return -EBADF;
	}
	mask = umask(0777 & ~a->mode);
	errno = 0;
	rc = smfi_setconn(text) == MI_SUCCESS &&
		     smfi_opensocket(false) == MI_SUCCESS
		 ? 0
		 : -(errno ? errno : EIO);
	umask(mask);
	if (rc)
		return complain("cannot open", text, rc);
	milter_nodelay(s);
	return s->type == SPEC_UNIX ? path_guard(s->path, a) : 0;
}

static int
socket_listen(const struct spec *s, int *out)
{
	union address u;
	socklen_t len = spec_address(s, &u);
	int on = 1, rc = 0;
	int fd = socket(
	    u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (s->type != SPEC_UNIX &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		rc = -errno;
	/* [::] takes no IPv4: what is guarded is what is written. */
	if (!rc && s->type == SPEC_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		rc = -errno;
	if (!rc && (bind(fd, &u.any, len) || listen(fd, BACKLOG)))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

int
socket_open(const struct spec *s, const struct socket_access *a, int *out)
{
	char text[sizeof(s->path) + 8];
	mode_t mask;
	int fd = s->fd, rc = path_prepare(s, a);

	if (rc)
		return rc;
	spec_format(s, text, sizeof(text));
	if (s->type == SPEC_FD) {
		if (!fd_listens(fd)) {
			log_message(
			    LOG_ERR, "%s: is not a listening socket", text);
			return -EBADF;
		}
		if (fcntl(fd, F_SETFL, O_NONBLOCK))
			return complain("cannot set", text, -errno);
	} else {
		mask = umask(0777 & ~a->mode);
		rc = socket_listen(s, &fd);
		umask(mask);
		if (rc)
			return complain("cannot open", text, rc);
	}
	if (s->type == SPEC_UNIX)
		rc = path_guard(s->path, a);
	if (rc) {
		close(fd);
		return rc;
	}
	socket_nodelay(fd);
	*out = fd;
	return 0;
}

void
socket_remove(const struct spec *s)
{
	/* Ours: the lock is held. It may fail where the folder is root's. */
	if (s->type == SPEC_UNIX)
		(void)unlink(s->path);
}

int
socket_folder(const char *folder, gid_t group)
{
	mode_t mask = umask(0027);
	int rc = mkdir(folder, 0750) ? -errno : 0;

	umask(mask);
	if (rc == -ENOENT)
		return complain("cannot make it (without Postfix: -s, and "
				"--policy-socket none)",
		    folder, rc);
	if (rc)
		return rc == -EEXIST ? 0 : complain("cannot make", folder, rc);
	if (fchownat(AT_FDCWD, folder, 0, group, AT_SYMLINK_NOFOLLOW))
		return complain("cannot set the group", folder, -errno);
	return 0;
}
