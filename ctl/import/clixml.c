/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clixml.c - what Export-Clixml writes.
 *
 * One tree at a time: each Obj below Objs is built, flattened to properties
 * and freed. Entities, document types and depth are refused; the type table
 * (TN, TNRef) is the file's. SerializationData (BA) is never decoded.
 */
#include "import.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "enumerations.h"

enum { DEPTH_MAX = 48, NODES_MAX = 2000000, TEXT_MAX = 1 << 20 };

struct import_node {
	char *tag, *name, *text, *string; /* string: of ToString */
	size_t len;
	uint32_t line;
	struct import_node *parent, *children, *last, *next;
};

struct import_clixml {
	struct import *im;
	const char *file;
	XML_Parser parser;
	struct import_node *top; /* of the object that is being read */
	struct import_node *at;
	unsigned depth;
	size_t nodes, objects;
	bool root, failed;
};

static void
node_free(struct import_node *node)
{
	while (node) {
		struct import_node *next = node->next;

		node_free(node->children);
		free(node->tag);
		free(node->name);
		free(node->text);
		free(node->string);
		free(node);
		node = next;
	}
}

/* The line that the parser is in. libexpat 2.9 gave the call another name. */
static uint32_t
line_of(XML_Parser parser)
{
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
	return (uint32_t)XML_GetCurrentLineNumber64(parser);
#else
	return (uint32_t)XML_GetCurrentLineNumber(parser);
#endif
}

static void
stop(struct import_clixml *c, const char *id, const char *why)
{
	if (!c->failed)
		import_fail(c->im, id, c->file, line_of(c->parser), "%s", why);
	c->failed = true;
	XML_StopParser(c->parser, XML_FALSE);
}

