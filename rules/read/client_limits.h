/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_limits.h - the keys that narrow what a client may send:
 * allowed_senders, allowed_recipients and message_quota.
 *
 * They can be on an entry, a network and a connector, so their rows are
 * written once, for any struct with a member struct client_limits.
 */
#ifndef CLIENT_LIMITS_H
#define CLIENT_LIMITS_H

#include "policy.h"
#include "schema.h"

decode_fn allowed_senders_decode, allowed_recipients_decode;
decode_fn message_quota_decode;
extern const struct field allowed_senders_element, allowed_recipients_element;
extern const char message_quota_pattern[];

/* clang-format off */
#define CLIENT_LIMITS_ROWS(type, member) \
	{ .key = "allowed_senders",      .decode = allowed_senders_decode, .shape = SHAPE_LIST, AT(type, member.senders), \
	                                 .flags = FIELD_FILLED, .element = &allowed_senders_element, .diff = DIFF_NONE, \
	                                 .absent = "no limit", .doc = "MAIL FROM of its clients: mailboxes and domains; <> only where listed" }, \
	{ .key = "allowed_recipients",   .decode = allowed_recipients_decode, .shape = SHAPE_LIST, AT(type, member.recipients), \
	                                 .flags = FIELD_FILLED, .element = &allowed_recipients_element, .diff = DIFF_NONE, \
	                                 .absent = "no limit", .doc = "RCPT TO of its clients: mailboxes and domains" }, \
	{ .key = "message_quota",        .decode = message_quota_decode, .shape = SHAPE_TEXT, AT(type, member.quota), \
	                                 .pattern = message_quota_pattern, .diff = DIFF_NONE, \
	                                 .absent = "no limit", .doc = "messages of each client, as in 200 per day, or per hour (UTC)" }
/* clang-format on */

/* Keeps limits that an entry states, with a number of their own; *kept is NULL
 * where it states none. -ENOMEM. */
int client_limits_keep(struct decoder *, const struct client_limits *,
    const struct client_limits **kept);

#endif
