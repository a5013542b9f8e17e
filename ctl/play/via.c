/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * via.c - recorded sessions through a real MTA.
 *
 * The name of the server is looked up once; all sessions go to the address
 * that answered first.
 */
#include "via.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_SIZE = 256 };

/* HOST:PORT or [HOST]:PORT; the port may be a service's name. -EINVAL. */
static int
split_server(const char *text, char host[HOST_SIZE], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len) != NULL) {
		return -EINVAL;
	}
	if (len == 0 || len >= HOST_SIZE || colon[1] == '\0')
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	*port = colon + 1;
	return 0;
}

/* Only the address that is connected to says what loopback is. */
static int
greet(struct via *v, const struct ctl *ctl)
{
	struct listener here, there;
	struct smtp smtp = { 0 };
	struct answer a;
	int rc = smtp_open(&smtp, &v->live.mta, NULL, 0, &a);

	if (rc == 0)
		rc = smtp_ends(&smtp, &here, &there);
	if (rc == 0)
		smtp_command(&smtp, "QUIT", &a);
	smtp_close(&smtp);
	if (rc < 0 || !v->live.delivers || netaddr_is_loopback(&there.addr))
		return rc;
	ctl_complain(ctl,
	    "%s is not at a loopback address: --deliver is for an MTA of this "
	    "host only",
	    v->server);
	return -EPERM;
}

int
via_open(struct via *v, const struct ctl *ctl)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	char host[HOST_SIZE];
	const char *port;
	int rc;

	if (split_server(v->server, host, &port) < 0)
		return ctl_usage(
		    ctl, "--via %s: write HOST:PORT or [IP]:PORT", v->server);
	if ((rc = getaddrinfo(host, port, &hints, &list)) != 0)
		return ctl_complain(
		    ctl, "--via %s: %s", v->server, gai_strerror(rc));
	v->live.mta_text = v->server;
	v->live.xclient = true;
	rc = -EADDRNOTAVAIL;
	for (a = list; a != NULL && rc < 0 && rc != -EPERM; a = a->ai_next) {
		memset(&v->live.mta, 0, sizeof v->live.mta);
		memcpy(&v->live.mta, a->ai_addr, a->ai_addrlen);
		rc = greet(v, ctl);
	}
	freeaddrinfo(list);
	if (rc < 0 && rc != -EPERM)
		ctl_complain(ctl, "--via %s: %s", v->server, strerror(-rc));
	return rc < 0 ? STATUS_UNKNOWN : STATUS_YES;
}

int
via_play(struct via *v, const struct ctl *ctl, const struct recorded_session *s)
{
	enum unplayable why = live_unplayable(&v->live, s);
	int rc = why == PLAYABLE ? live_play(&v->live, s) : 0;

	if (rc == -EOPNOTSUPP) {
		why = UNPLAYABLE_XCLIENT;
		if (!v->advised)
			ctl_complain(ctl,
			    "%s does not take XCLIENT from this host; for "
			    "Postfix, a listener of its own with "
			    "smtpd_authorized_xclient_hosts",
			    v->server);
		v->advised = true;
	} else if (rc < 0) {
		ctl_complain(ctl, "%s:%u: %s: %s", s->file, s->line, v->server,
		    strerror(-rc));
		return rc;
	}
	return (int)why;
}
