/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_line.h - one line of SMTP, taken apart: a command or a reply.
 *
 * Knows the line and nothing of what came before it.
 */
#ifndef SMTP_LINE_H
#define SMTP_LINE_H

#include "recording.h"

/* Fills type, argument and params of a step from its text, which is what a
 * client sent; they live as long as the text and the arena. -ENOMEM. */
int smtp_line_command(struct arena *, struct step *);
/* Whether a reply begins with a code, or with a class as in "5xx". */
bool smtp_line_is_reply(const char *);
/* The length of an enhanced code, "5.7.1", that a text begins with, or 0. */
size_t smtp_line_enhanced(const char *);

static inline const char *
skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

#endif
