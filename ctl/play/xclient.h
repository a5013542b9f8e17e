/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xclient.h - who a client is, told to Postfix by XCLIENT.
 *
 * Postfix takes it from smtpd_authorized_xclient_hosts, and treats the rest
 * of the session as that client's.
 */
#ifndef XCLIENT_H
#define XCLIENT_H

#include "smtp.h"

struct xclient {
	struct netaddr client;
	int port;
	struct listener local;
	const char *login; /* or NULL */
	bool listens;      /* the listener matters */
};

enum { XCLIENT_SIZE = 480 };

/* The command, with the attributes that the last EHLO offered. -EOPNOTSUPP if
 * one that is needed is not among them, -ENAMETOOLONG. */
int xclient_format(
    const struct xclient *, const struct smtp *, char line[XCLIENT_SIZE]);

#endif
