/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * format_list.c - what Format-List and Format-Table print.
 *
 * A list: "Name : value" at any width, continued on indented lines, blank
 * lines anywhere; a block begins where its first key repeats. A table: a line
 * of names over a line of dashes. What the shell shortened is fatal, and so
 * is a last line without an end.
 */
#include "import.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

struct import_lines {
	const char *at, *end;
	uint32_t number; /* of the line returned last */
};

/* One line without its end; false at the end of the text. */
static bool
next_line(struct import_lines *lines, const char **line, size_t *len)
{
	const char *end;

	if (lines->at >= lines->end)
		return false;
	end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	*line = lines->at;
	*len = (size_t)((end ? end : lines->end) - lines->at);
	lines->at = end ? end + 1 : lines->end;
	lines->number++;
	while (*len > 0 && isspace((unsigned char)(*line)[*len - 1]))
		--*len;
	return true;
}

static bool
ends_whole(struct import *im, const struct import_text *text)
{
	if (text->len > 0 && text->text[text->len - 1] == '\n')
		return true;
	import_fail(im, "I-CUT", text->file, 0,
	    "the last line has no end, so the file may be cut; export it "
	    "again, or end the line if it is whole");
	return false;
}

struct import_fl {
	struct import *im;
	const char *file;
	char *value; /* grows while lines continue it */
	size_t len, room;
	char *name;
	uint32_t line;
	char *first; /* the first key of the file */
	size_t column;
	bool brace; /* an open list */
};

static int
flush(struct import_fl *fl)
{
	if (!fl->name)
		return 0;
	if (fl->brace)
		return import_fail(fl->im, "I-CUT", fl->file, fl->line,
		    "%s: the list has no closing brace; the file is cut",
		    fl->name);
	import_put(fl->im, fl->name, fl->value, fl->len, fl->line);
	fl->name = NULL;
	return 0;
}

static void
append(struct import_fl *fl, const char *text, size_t len)
{
	if (fl->len + len + 1 > fl->room) {
		size_t room = 2 * (fl->len + len + 1);
		char *more = realloc(fl->value, room);

		if (!more) {
			fl->im->memory = fl->im->fatal = true;
			return;
		}
		fl->value = more;
		fl->room = room;
	}
	memcpy(fl->value + fl->len, text, len);
	fl->len += len;
	fl->value[fl->len] = '\0';
}

/* "Name   : value": the length of the name, or 0. */
static size_t
key_length(const char *line, size_t len)
{
	size_t i = 0;

	if (len == 0 || !isalpha((unsigned char)line[0]))
		return 0;
	while (i < len && (isalnum((unsigned char)line[i]) || line[i] == '_' ||
			      line[i] == '.'))
		i++;
	for (size_t j = i; j < len; j++) {
		if (line[j] == ':')
			return j + 1 == len || line[j + 1] == ' ' ? i : 0;
		if (line[j] != ' ')
			return 0;
	}
	return 0;
}

static int
take_key(struct import_fl *fl, const char *line, size_t len, size_t key,
    uint32_t number)
{
	const char *colon = memchr(line, ':', len);
	size_t from = (size_t)(colon - line) + 1;
	int error = flush(fl);

	if (error < 0)
		return error;
	fl->name = import_copy(fl->im, line, key);
	if (!fl->first)
		fl->first = fl->name;
	if (ascii_same(fl->name, fl->first) &&
	    !import_object_new(fl->im, fl->file, number))
		return -ENOMEM;
	while (from < len && line[from] == ' ')
		from++;
	fl->len = 0;
	append(fl, line + from, len - from);
	fl->line = number;
	fl->column = from;
	fl->brace =
	    fl->len > 0 && fl->value[0] == '{' && fl->value[fl->len - 1] != '}';
	return 0;
}

static int
take_line(struct import_fl *fl, const char *line, size_t len, uint32_t number)
{
	size_t indent = 0, key = key_length(line, len);

	if (len == 0)
		return 0;
	if (key > 0 && !fl->brace)
		return take_key(fl, line, len, key, number);
	while (indent < len && isspace((unsigned char)line[indent]))
		indent++;
	if (!fl->name || (indent == 0 && !fl->brace)) {
		if (!fl->first)
			return 0; /* a prompt or a title before the first */
		return import_fail(fl->im, "I-FORM", fl->file, number,
		    "expected \"Name : value\", or an indented line that "
		    "continues one");
	}
	/* The shell broke the line at a blank, which it did not print. */
	if (fl->len > 0 && fl->value[fl->len - 1] == ',')
		append(fl, " ", 1);
	append(fl, line + indent, len - indent);
	if (fl->brace && fl->len > 0 && fl->value[fl->len - 1] == '}')
		fl->brace = false;
	return 0;
}

