/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline.c - one line of log in logfmt.
 */
#include "logline.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void
logline_init(struct logline *l)
{
	l->len = 0;
	l->text[0] = '\0';
}

/* Bytes that need neither quotes nor escapes. */
static bool
byte_is_bare(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static bool
value_is_bare(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!byte_is_bare((unsigned char)value[i]))
			return false;
	return len > 0;
}

static size_t
byte_escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		to[0] = '\\';
		to[1] = (char)c;
		return 2;
	}
	if (c >= ' ' && c < 0x7f) {
		to[0] = (char)c;
		return 1;
	}
	to[0] = '\\';
	to[1] = 'x';
	to[2] = hex[c >> 4];
	to[3] = hex[c & 15];
	return 4;
}

void
logline_add(struct logline *l, const char *key, const char *value)
{
	/* The worst value: all bytes escaped, quotes, the mark of a cut. */
	char escaped[LOGLINE_VALUE_MAX * 4 + 8];
	size_t len, n = 0, room = sizeof(l->text) - l->len;
	bool bare, cut;
	int written;

	if (!value)
		return;
	len = strnlen(value, LOGLINE_VALUE_MAX + 1);
	cut = len > LOGLINE_VALUE_MAX;
	if (cut)
		len = LOGLINE_VALUE_MAX;
	bare = value_is_bare(value, len);
	if (!bare)
		escaped[n++] = '"';
	for (size_t i = 0; i < len; i++)
		n += byte_escape(escaped + n, (unsigned char)value[i]);
	for (int i = 0; cut && i < 3; i++)
		escaped[n++] = '.';
	if (!bare)
		escaped[n++] = '"';
	written = snprintf(l->text + l->len, room, "%s%s=%.*s",
	    l->len ? " " : "", key, (int)n, escaped);
	if (written < 0 || (size_t)written >= room)
		l->text[l->len] = '\0';
	else
		l->len += (size_t)written;
}

void
logline_format(struct logline *l, const char *key, const char *format, ...)
{
	char value[LOGLINE_VALUE_MAX + 2];
	va_list ap;

	va_start(ap, format);
	vsnprintf(value, sizeof(value), format, ap);
	va_end(ap);
	logline_add(l, key, value);
}
