/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_sockets.c - the UNIX sockets that Postfix is to reach
 * connector-milter at: where its chroot puts them, and which is which.
 */
#include "postfix.h"

#include <string.h>

/* The path of "unix:PATH" as this host has it; NULL: it is TCP. */
static const char *
socket_path(const struct smtpd *s, const char *server)
{
	const char *queue = smtpd_value(s, "queue_directory", NULL), *path;

	if (strncmp(server, "unix:", 5) == 0)
		path = server + 5;
	else if (strncmp(server, "local:", 6) == 0)
		path = server + 6;
	else
		return NULL;
	if (*path == '/' && !s->service->chrooted)
		return path;
	return doctor_text(
	    s->doctor, "%s%s%s", queue, *path == '/' ? "" : "/", path);
}

/* The installed names are milter.sock and policy.sock. */
static bool
is_swapped(const char *path, const char *what)
{
	const char *name = strrchr(path, '/') + 1;
	const char *other = *what == 'm' ? "policy" : "milter";

	return strncmp(name, other, strlen(other)) == 0;
}

void
smtpd_check_socket(const struct smtpd *s, const struct where *where,
    const char *what, const char *server)
{
	const char *path = socket_path(s, server);

	if (!path)
		return;
	if (is_swapped(path, what))
		doctor_say(s->doctor, D_SWAPPED, *where,
		    "%s is the other socket of connector-milter, and no %s "
		    "answers there; write milter.sock in smtpd_milters and "
		    "policy.sock in check_policy_service",
		    server, what);
	else
		doctor_socket(s->doctor, where, what, path,
		    smtpd_value(s, "mail_owner", NULL));
}
