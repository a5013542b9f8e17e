/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replies - the texts, in both styles. Nothing from the network is ever put
 * into one.
 *
 * Classic is what Exchange 2007 to 2013 say, modern what 2016 and 2019 do
 * where they differ. The classes of Exchange's "451 5.7.3 STARTTLS is
 * required to send mail" disagree: whoever hands it to an MTA must know
 * whether that MTA takes it for a broken filter.
 */
#include "replies.h"

#include <assert.h>
#include <string.h>

enum { TEXT_MAX = 400 };

struct reply_row {
	const char *key; /* NULL: not for a policy to change */
	enum reply_class class;
	struct reply classic;
	struct reply modern; /* empty: as classic */
};

/* clang-format off */
static const struct reply_row rows[REPLY_COUNT] = {
	[REPLY_NO_CONNECTOR]          = { NULL,                                             REPLY_CLASS_RIGHT,  { "550", "5.7.1", "No Receive connector accepts this client" }, { 0 } },
	[REPLY_NO_CONNECTOR_YET]      = { NULL,                                             REPLY_CLASS_RIGHT, { "451", "4.7.1", "No Receive connector accepts this client" }, { 0 } },
	[REPLY_NO_CLIENT]             = { NULL,                                             REPLY_CLASS_UNDECIDED, { "451", "4.3.0", "Client address is not known" }, { 0 } },
	[REPLY_NO_LISTENER]           = { NULL,                                             REPLY_CLASS_UNDECIDED, { "451", "4.3.0", "Local address of this connection is not known" }, { 0 } },
	[REPLY_TOO_MANY_CONNECTIONS]  = { "max_inbound_connection",                         REPLY_CLASS_PROPERTY,  { "421", "4.3.2", "The maximum number of concurrent connections has exceeded a limit, closing transmission channel" },
	                                                                                           { "421", "4.3.2", "The maximum number of concurrent server connections has exceeded a limit, closing transmission channel" } },
	[REPLY_TOO_MANY_FROM_SOURCE]  = { "max_inbound_connection_per_source",              REPLY_CLASS_PROPERTY,  { "421", "4.3.2", "The maximum number of concurrent connections has exceeded a limit, closing transmission channel" },
	                                                                                           { "421", "4.3.2", "The maximum number of concurrent server connections has exceeded a per-source limit, closing transmission channel" } },
	[REPLY_EHLO_DOMAIN]           = { "require_ehlo_domain",                            REPLY_CLASS_PROPERTY,  { "501", "5.0.0", "HELO / EHLO requires domain address" }, { 0 } },
	[REPLY_NOT_AUTHENTICATED]     = { "not_authenticated",                              REPLY_CLASS_RIGHT,  { "530", "5.7.1", "Client was not authenticated" },
	                                                                                           { "530", "5.7.57", "SMTP; Client was not authenticated to send anonymous mail during MAIL FROM" } },
	[REPLY_NO_SUBMIT]             = { "no_submit",                                      REPLY_CLASS_RIGHT,  { "550", "5.7.1", "Client does not have permissions to submit to this server" }, { 0 } },
	[REPLY_BAD_SENDER]            = { NULL,                                             REPLY_CLASS_UNDECIDED, { "553", "5.1.7", "Invalid address" }, { 0 } },
	[REPLY_SENDER_ANONYMOUS]      = { "sender_anonymous",                               REPLY_CLASS_RIGHT,  { "550", "5.7.1", "Anonymous client does not have permissions to send as this sender" }, { 0 } },
	[REPLY_SENDER]                = { "sender",                                         REPLY_CLASS_RIGHT,  { "550", "5.7.1", "Client does not have permissions to send as this sender" },
	                                                                                           { "550", "5.7.60", "SMTP; Client does not have permissions to send as this sender" } },
	[REPLY_TLS_REQUIRED]          = { "require_tls",                                    REPLY_CLASS_PROPERTY,  { "530", "5.7.0", "Must issue a STARTTLS command first" },
	                                                                                           { "451", "5.7.3", "STARTTLS is required to send mail" } },
	[REPLY_MESSAGE_RATE]          = { "message_rate_limit",                             REPLY_CLASS_PROPERTY,  { "421", "4.4.2", "Message submission rate for this client has exceeded the configured limit" }, { 0 } },
	[REPLY_MESSAGE_SIZE]          = { "max_message_size",                               REPLY_CLASS_PROPERTY,  { "552", "5.3.4", "Message size exceeds fixed maximum message size" }, { 0 } },
	[REPLY_BAD_RECIPIENT]         = { NULL,                                             REPLY_CLASS_UNDECIDED, { "553", "5.1.3", "Invalid address" }, { 0 } },
	[REPLY_BLOCKED]               = { "ip_block_list",                                  REPLY_CLASS_RIGHT,  { "550", "5.7.1", "Client address is on the IP block list" }, { 0 } },
	[REPLY_RESERVED_TOP_LEVEL]    = { "reject_reserved_top_level_recipient_domains",    REPLY_CLASS_PROPERTY,  { "550", "5.1.4", "Recipient address reserved by RFC 2606" }, { 0 } },
	[REPLY_RESERVED_SECOND_LEVEL] = { "reject_reserved_second_level_recipient_domains", REPLY_CLASS_PROPERTY,  { "550", "5.1.5", "Recipient address reserved by RFC 2606" }, { 0 } },
	[REPLY_SINGLE_LABEL]          = { "reject_single_label_recipient_domains",          REPLY_CLASS_PROPERTY,  { "550", "5.1.6", "Recipient addresses in single label domains not accepted" }, { 0 } },
	[REPLY_UNABLE_TO_RELAY]       = { "unable_to_relay",                                REPLY_CLASS_RIGHT,  { "550", "5.7.1", "Unable to relay" },
	                                                                                           { "550", "5.7.54", "SMTP; Unable to relay recipient in non-accepted domain" } },
	[REPLY_RECIPIENTS]            = { "max_recipients_per_message",                     REPLY_CLASS_PROPERTY,  { "452", "4.5.3", "Too many recipients" }, { 0 } },
	[REPLY_ALLOWED_SENDERS]       = { "allowed_senders",                                REPLY_CLASS_PROPERTY,  { "550", "5.7.1", "Sender is not allowed for this client" }, { 0 } },
	[REPLY_ALLOWED_RECIPIENTS]    = { "allowed_recipients",                             REPLY_CLASS_PROPERTY,  { "550", "5.7.1", "Recipient is not allowed for this client" }, { 0 } },
	[REPLY_QUOTA]                 = { "message_quota",                                  REPLY_CLASS_PROPERTY,  { "450", "4.7.1", "Message quota of this client is used up" }, { 0 } },
	[REPLY_QUOTA_RECIPIENT]       = { "message_quota_at_recipient",                     REPLY_CLASS_PROPERTY,  { "452", "4.7.1", "Message quota of this client is used up" }, { 0 } },
	[REPLY_HEADER_SIZE]           = { "max_header_size",                                REPLY_CLASS_PROPERTY,  { "552", "5.3.4", "Header size exceeds fixed maximum size" }, { 0 } },
	[REPLY_HOP_COUNT]             = { "max_hop_count",                                  REPLY_CLASS_PROPERTY,  { "554", "5.4.14", "Hop count exceeded - possible mail loop" }, { 0 } },
	[REPLY_HEADER_FLOOD]          = { NULL,                                             REPLY_CLASS_UNDECIDED, { "554", "5.6.0", "Message has too many header fields that would be removed" }, { 0 } },
	[REPLY_SEQUENCE]              = { NULL,                                             REPLY_CLASS_UNDECIDED, { "451", "4.3.0", "Bad sequence of commands" }, { 0 } },
	[REPLY_NO_MEMORY]             = { NULL,                                             REPLY_CLASS_UNDECIDED, { "451", "4.3.0", "Insufficient system resources" }, { 0 } },
};
/* clang-format on */

