/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - what a session knows, for session.c that feeds it and checks.c
 * that judges by it.
 */
#ifndef SESSION_H
#define SESSION_H

#include "limit.h"
#include "message.h"
#include "replies.h"
#include "ruleset.h"

/* How far a connection got. */
enum admission {
	ADMISSION_NONE,        /* not connected */
	ADMISSION_NO_CLIENT,   /* the client's address is not told */
	ADMISSION_NO_LISTENER, /* the local address is not, and matters */
	ADMISSION_NO_CONNECTOR,
	ADMISSION_CHOSEN,
};

enum transaction {
	TRANSACTION_NONE,
	TRANSACTION_OPEN,
	TRANSACTION_MONITORED, /* MAIL passed only by monitor mode */
	TRANSACTION_REFUSED,
};

struct session {
	struct ruleset *ruleset;
	const struct session_listener *listener;
	struct arena *arena; /* of the message */

	/* From connect. */
	enum admission admission;
	bool local; /* a local submission: never refused */
	struct netaddr client;
	struct netaddr server_addr; /* of the listener, if it is known */
	struct choice choice;
	struct range range; /* of the choice */
	bool allow_listed, block_listed;
	size_t block_entry;   /* which of the list */
	principal_set server; /* an Exchange server by its address, or 0 */
	struct limits limits;
	enum reply_id limit; /* that the connection met, or REPLY_NONE */

	bool ehlo_domain; /* HELO or EHLO gave a domain */

	/* From MAIL. */
	principal_set principals;
	char certificate[2 + MAILADDR_DOMAIN_SIZE]; /* the name on it, or "" */
	enum transaction transaction;
	struct decision refusal; /* of MAIL */
	bool null_sender;
	uint32_t recipients;    /* accepted */
	bool accepted_domain;   /* one of them is not relayed */
	struct message message; /* its header and size */
};

/* The judges. Each answers REPLY_NONE or the reply of the refusal, and writes
 * into the decision because of what. */
enum reply_id judge_mail(const struct session *, const struct event *,
    const struct mailaddr *sender, struct decision *);
enum reply_id judge_rcpt(
    const struct session *, const struct event *, struct decision *);
enum reply_id judge_message(const struct session *, struct decision *);

/* Whether monitor mode lets a refusal pass. */
bool session_monitors(const struct session *, enum reply_id);
bool session_holds(const struct session *, enum right);

#endif
