/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer.h - the MTA's side of the milter protocol, for tests.
 *
 * Speaks version 6 as Postfix and Sendmail do: offers, honours what the
 * filter asked not to be sent or not to be waited for, sends of the defined
 * macros those that the filter asked for (else the MTA's own list), applies
 * the changes that arrive at end of message. One thread, blocking, every
 * wait bounded. It checks what it reads and repairs nothing.
 *
 * Functions return 0 or a negative errno: -ETIMEDOUT, -ECONNRESET when the
 * filter closed, -EPROTO for a packet that no filter may send.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;
struct script;

/* Commands: the byte that begins a packet to the filter. */
enum peer_command {
	PEER_CONNECT = 'C',
	PEER_HELO = 'H',
	PEER_MAIL = 'M',
	PEER_RCPT = 'R',
	PEER_DATA = 'T',
	PEER_HEADER = 'L',
	PEER_EOH = 'N',
	PEER_BODY = 'B',
	PEER_EOM = 'E',
};

/* Verdicts: the byte that begins the filter's reply. */
enum peer_verdict {
	PEER_UNSENT = 0, /* the filter asked not to be sent this step */
	PEER_CONTINUE = 'c',
	PEER_ACCEPT = 'a',
	PEER_REJECT = 'r',
	PEER_TEMPFAIL = 't',
	PEER_DISCARD = 'd',
	PEER_REPLYCODE = 'y',
	PEER_SKIP = 's',
	PEER_SHUTDOWN = '4',
};

/* What the filter answered. Where it asked not to be waited for, verdict is
 * PEER_CONTINUE and nothing was read. */
struct peer_reply {
	enum peer_verdict verdict;
	const char *text; /* PEER_REPLYCODE: "550 5.7.1 Unable to relay", as
			     an MTA says it ("%%" is "%"); else "". Lives
			     until the next command. */
};

/* What is offered, and then what was asked. */
struct peer_options {
	uint32_t version;
	uint32_t actions; /* SMFIF_* */
	uint32_t steps;   /* SMFIP_* */
};

/* A change that the filter made at end of message. */
struct peer_edit {
	enum { PEER_ADD = 'h', PEER_CHANGE = 'm', PEER_INSERT = 'i' } op;
	uint32_t index; /* PEER_CHANGE counts from 1; PEER_ADD: 0 */
	const char *name;
	const char *value; /* PEER_CHANGE to "" deletes */
};

struct peer_header {
	const char *name;
	const char *value;
};

/* spec as libmilter has it: unix:/path, inet:port@address,
 * inet6:port@[address]. timeout is for each wait, in milliseconds. */
int peer_open(const char *spec, int timeout, struct peer **);
/* Closes the socket without a word and frees. */
void peer_free(struct peer *);

/* offer NULL: what Postfix 3.7 and Sendmail 8.17 offer. Once per peer. */
int peer_negotiate(struct peer *, const struct peer_options *offer);
/* What the filter asked for. */
struct peer_options peer_asked(const struct peer *);
/* The macros that the filter asked for at a stage, separated by blanks; NULL
 * if it asked for none there. */
const char *peer_symlist(const struct peer *, enum peer_command);

/* Defines a macro, "{daemon_addr}" or "j"; NULL undefines. Before each
 * command the defined ones of that stage are sent. */
int peer_define(struct peer *, const char *name, const char *value);

/* address "192.0.2.1" or "2001:db8::1", NULL for an unknown family. hostname
 * NULL: the address in brackets. */
int peer_connect(struct peer *, const char *hostname, const char *address,
    uint16_t port, struct peer_reply *);
int peer_helo(struct peer *, const char *name, struct peer_reply *);
/* argv: the address as typed, then ESMTP parameters, then NULL. MAIL begins
 * a transaction: headers and edits of the last one are forgotten. */
int peer_mail(struct peer *, const char *const *argv, struct peer_reply *);
int peer_rcpt(struct peer *, const char *const *argv, struct peer_reply *);
int peer_data(struct peer *, struct peer_reply *);
int peer_header(
    struct peer *, const char *name, const char *value, struct peer_reply *);
int peer_eoh(struct peer *, struct peer_reply *);
/* In packets of at most 65535 bytes; the reply is the last one. */
int peer_body(
    struct peer *, const void *bytes, size_t len, struct peer_reply *);
/* Reads changes up to the verdict. */
int peer_eom(struct peer *, struct peer_reply *);
int peer_abort(struct peer *);
int peer_quit(struct peer *);

/* After end of message: the changes in the order in which they came, and
 * the header with them applied one after the other, as an MTA does (a
 * deletion renumbers those behind it). Live until the next MAIL. */
const struct peer_edit *peer_edits(const struct peer *, size_t *count);
const struct peer_header *peer_headers(const struct peer *, size_t *count);

/* From now on nothing is sent: what would be is written into a script, which
 * must outlive the peer, and each reply is PEER_CONTINUE. A negotiation is
 * written down as well; what was asked before stays. */
void peer_write_down(struct peer *, struct script *);

/* For tests of what no MTA does: a packet as given, and a read of whatever
 * comes next (data lives until the next call; not NUL-terminated by the
 * filter, but here). */
int peer_send(struct peer *, char command, const void *data, size_t len);
int peer_send_raw(struct peer *, const void *bytes, size_t len);
int peer_read(struct peer *, char *command, const char **data, size_t *len);

#endif
