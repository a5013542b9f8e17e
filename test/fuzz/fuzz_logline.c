/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_logline - a line of the daemon's log, made of values that clients say.
 *
 * The input is the values, with a NUL between them. Whatever they are: the
 * line is printable ASCII and holds a pair for each value that has room, no
 * other; taken out again, each is what it was, or is seen to be cut. As JSON
 * it is an object of the same (by jansson), and connectorctl reads the same
 * of both.
 */
#include "fuzz.h"
#include "log_reader.h"
#include "logline.h"

#include <jansson.h>

enum { VALUES_MAX = LOGGED_PAIRS - 1 };

struct said {
	char key[4];
	char shown[LOGLINE_VALUE_MAX + 4];
};

static struct said said[VALUES_MAX];
static size_t count;

/* What is to be read of a value. */
static void
value_cut(const char *value, char shown[LOGLINE_VALUE_MAX + 4])
{
	size_t len = strnlen(value, LOGLINE_VALUE_MAX + 1);

	if (len > LOGLINE_VALUE_MAX)
		snprintf(shown, LOGLINE_VALUE_MAX + 4, "%.*s...",
		    LOGLINE_VALUE_MAX, value);
	else
		memcpy(shown, value, len + 1);
}

static void
line_make(struct logline *l, const char *values, size_t size)
{
	count = 0;
	logline_init(l);
	logline_add(l, "session", "s");
	for (size_t at = 0; at < size && count < VALUES_MAX;
	     at += strlen(values + at) + 1) {
		struct said *s = &said[count];
		size_t before = l->len;

		s->key[0] = 'k';
		s->key[1] = (char)('a' + count / 26);
		s->key[2] = (char)('a' + count % 26);
		s->key[3] = '\0';
		value_cut(values + at, s->shown);
		logline_add(l, s->key, values + at);
		MUST(l->len <= LOGLINE_SIZE);
		if (l->len > before)
			count++;
		else /* four bytes for one, and what is around them */
			MUST(before + 4 * strlen(s->shown) + 8 > LOGLINE_SIZE);
	}
}

static void
check_pairs(const struct logline *l)
{
	struct logpair pair;
	size_t at = 0;

	for (size_t i = 0; i < l->len; i++)
		MUST(l->text[i] >= ' ' && l->text[i] <= '~');
	MUST(logline_next(l, &at, &pair) && strcmp(pair.value, "s") == 0);
	for (size_t i = 0; i < count; i++) {
		MUST(logline_next(l, &at, &pair));
		MUST(
		    pair.key_len == 3 && memcmp(pair.key, said[i].key, 3) == 0);
		MUST(pair.value_len == strlen(pair.value));
		MUST(strcmp(pair.value, said[i].shown) == 0);
	}
	MUST(!logline_next(l, &at, &pair) && at == l->len);
}

/* A value that is no UTF-8 is another as JSON. */
static int
is_same(const char *value, const char *as_json)
{
	json_t *text = json_string(value);
	int same = text == NULL || strcmp(value, as_json) == 0;

	json_decref(text);
	return same;
}

static void
check_json(const struct logtext *t)
{
	json_t *o = json_loadb(t->text, t->len, JSON_REJECT_DUPLICATES, NULL);

	MUST(json_object_size(o) == count + 1);
	for (size_t i = 0; i < count; i++) {
		const char *value =
		    json_string_value(json_object_get(o, said[i].key));

		MUST(value != NULL && is_same(said[i].shown, value));
	}
	json_decref(o);
}

static int
on_line(void *ctx, const struct logged *l)
{
	const enum log_format *format = ctx;

	MUST(l->count == count + 1);
	for (size_t i = 0; i < count; i++) {
		const char *value = logged_get(l, said[i].key);

		MUST(value != NULL);
		if (*format == LOG_FORMAT_JSON)
			MUST(is_same(said[i].shown, value));
		else
			MUST(strcmp(said[i].shown, value) == 0);
	}
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct logline line;
	static struct logtext text;
	char *values = text_of(data, size);

	line_make(&line, values, size);
	check_pairs(&line);
	for (enum log_format f = 0; f < LOG_FORMAT_COUNT; f++) {
		FILE *file;

		logtext_begin(&text, f);
		logtext_add(&text, &line);
		logtext_end(&text);
		MUST(text.len <= LOGTEXT_SIZE);
		if (f == LOG_FORMAT_JSON)
			check_json(&text);
		file = fmemopen(text.text, text.len, "r");
		MUST(file != NULL);
		MUST(log_read(file, "s", on_line, &f) == 1);
		fclose(file);
	}
	free(values);
	return 0;
}
