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
	REPLY_NO_CONNECTOR_YET, /* no_connector: tempfail */
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
	REPLY_TOO_MANY_CONNECTIONS,
	REPLY_TOO_MANY_FROM_SOURCE,
	REPLY_EHLO_DOMAIN,
	REPLY_TLS_REQUIRED,
	REPLY_MESSAGE_RATE,
	REPLY_MESSAGE_SIZE,
	REPLY_HEADER_SIZE,
	REPLY_RECIPIENTS,
	REPLY_RESERVED_TOP_LEVEL,
	REPLY_RESERVED_SECOND_LEVEL,
	REPLY_SINGLE_LABEL,
	REPLY_HOP_COUNT,
	REPLY_ALLOWED_SENDERS,
	REPLY_ALLOWED_RECIPIENTS,
	REPLY_QUOTA,
	REPLY_QUOTA_RECIPIENT, /* the same, met at RCPT */
	REPLY_HEADER_FLOOD,
	REPLY_SEQUENCE,
	REPLY_NO_MEMORY,
	REPLY_COUNT
};

enum reply_style {
	REPLY_STYLE_CLASSIC, /* Exchange 2007 to 2013 */
	REPLY_STYLE_MODERN,  /* Exchange 2016 and 2019 */
};

/* Not for REPLY_NONE. */
struct reply reply_get(enum reply_id, enum reply_style);
/* The key of a reply in the policy, "unable_to_relay"; static. NULL for a
 * reply that a policy cannot change: one about what cannot be decided. */
const char *reply_key(enum reply_id);
/* Text "550 5.7.1 Unable to relay" to a reply whose parts live in out, which
 * holds at least strlen(text) + 1 bytes. 0, or -1 with why in *why: what
 * would break an MTA is refused. */
int reply_parse(const char *text, char *out, struct reply *, const char **why);
/* What a refusal is about. Monitor mode lets the last two pass. */
enum reply_class {
	REPLY_CLASS_UNDECIDED, /* what cannot be decided, or is no mail */
	REPLY_CLASS_PROPERTY,  /* a property of the connector: limits, TLS */
	REPLY_CLASS_RIGHT,     /* what a client may do */
};
enum reply_class reply_class(enum reply_id);

#endif
