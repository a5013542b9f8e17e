/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source - YAML text as a row of items with places.
 *
 * The only user of libyaml, and of its event interface alone: the document
 * interface costs quadratic time for anchors and follows aliases. Owns every
 * limit on YAML. What libyaml 0.2.5 does in quadratic time is stopped before
 * it begins: deep flow nesting by depth, %TAG by refusing each line that
 * begins with a percent sign. Decides nothing about keys and values.
 */
#include "yaml_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "hidden.h"
#include "utf8.h"
#include "yaml_advice.h"

struct level {
	bool map;
	bool key; /* the next node of a mapping is a key */
};

struct source {
	yaml_parser_t parser;
	yaml_event_t event;
	bool event_live;
	struct complaints *complaints;
	const char *text; /* less a byte order mark */
	size_t len;
	const char *file;
	struct item item;
	int status;
	bool document; /* one has begun */
	bool marked;   /* its end is said */
	bool over;
	unsigned depth;
	struct level levels[SOURCE_DEPTH_MAX];
};

void
complain(struct complaints *complaints, const char *id, struct where where,
    const char *format, ...)
{
	char message[1024];
	va_list args;

	if (complaints->left == 0)
		return;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	diagnostics_add(
	    complaints->list, SEVERITY_ERROR, id, where, "%s", message);
	if (--complaints->left == 0)
		diagnostics_add(complaints->list, SEVERITY_ERROR, "E-LIMIT",
		    where, "too many errors: the rest is not shown");
}

const char *
shown(const char *text, char buf[SHOWN_SIZE])
{
	static const char more[] = "...";
	size_t used = 0;

	while (*text != '\0') {
		size_t len = utf8_length((const unsigned char *)text);

		if (used + (len > 0 ? len : 1) > SHOWN_SIZE - sizeof(more)) {
			memcpy(buf + used, more, sizeof(more));
			return buf;
		}
		if (len == 0) {
			buf[used++] = '?';
			text++;
			continue;
		}
		memcpy(buf + used, text, len);
		used += len;
		text += len;
	}
	buf[used] = '\0';
	return buf;
}

static bool
continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static struct where
place_of_offset(const struct source *source, size_t offset)
{
	struct where where = { source->file, 1, 1 };

	for (size_t i = 0; i < offset && i < source->len; i++) {
		if (source->text[i] == '\n') {
			where.line++;
			where.column = 1;
		} else if (!continues(source->text[i]))
			where.column++;
	}
	return where;
}

static struct where
place_of_mark(const struct source *source, const yaml_mark_t *mark)
{
	return (struct where){
		.file = source->file,
		.line = (uint32_t)mark->line + 1,
		.column = (uint32_t)mark->column + 1,
	};
}

/* The byte offsets of a line and of a column in it. */
static void
offset_of_mark(const struct source *source, const yaml_mark_t *mark,
    size_t *begin, size_t *at)
{
	size_t line, column, i = 0;

	for (line = 0; line < mark->line && i < source->len; i++)
		if (source->text[i] == '\n')
			line++;
	*begin = i;
	for (column = 0; column < mark->column && i < source->len; column++)
		for (i++; i < source->len && continues(source->text[i]);)
			i++;
	*at = i;
}

static void
parser_complain(struct source *source)
{
	const yaml_parser_t *parser = &source->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "";
	const yaml_mark_t *mark = &parser->problem_mark;
	size_t begin, at;

	source->status = -EINVAL;
	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		source->status = -ENOMEM;
		return;
	case YAML_READER_ERROR:
		/* These leave the mark at 0:0. */
		complain(source->complaints, "E-YAML",
		    place_of_offset(source, parser->problem_offset),
		    strstr(problem, "control") != NULL
			? "%s (0x%02x); remove it"
			: "not UTF-8 text: %s (0x%02x); save the file as "
			  "UTF-8",
		    problem, (unsigned)parser->problem_value);
		return;
	case YAML_NO_ERROR:
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
		break;
	}
	/* What is never closed is told at the end of the file, a key without
	 * colon in the line behind: say where it begins. */
	if (parser->context != NULL &&
	    (strstr(problem, "unexpected ") != NULL ||
		strstr(problem, "could not find expected ':'") != NULL))
		mark = &parser->context_mark;
	offset_of_mark(source, mark, &begin, &at);
	complain(source->complaints, "E-YAML", place_of_mark(source, mark),
	    "not YAML: %s%s%s: %s",
	    parser->context != NULL ? parser->context : "",
	    parser->context != NULL ? ", " : "", problem,
	    yaml_advice(source->text, source->len, problem, begin, at));
}

