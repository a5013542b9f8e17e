/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replies.h - every reply that the engine can give, as one table.
 *
 * The texts are those of Exchange 2007 to 2013 where it has one. Code and
 * enhanced code agree in class, and the text is one line of printable ASCII
 * without '%', since an MTA takes anything else for a broken filter.
 */
#ifndef REPLIES_H
#define REPLIES_H

#include "rules.h"

enum reply_id {
	REPLY_NONE, /* no refusal */
	REPLY_NO_CONNECTOR,
	REPLY_NO_CLIENT,
	REPLY_NO_LISTENER,
	REPLY_NOT_AUTHENTICATED,
	REPLY_NO_SUBMIT,
	REPLY_BAD_SENDER,
	REPLY_SENDER_ANONYMOUS,
	REPLY_SENDER,
	REPLY_BAD_RECIPIENT,
	REPLY_BLOCKED,
	REPLY_UNABLE_TO_RELAY,
	REPLY_HEADER_FLOOD,
	REPLY_SEQUENCE,
	REPLY_NO_MEMORY,
	REPLY_COUNT
};

/* Not for REPLY_NONE. */
struct reply reply_get(enum reply_id);
/* Whether it is about what a client may do, and not about what cannot be
 * decided or is no mail at all: what monitor mode lets pass. */
bool reply_is_permission(enum reply_id);

#endif
