/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manual - holds connector-policy(5) to the tables of keys.
 *
 *	manual FILE
 *
 * Each record has a part ".Ss Keys of WHAT", and there each key one item
 * ".It Ic KEY", which says "Exchange: NAME." where Exchange has one, and
 * "Required." or "Default: WHAT.", "Range: ..." of a number, every word that
 * may stand there where they are few, and "Example:". An item that is no key
 * is a mistake as well. Exit 1: something is missing, and all of it is told.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

enum { MANUAL_MAX = 1 << 20, SAID_SIZE = 1024, WORDS_FEW = 8 };

static size_t mistakes;

static void mistake(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void
mistake(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	(void)vfprintf(stderr, format, list);
	va_end(list);
	(void)fputc('\n', stderr);
	mistakes++;
}

/* ---- mdoc to plain text ---------------------------------------------- */

static bool
is_macro(const char *token, size_t len)
{
	static const char *const macros[] = { "Ar", "Em", "Ic", "It", "Li",
		"Ns", "No", "Pq", "Po", "Pc", "Pa", "Xr", "Sq", "Pp", "Dl",
		"Sx" };
	size_t i;

	for (i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
		if (len == 2 && strncmp(macros[i], token, 2) == 0)
			return true;
	return false;
}

/* One token to the end of plain text, with a blank before it but for
 * punctuation; "\-" and "\&" are what they print. */
static void
token_add(char *plain, const char *token, size_t len)
{
	size_t used = strlen(plain), i;

	if (used > 0 && !(len == 1 && strchr(".,;:", *token) != NULL) &&
	    !(len == 3 && strncmp(token, ".\\&", 3) == 0))
		plain[used++] = ' ';
	for (i = 0; i < len; i++) {
		if (token[i] == '\\' && i + 1 < len) {
			i++;
			if (token[i] == '&')
				continue;
		}
		plain[used++] = token[i];
	}
	plain[used] = '\0';
}

/* The text between begin and end, with neither macros nor line ends. plain
 * holds at least twice as much. */
static void
plain_text(const char *begin, const char *end, char *plain)
{
	const char *c = begin, *stop;

	plain[0] = '\0';
	while (c < end) {
		bool macro = *c == '.';

		if (macro)
			c++;
		for (; c < end && *c != '\n'; c = stop) {
			while (c < end && *c == ' ')
				c++;
			stop = c;
			while (stop < end && *stop != ' ' && *stop != '\n')
				stop++;
			if (stop > c &&
			    !(macro && is_macro(c, (size_t)(stop - c))))
				token_add(plain, c, (size_t)(stop - c));
		}
		c++;
	}
}

/* ---- Parts of the manual --------------------------------------------- */

/* The next line that begins with mark, up to end; end if there is none. */
static const char *
line_find(const char *begin, const char *end, const char *mark)
{
	size_t len = strlen(mark);
	const char *line = begin;

	while (line < end) {
		if ((size_t)(end - line) >= len &&
		    strncmp(line, mark, len) == 0)
			return line;
		line = memchr(line, '\n', (size_t)(end - line));
		if (line == NULL)
			return end;
		line++;
	}
	return end;
}

static const char *
next_line(const char *line, const char *end)
{
	const char *stop = memchr(line, '\n', (size_t)(end - line));

	return stop != NULL ? stop + 1 : end;
}

/* Where the part that begins at line ends: at the next heading. */
static const char *
part_end(const char *line, const char *end)
{
	const char *first = next_line(line, end);
	const char *section = line_find(first, end, ".Sh ");
	const char *part = line_find(first, end, ".Ss ");

	return section < part ? section : part;
}

/* The key of an item ".It Ic KEY ..."; answers its length. */
static size_t
item_key(const char *item, const char **key)
{
	*key = item + strlen(".It Ic ");
	return strcspn(*key, " \n");
}

/* ---- Comparing ------------------------------------------------------- */

static void expect(const char *plain, const struct record *record,
    const struct field *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
expect(const char *plain, const struct record *record,
    const struct field *field, const char *format, ...)
{
	char said[SAID_SIZE];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(said, sizeof(said), format, list);
	va_end(list);
	if (strstr(plain, said) == NULL)
		mistake("%s of %s: the manual does not say \"%s\"", field->key,
		    record->what, said);
}

static void
expect_range(
    const char *plain, const struct record *record, const struct field *field)
{
	enum shape shape = schema_shape(field);

	if (shape == SHAPE_NUMBER && (uint64_t)field->min == field->max)
		return;
	if (shape == SHAPE_NUMBER)
		expect(plain, record, field, "Range: %lld to %llu%s%s.",
		    (long long)field->min, (unsigned long long)field->max,
		    field->word != NULL ? ", or " : "",
		    field->word != NULL ? field->word : "");
	else if (shape == SHAPE_SIZE)
		expect(plain, record, field, "Range: %lld to %llu bytes.",
		    (long long)field->min, (unsigned long long)field->max);
	else if (shape == SHAPE_TEXT && field->pattern == NULL &&
		 field->max != 0)
		expect(plain, record, field, "%llu characters",
		    (unsigned long long)field->max);
}

static void
item_check(const char *plain, const char *manual, const struct record *record,
    const struct field *field)
{
	char buf[TABLES_TEXT_SIZE];
	const char *absent = tables_default(field, buf);
	int i;

	if (absent == NULL)
		expect(plain, record, field, "Required.");
	else
		expect(plain, record, field, "Default: %s.", absent);
	if (field->exchange != NULL)
		expect(plain, record, field, "Exchange: %s.", field->exchange);
	expect(plain, record, field, "Example:");
	expect_range(plain, record, field);
	for (i = 0; field->words != NULL && i < field->words->count; i++)
		if (field->words->name(i) != NULL)
			expect(
			    field->words->count <= WORDS_FEW ? plain : manual,
			    record, field, "%s", field->words->name(i));
}

static void
record_check(const char *manual, const struct record *record, char *plain)
{
	const char *end = manual + strlen(manual), *part, *item, *key;
	char heading[SAID_SIZE];
	size_t i, len;

	(void)snprintf(
	    heading, sizeof(heading), ".Ss Keys of %s\n", record->what);
	part = line_find(manual, end, heading);
	if (part == end) {
		mistake("the manual has no part \"Keys of %s\"", record->what);
		return;
	}
	end = part_end(part, end);
	for (i = 0; i < record->nfields; i++) {
		bool found = false;

		for (item = line_find(part, end, ".It Ic "); item < end;
		     item = line_find(next_line(item, end), end, ".It Ic ")) {
			len = item_key(item, &key);
			if (strlen(record->fields[i].key) != len ||
			    strncmp(record->fields[i].key, key, len) != 0)
				continue;
			found = true;
			plain_text(item,
			    line_find(next_line(item, end), end, ".It Ic "),
			    plain);
			item_check(plain, manual, record, &record->fields[i]);
		}
		if (!found)
			mistake("the manual has no item %s in \"Keys of %s\"",
			    record->fields[i].key, record->what);
	}
}

/* Items of a part that are no keys of the record. */
static void
strangers_check(const char *manual, const struct record *record)
{
	const char *end = manual + strlen(manual), *part, *item, *key;
	char heading[SAID_SIZE];
	size_t i, len;

	(void)snprintf(
	    heading, sizeof(heading), ".Ss Keys of %s\n", record->what);
	part = line_find(manual, end, heading);
	if (part == end)
		return;
	end = part_end(part, end);
	for (item = line_find(part, end, ".It Ic "); item < end;
	     item = line_find(next_line(item, end), end, ".It Ic ")) {
		len = item_key(item, &key);
		for (i = 0; i < record->nfields; i++)
			if (strlen(record->fields[i].key) == len &&
			    strncmp(record->fields[i].key, key, len) == 0)
				break;
		if (i == record->nfields)
			mistake("%.*s is an item in \"Keys of %s\", and no key",
			    (int)len, key, record->what);
	}
}

int
main(int argc, char **argv)
{
	static char manual[MANUAL_MAX], plain[2 * MANUAL_MAX];
	const struct record *records[TABLES_RECORDS_MAX];
	size_t i, len, count = tables_records(records);
	FILE *file;

	if (argc != 2 || (file = fopen(argv[1], "rb")) == NULL) {
		(void)fprintf(stderr, "usage: manual FILE\n");
		return 2;
	}
	len = fread(manual, 1, sizeof(manual) - 1, file);
	(void)fclose(file);
	manual[len] = '\0';
	for (i = 0; i < count; i++) {
		record_check(manual, records[i], plain);
		strangers_check(manual, records[i]);
	}
	return mistakes > 0 ? 1 : 0;
}
