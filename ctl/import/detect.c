/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * detect.c - what a file is, told by its content.
 */
#include "import.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"

static bool
contains(const struct import_text *text, const char *word)
{
	for (const char *at = text->text; *at; at++)
		if (ascii_prefix(at, word))
			return true;
	return false;
}

/* A line of dashes under a line of names. */
static bool
has_dashes(const struct import_text *text)
{
	const char *at = text->text;

	while ((at = strstr(at, "\n--"))) {
		size_t n = strspn(at + 1, "- \t\r");

		if (at[1 + n] == '\n' || at[1 + n] == '\0')
			return true;
		at += 3;
	}
	return false;
}

/* "Name   : value" somewhere at the start of a line. */
static bool
has_pairs(const struct import_text *text)
{
	const char *at = text->text;

	while (*at) {
		size_t n = 0, end = strcspn(at, "\n");

		while (n < end && isalnum((unsigned char)at[n]))
			n++;
		if (n > 1) {
			size_t blanks = strspn(at + n, " ");

			if (at[n + blanks] == ':' && blanks > 0)
				return true;
			if (at[n] == ':' && at[n + 1] == ' ' &&
			    !ascii_same_n(at, "From", 4) &&
			    !ascii_same_n(at, "To", 2) &&
			    !ascii_same_n(at, "Connect", 7))
				return true;
		}
		at += end + (at[end] == '\n');
	}
	return false;
}

static int
read_as(
    struct import *im, const struct import_text *text, enum import_role role)
{
	const char *at = text->text + strspn(text->text, " \t\r\n");

	if (strncmp(at, "<?xml", 5) == 0 || strncmp(at, "<Objs", 5) == 0 ||
	    strncmp(at, "<!DOCTYPE", 9) == 0)
		return import_clixml(im, text);
	if (*at == '{' ||
	    (*at == '[' && (strchr("{\r\n", at[1]) ||
			       at[strspn(at + 1, " \t") + 1] == '{')))
		return import_json(im, text);
	if (contains(text, "New-ReceiveConnector") ||
	    contains(text, "Add-ADPermission") ||
	    contains(text, "Remove-ADPermission"))
		return import_script(im, text);
	if (has_dashes(text))
		return import_table(im, text);
	if (strncmp(at, "#TYPE", 5) == 0 || import_looks_like_csv(text))
		return import_csv(im, text);
	if (has_pairs(text))
		return import_format_list(im, text);
	return import_mta(im, text, role);
}

int
import_read_text(
    struct import *im, const struct import_text *text, enum import_role role)
{
	size_t from = im->nobjects;
	int error = read_as(im, text, role);

	if (error == -ENOMEM)
		im->memory = im->fatal = true;
	if (error < 0)
		return error;
	if (im->fatal)
		return -EINVAL;
	if (im->nobjects == from)
		return import_fail(im, "I-FOREIGN", text->file, 0,
		    "nothing in it is known; expected connectors, "
		    "permissions, accepted domains or a relay list");
	for (size_t i = from; i < im->nobjects; i++) {
		struct import_object *object = &im->objects[i];
		struct import_property *list;

		if (role != IMPORT_BLOCK && role != IMPORT_ALLOW)
			continue;
		list = IMPORT_MORE(im, object->properties, object->count);
		if (!list)
			return -ENOMEM;
		list->name = "List";
		if (!IMPORT_MORE(im, list->values, list->count))
			return -ENOMEM;
		list->values[0].text = import_copy(
		    im, role == IMPORT_BLOCK ? "block" : "allow", 5);
	}
	return 0;
}
