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

enum {
	LOGLINE_SIZE = 2048,
	LOGLINE_VALUE_MAX = 256, /* bytes of a value that are looked at */
	/* Each byte of a pair as \u00NN, and what is around them. */
	LOGTEXT_SIZE = 2 * (6 * LOGLINE_SIZE + 8),
};

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON, LOG_FORMAT_COUNT };

struct logline {
	size_t len;
	char pairs[LOGLINE_SIZE]; /* key NUL value NUL ..., len bytes */
};

void logline_init(struct logline *);
/* key is the program's own; value NULL adds nothing. A pair that has no room
 * any more is left out as a whole. */
void logline_add(struct logline *, const char *key, const char *value);
void logline_format(struct logline *, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The pair at offset *at, which is moved on; false at the end. */
bool logline_next(
    const struct logline *, size_t *at, const char **key, const char **value);

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
