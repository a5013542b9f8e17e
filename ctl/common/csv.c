/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv.c - one line of comma-separated values, RFC 4180.
 */
#include "csv.h"

#include <errno.h>
#include <string.h>

/* Takes the quotes off a field in place; answers its end in the line, which
 * is at a comma or at end, or NULL. */
static char *
unquote(char *field, char *end)
{
	char *to = field, *from = field + 1, *quote;

	while ((quote = memchr(from, '"', (size_t)(end - from))) != NULL) {
		size_t len = (size_t)(quote - from);

		memmove(to, from, len);
		to += len;
		if (quote + 1 == end || quote[1] == ',') {
			*to = '\0';
			return quote + 1;
		}
		if (quote[1] != '"')
			return NULL;
		*to++ = '"';
		from = quote + 2;
	}
	return NULL;
}

int
csv_split(char *line, size_t len, const char *fields[], size_t room)
{
	char *field = line, *end = line + len;
	size_t count = 0;

	for (;;) {
		char *comma;

		if (field < end && *field == '"') {
			comma = unquote(field, end);
			if (comma == NULL)
				return -EINVAL;
		} else {
			comma = memchr(field, ',', (size_t)(end - field));
		}
		if (count < room)
			fields[count] = field;
		count++;
		if (comma == NULL || comma == end)
			return (int)count;
		*comma = '\0';
		field = comma + 1;
	}
}
