/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folded.c - logical lines of the configuration files of MTAs.
 *
 * Joins in place: what continues a line moves up behind it, and never takes
 * more room than it had.
 */
#include "folded.h"

#include <stdbool.h>
#include <string.h>

static const char blanks[] = " \t\r\v\f";

struct folded
folded_start(char *text, enum folded_style style)
{
	return (struct folded){ .at = text, .line = 1, .style = style };
}

/* Cuts the next line off the text. */
static char *
line_cut(struct folded *f)
{
	char *line = f->at;

	f->at += strcspn(line, "\n");
	if (*f->at == '\n')
		*f->at++ = '\0';
	f->line++;
	return line;
}

/* An empty line, or a comment that does not end a logical line. */
static bool
is_passed_over(const struct folded *f, const char *line)
{
	line += strspn(line, blanks);
	return *line == '\0' || *line == '\n' ||
	       (*line == '#' && f->style == FOLDED_POSTFIX);
}

/* Appends what continues the line. */
static void
fold(struct folded *f, char *line)
{
	char *end = line + strlen(line);

	while (*f->at != '\0') {
		bool empty = is_passed_over(f, f->at);
		size_t len;
		char *next;

		if (empty ? f->style != FOLDED_POSTFIX
			  : *f->at != ' ' && *f->at != '\t')
			break;
		next = line_cut(f);
		if (empty)
			continue;
		len = strlen(next);
		memmove(end, next, len + 1);
		end += len;
	}
}

char *
folded_next(struct folded *f, uint32_t *line)
{
	while (*f->at != '\0') {
		uint32_t number = f->line;
		char *text = line_cut(f);
		size_t len;

		if (is_passed_over(f, text))
			continue;
		fold(f, text);
		if (*text == '#')
			continue;
		text += strspn(text, blanks);
		len = strlen(text);
		while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
			text[--len] = '\0';
		*line = number;
		return text;
	}
	return NULL;
}
