/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialogue.c - the C: and S: lines of a recording.
 *
 * Knows which command a reply belongs to (the n-th of a group of pipelined
 * commands has the n-th reply, RFC 2920) and where a message begins and ends.
 * fields.c takes the messages apart.
 */
#include "fields.h"
#include "parser.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- C: lines -------------------------------------------------------- */

/* The end of a mailbox as typed: the first blank outside quotes and angle
 * brackets. */
static size_t
mailbox_length(const char *s)
{
	bool quoted = false;
	int depth = 0;
	size_t i;

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

/* "<a@b> SIZE=1 BODY=8BITMIME" to argument and parameters. */
static int
split_mailbox(struct parser *p, struct step *step, const char *s)
{
	size_t len, count = 0;
	void *params = NULL;
	const char *word = "";

	s = skip_blanks(s);
	len = mailbox_length(s);
	if ((step->argument = arena_text(p->arena, s, len)) == NULL)
		return parser_no_memory(p);
	s = skip_blanks(s + len);
	while (word != NULL) {
		word = *s != '\0' ? parser_word(p, &s) : NULL;
		if (arena_grow(p->arena, &params, count, sizeof word) < 0)
			return parser_no_memory(p);
		step->params = params;
		step->params[count++] = word;
	}
	return 0;
}

static const struct {
	const char *verb; /* with "FROM:" and "TO:" where a mailbox follows */
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

static int
on_command(struct parser *p, const char *text)
{
	enum step_type type = STEP_OTHER;
	const char *rest = "";
	struct step *step;

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		size_t len = strlen(verbs[i].verb);

		if (strncasecmp(text, verbs[i].verb, len) != 0)
			continue;
		rest = text + len;
		if (verbs[i].verb[len - 1] != ':' && *rest != ' ' &&
		    *rest != '\0')
			continue;
		type = verbs[i].type;
		break;
	}
	if (parser_step(p, type, text, &step) < 0)
		return -ENOMEM;
	if (p->replied) {
		p->awaiting = p->session.nsteps - 1;
		p->replied = false;
	}
	if (type == STEP_DATA)
		p->state = STATE_DATA;
	if (type == STEP_MAIL || type == STEP_RCPT)
		return split_mailbox(p, step, rest);
	rest = skip_blanks(rest);
	step->argument = arena_text(p->arena, rest, strlen(rest));
	return step->argument == NULL ? parser_no_memory(p) : 0;
}

static int
begin_message(struct parser *p)
{
	struct step *step;

	if (parser_step(p, STEP_MESSAGE, ".", &step) < 0 ||
	    (step->message = arena_alloc(p->arena, sizeof *step->message)) ==
		NULL)
		return parser_no_memory(p);
	p->message = step->message;
	p->awaiting = p->session.nsteps - 1;
	p->replied = false;
	p->state = STATE_MESSAGE;
	return 0;
}

int
dialogue_client(struct parser *p, const char *text)
{
	if (*text == ' ')
		text++;
	/* DATA ends a group (RFC 2920 section 3.1), so without a reply the
	 * next line is of the message. */
	if (p->state == STATE_DATA && begin_message(p) < 0)
		return -ENOMEM;
	if (p->state == STATE_COMMANDS)
		return *text == '\0' ? parser_complain(p, "an empty command")
				     : on_command(p, text);
	if (strcmp(text, ".") == 0) {
		p->state = STATE_COMMANDS;
		return fields_split(p->arena, p->message) < 0
			   ? parser_no_memory(p)
			   : 0;
	}
	if (fields_line(p->arena, p->message, text + (*text == '.')) < 0)
		return parser_no_memory(p);
	return 0;
}

/* ---- S: lines -------------------------------------------------------- */

static size_t
enhanced_length(const char *s)
{
	size_t len = strspn(s, "0123456789.");
	int dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && (i == 0 || !is_digit(s[i - 1])))
			return 0;
		dots += s[i] == '.';
	}
	if (dots != 2 || strchr("245", s[0]) == NULL || s[1] != '.' ||
	    !is_digit(s[len - 1]) || (s[len] != ' ' && s[len] != '\0'))
		return 0;
	return len;
}

static bool
is_code(const char *s)
{
	if (s[0] < '2' || s[0] > '5')
		return false;
	if ((!is_digit(s[1]) || !is_digit(s[2])) &&
	    strncmp(s + 1, "xx", 2) != 0)
		return false;
	return s[3] == ' ' || s[3] == '-' || s[3] == '\0';
}

static int
fill_expect(struct parser *p, struct expect *e, const char *text)
{
	const char *s = text + 3;
	size_t len;

	if (e->line == 0)
		e->line = p->lines->line;
	else if (strncmp(e->code, text, 3) != 0)
		return parser_complain(
		    p, "one reply, two codes: %s and %.3s", e->code, text);
	memcpy(e->code, text, 3);
	e->recorded = arena_text(p->arena, text, strlen(text));
	s = skip_blanks(*s == '-' ? s + 1 : s);
	e->enhanced = NULL;
	e->text = NULL;
	if ((len = enhanced_length(s)) != 0) {
		e->enhanced = arena_text(p->arena, s, len);
		if (e->enhanced == NULL)
			return parser_no_memory(p);
		s = skip_blanks(s + len);
	}
	for (len = strlen(s); len > 0 && s[len - 1] == ' '; len--)
		;
	if (len != 0 && (e->text = arena_text(p->arena, s, len)) == NULL)
		return parser_no_memory(p);
	return e->recorded == NULL ? parser_no_memory(p) : 0;
}

static bool
takes_reply(const struct step *step)
{
	return step->type != STEP_AUTH && step->type != STEP_TLS &&
	       step->type != STEP_AT;
}

int
dialogue_server(struct parser *p, const char *text)
{
	struct recorded_session *s = &p->session;
	struct step *step;

	text = skip_blanks(text);
	if (p->state == STATE_MESSAGE)
		return parser_complain(
		    p, "a reply within a message: C: . is missing");
	if (!is_code(text))
		return parser_complain(p, "a reply begins with three digits");
	if (s->nsteps == 0 && parser_step(p, STEP_BANNER, "", &step) < 0)
		return -ENOMEM;
	while (p->awaiting < s->nsteps && !takes_reply(&s->steps[p->awaiting]))
		p->awaiting++;
	if (p->awaiting >= s->nsteps)
		return parser_complain(
		    p, "a reply without a command before it");
	step = &s->steps[p->awaiting];
	if (fill_expect(p, &step->expect, text) < 0)
		return -EINVAL;
	p->multiline = text[3] == '-';
	p->replied = true;
	if (p->multiline)
		return 0;
	p->awaiting++;
	if (step->type == STEP_DATA) {
		p->state = STATE_COMMANDS;
		if (text[0] == '3')
			return begin_message(p);
	}
	return 0;
}
