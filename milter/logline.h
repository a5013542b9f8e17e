/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline.h - one line of log in logfmt: key=value key="a value" ...
 *
 * Whatever a value holds, the line is printable ASCII without a newline:
 * quotes and backslashes are escaped, all other bytes outside 0x20-0x7e are
 * written \xNN. A value that is too long is cut and ends in "...". Nothing is
 * ever allocated, nothing fails.
 */
#ifndef LOGLINE_H
#define LOGLINE_H

#include <stddef.h>

enum {
	LOGLINE_SIZE = 2048,
	LOGLINE_VALUE_MAX = 256, /* bytes of a value that are looked at */
};

struct logline {
	char text[LOGLINE_SIZE]; /* always NUL-terminated */
	size_t len;
};

void logline_init(struct logline *);
/* key is the program's own; value NULL adds nothing. A pair that has no room
 * any more is left out as a whole. */
void logline_add(struct logline *, const char *key, const char *value);
void logline_format(struct logline *, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