/* All blocks of one command print the same names. */
static int
check_last(struct import *im, size_t from)
{
	const struct import_object *first, *last;

	if (im->nobjects < from + 2)
		return 0;
	first = &im->objects[from];
	last = &im->objects[im->nobjects - 1];
	for (size_t i = 0; i < first->count; i++)
		if (!import_find(last, first->properties[i].name))
			return import_fail(im, "I-CUT", last->file, last->line,
			    "the last block lacks %s, which the first one "
			    "has; the file is cut",
			    first->properties[i].name);
	return 0;
}

int
import_format_list(struct import *im, const struct import_text *text)
{
	struct import_lines lines = { text->text, text->text + text->len, 0 };
	struct import_fl fl = { .im = im, .file = text->file };
	size_t len, from = im->nobjects;
	const char *line;
	int error = 0;

	if (!ends_whole(im, text))
		return -EINVAL;
	while (!error && !im->memory && next_line(&lines, &line, &len))
		error = take_line(&fl, line, len, lines.number);
	if (!error)
		error = flush(&fl);
	free(fl.value);
	return error ? error : check_last(im, from);
}

/* ---- Tables ----------------------------------------------------------- */

enum { COLUMNS_MAX = 32 };

struct import_column {
	size_t from;
	char *name;
};

static size_t
find_columns(struct import *im, const char *names, size_t names_len,
    const char *dashes, size_t len, struct import_column *columns)
{
	size_t count = 0;

	for (size_t i = 0; i < len && count < COLUMNS_MAX;) {
		size_t from, end;

		while (i < len && dashes[i] == ' ')
			i++;
		from = i;
		while (i < len && dashes[i] == '-')
			i++;
		if (i == from)
			return 0;
		end = from;
		while (end < names_len && names[end] != ' ')
			end++;
		if (from >= names_len)
			return 0;
		columns[count].from = from;
		columns[count++].name =
		    import_copy(im, names + from, end - from);
	}
	return count;
}

static int
take_row(struct import *im, const char *file, const char *line, size_t len,
    uint32_t number, const struct import_column *columns, size_t count)
{
	if (line[0] == ' ' && columns[0].from == 0)
		return import_fail(im, "I-WRAPPED", file, number,
		    "the table is wrapped; use Format-List or Export-Clixml "
		    "instead");
	if (!import_object_new(im, file, number))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t from = columns[i].from;
		size_t to = i + 1 < count ? columns[i + 1].from : len;

		if (to > len)
			to = len;
		while (from < to && line[from] == ' ')
			from++;
		while (to > from && line[to - 1] == ' ')
			to--;
		if (to - from >= 3 && memcmp(line + to - 3, "...", 3) == 0)
			return import_fail(im, "I-TRUNCATED", file, number,
			    "%s is cut off with ...; use Format-List or "
			    "Export-Clixml instead",
			    columns[i].name);
		if (from < to)
			import_put(im, columns[i].name, line + from, to - from,
			    number);
	}
	return 0;
}

static bool
is_dashes(const char *line, size_t len)
{
	return len > 0 && line[0] == '-' && strspn(line, "- \t\r") >= len &&
	       memchr(line, '-', len);
}

int
import_table(struct import *im, const struct import_text *text)
{
	struct import_lines lines = { text->text, text->text + text->len, 0 };
	struct import_column columns[COLUMNS_MAX];
	const char *line, *before = "";
	size_t len, before_len = 0, count = 0;
	int error = 0;

	if (!ends_whole(im, text))
		return -EINVAL;
	while (!error && next_line(&lines, &line, &len)) {
		if (is_dashes(line, len)) {
			count = find_columns(
			    im, before, before_len, line, len, columns);
			if (count == 0)
				return import_fail(im, "I-FORM", text->file,
				    lines.number,
				    "no column names above the dashes");
		} else if (len > 0 && count > 0) {
			error = take_row(im, text->file, line, len,
			    lines.number, columns, count);
		}
		before = line;
		before_len = len;
	}
	return error;
}
