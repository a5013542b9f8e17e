/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - what a session knows, for session.c that feeds it and checks.c
 * that judges by it.
 */
#ifndef SESSION_H
#define SESSION_H

#include "claim.h"
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
	struct range range;        /* of the choice */
	struct client_state state; /* by address and listener */
	size_t block_entry;        /* which of the list */
	struct limits limits;
	enum reply_id limit; /* that the connection met, or REPLY_NONE */

	bool ehlo_domain; /* HELO or EHLO gave a domain */

	/* From MAIL. */
	struct claim claim; /* without credentials until then */
	char certificate[2 + MAILADDR_DOMAIN_SIZE]; /* the name on it, or "" */
	enum transaction transaction;
	struct decision refusal; /* of MAIL */
	bool null_sender;
	bool sender_allowed;    /* by allowed_senders, where it is stated */
	uint32_t recipients;    /* accepted */
	bool accepted_domain;   /* one of them is not relayed */
	struct message message; /* its header and size */
};

/* What a stage is judged by. */
struct judged_event {
	const struct session_event *event;
	struct mailaddr mailbox; /* the sender or recipient */
};

/* One check: returns REPLY_NONE or the reply of its refusal, and writes into
 * the decision because of what. */
struct judge {
	enum reply_id (*check)(const struct session *,
	    const struct judged_event *, struct decision *);
	bool connector; /* asked only where a connector was chosen */
};

/* The checks of a stage, in the order in which they are asked; the last has
 * no function. */
extern const struct judge mail_judges[], rcpt_judges[], message_judges[];

bool session_holds(const struct session *, enum right);

#endif
