/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - what fuzz targets have in common.
 *
 * A property that does not hold is said with its place, and aborts; so it
 * does in a build of any kind, with assertions or without.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(x)                                                         \
	((x) ? (void)0                                                  \
	     : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x), \
		   abort()))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as text, which ends at its first NUL; malloc()ed. */
static inline char *
text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* What may be shown on a terminal: no control, be it one of UTF-8. */
static inline void
must_be_shown(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		MUST(*c >= ' ' && *c != 0x7f);
		MUST(*c != 0xc2 || c[1] >= 0xa0);
	}
}

/* The next line of a text, without its end; NULL where there is none. Moves
 * *rest behind it. */
static inline char *
next_line(char **rest)
{
	char *line = *rest;

	if (line == NULL || *line == '\0')
		return NULL;
	*rest = strchr(line, '\n');
	if (*rest != NULL)
		*(*rest)++ = '\0';
	return line;
}

#endif
