/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv.h - one line of comma-separated values, RFC 4180.
 *
 * A field may be quoted, with quotes in it doubled; it ends on the line that
 * it begins on. Keeps nothing and knows no columns.
 */
#ifndef CSV_H
#define CSV_H

#include <stddef.h>

/* Takes a line of len bytes apart in place: fields point into it. Answers how
 * many fields there are, of which the first room are filled in; -EINVAL where
 * a quoted field does not end, or has something behind its end. */
int csv_split(char *line, size_t len, const char *fields[], size_t room);

#endif
