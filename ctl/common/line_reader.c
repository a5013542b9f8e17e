/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_reader.c - text line by line, from a file of any size.
 *
 * The buffer is twice as long as a line may be, so that the rest of a line is
 * moved to its front once in a while and not once a line. It is searched for
 * NUL bytes as a whole.
 */
#include "line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 2 * LINE_READER_MAX, PEEK_SIZE = 4096 };

int
line_reader_init(struct line_reader *l, FILE *file, const char *name)
{
	char *buffer = malloc(BUFFER_SIZE + 1);

	if (buffer == NULL)
		return -ENOMEM;
	*l = (struct line_reader){
		.file = file, .name = name, .buffer = buffer
	};
	return 0;
}

void
line_reader_fini(struct line_reader *l)
{
	free(l->buffer);
}

static void
find_nul(struct line_reader *l)
{
	const char *nul = memchr(l->buffer + l->at, '\0', l->end - l->at);

	l->nul = nul != NULL ? (size_t)(nul - l->buffer) : l->end;
}

static void
fill(struct line_reader *l)
{
	size_t rest = l->end - l->at;
	size_t n;

	if (l->ended)
		return;
	memmove(l->buffer, l->buffer + l->at, rest);
	l->at = 0;
	n = fread(l->buffer + rest, 1, BUFFER_SIZE - rest, l->file);
	l->end = rest + n;
	find_nul(l);
	if (l->end == BUFFER_SIZE)
		return;
	l->ended = true;
	if (ferror(l->file))
		l->error = errno != 0 ? -errno : -EIO;
}

/* Of a line that is too long. */
static void
skip(struct line_reader *l)
{
	const char *nl;

	while ((nl = memchr(l->buffer + l->at, '\n', l->end - l->at)) == NULL) {
		l->bytes += l->end - l->at;
		l->at = l->end;
		if (l->ended)
			return;
		fill(l);
	}
	l->bytes += (size_t)(nl + 1 - (l->buffer + l->at));
	l->at = (size_t)(nl + 1 - l->buffer);
	find_nul(l);
}

int
line_reader_next(struct line_reader *l, char **line, size_t *len)
{
	char *start = l->buffer + l->at, *nl;
	size_t n;

	nl = memchr(start, '\n', l->end - l->at);
	if (nl == NULL) {
		fill(l);
		start = l->buffer + l->at;
		nl = memchr(start, '\n', l->end - l->at);
	}
	if (l->error < 0)
		return l->error;
	if (l->at == l->end)
		return 0;
	n = nl != NULL ? (size_t)(nl - start) : l->end - l->at;
	l->line++;
	if (n >= LINE_READER_MAX) {
		skip(l);
		return -EFBIG;
	}
	l->at += n + (nl != NULL);
	l->bytes += n + (nl != NULL);
	if (l->nul < l->at) {
		find_nul(l);
		return -EILSEQ;
	}
	start[n] = '\0';
	if (n > 0 && start[n - 1] == '\r')
		start[--n] = '\0';
	*line = start;
	*len = n;
	return 1;
}

const char *
line_reader_peek(struct line_reader *l, size_t *len)
{
	if (l->end - l->at < PEEK_SIZE)
		fill(l);
	*len = l->end - l->at;
	return l->buffer + l->at;
}
