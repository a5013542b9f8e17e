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

/* ---- C: lines -------------------------------------------------------- */

static int
on_command(struct parser *p, const char *text)
{
	struct step *step;

	if (parser_step(p, STEP_OTHER, text, &step) < 0)
		return -ENOMEM;
	if (p->replied) {
		p->awaiting = p->session.nsteps - 1;
		p->replied = false;
	}
	if (smtp_line_command(p->arena, step) < 0)
		return parser_no_memory(p);
	if (step->type == STEP_DATA)
		p->state = STATE_DATA;
	return 0;
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
dialogue_client(struct parser *p, char *text)
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
	e->recorded = text;
	s = skip_blanks(*s == '-' ? s + 1 : s);
	e->enhanced = NULL;
	e->text = NULL;
	if ((len = smtp_line_enhanced(s)) != 0) {
		e->enhanced = arena_text(p->arena, s, len);
		if (e->enhanced == NULL)
			return parser_no_memory(p);
		s = skip_blanks(s + len);
	}
	for (len = strlen(s); len > 0 && s[len - 1] == ' '; len--)
		;
	if (len != 0)
		e->text = s[len] == '\0' ? s : arena_text(p->arena, s, len);
	return len != 0 && e->text == NULL ? parser_no_memory(p) : 0;
}

static bool
takes_reply(const struct step *step)
{
	return step->type != STEP_AUTH && step->type != STEP_TLS &&
	       step->type != STEP_AT;
}

int
dialogue_server(struct parser *p, char *line)
{
	struct recorded_session *s = &p->session;
	const char *text = skip_blanks(line);
	struct step *step;

	if (p->state == STATE_MESSAGE)
		return parser_complain(
		    p, "a reply within a message: C: . is missing");
	if (!smtp_line_is_reply(text))
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
