/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_lists.c - the items of a parameter's value, and the lines of
 * main.cf and master.cf that findings point at.
 */
#include "postconf.h"

#include <string.h>

static const char blanks[] = " \t\r\n\v\f";
static const char separators[] = ", \t\r\n";

/* ---- Lists ----------------------------------------------------------- */

/* Bytes up to and with the brace that closes the one at text, or all. */
static size_t
group_length(const char *text, size_t len)
{
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		depth += text[i] == '{';
		if (text[i] == '}' && --depth == 0)
			return i + 1;
	}
	return len;
}

bool
list_is_broken(const char *list)
{
	int depth = 0;

	for (; *list != '\0' && depth >= 0; list++)
		depth += (*list == '{') - (*list == '}');
	return depth != 0;
}

/* Without braces around it, and without white space at its ends. */
static const char *
unbraced(struct doctor *d, const char *text, size_t len)
{
	if (len >= 2 && text[0] == '{' && text[len - 1] == '}' &&
	    group_length(text, len) == len) {
		text++;
		len -= 2;
	}
	while (len > 0 && strchr(blanks, text[len - 1]))
		len--;
	while (len > 0 && strchr(blanks, *text)) {
		text++;
		len--;
	}
	return doctor_text(d, "%.*s", (int)len, text);
}

const char *
list_item(struct doctor *d, const char **at)
{
	const char *text = *at + strspn(*at, separators);
	size_t len = 0;

	while (text[len] != '\0' && !strchr(separators, text[len]))
		len += text[len] == '{'
			   ? group_length(text + len, strlen(text + len))
			   : 1;
	*at = text + len;
	return len == 0 ? NULL : unbraced(d, text, len);
}

const char *
list_server(struct doctor *d, const char *item)
{
	const char *first = list_item(d, &item);

	return first ? first : "";
}

const char *
list_attribute(struct doctor *d, const char *item, const char *key)
{
	size_t len = strlen(key);
	const char *pair;

	list_item(d, &item);
	while ((pair = list_item(d, &item)) != NULL) {
		if (strncmp(pair, key, len) != 0)
			continue;
		pair += len;
		pair += strspn(pair, blanks);
		if (*pair == '=')
			return pair + 1 + strspn(pair + 1, blanks);
	}
	return NULL;
}

bool
list_has(struct doctor *d, const char *list, const char *word)
{
	const char *item;

	while ((item = list_item(d, &list)) != NULL)
		if (strcmp(item, word) == 0)
			return true;
	return false;
}

/* ---- Places ---------------------------------------------------------- */

/* Moves past the line feed; NULL at the end of the text. */
static const char *
next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] != '\0' ? line + 1 : NULL;
}

static bool
is_assignment(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncmp(text, name, len) == 0 &&
	       text[len + strspn(text + len, " \t")] == '=';
}

uint32_t
main_line(const char *text, const char *name)
{
	uint32_t number = 0, found = 0;

	for (const char *line = text; line; line = next_line(line)) {
		number++;
		if (is_assignment(line, name))
			found = number;
	}
	return found;
}

/* A parameter is set in this line of master.cf: "-o name=", "-oname=",
 * "-o { name =". */
static bool
has_override(const char *line, const char *name)
{
	const char *end = line + strcspn(line, "\n"), *at = line;

	while ((at = strstr(at, name)) != NULL && at < end) {
		if (at > line && strchr(" \t{o", at[-1]) &&
		    is_assignment(at, name))
			return true;
		at++;
	}
	return false;
}

static bool
begins_service(const char *line, const char *service, const char *type)
{
	size_t len = strlen(service);

	if (strncmp(line, service, len) != 0 || !strchr(" \t", line[len]))
		return false;
	line += len + strspn(line + len, " \t");
	len = strlen(type);
	return strncmp(line, type, len) == 0 && line[len] != '\0' &&
	       strchr(" \t", line[len]);
}

uint32_t
master_line(
    const char *text, const char *service, const char *type, const char *name)
{
	uint32_t number = 0, found = 0;
	bool within = false;

	for (const char *line = text; line; line = next_line(line)) {
		number++;
		if (strchr("#\n", *line))
			continue;
		if (!strchr(" \t", *line)) {
			within = begins_service(line, service, type);
			if (within)
				found = number;
		}
		if (within && name && has_override(line, name))
			return number;
	}
	return found;
}
