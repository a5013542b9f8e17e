/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diagnostics - everything that is wrong with a policy, said at once.
 *
 * Owns its texts, file names included, so that the list outlives the policy
 * that it complains of. A list that ran out of memory still says that there
 * was an error.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "rules.h"

enum { MESSAGE_SIZE = 1024 };

struct diagnostic_entry {
	struct diagnostic diagnostic;
	size_t order; /* of being added: keeps the sort stable */
};

struct diagnostics {
	struct arena *arena;
	struct diagnostic_entry *entries;
	size_t count;
	bool sorted;
	bool lost;        /* an error could not be kept */
	const char *file; /* the last name copied, since most are the same */
};

const char *
severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
	};

	assert(severity <= SEVERITY_ERROR);
	return names[severity];
}

struct diagnostics *
diagnostics_new(void)
{
	struct diagnostics *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return NULL;
	list->arena = arena_new(0);
	if (list->arena == NULL) {
		free(list);
		return NULL;
	}
	return list;
}

void
diagnostics_free(struct diagnostics *list)
{
	if (list == NULL)
		return;
	arena_free(list->arena);
	free(list);
}

size_t
diagnostics_count(const struct diagnostics *list, enum severity at_least)
{
	size_t i, count = list->lost ? 1 : 0;

	for (i = 0; i < list->count; i++)
		if (list->entries[i].diagnostic.severity >= at_least)
			count++;
	return count;
}

static const char *
file_copy(struct diagnostics *list, const char *file)
{
	if (file == NULL)
		return NULL;
	if (list->file == NULL || strcmp(list->file, file) != 0)
		list->file = arena_text(list->arena, file, strlen(file));
	return list->file;
}

void
diagnostics_add(struct diagnostics *list, enum severity severity,
    const char *id, struct where where, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	struct diagnostic_entry entry = { .order = list->count };
	void *entries = list->entries;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	entry.diagnostic = (struct diagnostic){
		.severity = severity,
		.id = id,
		.where = where,
		.message = arena_text(list->arena, message, strlen(message)),
	};
	entry.diagnostic.where.file = file_copy(list, where.file);
	if (entry.diagnostic.message == NULL ||
	    (where.file != NULL && entry.diagnostic.where.file == NULL) ||
	    arena_grow(list->arena, &entries, list->count, sizeof(entry)) !=
		0) {
		list->lost = list->lost || severity == SEVERITY_ERROR;
		return;
	}
	list->entries = entries;
	list->entries[list->count++] = entry;
	list->sorted = false;
}

static int
entry_compare(const void *left, const void *right)
{
	const struct diagnostic_entry *a = left, *b = right;
	const struct where *v = &a->diagnostic.where;
	const struct where *w = &b->diagnostic.where;
	int files;

	if (v->file == NULL || w->file == NULL)
		files = (v->file != NULL) - (w->file != NULL);
	else
		files = strcmp(v->file, w->file);
	if (files != 0)
		return files;
	if (v->line != w->line)
		return v->line < w->line ? -1 : 1;
	if (v->column != w->column)
		return v->column < w->column ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

const struct diagnostic *
diagnostics_get(struct diagnostics *list, size_t i)
{
	if (!list->sorted && list->count > 1)
		qsort(list->entries, list->count, sizeof(*list->entries),
		    entry_compare);
	list->sorted = true;
	return i < list->count ? &list->entries[i].diagnostic : NULL;
}
