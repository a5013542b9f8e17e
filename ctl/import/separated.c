/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * separated.c - CSV of Export-Csv and of spreadsheets.
 *
 * An optional #TYPE line, then names, then a row a connector. The separator
 * is told by the names. Quoted fields may hold line ends. A row with another
 * number of fields, or without an end, is fatal: the file is cut.
 */
#include "import.h"

#include <errno.h>
#include <string.h>

#include "ascii.h"

enum { FIELDS_MAX = 512 };

struct import_row_reader {
	struct import *im;
	const char *file;
	const char *at, *end;
	char separator;
	uint32_t line;
	char *fields[FIELDS_MAX];
	size_t count;
};

static int
cut(struct import_row_reader *r, const char *why)
{
	return import_fail(r->im, "I-CUT", r->file, r->line, "%s", why);
}

/* One field; leaves at on what ends it. */
static int
field(struct import_row_reader *r)
{
	const char *from = r->at;
	char *to, *text;

	if (r->count == FIELDS_MAX)
		return cut(r, "more than 512 columns");
	if (r->at >= r->end || *r->at != '"') {
		while (
		    r->at < r->end && *r->at != r->separator && *r->at != '\n')
			r->at++;
		text = import_copy(r->im, from, (size_t)(r->at - from));
		if (r->at > from && r->at[-1] == '\r')
			text[r->at - from - 1] = '\0';
		r->fields[r->count++] = text;
		return 0;
	}
	for (r->at++; r->at < r->end; r->at++) {
		if (*r->at == '"' && r->at + 1 < r->end && r->at[1] == '"')
			r->at++;
		else if (*r->at == '"')
			break;
		if (*r->at == '\n')
			r->line++;
	}
	if (r->at >= r->end)
		return cut(r, "a quoted field has no end; the file is cut");
	text = to = import_copy(r->im, from + 1, (size_t)(r->at - from - 1));
	for (const char *c = text; *c; c++) {
		*to++ = *c;
		if (*c == '"' && c[1] == '"')
			c++;
	}
	if (*text)
		*to = '\0';
	r->at++;
	if (r->at < r->end && *r->at == '\r')
		r->at++;
	r->fields[r->count++] = text;
	return 0;
}

/* 1: a row; 0: the end. */
static int
row(struct import_row_reader *r)
{
	int error;

	r->count = 0;
	if (r->at >= r->end)
		return 0;
	for (;;) {
		if ((error = field(r)) < 0)
			return error;
		if (r->at >= r->end)
			return cut(r,
			    "the last line has no end, so the file may be "
			    "cut; export it again, or end the line");
		if (*r->at == '\n') {
			r->at++;
			return 1;
		}
		if (*r->at != r->separator)
			return cut(r, "text after the end of a quoted field");
		r->at++;
	}
}

static const char *
first_line(const struct import_text *text)
{
	const char *at = text->text;

	if (strncmp(at, "#TYPE", 5) == 0) {
		at = strchr(at, '\n');
		return at ? at + 1 : text->text + text->len;
	}
	return at;
}

static char
separator_of(const char *line)
{
	size_t best = 0;
	char found = '\0';

	for (const char *s = ",;\t"; *s; s++) {
		size_t n = 0;

		for (const char *c = line; *c && *c != '\n'; c++)
			n += *c == *s;
		if (n > best) {
			best = n;
			found = *s;
		}
	}
	return found;
}

/* Whether one of the names is of a property that something is made of. */
static bool
has_column(const char *line, size_t len)
{
	static const char *const names[] = { "Name", "Identity", "User",
		"IPRange", "RemoteIP", "Remote IP", "Allowed" };

	for (size_t i = 0; i < len; i++)
		for (size_t n = 0; n < sizeof names / sizeof *names; n++)
			if (ascii_prefix(line + i, names[n]))
				return true;
	return false;
}

bool
import_looks_like_csv(const struct import_text *text)
{
	const char *line = first_line(text);
	size_t len = strcspn(line, "\r\n");
	bool letters = false;

	if (len == 0 || !separator_of(line))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			letters = true;
		else if (!strchr(",;\t\" _#.0123456789", c) && (c & 0x80) == 0)
			return false;
	}
	return letters && has_column(line, len);
}

int
import_csv(struct import *im, const struct import_text *text)
{
	struct import_row_reader r = { .im = im, .file = text->file };
	char *names[FIELDS_MAX];
	size_t count;
	int more;

	r.at = first_line(text);
	r.end = text->text + text->len;
	r.line = r.at > text->text ? 2 : 1;
	r.separator = separator_of(r.at);
	if ((more = row(&r)) <= 0)
		return more < 0 ? more : cut(&r, "no line with column names");
	count = r.count;
	memcpy(names, r.fields, sizeof names);
	for (;;) {
		uint32_t line = ++r.line;

		if ((more = row(&r)) <= 0)
			return more;
		if (r.count == 1 && !*r.fields[0])
			continue;
		if (r.count != count)
			return import_fail(im, "I-CUT", text->file, line,
			    "%zu fields, but %zu columns; the file is cut or "
			    "a value with a separator is not quoted",
			    r.count, count);
		if (!import_object_new(im, text->file, line))
			return -ENOMEM;
		for (size_t i = 0; i < count; i++)
			if (*r.fields[i])
				import_put(im, names[i], r.fields[i],
				    strlen(r.fields[i]), line);
			else
				import_put(im, names[i], NULL, 0, line);
	}
}