static int
hex(const char *text)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		char c = ascii_lower(text[i]);

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* _x000A_ is a line feed. Others stay as they are, to be shown. */
static void
unescape(char *text)
{
	char *to = text;

	for (char *from = text; *from;) {
		int value = -1;

		if (strncmp(from, "_x", 2) == 0 && strlen(from) >= 7 &&
		    from[6] == '_')
			value = hex(from + 2);
		if (value > 0 && value < 0x80) {
			*to++ = (char)value;
			from += 7;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/* ---- From nodes to values -------------------------------------------- */

static const struct import_node *
property(const struct import_node *object, const char *name)
{
	for (const struct import_node *n = object->children; n; n = n->next) {
		const struct import_node *found;

		if (n->name && strcasecmp(n->name, name) == 0)
			return n;
		if (strcmp(n->tag, "Props") == 0 || strcmp(n->tag, "MS") == 0)
			if ((found = property(n, name)))
				return found;
	}
	return NULL;
}

static const char *value_of(const struct import_node *n, unsigned depth);

static const char *
named(const struct import_node *object, const char *name, unsigned depth)
{
	const struct import_node *n = property(object, name);

	return n && depth < DEPTH_MAX ? value_of(n, depth + 1) : NULL;
}

/* An enumeration: its number, as an unnamed child. */
static const char *
number_of(const struct import_node *object)
{
	for (const struct import_node *n = object->children; n; n = n->next)
		if (!n->name && strcmp(n->tag, "I32") == 0)
			return n->text;
	return NULL;
}

static const char *
value_of(const struct import_node *n, unsigned depth)
{
	const char *text;

	if (strcmp(n->tag, "Nil") == 0 || strcmp(n->tag, "BA") == 0)
		return NULL;
	if (strcmp(n->tag, "Obj") != 0)
		return n->text ? n->text : "";
	if ((text = named(n, "Expression", depth)) && *text)
		return text;
	if ((text = named(n, "IsUnlimited", depth)))
		return import_true(text)          ? "Unlimited"
		       : named(n, "Value", depth) ? named(n, "Value", depth)
						  : n->string;
	if (n->string)
		return n->string;
	if ((text = named(n, "Name", depth)))
		return text;
	return number_of(n);
}

/* A range without an expression, and bounds that contradict one. */
static const char *
range_of(struct import_clixml *c, const struct import_node *n)
{
	const char *low = named(n, "LowerBound", 0);
	const char *high = named(n, "UpperBound", 0);
	const char *typed = named(n, "Expression", 0);
	struct netrange range, bounds;
	char *text;

	if (!low || !high || !*low || !*high)
		return value_of(n, 0);
	text = import_format(c->im, "%s-%s", low, high);
	if (!typed || !*typed)
		return text;
	if (netrange_parse(text, &bounds, NULL, NULL) == 0 &&
	    netrange_parse(typed, &range, NULL, NULL) == 0 &&
	    (netaddr_compare(&range.first, &bounds.first) != 0 ||
		netaddr_compare(&range.last, &bounds.last) != 0))
		import_fail(c->im, "I-BOUNDS", c->file, n->line,
		    "the range %s has the bounds %s; export it again", typed,
		    text);
	return typed;
}

static const char *
binding_of(struct import_clixml *c, const struct import_node *n)
{
	const char *address = named(n, "Address", 0);
	const char *port = named(n, "Port", 0);

	if (n->string || !address || !port)
		return value_of(n, 0);
	return import_format(
	    c->im, strchr(address, ':') ? "[%s]:%s" : "%s:%s", address, port);
}

static const char *
enumeration_of(struct import_clixml *c, const struct import_node *n)
{
	const char *number = number_of(n);
	unsigned long bits, said;

	if (!number || !n->string)
		return value_of(n, 0);
	bits = strtoul(number, NULL, 10);
	if (import_enumeration_bits(n->name, n->string, &said) && bits != said)
		import_say(c->im, SEVERITY_WARNING, "I-ENUMERATION", c->file,
		    n->line,
		    "%s is \"%s\", but its number is %lu; the words were "
		    "taken",
		    n->name, n->string, bits);
	return n->string;
}

static bool
is_list(const struct import_node *n)
{
	for (const struct import_node *child = n->children; child;
	     child = child->next)
		if (strcmp(child->tag, "LST") == 0 ||
		    strcmp(child->tag, "IE") == 0)
			return true;
	return false;
}

static void
put(struct import_clixml *c, const char *name, const char *text, uint32_t line)
{
	import_put(c->im, name, text, text ? strlen(text) : 0, line);
}

static void
put_property(struct import_clixml *c, const struct import_node *n)
{
	if (strcmp(n->tag, "Obj") != 0) {
		put(c, n->name, value_of(n, 0), n->line);
		return;
	}
	if (!is_list(n)) {
		put(c, n->name,
		    property(n, "LowerBound") ? range_of(c, n)
		    : property(n, "Port")     ? binding_of(c, n)
					      : enumeration_of(c, n),
		    n->line);
		return;
	}
	put(c, n->name, NULL, n->line);
	for (const struct import_node *list = n->children; list;
	     list = list->next) {
		if (strcmp(list->tag, "LST") != 0 &&
		    strcmp(list->tag, "IE") != 0)
			continue;
		for (const struct import_node *item = list->children; item;
		     item = item->next)
			put(c, n->name,
			    property(item, "LowerBound") ? range_of(c, item)
			    : property(item, "Port")     ? binding_of(c, item)
							 : value_of(item, 0),
			    item->line);
	}
}

static void
put_object(struct import_clixml *c, const struct import_node *object)
{
	for (const struct import_node *list = object->children; list;
	     list = list->next)
		if (strcmp(list->tag, "LST") == 0 ||
		    strcmp(list->tag, "IE") == 0)
			for (const struct import_node *item = list->children;
			     item; item = item->next)
				if (strcmp(item->tag, "Obj") == 0)
					put_object(c, item);
	if (is_list(object) || !import_object_new(c->im, c->file, object->line))
		return;
	for (const struct import_node *part = object->children; part;
	     part = part->next) {
		if (strcmp(part->tag, "Props") != 0 &&
		    strcmp(part->tag, "MS") != 0)
			continue;
		for (const struct import_node *n = part->children; n;
		     n = n->next)
			if (n->name)
				put_property(c, n);
	}
	c->objects++;
}

/* ---- The parser ------------------------------------------------------ */

static struct import_node *
node_new(struct import_clixml *c, const XML_Char *tag, const XML_Char **with)
{
	struct import_node *node = calloc(1, sizeof *node);

	if (!node)
		return NULL;
	node->tag = strdup(tag);
	node->line = line_of(c->parser);
	for (size_t i = 0; with[i]; i += 2)
		if (strcmp(with[i], "N") == 0 && !node->name)
			node->name = strdup(with[i + 1]);
	if (node->name)
		unescape(node->name);
	node->parent = c->at;
	if (c->at && c->at->last)
		c->at->last->next = node;
	else if (c->at)
		c->at->children = node;
	if (c->at)
		c->at->last = node;
	return node;
}

static void
on_start(void *ctx, const XML_Char *tag, const XML_Char **with)
{
	struct import_clixml *c = ctx;
	struct import_node *node;

	if (c->failed)
		return;
	if (++c->depth > DEPTH_MAX || ++c->nodes > NODES_MAX * 4) {
		stop(c, "I-TOO-DEEP", "nested too deeply or too large");
		return;
	}
	if (!c->root) {
		if (strcmp(tag, "Objs") != 0)
			stop(c, "I-FOREIGN",
			    "expected the root Objs of Export-Clixml");
		c->root = true;
		return;
	}
	node = node_new(c, tag, with);
	if (!node || !node->tag) {
		c->im->memory = c->im->fatal = c->failed = true;
		return;
	}
	if (!c->at)
		c->top = node;
	c->at = node;
}

static void
on_end(void *ctx, const XML_Char *tag)
{
	struct import_clixml *c = ctx;
	struct import_node *node = c->at;

	(void)tag;
	c->depth--;
	if (c->failed || !node)
		return;
	if (node->text)
		unescape(node->text);
	if (strcmp(node->tag, "ToString") == 0 && node->parent &&
	    !node->parent->string) {
		node->parent->string = node->text ? node->text : strdup("");
		node->text = NULL;
	}
	c->at = node->parent;
	if (c->at)
		return;
	if (strcmp(node->tag, "Obj") == 0)
		put_object(c, node);
	node_free(c->top);
	c->top = NULL;
}

static void
on_text(void *ctx, const XML_Char *text, int len)
{
	struct import_clixml *c = ctx;
	struct import_node *node = c->at;
	char *more;

	if (c->failed || !node || node->children)
		return;
	if (strcmp(node->tag, "BA") == 0)
		return;
	if (node->len + (size_t)len > TEXT_MAX) {
		stop(c, "I-TOO-LARGE", "a value is longer than 1 MiB");
		return;
	}
	more = realloc(node->text, node->len + (size_t)len + 1);
	if (!more) {
		c->im->memory = c->im->fatal = c->failed = true;
		return;
	}
	memcpy(more + node->len, text, (size_t)len);
	node->len += (size_t)len;
	more[node->len] = '\0';
	node->text = more;
}

static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(ctx, "I-ENTITY",
	    "a document type is not part of Export-Clixml's form; entities "
	    "are never read");
}

int
import_clixml(struct import *im, const struct import_text *text)
{
	struct import_clixml c = { .im = im, .file = text->file };
	size_t done = 0;
	enum XML_Status status = XML_STATUS_OK;

	c.parser = XML_ParserCreate("UTF-8");
	if (!c.parser)
		return -ENOMEM;
	XML_SetUserData(c.parser, &c);
	XML_SetElementHandler(c.parser, on_start, on_end);
	XML_SetCharacterDataHandler(c.parser, on_text);
	XML_SetStartDoctypeDeclHandler(c.parser, on_doctype);
	while (!c.failed && status == XML_STATUS_OK) {
		size_t n = text->len - done;

		if (n > 1 << 20)
			n = 1 << 20;
		status = XML_Parse(
		    c.parser, text->text + done, (int)n, done + n == text->len);
		done += n;
		if (done == text->len)
			break;
	}
	if (!c.failed && status != XML_STATUS_OK)
		stop(&c, "I-CUT",
		    import_format(im,
			"the XML is broken or cut: %s; export it again",
			XML_ErrorString(XML_GetErrorCode(c.parser))));
	node_free(c.top);
	XML_ParserFree(c.parser);
	if (!c.failed && c.objects == 0)
		import_fail(im, "I-EMPTY", text->file, 0,
		    "no objects; was the command's output empty?");
	return im->fatal ? -EINVAL : 0;
}
