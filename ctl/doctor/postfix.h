/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix.h - one listener of Postfix, and the topics that it is asked about.
 */
#ifndef POSTFIX_H
#define POSTFIX_H

#include "postconf.h"

/* An smtpd of master.cf that hears clients. */
struct smtpd {
	struct doctor *doctor;
	struct postfix *postfix;
	struct postfix_service *service;
	struct postfix_service *front; /* itself, or its postscreen */
	const struct port *port;
	/* On loopback, with an empty content_filter: it takes mail back from
	 * a content filter. */
	bool reinjection;
};

/* The value of a parameter for this listener; where may be NULL. */
const char *smtpd_value(
    const struct smtpd *, const char *name, struct where *where);

/* postfix_milters.c: smtpd_milters, and what takes clients from them. */
void smtpd_check_milters(const struct smtpd *);
/* non_smtpd_milters. */
void postfix_check_local(struct postfix *);
/* postfix_sockets.c: the socket of a server, "unix:PATH" or "inet:...". */
void smtpd_check_socket(const struct smtpd *, const struct where *,
    const char *what, const char *server);
/* postfix_policy.c: our policy service, when it does not answer. */
void smtpd_check_policy_service(const struct smtpd *);
/* postfix_trust.c: XCLIENT, XFORWARD, PROXY, smuggled messages. */
void smtpd_check_trust(const struct smtpd *);
/* postfix_relay.c: which clients its restrictions let relay. */
void smtpd_check_relay(const struct smtpd *);
/* postfix_domains.c: its domains against accepted_domains. */
void postfix_check_domains(struct postfix *);
/* postfix_rewriting.c: tables that turn a local part into a domain. */
void postfix_check_rewriting(struct postfix *);

/* ---- postfix_tables.c: the addresses that tables and lists hold ------ */

/* What a cidr table grants, in a set that was empty. -ENOENT: there is no
 * such file. -EINVAL: it cannot be compared, which has been said. */
int postfix_cidr(struct doctor *, const char *path, struct rangeset *granted);
/* Whether an action of access(5) lets a client relay: 1 or 0. -EINVAL: it
 * asks further restrictions, or is none. */
int postfix_action(const char *action);
/* The addresses of a list like mynetworks. -EINVAL: some of it is not known,
 * which has been said. */
int smtpd_networks(
    const struct smtpd *, const char *name, struct rangeset *, struct where *);

#endif
