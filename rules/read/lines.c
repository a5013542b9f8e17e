/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines - files with one entry a line, which a policy names.
 *
 * Cuts text into entries with their places, without YAML. Reads through the
 * policy's reader; knows nothing of what an entry is.
 */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loading.h"

int
lines_path(struct decoder *decoder, const struct field *field, void *object)
{
	struct list_file file = { 0 };
	const struct item *item = schema_item(decoder);
	int result;

	if (item == NULL)
		return -EINVAL;
	file.where = item->where;
	result = schema_copy(decoder, item, field->max, &file.path);
	if (result == 0)
		memcpy((char *)object + field->offset, &file, sizeof(file));
	source_next(decoder->source);
	return result;
}

/* The path from where the policy's own path begins; NULL: out of memory. */
static const char *
place_file(struct decoder *decoder, const char *path)
{
	const struct loading *loading = decoder->ctx;
	const char *policy = loading->policy->file;
	const char *slash = strrchr(policy, '/');
	size_t folder = slash != NULL ? (size_t)(slash + 1 - policy) : 0;
	size_t len = strlen(path);
	char *file;

	if (folder == 0 || path[0] == '/')
		return path;
	file = arena_array(decoder->arena, folder + len + 1, 1);
	if (file == NULL)
		return NULL;
	memcpy(file, policy, folder);
	memcpy(file + folder, path, len + 1);
	return file;
}

int
lines_open(
    struct decoder *decoder, const struct list_file *file, struct lines *lines)
{
	const struct loading *loading = decoder->ctx;
	size_t len;
	int result;

	*lines = (struct lines){
		.where = { .file = place_file(decoder, file->path) },
	};
	if (lines->where.file == NULL)
		return -ENOMEM;
	result = loading->read(
	    decoder, file->path, file->where, &lines->buffer, &len);
	if (result != 0)
		return result == -ENOMEM ? result : -EINVAL;
	if (memchr(lines->buffer, '\0', len) != NULL) {
		complain(decoder->complaints, "E-FILE", file->where,
		    "%s holds a NUL byte; save it as UTF-8 text", file->path);
		free(lines->buffer);
		return -EINVAL;
	}
	lines->rest = lines->buffer;
	lines->end = lines->buffer + len;
	if (len >= 3 && memcmp(lines->rest, "\xef\xbb\xbf", 3) == 0)
		lines->rest += 3;
	return 0;
}

void
lines_close(struct lines *lines)
{
	free(lines->buffer);
}

/* Cuts the next line off, without comment and blanks. */
static void
line_cut(struct lines *lines)
{
	char *begin = lines->rest, *c, *stop;
	uint32_t column = 1;

	stop = memchr(begin, '\n', (size_t)(lines->end - begin));
	if (stop == NULL)
		stop = lines->end; /* there is a NUL */
	lines->rest = stop + 1;
	for (; begin < stop && (*begin == ' ' || *begin == '\t'); begin++)
		column++;
	for (c = begin; c < stop; c++)
		if (*c == '#' && (c == begin || c[-1] == ' ' || c[-1] == '\t'))
			stop = c;
	while (stop > begin && strchr(" \t\r", stop[-1]) != NULL)
		stop--;
	*stop = '\0';
	lines->text = begin;
	lines->where.line++;
	lines->where.column = column;
}

bool
lines_next(struct lines *lines)
{
	while (lines->rest < lines->end) {
		line_cut(lines);
		if (lines->text[0] != '\0')
			return true;
	}
	return false;
}

int
lines_none(struct decoder *decoder, const struct list_file *file)
{
	complain(decoder->complaints, "E-FILE", file->where,
	    "%s holds no entry, and an empty list never stands for everything",
	    file->path);
	return -EINVAL;
}
