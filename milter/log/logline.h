/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline.h - one line of log: pairs of a key and a value, and how they look.
 *
 * Whatever a value holds, the text is printable ASCII without a newline. As
 * logfmt it is key=value key="a value": quotes and backslashes are escaped,
 * all other bytes outside 0x20-0x7e are written \xNN. As JSON it is one
 * object of strings, where bytes that are no UTF-8 become U+FFFD. A value
 * that is too long is cut and ends in "...". Nothing is ever allocated,
 * nothing fails.
 */
#ifndef LOGLINE_H
#define LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	LOGLINE_VALUE_MAX = 256, /* bytes of a value that are looked at */
	LOGLINE_SIZE = 8192,     /* a line of 2,000 bytes of all kinds */
	/* \u00NN for \xNN, quotes around everything. */
	LOGTEXT_SIZE = 2 * (2 * LOGLINE_SIZE + 8),
};

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON, LOG_FORMAT_COUNT };

/* As logfmt from the start, which is what most logs are; whoever wants another
 * form takes the pairs out again. */
struct logline {
	size_t len;
	char text[LOGLINE_SIZE]; /* of which len bytes are in use */
};

struct logpair {
	const char *key; /* in the line; not NUL-terminated */
	size_t key_len, value_len;
	char value[LOGLINE_VALUE_MAX + 4]; /* a string; as it was added */
};

/* A value that is made of parts. What is too long shows as cut. */
struct logvalue {
	size_t len;
	char text[LOGLINE_VALUE_MAX + 2];
};

void logvalue_init(struct logvalue *);
void logvalue_text(struct logvalue *, const char *);
void logvalue_number(struct logvalue *, uint64_t);

void logline_init(struct logline *);
/* key is the program's own; value NULL adds nothing. A pair that has no room
 * any more is left out as a whole. */
void logline_put(
    struct logline *, const char *key, size_t key_len, const char *value);
/* Here, so that the length of a literal is not counted each time. */
static inline void
logline_add(struct logline *l, const char *key, const char *value)
{
	if (value)
		logline_put(l, key, strlen(key), value);
}
void logline_number(struct logline *, const char *key, uint64_t value);
/* The pair at offset *at, which is moved on; false at the end. */
bool logline_next(const struct logline *, size_t *at, struct logpair *);

struct logtext {
	enum log_format format;
	size_t len;
	char text[LOGTEXT_SIZE];
};

/* A text of the pairs of two lines at most. It is not NUL-terminated. */
void logtext_begin(struct logtext *, enum log_format);
void logtext_add(struct logtext *, const struct logline *);
void logtext_end(struct logtext *);

#endif
