/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h - one request of Postfix's policy delegation protocol
 * (SMTPD_POLICY_README): lines of name=value, then an empty line.
 *
 * Keeps the attributes that a decision is made of and ignores the others.
 * Knows no socket and no policy. What is wrong with a request is remembered
 * to its end, so that it can be answered.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>

enum attribute {
	ATTRIBUTE_REQUEST,
	ATTRIBUTE_PROTOCOL_STATE,
	ATTRIBUTE_HELO_NAME,
	ATTRIBUTE_QUEUE_ID,
	ATTRIBUTE_SENDER,
	ATTRIBUTE_RECIPIENT,
	ATTRIBUTE_CLIENT_ADDRESS,
	ATTRIBUTE_SERVER_ADDRESS,
	ATTRIBUTE_SERVER_PORT,
	ATTRIBUTE_SASL_USERNAME,
	ATTRIBUTE_ENCRYPTION_PROTOCOL,
	ATTRIBUTE_CCERT_SUBJECT, /* a verified certificate's only */
	ATTRIBUTE_COUNT
};

enum {
	REQUEST_LINE_MAX = 2048, /* bytes, without the newline */
	REQUEST_SIZE_MAX = 65536,
	REQUEST_LINES_MAX = 64,
	MAILBOX_SIZE = 2 * REQUEST_LINE_MAX + 8,
};

struct request {
	char *values[ATTRIBUTE_COUNT]; /* NULL: not sent */
	size_t lines, bytes;
	const char *wrong; /* what is malformed, or NULL; static */
};

void request_init(struct request *);
void request_fini(struct request *);

/* Takes one line without its newline. 0: go on; 1: the request is complete;
 * -E2BIG: it is beyond all measure, close the connection; -ENOMEM. */
int request_line(struct request *, const char *line, size_t len);
/* Call once complete: what is malformed about it as a whole, or NULL. */
const char *request_check(const struct request *);

/* Postfix sends mailboxes without brackets and with the quotes of a local
 * part taken off (RFC 5321 section 4.1.2). This puts both back, so that the
 * engine sees what the milter would. */
const char *mailbox_format(const char *plain, char buf[MAILBOX_SIZE]);

#endif
