/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_dialogue.c - what a session of a protocol log says, as steps.
 *
 * Replies lag behind pipelined commands: the n-th is the n-th command's. The
 * log has no message, and hides what is said in AUTH. Exchange refuses for
 * many reasons; a refusal that no connector gives becomes a step in which
 * nobody has a say, so that what follows from it is not compared either.
 */
#include "log_dialogue.h"
#include "ascii.h"
#include "replies.h"
#include "smtp_line.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { STEPS_MAX = 100000 };

static bool
begins(const char *text, const char *word)
{
	return ascii_lower(text[0]) == ascii_lower(word[0]) &&
	       strncasecmp(text, word, strlen(word)) == 0;
}

/* A step at a line of the log; line 0: it takes no reply. */
static int
add_step(struct log_session *s, enum step_type type, uint32_t line,
    const char *text, struct step **out)
{
	struct recorded_session *r = &s->session;
	void *steps = r->steps;
	char *copy = arena_text(s->arena, text, strlen(text));

	if (copy == NULL ||
	    arena_grow(s->arena, &steps, r->nsteps, sizeof *r->steps) < 0)
		return -ENOMEM;
	r->steps = steps;
	*out = &r->steps[r->nsteps++];
	**out = (struct step){ .type = type, .line = line, .text = copy };
	return 0;
}

/* ---- Commands -------------------------------------------------------- */

/* The clock moves on where it decides: at MAIL. */
static int
add_time(struct log_session *s, int64_t at)
{
	struct step *step;

	if (s->at == at)
		return 0;
	s->at = at;
	if (add_step(s, STEP_AT, 0, "", &step) < 0)
		return -ENOMEM;
	step->at = at;
	return 0;
}

/* The chunk that ends a message, RFC 3030. */
static bool
is_last_chunk(const char *text)
{
	size_t len = strlen(text);

	return begins(text, "BDAT ") && len > 5 &&
	       strcasecmp(text + len - 5, " LAST") == 0;
}

int
log_command(
    struct log_session *s, const struct log_event *e, const char **wrong)
{
	struct step *step;

	s->multiline = false;
	if (s->auth)
		return 0;
	if (s->session.nsteps >= STEPS_MAX) {
		*wrong = "a session of more than 100000 steps";
		return -EINVAL;
	}
	if (begins(e->data, "XPROXY"))
		s->proxied = true;
	if (begins(e->data, "MAIL FROM:") && add_time(s, e->at) < 0)
		return -ENOMEM;
	if (add_step(s, STEP_OTHER, e->line, e->data, &step) < 0 ||
	    smtp_line_command(s->arena, step) < 0)
		return -ENOMEM;
	if (begins(e->data, "X-ANONYMOUSTLS"))
		step->type = STEP_STARTTLS;
	/* Without the message nobody can say more about it. */
	return is_last_chunk(e->data) ? add_step(s, STEP_RSET, 0, "", &step)
				      : 0;
}

/* ---- Replies --------------------------------------------------------- */

static bool
takes_reply(const struct step *step)
{
	return step->line != 0 && step->expect.line == 0;
}

/* Whether a connector refuses so, in either style. What is counted is not
 * decided again here, nor is what the engine says of broken mail. */
static bool
is_connectors(const char *code, const char *enhanced, size_t len)
{
	for (int i = REPLY_NONE + 1; i < REPLY_COUNT; i++) {
		enum reply_id id = (enum reply_id)i;

		if (reply_class(id) == REPLY_CLASS_UNDECIDED)
			continue;
		for (int style = 0; style <= REPLY_STYLE_MODERN; style++) {
			struct reply r = reply_get(id, (enum reply_style)style);

			if (strncmp(r.code, "421", 3) == 0 ||
			    strncmp(r.code, code, 3) != 0)
				continue;
			if (len == 0 ||
			    (strlen(r.enhanced) == len &&
				memcmp(r.enhanced, enhanced, len) == 0))
				return true;
		}
	}
	return false;
}

/* Of a refusal's enhanced code the class and the subject: the detail is
 * another one in every version of Exchange. */
static int
fill_expect(
    struct log_session *s, struct expect *expect, const struct log_event *e)
{
	const char *text = skip_blanks(e->data + 3 + (e->data[3] == '-'));
	size_t len = smtp_line_enhanced(text);

	expect->file = e->file;
	expect->line = e->line;
	memcpy(expect->code, e->data, 3);
	expect->recorded = arena_text(s->arena, e->data, strlen(e->data));
	if (expect->recorded == NULL)
		return -ENOMEM;
	if (len == 0 || e->data[0] < '4')
		return 0;
	len = strcspn(text + 2, ".") + 2;
	expect->enhanced = arena_text(s->arena, text, len);
	return expect->enhanced == NULL ? -ENOMEM : 0;
}

