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

#include "hidden.h"
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

static const char announcement[] = "# end_marker: true", marker[] = "...";

static bool
is_blank(char c)
{
	return strchr(" \t\r\n", c) != NULL;
}

/* Whether the first line says that the file has an end marker. */
static bool
is_announced(const struct lines *lines)
{
	const char *c = lines->rest, *end = lines->end;

	if ((size_t)(end - c) < strlen(announcement) ||
	    memcmp(c, announcement, strlen(announcement)) != 0)
		return false;
	c += strlen(announcement);
	while (c < end && *c != '\n' && is_blank(*c))
		c++;
	return c == end || *c == '\n';
}

/* Takes the marker off the text; a file that was cut off has none. */
static int
marker_take(struct decoder *decoder, struct lines *lines)
{
	char *end = lines->end;
	struct where where = lines->where;

	while (end > lines->rest && is_blank(end[-1]))
		end--;
	if ((size_t)(end - lines->rest) > strlen(marker) &&
	    memcmp(end - strlen(marker) - 1, "\n...", strlen(marker) + 1) ==
		0) {
		lines->end = end - strlen(marker);
		return 0;
	}
	where.line = where.column = 1;
	for (const char *c = lines->rest; c < end; c++)
		if (*c == '\n')
			where.line++;
	complain(decoder->complaints, "E-CUT", where,
	    "the first line is \"%s\", but the last is not \"%s\": the file "
	    "may be cut off; copy it again, or write the last line",
	    announcement, marker);
	return -EINVAL;
}

/* Refuses what an editor does not show, and a file that lacks its end. */
static int
lines_check(struct decoder *decoder, struct lines *lines)
{
	struct hidden hidden;

	if (hidden_find(
		lines->rest, (size_t)(lines->end - lines->rest), &hidden)) {
		complain(decoder->complaints, "E-FILE",
		    (struct where){
			lines->where.file, hidden.line, hidden.column },
		    "%s, which an editor does not show; remove it",
		    hidden.what);
		return -EINVAL;
	}
	lines->marked = is_announced(lines);
	return lines->marked ? marker_take(decoder, lines) : 0;
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
	result = lines_check(decoder, lines);
	if (result != 0)
		free(lines->buffer);
	return result;
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
