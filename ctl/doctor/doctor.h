/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor.h - the parts of connectorctl doctor.
 *
 * One part reads one thing of the MTA and holds it against the policy; all
 * say what they find by the ids of one table. The policy is read through the
 * compiled ruleset; of its text only names of domains and bindings are.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "arena.h"
#include "ctl.h"
#include "rangeset.h"

enum finding {
	D_NO_POSTCONF,
	D_UNREADABLE,
	D_RESTRICTION,
	D_INSTANCE,
	D_NO_FILTER,
	D_MILTER_MAPS,
	D_NOT_FIRST,
	D_REINJECTED,
	D_PROXY_FILTER,
	D_NON_SMTPD,
	D_PROTOCOL,
	D_SWAPPED,
	D_FAIL_OPEN,
	D_TEMPFAIL,
	D_OPEN_RELAY,
	D_MYNETWORKS,
	D_PERMIT,
	D_ACCESS,
	D_SASL,
	D_RELAY_FEATURE,
	D_RELAY_DOMAINS,
	D_POLICY_OPEN,
	D_POLICY_FINAL,
	D_NO_GRANT,
	D_TABLE_WIDER,
	D_TABLE_NARROWER,
	D_MAP_STALE,
	D_DOMAIN_REFUSED,
	D_DOMAIN_UNKNOWN,
	D_SMTPUTF8,
	D_REWRITE,
	D_BINDING,
	D_LISTENER,
	D_SOCKET_MISSING,
	D_SOCKET_DEAD,
	D_SOCKET_DENIED,
	D_SOCKET_UNSAFE,
	D_XCLIENT,
	D_XFORWARD,
	D_PROXY,
	D_BARE_NEWLINE,
	D_PIPELINING,
	D_GATEWAY,
	D_BRIDGE,
	D_LOOPBACK,
	D_UNTOLD,
	D_COUNT
};

struct doctor {
	const struct ctl *ctl;
	const char *root; /* before each path; "" is this host */
	const char *ours; /* what names of our sockets hold */
	struct ruleset *ruleset;
	int64_t now;
	struct arena *arena;
	struct diagnostics *list;
	struct rangeset relay; /* clients that may relay on some listener */
	const char **read;     /* files, for the end of the report */
	size_t nread;
	bool untold; /* something could not be read */
	bool failed; /* out of memory */
};

/* ---- What all parts use ---------------------------------------------- */

/* Says one; the same one again is not said. */
void doctor_say(struct doctor *, enum finding, struct where, const char *format,
    ...) __attribute__((format(printf, 4, 5)));
/* A path below the root, as it is shown; lives as long as the doctor. */
const char *doctor_path(struct doctor *, const char *path);
/* The text of a file below the root, in the arena. -ENOENT is the caller's to
 * say; of another failure D_UNTOLD has been said. shown is the path. */
int doctor_read(
    struct doctor *, const char *path, char **text, const char **shown);
/* Printed into the arena; "" where there is no memory. */
const char *doctor_text(struct doctor *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool doctor_is_ours(const struct doctor *, const char *name);
/* Adds clients that may relay before they log in on a listener; of the
 * wildcard address of a family, those of that family. -EAGAIN: connectors are
 * bound to addresses. */
int doctor_relay(
    struct doctor *, const struct listener *, struct rangeset *clients);

/* ---- The parts ------------------------------------------------------- */

const struct story *finding_story(size_t i);
enum severity finding_severity(enum finding);

/* Reads Postfix in a folder. -ENOENT: there is none. */
int doctor_postfix(struct doctor *, const char *folder);
/* Reads Sendmail's configuration. -ENOENT: there is none. */
int doctor_sendmail(struct doctor *, const char *file);

/* One place where an MTA hears clients. */
struct port {
	struct netaddr addr; /* FAMILY_NONE: all addresses; a family's zero:
				all of that family */
	uint16_t port;       /* 0: not told */
	const char *name;    /* as the MTA has it */
	struct where where;
};
/* Of a number, or of the name of a service for mail; 0: not told. */
uint16_t port_number(const char *text);
/* Only processes of this host reach it. */
bool port_is_local(const struct port *);

/* ports.c: who listens, against who is bound. */
void doctor_ports(struct doctor *, const struct port *, size_t count,
    const struct where *mta);

/* What is granted and the policy does not grant, at the table's place. */
void doctor_wider(struct doctor *, enum finding, const struct where *,
    const char *what, const struct rangeset *granted);

/* sockets.c: whether a UNIX socket can be opened by a user, who is
 * named; what is "milter" or "policy service". */
void doctor_socket(struct doctor *, const struct where *, const char *what,
    const char *path, const char *user);
/* Folders that Sendmail distrusts. */
void doctor_socket_safe(
    struct doctor *, const struct where *, const char *path);

/* hosts.c: this host's own addresses in ranges that relay. */
void doctor_hosts(struct doctor *);

#endif
