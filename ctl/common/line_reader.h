/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_reader.h - text line by line, from a file of any size.
 *
 * Holds one line and what was read ahead of it, never the file. Counts lines
 * for complaints, and bytes for who wants to know how far it is.
 */
#ifndef LINE_READER_H
#define LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { LINE_READER_MAX = 128 * 1024 }; /* a line is shorter */

struct line_reader {
	FILE *file;
	const char *name; /* of the file, for complaints */
	uint32_t line;    /* the number of the last one, from 1 */
	uint64_t bytes;   /* up to the next one */
	char *buffer;
	size_t at, end; /* what is in the buffer and not yet handed out */
	size_t nul;     /* the first NUL byte in there, or end */
	int error;      /* a negative errno of reading */
	bool ended;     /* the buffer holds the last of the file */
};

/* Borrows file and name. -ENOMEM. */
int line_reader_init(struct line_reader *, FILE *, const char *name);
void line_reader_fini(struct line_reader *);

/* The next line as text, without its LF or CRLF; it lives until the next
 * call and may be written to. 1, 0 at the end, -EFBIG (too long) or -EILSEQ
 * (a NUL byte), both of which may be passed over, or an errno of reading. */
int line_reader_next(struct line_reader *, char **line, size_t *len);
/* What comes next and is not handed out yet, some thousand bytes if there are
 * as many. Not terminated; lives until the next call. */
const char *line_reader_peek(struct line_reader *, size_t *len);

#endif