struct reply
reply_get(enum reply_id id, enum reply_style style)
{
	const struct reply_row *row = &rows[id];

	assert(id > REPLY_NONE && id < REPLY_COUNT);
	if (style == REPLY_STYLE_MODERN && row->modern.code != NULL)
		return row->modern;
	return row->classic;
}

const char *
reply_key(enum reply_id id)
{
	assert(id < REPLY_COUNT);
	return rows[id].key;
}

_Static_assert((int)REPLY_COUNT <= (int)REASONS_MAX, "a reason has its number");

const char *
reason_name(unsigned reason)
{
	static const char *const names[REPLY_COUNT] = {
		[REPLY_NONE] = "none",
		[REPLY_NO_CONNECTOR] = "no_connector",
		[REPLY_NO_CONNECTOR_YET] = "no_connector_tempfail",
		[REPLY_NO_CLIENT] = "no_client_address",
		[REPLY_NO_LISTENER] = "no_local_address",
		[REPLY_BAD_SENDER] = "bad_sender",
		[REPLY_BAD_RECIPIENT] = "bad_recipient",
		[REPLY_HEADER_FLOOD] = "header_flood",
		[REPLY_SEQUENCE] = "bad_sequence",
		[REPLY_NO_MEMORY] = "no_memory",
	};

	if (reason >= REPLY_COUNT)
		return NULL;
	return rows[reason].key != NULL ? rows[reason].key : names[reason];
}

