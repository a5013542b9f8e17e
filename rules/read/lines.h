/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines.h - files with one entry a line, which a policy names.
 *
 * A "#" at the beginning of a line or behind a blank begins a comment; blanks
 * around an entry and empty lines mean nothing; nothing is quoted. A file
 * whose first line is "# end_marker: true" ends with a line "...".
 */
#ifndef LINES_H
#define LINES_H

#include "schema.h"

/* Where a policy names such a file. */
struct list_file {
	const char *path;
	struct where where;
};

/* The value of a key "file", into a struct list_file. */
decode_fn lines_path;

enum { LINES_PATH_MAX = 4096 };

struct lines {
	char *buffer, *rest, *end;
	/* The line that lines_next() found, NUL-terminated. */
	char *text;
	struct where where;
	bool marked; /* the file has an end marker */
};

/* Reads the file; complains if that fails, if it holds a NUL byte or hidden
 * characters, or if its end marker is missing. */
int lines_open(struct decoder *, const struct list_file *, struct lines *);
void lines_close(struct lines *);
/* Moves to the next entry; false at the end. */
bool lines_next(struct lines *);
/* Complains that a file holds no entry. */
int lines_none(struct decoder *, const struct list_file *);

#endif
