/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox - what kind of mailbox an argument of MAIL or RCPT is.
 *
 * Reads once from left to right and refuses to guess: a byte that could make
 * an MTA see another mailbox than we do makes the address routed, and one
 * that no mailbox may hold makes it malformed. RFC 5321 section 4.1.2 with
 * RFC 6531 (UTF-8), and what is in use besides: dots anywhere in the local
 * part, a colon, an underscore in a label.
 */
#include "mailbox.h"

#include <string.h>

#include "ascii.h"
#include "idn.h"
#include "utf8.h"

enum {
	PATH_MAX_LENGTH = 254, /* RFC 5321 section 4.5.3.1.3, less <> */
	LABEL_MAX_LENGTH = 63,
};

static bool
is_clean(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	for (;; p += len) {
		/* Nearly all of it is printable ASCII. */
		while (*p - 0x20u < 0x5f)
			p++;
		if (*p == '\0')
			return true;
		if ((len = utf8_length(p)) == 0)
			return false;
	}
}

static bool
is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Cannot be in a mailbox but within quotes. */
static bool
is_bad(char c)
{
	return c == ' ' || c == '<' || c == '>' || c == ',' || c == ';';
}

static bool
is_label(const char *text, size_t len)
{
	return len != 0 && len <= LABEL_MAX_LENGTH && text[0] != '-' &&
	       text[len - 1] != '-';
}

int
domain_normalise(const char *text, size_t len, char out[MAILADDR_DOMAIN_SIZE])
{
	size_t i, label = 0;

	if (len != 0 && text[len - 1] == '.')
		len--;
	if (len >= MAILADDR_DOMAIN_SIZE)
		return -1;
	for (i = 0; i < len; i++) {
		char c = ascii_lower(text[i]);

		if (c == '.') {
			if (!is_label(text + label, i - label))
				return -1;
			label = i + 1;
		} else if (!is_ldh(c)) {
			return -1;
		}
		out[i] = c;
	}
	if (!is_label(text + label, len - label))
		return -1;
	out[len] = '\0';
	return 0;
}

static bool
is_postmaster(const char *text, size_t len)
{
	static const char word[] = "postmaster";

	return len == sizeof(word) - 1 && ascii_same_n(text, word, len);
}

/* Reads a quoted string that begins at text[0]. Returns its length with both
 * quotes, 0 if it does not end. An empty one is not harmless: some MTA drops
 * it and sees @domain. */
static size_t
quoted_length(const char *text, size_t len, bool *harmless)
{
	size_t i;

	for (i = 1; i < len && text[i] != '"'; i++) {
		if (strchr("@%!:,;\\", text[i]) != NULL ||
		    (unsigned char)text[i] >= 0x80)
			*harmless = false;
		if (text[i] == '\\')
			i++;
	}
	if (i == 1)
		*harmless = false;
	return i < len ? i + 1 : 0;
}

struct local_part {
	size_t len; /* up to the first unquoted @, or the end */
	enum mailaddr_class class;
	bool clear; /* every MTA ends it there */
};

/* A quoted string at text[i]: harmless where it is all of the local part. */
static void
local_quoted(const char *text, size_t len, struct local_part *local)
{
	bool harmless = local->len == 0;
	size_t quoted =
	    quoted_length(text + local->len, len - local->len, &harmless);

	local->len += quoted;
	if (quoted == 0)
		local->class = MAILADDR_MALFORMED;
	else if (!harmless || (local->len < len && text[local->len] != '@'))
		local->class = MAILADDR_ROUTED;
}

/* Reads a local part. Comments and backslashes could end it elsewhere. A
 * colon is one that some MTA takes for the end of a group's name: what
 * follows is a mailbox of the same domain. */
static struct local_part
local_read(const char *text, size_t len)
{
	struct local_part local = { 0, MAILADDR_PLAIN, true };

	while (local.len < len && local.class != MAILADDR_MALFORMED) {
		size_t at = local.len;
		char c = text[at];

		if (c == '@')
			break;
		if (c == '"') {
			local_quoted(text, len, &local);
			continue;
		}
		if (is_bad(c))
			local.class = MAILADDR_MALFORMED;
		else if (c == '%' || c == '!' || c == '[' || c == ']' ||
			 (c == ':' && (at == 0 || text[at - 1] == ':')))
			local.class = MAILADDR_ROUTED;
		else if (c == '\\' || c == '(' || c == ')') {
			local.class = MAILADDR_ROUTED;
			local.clear = false;
		}
		local.len++;
	}
	return local;
}