enum reply_class
reply_class(enum reply_id id)
{
	assert(id < REPLY_COUNT);
	return rows[id].class;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "5.7.1", RFC 3463: a class and two numbers of one to three digits. Answers
 * its length, or 0. */
static size_t
enhanced_length(const char *text)
{
	size_t i = 1, part, digits;

	if (*text != '4' && *text != '5')
		return 0;
	for (part = 0; part < 2; part++) {
		if (text[i++] != '.')
			return 0;
		for (digits = 0; is_digit(text[i]); digits++)
			i++;
		if (digits == 0 || digits > 3)
			return 0;
	}
	return i;
}

static const char *
text_why(const char *text)
{
	const char *c;

	if (*text == '\0')
		return "has no text behind the codes";
	if (strlen(text) > TEXT_MAX)
		return "is longer than 400 characters";
	for (c = text; *c != '\0'; c++) {
		if (*c == '%')
			return "holds a %, which an MTA takes for a format";
		if (*c < ' ' || *c > '~')
			return "holds more than one line of printable ASCII";
	}
	return NULL;
}

int
reply_parse(const char *text, char *out, struct reply *reply, const char **why)
{
	size_t len;

	if ((text[0] != '4' && text[0] != '5') || !is_digit(text[1]) ||
	    !is_digit(text[2]) || text[3] != ' ') {
		*why = "does not begin with a code from 400 to 599 and a "
		       "blank; write it as in \"550 5.7.1 Unable to relay\"";
		return -1;
	}
	len = enhanced_length(text + 4);
	if (len == 0 || text[4 + len] != ' ') {
		*why = "has no enhanced code behind the code; write it as in "
		       "\"550 5.7.1 Unable to relay\"";
		return -1;
	}
	if (text[0] != text[4]) {
		*why = "has a code and an enhanced code of different classes, "
		       "which an MTA takes for a broken filter";
		return -1;
	}
	*why = text_why(text + 4 + len + 1);
	if (*why != NULL)
		return -1;
	memcpy(out, text, strlen(text) + 1);
	out[3] = out[4 + len] = '\0';
	*reply = (struct reply){
		.code = out,
		.enhanced = out + 4,
		.text = out + 4 + len + 1,
	};
	return 0;
}
