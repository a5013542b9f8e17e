/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lists.c - accepted domains, and IP allow and block list entries.
 */
#include "import.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "ascii.h"

static const char *
type_of(const char *text)
{
	if (text &&
	    (ascii_same(text, "InternalRelay") || strcmp(text, "2") == 0))
		return "internal_relay";
	if (text &&
	    (ascii_same(text, "ExternalRelay") || strcmp(text, "1") == 0))
		return "external_relay";
	return "authoritative";
}

static bool
is_domain(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 255)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || strchr("\"\\,:;@#{}[]()<>", *c))
			return false;
	return true;
}

static int
add_domain(struct import *im, const struct import_object *object,
    const char *text, const char *type)
{
	bool wild = strncmp(text, "*.", 2) == 0;
	const char *bare = wild ? text + 2 : text;
	uint32_t line = import_line(object, "DomainName");
	struct import_domain *domain;
	char *name;

	if (strcmp(text, "*") == 0 || (wild && !strchr(bare, '.'))) {
		import_say(im, SEVERITY_ERROR, "I-DOMAIN", object->file, line,
		    "%s: everyone could relay to every domain of it; it was "
		    "left out",
		    text);
		im->nfindings += im->nfindings == 0;
		return 0;
	}
	if (!is_domain(bare))
		return import_fail(im, "I-DOMAIN", object->file, line,
		    "%.100s: this is no domain", text);
	name = import_copy(im, text, strlen(text));
	for (char *c = name; *c; c++)
		*c = ascii_lower(*c);
	for (size_t i = 0; i < im->ndomains; i++)
		if (strcmp(im->domains[i].name, name) == 0)
			return 0;
	domain = IMPORT_MORE(im, im->domains, im->ndomains);
	if (!domain)
		return -ENOMEM;
	*domain = (struct import_domain){ name, type,
		{ .file = object->file, .line = line } };
	return 0;
}

static int
take_domain(struct import *im, const struct import_object *object)
{
	const char *text = import_first(object, "DomainName");
	const char *type = type_of(import_first(object, "DomainType"));
	bool below = import_true(import_first(object, "MatchSubDomains"));

	if (!text || !*text)
		return import_fail(im, "I-DOMAIN", object->file, object->line,
		    "an accepted domain has no DomainName");
	if (strstr(text, "...") || strstr(text, "\xe2\x80\xa6"))
		return import_fail(im, "I-TRUNCATED", object->file,
		    object->line, "DomainName is cut off with ...");
	if (below && strncmp(text, "*.", 2) != 0)
		text = import_format(im, "*.%s", text);
	return add_domain(im, object, text, type);
}

/* "3/31/2027 11:59:59 PM", "2027-03-31T...", "31.03.2027 ..." */
static const char *
date_of(struct import *im, const char *text)
{
	unsigned a, b, c;

	if (sscanf(text, "%4u-%2u-%2u", &a, &b, &c) == 3 && a > 1900)
		return a >= 9999 ? ""
				 : import_format(im, "%04u-%02u-%02u", a, b, c);
	if (sscanf(text, "%2u.%2u.%4u", &a, &b, &c) == 3)
		return c >= 9999 ? ""
				 : import_format(im, "%04u-%02u-%02u", c, b, a);
	if (sscanf(text, "%2u/%2u/%4u", &a, &b, &c) == 3 && a <= 12 &&
	    (b > 12 || strstr(text, "AM") || strstr(text, "PM")))
		return c >= 9999 ? ""
				 : import_format(im, "%04u-%02u-%02u", c, a, b);
	return NULL;
}

struct import_list_entry {
	struct import *im;
	const struct import_object *object;
	bool block;
};

static int
on_entry(void *ctx, const char *item, uint32_t line)
{
	struct import_list_entry *e = ctx;
	struct import *im = e->im;
	const char *expires = import_first(e->object, "ExpirationTime");
	struct import_range *range;
	struct netrange read;
	const char *until = NULL;
	int error = import_range_read(im, item, e->object->file, line, &read);

	if (error < 0)
		return error;
	if (expires && *expires) {
		until = date_of(im, expires);
		if (!until)
			import_say(im, SEVERITY_WARNING, "I-DATE",
			    e->object->file, line,
			    "%s: ExpirationTime \"%.60s\" is ambiguous; %s",
			    item, expires,
			    e->block ? "written without an end"
				     : "the entry was left out");
		if (!until && !e->block)
			return 0;
	}
	range = e->block ? IMPORT_MORE(im, im->block, im->nblock)
			 : IMPORT_MORE(im, im->allow, im->nallow);
	if (!range)
		return -ENOMEM;
	range->range = read;
	range->where.file = e->object->file;
	range->where.line = line;
	range->until = until && *until ? until : NULL;
	return 0;
}

int
import_lists(struct import *im)
{
	int error = 0;

	for (size_t i = 0; i < im->nobjects && !error; i++) {
		const struct import_object *object = &im->objects[i];
		struct import_list_entry e = { im, object, false };
		const char *list = import_first(object, "List");
		const char *identity = import_first(object, "ObjectClass");

		e.block = (list && ascii_same(list, "block")) ||
			  (identity && strstr(identity, "Block"));
		if (import_find(object, "DomainName"))
			error = take_domain(im, object);
		else if (import_find(object, "IPRange"))
			error = import_list(im, object,
			    import_find(object, "IPRange"), on_entry, &e);
	}
	return error;
}
