/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets.h - listening sockets: where, whose, and never another's.
 *
 * A path is guarded by a lock file beside it (PATH.lock) that is held to the
 * end of the process, so that a second start cannot take the path of a live
 * one. A left-over socket is removed when nobody answers there; anything
 * else at the path is an error. Owner, group and mode are set before
 * anything is served.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

struct spec {
	enum { SPEC_UNIX, SPEC_INET, SPEC_INET6, SPEC_FD } type;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char host[INET6_ADDRSTRLEN]; /* numeric, without brackets */
	uint16_t port;
	int fd;
};

/* Who may use a UNIX socket. */
struct socket_access {
	uid_t owner; /* (uid_t)-1: left alone; the same for the group */
	gid_t group;
	mode_t mode;
};

/* unix:/path, local:/path, inet:port@host, inet6:port@[addr], fd:N. No host
 * is loopback; a host is an address. -EINVAL, -ENAMETOOLONG. */
int spec_parse(const char *text, struct spec *);
/* What to write instead of text that spec_parse() refused; static. */
const char *spec_advice(const char *text);
bool spec_is_loopback(const struct spec *);
/* Of a descriptor it is asked what it is. */
bool spec_is_tcp(const struct spec *);
/* Whether both are one path or one descriptor, or one address and port. */
bool spec_same(const struct spec *, const struct spec *);

/* These say on the log what went wrong. */

/* libmilter's own socket: smfi_setconn() and smfi_opensocket(). */
int socket_open_milter(const struct spec *, const struct socket_access *);
/* A listening socket, non-blocking. */
int socket_open(const struct spec *, const struct socket_access *, int *fd);
/* Removes the file of a socket opened here; nothing for other kinds. */
void socket_remove(const struct spec *);

/* Makes the folder of a path where it is missing: 0750, root and group. */
int socket_folder(const char *folder, gid_t group);

#endif
