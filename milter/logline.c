/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline.c - one line of log: pairs of a key and a value, and how they look.
 *
 * Whoever decides only copies bytes; they are made into text by whoever
 * writes it.
 */
#include "logline.h"

#include <string.h>

/* In front of each pair: key NUL value NUL. */
struct lengths {
	uint16_t key, value;
};

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

void
logline_put(
    struct logline *l, const char *key, size_t key_len, const char *value)
{
	static const char more[] = "...";
	struct lengths n;
	char *to = l->pairs + l->len;
	size_t cut;

	n.key = (uint16_t)key_len;
	n.value = (uint16_t)strnlen(value, LOGLINE_VALUE_MAX + 1);
	cut = n.value > LOGLINE_VALUE_MAX ? sizeof(more) - 1 : 0;
	n.value = (uint16_t)(n.value - (cut != 0));
	if (sizeof(n) + n.key + n.value + cut + 2 > sizeof(l->pairs) - l->len)
		return;
	memcpy(to + sizeof(n), key, n.key + 1);
	to += sizeof(n) + n.key + 1;
	memcpy(to, value, n.value);
	memcpy(to + n.value, more, cut);
	n.value = (uint16_t)(n.value + cut);
	to[n.value] = '\0';
	memcpy(l->pairs + l->len, &n, sizeof(n));
	l->len += sizeof(n) + n.key + n.value + 2;
}

void
logline_number(struct logline *l, const char *key, uint64_t value)
{
	char buf[DIGITS_SIZE];

	logline_add(l, key, digits(value, buf));
}

bool
logline_next(const struct logline *l, size_t *at, struct logpair *pair)
{
	struct lengths n;

	if (*at >= l->len)
		return false;
	memcpy(&n, l->pairs + *at, sizeof(n));
	pair->key = l->pairs + *at + sizeof(n);
	pair->key_len = n.key;
	pair->value = pair->key + n.key + 1;
	pair->value_len = n.value;
	*at += sizeof(n) + n.key + n.value + 2;
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

/* The bytes that stand as they are, a bit each: as a value without quotes,
 * which ends at a blank and has no =, and within quotes. Most of the time of a
 * line goes to looking at its bytes. */
static const uint32_t bare[8] = { 0, 0xdffffffa, 0xefffffff, 0x7fffffff };
static const uint32_t quoted[8] = { 0, 0xfffffffb, 0xefffffff, 0x7fffffff };

/* How many bytes text begins with that are of a set; NUL is of none. */
static size_t
span(const char *text, const uint32_t set[8])
{
	const unsigned char *c = (const unsigned char *)text;

	while (set[*c >> 5] >> (*c & 31) & 1)
		c++;
	return (size_t)((const char *)c - text);
}

static void
logfmt_add(struct logtext *t, const struct logpair *pair)
{
	const char *value = pair->value, *end = value + pair->value_len;

	if (value != end && span(value, bare) == pair->value_len) {
		puts_some(t, value, pair->value_len);
		return;
	}
	put(t, '"');
	for (;;) {
		size_t len = span(value, quoted);
		unsigned char c;

		puts_some(t, value, len);
		value += len;
		if (value == end)
			break;
		c = (unsigned char)*value++;
		if (c == '"' || c == '\\') {
			put(t, '\\');
			put(t, (char)c);
		} else {
			puts_all(t, "\\x");
			put(t, hex[c >> 4]);
			put(t, hex[c & 15]);
		}
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

/* What text begins with and does not stand as it is; its length. */
static size_t
json_escape(struct logtext *t, const char *text)
{
	size_t len;
	uint32_t code = character(text, &len);

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
		size_t len = span(value, quoted);

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
	bool json = t->format == LOG_FORMAT_JSON;
	struct logpair pair;
	size_t at = 0;

	while (logline_next(l, &at, &pair)) {
		if (t->len > (json ? 1 : 0))
			put(t, json ? ',' : ' ');
		if (json)
			put(t, '"');
		puts_some(t, pair.key, pair.key_len);
		if (json)
			puts_some(t, "\":", 2);
		else
			put(t, '=');
		(json ? json_add : logfmt_add)(t, &pair);
	}
}

void
logtext_end(struct logtext *t)
{
	if (t->format == LOG_FORMAT_JSON)
		put(t, '}');
}