/* Labels of letters, digits, -, _ and UTF-8. */
static bool
read_labels(const char *text, size_t len, struct mailaddr *addr)
{
	bool utf8 = false;
	char last = '.';
	size_t i;

	if (len != 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= MAILADDR_DOMAIN_SIZE)
		return false;
	for (i = 0; i < len; i++) {
		char c = ascii_lower(text[i]);

		if ((unsigned char)c >= 0x80)
			utf8 = true;
		else if (c == '.' ? last == '.' : !is_ldh(c) && c != '_')
			return false;
		addr->domain[i] = last = c;
	}
	addr->domain[len] = '\0';
	addr->utf8 = utf8;
	if (utf8)
		idn_lower(addr->domain);
	return last != '.';
}

/* An address between brackets; what is in them is not read here. */
static bool
read_literal(const char *text, size_t len, struct mailaddr *addr)
{
	size_t i;

	if (len < 3 || len >= MAILADDR_DOMAIN_SIZE || text[0] != '[' ||
	    text[len - 1] != ']')
		return false;
	for (i = 0; i < len; i++) {
		char c = ascii_lower(text[i]);

		if (i != 0 && i != len - 1 && !is_ldh(c) && c != '.' &&
		    c != ':')
			return false;
		addr->domain[i] = c;
	}
	addr->domain[len] = '\0';
	return true;
}

/* What follows the first unquoted @. */
static enum mailaddr_class
classify_domain(const char *text, size_t len, struct mailaddr *addr)
{
	size_t i;

	if (len == 0)
		return MAILADDR_MALFORMED;
	if (read_labels(text, len, addr))
		return MAILADDR_PLAIN;
	if (read_literal(text, len, addr))
		return MAILADDR_ROUTED;
	addr->domain[0] = '\0';
	addr->utf8 = false;
	for (i = 0; i < len; i++)
		if (is_bad(text[i]) ||
		    (text[i] == '.' &&
			(i == 0 || (i + 1 < len && text[i + 1] == '.'))))
			return MAILADDR_MALFORMED;
	return MAILADDR_ROUTED;
}

static enum mailaddr_class
classify_mailbox(const char *text, size_t len, struct mailaddr *addr)
{
	struct local_part local;
	enum mailaddr_class rest;

	if (text[0] == '@')
		return memchr(text, ':', len) != NULL ? MAILADDR_ROUTED
						      : MAILADDR_MALFORMED;
	local = local_read(text, len);
	if (local.class == MAILADDR_MALFORMED)
		return MAILADDR_MALFORMED;
	if (local.len == len)
		return is_postmaster(text, len) ? MAILADDR_POSTMASTER
						: MAILADDR_ROUTED;
	rest = classify_domain(text + local.len + 1, len - local.len - 1, addr);
	if (!local.clear || rest == MAILADDR_MALFORMED)
		addr->domain[0] = '\0';
	return rest > local.class ? rest : local.class;
}

void
mailaddr_classify(const char *text, struct mailaddr *addr)
{
	size_t len = strlen(text);

	addr->domain[0] = '\0';
	addr->utf8 = false;
	addr->class = MAILADDR_MALFORMED;
	if (!is_clean(text))
		return;
	for (; len != 0 && text[0] == ' '; text++)
		len--;
	while (len != 0 && text[len - 1] == ' ')
		len--;
	if (len != 0 && text[0] == '<') {
		if (len < 2 || text[len - 1] != '>')
			return;
		text++;
		len -= 2;
		for (; len != 0 && text[0] == ' '; text++)
			len--;
		while (len != 0 && text[len - 1] == ' ')
			len--;
		if (len == 0) {
			addr->class = MAILADDR_NULL;
			return;
		}
	}
	if (len == 0 || len > PATH_MAX_LENGTH)
		return;
	addr->class = classify_mailbox(text, len, addr);
}