/* A directive is a percent sign that begins a line (YAML 1.1, section 4.5).
 * libyaml reads thousands of them, in quadratic time, before it answers the
 * next event. */
static bool
has_directive(const struct source *source, size_t *offset)
{
	const char *text = source->text, *end = text + source->len;
	const char *found = text;

	while ((found = memchr(found, '%', (size_t)(end - found))) != NULL) {
		size_t i = (size_t)(found - text);

		if (i == 0 || text[i - 1] == '\n') {
			*offset = i;
			return true;
		}
		found++;
	}
	return false;
}

/* What must not even be shown to libyaml. */
static int
text_check(struct source *source)
{
	struct hidden hidden;
	const char *nul;
	size_t offset;

	if (source->len >= 2 && (memcmp(source->text, "\xff\xfe", 2) == 0 ||
				    memcmp(source->text, "\xfe\xff", 2) == 0)) {
		complain(source->complaints, "E-YAML",
		    place_of_offset(source, 0),
		    "the file is UTF-16; save it as UTF-8");
		return -EINVAL;
	}
	if (source->len >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) {
		source->text += 3;
		source->len -= 3;
	}
	nul = memchr(source->text, '\0', source->len);
	if (nul != NULL) {
		complain(source->complaints, "E-YAML",
		    place_of_offset(source, (size_t)(nul - source->text)),
		    "a NUL byte; save the file as UTF-8 text");
		return -EINVAL;
	}
	if (hidden_find(source->text, source->len, &hidden)) {
		complain(source->complaints, "E-YAML",
		    (struct where){ source->file, hidden.line, hidden.column },
		    "%s, which an editor does not show; remove it",
		    hidden.what);
		return -EINVAL;
	}
	if (has_directive(source, &offset)) {
		complain(source->complaints, "E-YAML",
		    place_of_offset(source, offset),
		    "a line begins with %%, which is a YAML directive; remove "
		    "it, or indent the line if it is text");
		return -EINVAL;
	}
	return 0;
}

struct source *
source_new(const char *text, size_t len, const char *file,
    struct complaints *complaints)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	source->complaints = complaints;
	source->text = text;
	source->len = len;
	source->file = file;
	if (!yaml_parser_initialize(&source->parser)) {
		free(source);
		return NULL;
	}
	source->status = text_check(source);
	yaml_parser_set_input_string(
	    &source->parser, (const unsigned char *)source->text, source->len);
	yaml_parser_set_encoding(&source->parser, YAML_UTF8_ENCODING);
	source_next(source);
	return source;
}

void
source_free(struct source *source)
{
	if (source == NULL)
		return;
	if (source->event_live)
		yaml_event_delete(&source->event);
	yaml_parser_delete(&source->parser);
	free(source);
}

/* Takes note of a node's begin; answers whether it is a mapping's key. */
static bool
node_begin(struct source *source)
{
	struct level *level;
	bool key;

	if (source->depth == 0)
		return false;
	level = &source->levels[source->depth - 1];
	key = level->map && level->key;
	level->key = !level->key;
	return key;
}

static void
refuse(struct source *source, const char *what)
{
	complain(source->complaints, "E-YAML", source->item.where, "%s", what);
	source->item.type = ITEM_BAD;
}

static void
item_properties(struct source *source, const void *anchor, const void *tag)
{
	if (anchor != NULL)
		refuse(source,
		    "anchors (&name) are not allowed; write the value out, or "
		    "quote the text");
	else if (tag != NULL)
		refuse(source,
		    "tags (!name) are not allowed; remove it, or quote the "
		    "text");
}

static void
item_scalar(struct source *source)
{
	const yaml_event_t *event = &source->event;
	const char *text = (const char *)event->data.scalar.value;
	const char *missing;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	bool key = node_begin(source);

	source->item.type = ITEM_TEXT;
	source->item.text = text;
	source->item.len = event->data.scalar.length;
	source->item.plain = plain;
	item_properties(
	    source, event->data.scalar.anchor, event->data.scalar.tag);
	if (source->item.type == ITEM_BAD)
		return;
	if (source->depth == 0 && source->item.len == 0) {
		refuse(source, "the file is empty");
		source->status = -EINVAL;
	} else if (strlen(text) != source->item.len)
		refuse(source, "the text holds a NUL character");
	else if (plain && event->start_mark.line != event->end_mark.line) {
		missing = yaml_blank_missing(text, source->item.len);
		refuse(source, missing != NULL
				   ? missing
				   : "this looks like two lines folded into "
				     "one: a missing dash or a wrong indent? "
				     "Quote text that is meant to be that "
				     "long");
	} else if (key && plain && strcmp(text, "<<") == 0)
		refuse(source, "merge keys (<<) are not allowed; write the "
			       "keys out");
}