/* The client is in; a login is known by name where the log has it. */
static int
end_auth(struct log_session *s, const char *code)
{
	struct step *step;

	s->auth = false;
	if (strcmp(code, "235") != 0)
		return code[0] > '3';
	return add_step(
	    s, STEP_AUTH, 0, s->user != NULL ? s->user : "unknown", &step);
}

/* What follows from the reply to a step that is not compared. */
static int
take_outcome(struct log_session *s, struct step *step, const char *code)
{
	step->expect.line = 0;
	if (begins(step->text, "AUTH"))
		return end_auth(s, code);
	s->auth = false;
	return code[0] > '3';
}

/* The reply is a step's. */
static int
reply_to(struct log_session *s, struct step *step, const struct log_event *e)
{
	const char *text = skip_blanks(e->data + 3);
	struct step *message;
	bool refused = e->data[0] > '3';

	s->awaiting = (size_t)(step - s->session.steps) + 1;
	if (fill_expect(s, &step->expect, e) < 0)
		return -ENOMEM;
	if (refused && step->type != STEP_OTHER &&
	    !is_connectors(e->data, text, smtp_line_enhanced(text))) {
		step->type = STEP_OTHER;
		return 1;
	}
	switch (step->type) {
	case STEP_BANNER:
	case STEP_HELO:
	case STEP_MAIL:
	case STEP_RCPT:
		return 0;
	case STEP_DATA:
		/* It ends as if it had not been sent: see is_last_chunk(). */
		return e->data[0] != '3'
			   ? 0
			   : add_step(s, STEP_RSET, e->line, ".", &message);
	case STEP_MESSAGE:
	case STEP_RSET:
	case STEP_QUIT:
	case STEP_STARTTLS:
	case STEP_OTHER:
	case STEP_AUTH:
	case STEP_TLS:
	case STEP_AT:
		break;
	}
	return take_outcome(s, step, step->expect.code);
}

/* Before Exchange 2013 each line of a reply is a line of the log; since then
 * all are one, which may still begin with a dash. */
static bool
is_continued(struct log_session *s, const char *text)
{
	bool same = s->multiline && memcmp(s->last, text, 3) == 0;

	memcpy(s->last, text, 3);
	s->multiline = text[3] == '-';
	return same;
}

int
log_reply(struct log_session *s, const struct log_event *e, const char **wrong)
{
	struct recorded_session *r = &s->session;
	struct step *step;

	if (e->data[0] == '\0')
		return 0;
	if (!smtp_line_is_reply(e->data) || e->data[1] == 'x') {
		*wrong = "a reply that begins with no code";
		return -EINVAL;
	}
	if (is_continued(s, e->data))
		return 0;
	if (r->nsteps == 0 && add_step(s, STEP_BANNER, e->line, "", &step) < 0)
		return -ENOMEM;
	while (s->awaiting < r->nsteps && !takes_reply(&r->steps[s->awaiting]))
		s->awaiting++;
	if (s->awaiting < r->nsteps) {
		s->auth = strncmp(e->data, "334", 3) == 0;
		return s->auth ? 0 : reply_to(s, &r->steps[s->awaiting], e);
	}
	if (strncmp(e->data, "421", 3) == 0)
		return 1; /* it closes when it wants */
	*wrong = "a reply without a command";
	return -EINVAL;
}

/* ---- Information ----------------------------------------------------- */

static bool
has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; text != NULL; text = strchr(text, ' ')) {
		text = skip_blanks(text);
		if (strncmp(text, word, len) == 0 &&
		    (text[len] == ' ' || text[len] == '\0'))
			return true;
	}
	return false;
}

int
log_information(
    struct log_session *s, const struct log_event *e, const char **wrong)
{
	struct recorded_session *r = &s->session;

	(void)wrong;
	if (strcasecmp(e->context, "authenticated") == 0 &&
	    e->data[0] != '\0') {
		s->user = arena_text(s->arena, e->data, strlen(e->data));
		return s->user == NULL ? -ENOMEM : 0;
	}
	/* Before the banner: what an anonymous client may. */
	if (r->nsteps == 0 &&
	    strcasecmp(e->context, "Set Session Permissions") == 0) {
		r->permissions.line = e->line;
		r->permissions.relay =
		    has_word(e->data, "SMTPAcceptAnyRecipient");
	}
	return 0;
}
