/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml_reader.h - YAML text as a row of items with places.
 *
 * A cursor that stands on one item and is moved on by the caller. Only the
 * plain part of YAML comes through: UTF-8, no anchors, aliases, tags, merge
 * keys, directives, folded plain text or second documents, and no nesting
 * beyond a fixed depth. All else is complained of here, once.
 */
#ifndef YAML_READER_H
#define YAML_READER_H

#include "rules.h"

enum { SOURCE_DEPTH_MAX = 16 };

/* Where mistakes go: a list, and how many more may be put there. */
struct complaints {
	struct diagnostics *list;
	size_t left;
};

/* Adds an error. The last one that fits is followed by "too many errors",
 * and then no more are taken. */
void complain(struct complaints *, const char *id, struct where,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

enum { SHOWN_SIZE = 72 };

/* Text from a file as it may stand in a message: without control bytes,
 * shortened where it is long. Answers buf. */
const char *shown(const char *text, char buf[SHOWN_SIZE]);

enum item_type {
	ITEM_TEXT,
	ITEM_BAD, /* in the place of text; already complained of */
	ITEM_LIST,
	ITEM_LIST_END,
	ITEM_MAP, /* keys and values follow in turn */
	ITEM_MAP_END,
	ITEM_STOP, /* nothing more will come */
};

struct item {
	enum item_type type;
	const char *text; /* ITEM_TEXT: without NUL inside; lives until the
			     cursor moves */
	size_t len;
	bool plain; /* ITEM_TEXT: not quoted */
	struct where where;
};

struct source;

/* A cursor on the first item. Text and file must outlive it. NULL: out of
 * memory. */
struct source *source_new(
    const char *text, size_t len, const char *file, struct complaints *);
void source_free(struct source *);

const struct item *source_item(const struct source *);
void source_next(struct source *);
/* Moves past the item, with all that is inside of it. */
void source_skip(struct source *);
/* Moves past the end of the list or mapping that the cursor is in. */
void source_leave(struct source *);
/* After ITEM_STOP: whether a line "..." ended the document. */
bool source_marked(const struct source *);
/* After ITEM_STOP: 0 if all was read, else -EINVAL (the text is not YAML, or
 * there were too many complaints) or -ENOMEM. */
int source_status(const struct source *);

#endif