static void
item_begin(struct source *source, enum item_type type)
{
	const yaml_event_t *event = &source->event;
	bool map = type == ITEM_MAP;

	if (source->depth == SOURCE_DEPTH_MAX) {
		complain(source->complaints, "E-LIMIT", source->item.where,
		    "lists and mappings are nested more than %d deep",
		    SOURCE_DEPTH_MAX);
		source->status = -EINVAL;
		return;
	}
	if (node_begin(source))
		refuse(source, "a key must be text: quote it, or check for a "
			       "stray bracket or question mark");
	if (map)
		item_properties(source, event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
	else
		item_properties(source, event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
	source->levels[source->depth++] =
	    (struct level){ .map = map, .key = true };
	source->item.type = type;
}

static void
item_end(struct source *source, enum item_type type)
{
	assert(source->depth > 0);
	source->depth--;
	source->item.type = type;
}

/* Makes the event into an item; false if it is none. */
static bool
item_from_event(struct source *source)
{
	switch (source->event.type) {
	case YAML_SCALAR_EVENT:
		item_scalar(source);
		return true;
	case YAML_SEQUENCE_START_EVENT:
		item_begin(source, ITEM_LIST);
		return true;
	case YAML_SEQUENCE_END_EVENT:
		item_end(source, ITEM_LIST_END);
		return true;
	case YAML_MAPPING_START_EVENT:
		item_begin(source, ITEM_MAP);
		return true;
	case YAML_MAPPING_END_EVENT:
		item_end(source, ITEM_MAP_END);
		return true;
	case YAML_ALIAS_EVENT:
		(void)node_begin(source);
		refuse(source, "aliases (*name) are not allowed; write the "
			       "value out, or quote the text");
		return true;
	case YAML_DOCUMENT_START_EVENT:
		if (source->document) {
			complain(source->complaints, "E-YAML",
			    source->item.where,
			    "a second document begins here; a file is one "
			    "document");
			source->status = -EINVAL;
		}
		source->document = true;
		return false;
	case YAML_STREAM_END_EVENT:
		if (!source->document) {
			complain(source->complaints, "E-YAML",
			    (struct where){ source->file, 1, 1 },
			    "the file is empty");
			source->status = -EINVAL;
		}
		source->over = true;
		return false;
	case YAML_DOCUMENT_END_EVENT:
		source->marked = !source->event.data.document_end.implicit;
		return false;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
		break;
	}
	return false;
}

void
source_next(struct source *source)
{
	bool found = false;

	while (!found && source->status == 0 && !source->over) {
		if (source->complaints->left == 0) {
			source->status = -EINVAL;
			break;
		}
		if (source->event_live)
			yaml_event_delete(&source->event);
		source->event_live = false;
		if (!yaml_parser_parse(&source->parser, &source->event)) {
			parser_complain(source);
			break;
		}
		source->event_live = true;
		source->item = (struct item){
			.where =
			    place_of_mark(source, &source->event.start_mark),
		};
		found = item_from_event(source);
	}
	if (!found || source->status != 0)
		source->item = (struct item){
			.type = ITEM_STOP,
			.where = source->item.where,
		};
}

const struct item *
source_item(const struct source *source)
{
	return &source->item;
}

bool
source_marked(const struct source *source)
{
	return source->marked;
}

int
source_status(const struct source *source)
{
	return source->status;
}

static bool
is_begin(enum item_type type)
{
	return type == ITEM_LIST || type == ITEM_MAP;
}

static bool
is_end(enum item_type type)
{
	return type == ITEM_LIST_END || type == ITEM_MAP_END;
}

void
source_leave(struct source *source)
{
	unsigned inside = 1;

	while (inside > 0 && source->item.type != ITEM_STOP) {
		if (is_begin(source->item.type))
			inside++;
		else if (is_end(source->item.type))
			inside--;
		source_next(source);
	}
}

void
source_skip(struct source *source)
{
	bool inside = is_begin(source->item.type);

	if (source->item.type != ITEM_STOP)
		source_next(source);
	if (inside)
		source_leave(source);
}
