/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline.c - one line of log: pairs of a key and a value, and how they look.
 *
 * The text is made by whoever decides, at once: nearly all values stand in it
 * as they are, and copying them twice would cost more than looking at them.
 */
#include "logline.h"
#include "utf8.h"

#include <string.h>

enum { DIGITS_SIZE = 21 };

static const char *
digits(uint64_t value, char buf[DIGITS_SIZE])
{
	char *first = buf + DIGITS_SIZE - 1;

	*first = '\0';
	do
		*--first = (char)('0' + value % 10);
	while (value /= 10);
	return first;
}

void
logvalue_init(struct logvalue *v)
{
	v->len = 0;
	v->text[0] = '\0';
}

void
logvalue_text(struct logvalue *v, const char *text)
{
	size_t len = strnlen(text, sizeof(v->text) - 1 - v->len);

	memcpy(v->text + v->len, text, len);
	v->len += len;
	v->text[v->len] = '\0';
}

void
logvalue_number(struct logvalue *v, uint64_t value)
{
	char buf[DIGITS_SIZE];

	logvalue_text(v, digits(value, buf));
}

void
logline_init(struct logline *l)
{
	l->len = 0;
}

/* Of ASCII, what stands as it is: '2' anywhere, '1' within quotes, since a
 * value without them ends at a blank and has no =. */
static const char kinds[256] = "00000000000000000000000000000000"
			       "12022222222222222222222222222122"
			       "22222222222222222222222222220222"
			       "22222222222222222222222222222220";

static const char hex[] = "0123456789abcdef";

/* How many bytes a value begins with that are of a kind or a better one. NUL
 * is of none. */
static size_t
span(const char *value, char kind)
{
	const char *c = value;

	while (kinds[(unsigned char)*c] >= kind)
		c++;
	return (size_t)(c - value);
}

/* Of a value, len bytes at most; at most four for one. Returns where it ends.
 */
static char *
escape(char *to, const char *value, size_t len)
{
	for (size_t i = 0; i < len && value[i]; i++) {
		unsigned char c = (unsigned char)value[i];

		if (kinds[c] >= '1') {
			*to++ = (char)c;
		} else if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = (char)c;
		} else {
			*to++ = '\\';
			*to++ = 'x';
			*to++ = hex[c >> 4];
			*to++ = hex[c & 15];
		}
	}
	return to;
}

void
logline_put(
    struct logline *l, const char *key, size_t key_len, const char *value)
{
	static const char more[] = "...";
	size_t n = span(value, '2'), len = n, cut;
	char *to = l->text + l->len;
	bool is_bare;

	if (value[n])
		len = strnlen(value, LOGLINE_VALUE_MAX + 1);
	cut = len > LOGLINE_VALUE_MAX ? sizeof(more) - 1 : 0;
	len = cut ? LOGLINE_VALUE_MAX : len;
	is_bare = len && n >= len;
	if (key_len + 4 * len + 4 + cut > sizeof(l->text) - l->len)
		return;
	if (l->len)
		*to++ = ' ';
	memcpy(to, key, key_len);
	to += key_len;
	*to++ = '=';
	if (!is_bare)
		*to++ = '"';
	if (is_bare)
		to = (char *)memcpy(to, value, len) + len;
	else
		to = escape(to, value, len);
	to = (char *)memcpy(to, more, cut) + cut;
	if (!is_bare)
		*to++ = '"';
	l->len = (size_t)(to - l->text);
}

void
logline_number(struct logline *l, const char *key, uint64_t value)
{
	char buf[DIGITS_SIZE];

	logline_add(l, key, digits(value, buf));
}

static unsigned
hex_value(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* A value that escape() made, up to its closing quote; behind that. */
static const char *
unescape(struct logpair *pair, const char *c)
{
	char *to = pair->value;

	while (*c != '"') {
		if (*c != '\\') {
			*to++ = *c++;
		} else if (c[1] == 'x') {
			*to++ = (char)(hex_value(c[2]) << 4 | hex_value(c[3]));
			c += 4;
		} else {
			*to++ = c[1];
			c += 2;
		}
	}
	*to = '\0';
	pair->value_len = (size_t)(to - pair->value);
	return c + 1;
}

bool
logline_next(const struct logline *l, size_t *at, struct logpair *pair)
{
	const char *c = l->text + *at, *end = l->text + l->len;

	if (c == end)
		return false;
	if (*c == ' ')
		c++;
	pair->key = c;
	c = memchr(c, '=', (size_t)(end - c));
	pair->key_len = (size_t)(c++ - pair->key);
	if (*c == '"') {
		c = unescape(pair, c + 1);
	} else {
		const char *blank = memchr(c, ' ', (size_t)(end - c));

		pair->value_len = (size_t)((blank ? blank : end) - c);
		memcpy(pair->value, c, pair->value_len);
		pair->value[pair->value_len] = '\0';
		c += pair->value_len;
	}
	*at = (size_t)(c - l->text);
	return true;
}

/* ---- Text ------------------------------------------------------------ */

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

static void
unit_add(struct logtext *t, uint32_t unit)
{
	puts_all(t, "\\u");
	for (int shift = 12; shift >= 0; shift -= 4)
		put(t, hex[unit >> shift & 15]);
}

/* What text begins with and does not stand as it is; its length. */
static size_t
json_escape(struct logtext *t, const char *text)
{
	uint32_t code;
	size_t len = utf8_decode((const unsigned char *)text, &code);

	if (len == 0) {
		unit_add(t, 0xfffd);
		return 1;
	}
	if (code == '"' || code == '\\') {
		put(t, '\\');
		put(t, (char)code);
	} else if (code < 0x10000) {
		unit_add(t, code);
	} else {
		unit_add(t, 0xd800 + ((code - 0x10000) >> 10));
		unit_add(t, 0xdc00 + (code & 0x3ff));
	}
	return len;
}

static void
json_add(struct logtext *t, const struct logpair *pair)
{
	const char *value = pair->value, *end = value + pair->value_len;

	put(t, '"');
	for (;;) {
		size_t len = span(value, '1');

		puts_some(t, value, len);
		value += len;
		if (value == end)
			break;
		value += json_escape(t, value);
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
	struct logpair pair;
	size_t at = 0;

	if (t->format == LOG_FORMAT_LOGFMT) {
		if (t->len && l->len)
			put(t, ' ');
		puts_some(t, l->text, l->len);
		return;
	}
	while (logline_next(l, &at, &pair)) {
		if (t->len > 1)
			put(t, ',');
		put(t, '"');
		puts_some(t, pair.key, pair.key_len);
		puts_some(t, "\":", 2);
		json_add(t, &pair);
	}
}

void
logtext_end(struct logtext *t)
{
	if (t->format == LOG_FORMAT_JSON)
		put(t, '}');
}
