/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.c - one request of Postfix's policy delegation protocol.
 */
#include "request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* verbatim: came from the SMTP client, and goes to the engine with whatever
 * is in it; the engine refuses control bytes as it does for the milter. */
static const struct {
	const char *name;
	bool verbatim;
} attributes[ATTRIBUTE_COUNT] = {
	// clang-format off
	[ATTRIBUTE_REQUEST]             = { "request",             false },
	[ATTRIBUTE_PROTOCOL_STATE]      = { "protocol_state",      false },
	[ATTRIBUTE_HELO_NAME]           = { "helo_name",           true  },
	[ATTRIBUTE_QUEUE_ID]            = { "queue_id",            false },
	[ATTRIBUTE_SENDER]              = { "sender",              true  },
	[ATTRIBUTE_RECIPIENT]           = { "recipient",           true  },
	[ATTRIBUTE_CLIENT_ADDRESS]      = { "client_address",      false },
	[ATTRIBUTE_SERVER_ADDRESS]      = { "server_address",      false },
	[ATTRIBUTE_SERVER_PORT]         = { "server_port",         false },
	[ATTRIBUTE_SASL_USERNAME]       = { "sasl_username",       false },
	[ATTRIBUTE_ENCRYPTION_PROTOCOL] = { "encryption_protocol", false },
	[ATTRIBUTE_CCERT_SUBJECT]       = { "ccert_subject",       false },
	// clang-format on
};

void
request_init(struct request *r)
{
	*r = (struct request){ 0 };
}

void
request_fini(struct request *r)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		free(r->values[i]);
	request_init(r);
}

static int
attribute_find(const char *name, size_t len)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		if (strlen(attributes[i].name) == len &&
		    !memcmp(attributes[i].name, name, len))
			return i;
	return -1;
}

static bool
has_control(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return true;
	return false;
}

/* The first complaint stays. */
static int
request_blame(struct request *r, const char *why)
{
	if (!r->wrong)
		r->wrong = why;
	return 0;
}

int
request_line(struct request *r, const char *line, size_t len)
{
	const char *equals, *value;
	size_t n;
	int i;

	if (!len)
		return 1;
	r->lines++;
	r->bytes += len + 1;
	if (len > REQUEST_LINE_MAX || r->lines > REQUEST_LINES_MAX ||
	    r->bytes > REQUEST_SIZE_MAX)
		return -E2BIG;
	if (memchr(line, '\0', len))
		return request_blame(r, "a NUL byte");
	equals = memchr(line, '=', len);
	if (!equals || equals == line)
		return request_blame(r, "a line without name=value");
	i = attribute_find(line, (size_t)(equals - line));
	if (i < 0)
		return 0;
	value = equals + 1;
	n = len - (size_t)(value - line);
	if (r->values[i])
		return request_blame(r, "an attribute stands twice");
	if (!attributes[i].verbatim && has_control(value, n))
		return request_blame(r, "a control byte");
	r->values[i] = strndup(value, n);
	return r->values[i] ? 0 : -ENOMEM;
}

const char *
request_check(const struct request *r)
{
	const char *type = r->values[ATTRIBUTE_REQUEST];

	if (r->wrong)
		return r->wrong;
	if (!type || strcmp(type, "smtpd_access_policy") != 0)
		return "not request=smtpd_access_policy";
	if (!r->values[ATTRIBUTE_PROTOCOL_STATE])
		return "no protocol_state";
	return NULL;
}

/* RFC 5321 section 4.1.2: the bytes of an Atom, and the dot; 8-bit ones by
 * RFC 6531. */
static bool
byte_is_atom(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80 ||
	       (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool
local_is_atoms(const char *local, size_t len)
{
	if (!len || local[0] == '.' || local[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!byte_is_atom(local[i]) ||
		    (local[i] == '.' && local[i + 1] == '.'))
			return false;
	return true;
}

const char *
mailbox_format(const char *plain, char buf[MAILBOX_SIZE])
{
	size_t total = strnlen(plain, REQUEST_LINE_MAX), len = 0, n = 0;
	const char *at = strrchr(plain, '@');
	bool quote;

	if (at)
		len = (size_t)(at - plain);
	quote = at && !local_is_atoms(plain, len);
	buf[n++] = '<';
	if (quote)
		buf[n++] = '"';
	for (size_t i = 0; i < total; i++) {
		if (quote && i == len)
			buf[n++] = '"';
		if (quote && i < len && (plain[i] == '"' || plain[i] == '\\'))
			buf[n++] = '\\';
		buf[n++] = plain[i];
	}
	buf[n++] = '>';
	buf[n] = '\0';
	return buf;
}
