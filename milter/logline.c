/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline.c - one line of log: pairs of a key and a value, and how they look.
 *
 * Whoever decides only copies bytes; they are made into text by whoever
 * writes it.
 */
#include "logline.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void
logline_init(struct logline *l)
{
	l->len = 0;
}

void
logline_add(struct logline *l, const char *key, const char *value)
{
	static const char more[] = "...";
	size_t keys = strlen(key) + 1, len;
	char *to = l->pairs + l->len;
	bool cut;

	if (!value)
		return;
	len = strnlen(value, LOGLINE_VALUE_MAX + 1);
	cut = len > LOGLINE_VALUE_MAX;
	if (cut)
		len = LOGLINE_VALUE_MAX;
	if (keys + len + sizeof(more) > sizeof(l->pairs) - l->len)
		return;
	memcpy(to, key, keys);
	memcpy(to + keys, value, len);
	memcpy(to + keys + len, cut ? more : "", cut ? sizeof(more) : 1);
	l->len += keys + len + (cut ? sizeof(more) : 1);
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

bool
logline_next(
    const struct logline *l, size_t *at, const char **key, const char **value)
{
	if (*at >= l->len)
		return false;
	*key = l->pairs + *at;
	*value = *key + strlen(*key) + 1;
	*at = (size_t)(*value - l->pairs) + strlen(*value) + 1;
	return true;
}

/* ---- Text ------------------------------------------------------------ */

static const char hex[] = "0123456789abcdef";

static void
put(struct logtext *t, char c)
{
	t->text[t->len++] = c;
}

static void
puts_some(struct logtext *t, const char *text, size_t len)
{
	memcpy(t->text + t->len, text, len);
	t->len += len;
}

static void
puts_all(struct logtext *t, const char *text)
{
	puts_some(t, text, strlen(text));
}

static bool
byte_is_printable(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

/* How much of a value needs neither quotes nor escapes. */
static size_t
value_bare(const char *value)
{
	const char *c = value;

	while (byte_is_printable((unsigned char)*c) && *c != ' ' && *c != '"' &&
	       *c != '\\' && *c != '=')
		c++;
	return (size_t)(c - value);
}

static void
logfmt_add(struct logtext *t, const char *value)
{
	size_t bare = value_bare(value);

	/* Most are, and most of the time goes here. */
	if (bare && !value[bare]) {
		puts_some(t, value, bare);
		return;
	}
	put(t, '"');
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (byte_is_printable(c)) {
			if (c == '"' || c == '\\')
				put(t, '\\');
			put(t, *value);
			continue;
		}
		puts_all(t, "\\x");
		put(t, hex[c >> 4]);
		put(t, hex[c & 15]);
	}
	put(t, '"');
}

/* The character of RFC 3629 that text begins with, and its length; U+FFFD
 * and 1 where there is none. */
static uint32_t
character(const char *text, size_t *len)
{
	const unsigned char *c = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? c[0] : c[0] & (0x7fU >> n);

	*len = 1;
	if (c[0] >= 0x80 && (c[0] < 0xc0 || c[0] > 0xf4))
		return 0xfffd;
	for (size_t i = 1; i < n; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0xfffd;
		code = code << 6 | (c[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0xfffd;
	*len = n;
	return code;
}

static void
unit_add(struct logtext *t, uint32_t unit)
{
	puts_all(t, "\\u");
	for (int shift = 12; shift >= 0; shift -= 4)
		put(t, hex[unit >> shift & 15]);
}

static void
json_add(struct logtext *t, const char *value)
{
	size_t len;

	put(t, '"');
	for (; *value; value += len) {
		uint32_t code = character(value, &len);

		if (code < 0x7f && byte_is_printable((unsigned char)code)) {
			if (code == '"' || code == '\\')
				put(t, '\\');
			put(t, (char)code);
		} else if (code < 0x10000) {
			unit_add(t, code);
		} else {
			unit_add(t, 0xd800 + ((code - 0x10000) >> 10));
			unit_add(t, 0xdc00 + (code & 0x3ff));
		}
	}
	put(t, '"');
}

void
logtext_begin(struct logtext *t, enum log_format format)
{
	t->format = format;
	t->len = 0;
	if (format == LOG_FORMAT_JSON)
		put(t, '{');
}

void
logtext_add(struct logtext *t, const struct logline *l)
{
	bool json = t->format == LOG_FORMAT_JSON;
	const char *key, *value;
	size_t at = 0;

	while (logline_next(l, &at, &key, &value)) {
		if (t->len > (json ? 1 : 0))
			put(t, json ? ',' : ' ');
		if (json)
			json_add(t, key);
		else
			puts_all(t, key);
		put(t, json ? ':' : '=');
		(json ? json_add : logfmt_add)(t, value);
	}
}

void
logtext_end(struct logtext *t)
{
	if (t->format == LOG_FORMAT_JSON)
		put(t, '}');
}
