/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailaddr - what kind of mailbox an argument of MAIL or RCPT is.
 *
 * Reads once from left to right and refuses to guess: a byte that could make
 * an MTA see another mailbox than we do makes the address routed, and one
 * that no mailbox may hold makes it malformed. RFC 5321 section 4.1.2 with
 * the local part of RFC 6531 (UTF-8), domains of LDH labels only.
 */
#include "mailbox.h"

#include <stdbool.h>
#include <string.h>

#include "ascii.h"
#include "utf8.h"

enum {
	PATH_MAX_LENGTH = 254, /* RFC 5321 section 4.5.3.1.3, less <> */
	LABEL_MAX_LENGTH = 63,
};

enum byte_class {
	BYTE_ATOM, /* atext, and UTF-8 */
	BYTE_DOT,
	BYTE_AT,
	BYTE_QUOTE,
	BYTE_ROUTE, /* means something else to some MTA: % ! : \ ( ) [ ] */
	BYTE_BAD,   /* cannot stand in a mailbox: blank < > , ; */
};

static enum byte_class
byte_class(char c)
{
	switch (c) {
	case '.':
		return BYTE_DOT;
	case '@':
		return BYTE_AT;
	case '"':
		return BYTE_QUOTE;
	case '%':
	case '!':
	case ':':
	case '\\':
	case '(':
	case ')':
	case '[':
	case ']':
		return BYTE_ROUTE;
	case ' ':
	case '<':
	case '>':
	case ',':
	case ';':
		return BYTE_BAD;
	default:
		return BYTE_ATOM;
	}
}

static bool
is_clean(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	for (; *p != '\0'; p += len)
		if ((len = utf8_length(p)) == 0)
			return false;
	return true;
}

static bool
is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
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

/* Reads a quoted string that begins at text[0]. Answers its length with both
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

/* Reads a dot-atom up to an @ or the end; *class is made worse by what
 * cannot stand there. Answers its length. */
static size_t
atom_length(const char *text, size_t len, enum mailaddr_class *class)
{
	size_t i;

	for (i = 0; i < len && text[i] != '@'; i++) {
		switch (byte_class(text[i])) {
		case BYTE_BAD:
			*class = MAILADDR_MALFORMED;
			return i;
		case BYTE_DOT:
			if (i == 0 || i + 1 == len || text[i + 1] == '@' ||
			    text[i + 1] == '.')
				*class = MAILADDR_ROUTED;
			break;
		case BYTE_ROUTE:
		case BYTE_QUOTE:
			*class = MAILADDR_ROUTED;
			break;
		case BYTE_ATOM:
		case BYTE_AT:
			break;
		}
	}
	return i;
}

/* What follows the first unquoted @. */
static enum mailaddr_class
classify_domain(const char *text, size_t len, char domain[MAILADDR_DOMAIN_SIZE])
{
	size_t i;

	if (len == 0)
		return MAILADDR_MALFORMED;
	if (domain_normalise(text, len, domain) == 0)
		return MAILADDR_PLAIN;
	for (i = 0; i < len; i++) {
		enum byte_class byte = byte_class(text[i]);

		if (byte == BYTE_BAD)
			return MAILADDR_MALFORMED;
		if (byte == BYTE_DOT &&
		    (i == 0 || (i + 1 < len && text[i + 1] == '.')))
			return MAILADDR_MALFORMED;
	}
	return MAILADDR_ROUTED;
}

static enum mailaddr_class
classify_mailbox(
    const char *text, size_t len, char domain[MAILADDR_DOMAIN_SIZE])
{
	enum mailaddr_class local = MAILADDR_PLAIN, rest;
	bool harmless = true;
	size_t at;

	if (text[0] == '@')
		return memchr(text, ':', len) != NULL ? MAILADDR_ROUTED
						      : MAILADDR_MALFORMED;
	if (text[0] == '"') {
		at = quoted_length(text, len, &harmless);
		if (at == 0)
			return MAILADDR_MALFORMED;
		if (!harmless || (at < len && text[at] != '@'))
			local = MAILADDR_ROUTED;
		at += atom_length(text + at, len - at, &local);
	} else {
		at = atom_length(text, len, &local);
	}
	if (local == MAILADDR_MALFORMED)
		return MAILADDR_MALFORMED;
	if (at == len)
		return is_postmaster(text, len) ? MAILADDR_POSTMASTER
						: MAILADDR_ROUTED;
	rest = classify_domain(text + at + 1, len - at - 1, domain);
	return rest > local ? rest : local;
}

void
mailaddr_classify(const char *text, struct mailaddr *addr)
{
	size_t len = strlen(text);

	addr->domain[0] = '\0';
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
	addr->class = classify_mailbox(text, len, addr->domain);
	if (addr->class != MAILADDR_PLAIN)
		addr->domain[0] = '\0';
}
