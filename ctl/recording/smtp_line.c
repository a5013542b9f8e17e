/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_line.c - one line of SMTP, taken apart.
 */
#include "smtp_line.h"
#include "ascii.h"

#include <errno.h>
#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The end of a mailbox as typed: the first blank outside quotes and angle
 * brackets. */
static size_t
mailbox_length(const char *s)
{
	bool quoted = false;
	int depth = 0;
	size_t i;

	if (strchr(s, ' ') == NULL)
		return strlen(s);
	for (i = 0; s[i] != '\0'; i++) {
		if (s[i] == '\\' && s[i + 1] != '\0')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (s[i] == '<')
			depth++;
		else if (s[i] == '>' && depth > 0)
			depth--;
		else if (s[i] == ' ' && depth == 0)
			break;
	}
	return i;
}

static int
split_params(struct arena *arena, struct step *step, const char *s)
{
	const char **params, *word = "";
	void *grown = NULL;
	size_t count = 0;

	while (word != NULL) {
		size_t len = strcspn(s = skip_blanks(s), " \t");

		word = NULL;
		if (len > 0 && (word = arena_text(arena, s, len)) == NULL)
			return -ENOMEM;
		if (arena_grow(arena, &grown, count, sizeof word) < 0)
			return -ENOMEM;
		params = grown;
		params[count++] = word;
		s += len;
	}
	step->params = params;
	return 0;
}

/* "<a@b> SIZE=1 BODY=8BITMIME" to argument and parameters. */
static int
split_mailbox(struct arena *arena, struct step *step, const char *s)
{
	static const char *const none[] = { NULL };
	size_t len = mailbox_length(s);

	step->argument = s;
	step->params = none;
	if (s[len] == '\0')
		return 0;
	if ((step->argument = arena_text(arena, s, len)) == NULL)
		return -ENOMEM;
	return split_params(arena, step, s + len);
}

static const struct {
	const char *verb; /* with "FROM:" and "TO:" before a mailbox */
	enum step_type type;
} verbs[] = {
	{ "EHLO", STEP_HELO },
	{ "HELO", STEP_HELO },
	{ "LHLO", STEP_HELO },
	{ "MAIL FROM:", STEP_MAIL },
	{ "RCPT TO:", STEP_RCPT },
	{ "DATA", STEP_DATA },
	{ "RSET", STEP_RSET },
	{ "QUIT", STEP_QUIT },
	{ "STARTTLS", STEP_STARTTLS },
};

int
smtp_line_command(struct arena *arena, struct step *step)
{
	const char *text = step->text, *rest = "";

	step->type = STEP_OTHER;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		size_t len = ascii_prefix(text, verbs[i].verb);

		if (len == 0 || (text[len - 1] != ':' && text[len] != ' ' &&
				    text[len] != '\0'))
			continue;
		rest = skip_blanks(text + len);
		step->type = verbs[i].type;
		break;
	}
	if (step->type == STEP_MAIL || step->type == STEP_RCPT)
		return split_mailbox(arena, step, rest);
	step->argument = rest;
	return 0;
}

/* Three numbers, the first of which is a class. */
size_t
smtp_line_enhanced(const char *s)
{
	size_t i = 0;

	if (s[0] == '\0' || strchr("245", s[0]) == NULL || s[1] != '.')
		return 0;
	for (int number = 0; number < 3; number++) {
		if (number > 0 && s[i++] != '.')
			return 0;
		if (!is_digit(s[i]))
			return 0;
		while (is_digit(s[i]))
			i++;
	}
	return s[i] == ' ' || s[i] == '\0' ? i : 0;
}

bool
smtp_line_is_reply(const char *s)
{
	if (s[0] < '2' || s[0] > '5')
		return false;
	if ((!is_digit(s[1]) || !is_digit(s[2])) &&
	    strncmp(s + 1, "xx", 2) != 0)
		return false;
	return s[3] == ' ' || s[3] == '-' || s[3] == '\0';
}
