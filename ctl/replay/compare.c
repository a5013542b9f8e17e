/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.c - two policies over the same recordings.
 *
 * Listens to each engine as a session is played to it, then lays what they
 * answered side by side, step by step.
 */
#include "compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* An engine was asked, and answered. */
struct compared {
	const struct step *step; /* NULL: connect */
	struct answer answer;
	const char *connector;
	struct edit *edits; /* of a message that was accepted */
	size_t nedits;
};

int
compare_init(struct compare *c, struct engine *engine, struct engine *other)
{
	*c = (struct compare){ .engines = { engine, other } };
	c->arena = arena_new(0);
	return c->arena == NULL ? -ENOMEM : 0;
}

void
compare_fini(struct compare *c)
{
	arena_free(c->arena);
}

/* ---- Listening --------------------------------------------------------- */

static int
listen_to(struct compare *c, const struct step *step, const struct answer *a,
    struct compared **out)
{
	struct engine *e = c->engines[c->turn];
	size_t *count = &c->count[c->turn];
	void *items = c->asked[c->turn];
	struct compared *asked;

	if (arena_grow(c->arena, &items, *count, sizeof *asked) < 0)
		return -ENOMEM;
	c->asked[c->turn] = items;
	asked = &c->asked[c->turn][(*count)++];
	*asked = (struct compared){
		.step = step,
		.answer = *a,
		.connector = session_connector(e->session),
	};
	*out = asked;
	return 0;
}

static int
listen_connect(void *ctx, const struct recorded_session *session,
    const struct conversation_state *state, struct answer *a)
{
	struct compare *c = ctx;
	struct compared *asked;
	struct conversation with = engine_conversation(c->engines[c->turn]);
	int rc = with.connect(with.ctx, session, state, a);

	return rc < 0 ? rc : listen_to(c, NULL, a, &asked);
}

static int
listen_command(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a)
{
	struct compare *c = ctx;
	struct compared *asked;
	struct conversation with = engine_conversation(c->engines[c->turn]);
	int rc = with.command(with.ctx, step, state, a);

	return rc < 0 ? rc : listen_to(c, step, a, &asked);
}

/* The engine's edits live no longer than its next message. */
static int
copy_edits(struct arena *arena, const struct engine *e, struct compared *asked)
{
	asked->edits = arena_array(arena, e->nedits, sizeof *asked->edits);
	if (asked->edits == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < e->nedits; i++) {
		const struct edit *from = &e->edits[i];
		struct edit *to = &asked->edits[i];
		const char *value = from->value != NULL ? from->value : "";

		*to = *from;
		to->name = arena_text(arena, from->name, strlen(from->name));
		to->value = arena_text(arena, value, strlen(value));
		if (to->name == NULL || to->value == NULL)
			return -ENOMEM;
	}
	asked->nedits = e->nedits;
	return 0;
}

static int
listen_message(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a,
    const struct recorded_field **fields, size_t *count)
{
	struct compare *c = ctx;
	struct engine *e = c->engines[c->turn];
	struct conversation with = engine_conversation(e);
	struct compared *asked;
	int rc = with.message(with.ctx, step, state, a, fields, count);

	if (rc == 0)
		rc = listen_to(c, step, a, &asked);
	if (rc == 0 && !a->said)
		rc = copy_edits(c->arena, e, asked);
	return rc;
}

static int
listen_abort(void *ctx, const struct conversation_state *state)
{
	struct compare *c = ctx;
	struct conversation with = engine_conversation(c->engines[c->turn]);

	return with.abort(with.ctx, state);
}

/* ---- Side by side ------------------------------------------------------ */

struct policy_pair {
	const struct recorded_session *session;
	const struct compared *one, *other;
	struct play_report *report;
};

static void
tell(const struct policy_pair *p, const char *decided, const char *other)
{
	const struct step *step = p->one->step;
	struct play_report *r = p->report;
	char argument[PRINTABLE_SIZE];
	struct reply_difference d = {
		.file = p->session->file,
		.line = p->session->line,
		.stage = stage_name(STAGE_CONNECT),
		.argument = "",
		.decided = decided,
		.connector = p->one->connector,
		.other = other,
		.other_connector = p->other->connector,
	};

	if (step != NULL) {
		d.line =
		    step->expect.line != 0 ? step->expect.line : step->line;
		d.stage = step_stage(step);
	}
	if (step != NULL && step->argument != NULL)
		d.argument = printable(step->argument, argument);
	r->differences++;
	r->difference(r->ctx, &d);
}

static bool
same_answer(const struct answer *a, const struct answer *b)
{
	return strcmp(a->code, b->code) == 0 &&
	       strcmp(a->enhanced, b->enhanced) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

static const char *
edit_format(const struct edit *e, char text[PRINTABLE_SIZE])
{
	char raw[PRINTABLE_SIZE];

	if (e->type == EDIT_STRIP)
		snprintf(raw, sizeof raw, "strip %s", e->name);
	else
		snprintf(raw, sizeof raw, "stamp %s: %s", e->name, e->value);
	return printable(raw, text);
}

static bool
has_edit(const struct compared *asked, const struct edit *e)
{
	for (size_t i = 0; i < asked->nedits; i++) {
		const struct edit *f = &asked->edits[i];

		if (f->type == e->type && f->count == e->count &&
		    strcasecmp(f->name, e->name) == 0 &&
		    strcmp(f->value, e->value) == 0)
			return true;
	}
	return false;
}

static void
compare_edits(const struct policy_pair *p)
{
	char text[PRINTABLE_SIZE], not [PRINTABLE_SIZE + 4];

	for (size_t i = 0; i < p->one->nedits; i++) {
		if (has_edit(p->other, &p->one->edits[i]))
			continue;
		edit_format(&p->one->edits[i], text);
		snprintf(not, sizeof not, "no %s", text);
		tell(p, text, not );
	}
	for (size_t i = 0; i < p->other->nedits; i++) {
		if (has_edit(p->one, &p->other->edits[i]))
			continue;
		edit_format(&p->other->edits[i], text);
		snprintf(not, sizeof not, "no %s", text);
		tell(p, not, text);
	}
}

static void
compare_pair(const struct policy_pair *p)
{
	const struct answer *a = &p->one->answer, *b = &p->other->answer;
	char decided[PRINTABLE_SIZE], other[PRINTABLE_SIZE];

	p->report->decisions++;
	if (same_answer(a, b))
		compare_edits(p);
	else
		tell(p, answer_format(a, decided), answer_format(b, other));
}

/* Both were asked at connect, and then in the order of the steps, but not both
 * at each. */
static void
compare_all(const struct compare *c, struct policy_pair *p)
{
	size_t i = 0, j = 0;

	while (i < c->count[0] && j < c->count[1]) {
		const struct step *one = c->asked[0][i].step;
		const struct step *other = c->asked[1][j].step;

		p->one = &c->asked[0][i];
		p->other = &c->asked[1][j];
		if (one == other)
			compare_pair(p);
		i += one <= other;
		j += other <= one;
	}
}

static void
ignore(void *ctx, const struct reply_difference *d)
{
	(void)ctx;
	(void)d;
}

int
compare_play(struct compare *c, const struct recorded_session *session,
    int64_t now, struct play_report *report)
{
	const struct conversation with = {
		.ctx = c,
		.connect = listen_connect,
		.command = listen_command,
		.message = listen_message,
		.abort = listen_abort,
	};
	struct policy_pair pair = { .session = session, .report = report };

	arena_reset(c->arena);
	for (c->turn = 0; c->turn < 2; c->turn++) {
		struct play_report recorded = { .difference = ignore };
		int rc;

		c->asked[c->turn] = NULL;
		c->count[c->turn] = 0;
		rc = conversation_play(&with, session, now, &recorded);
		if (rc < 0)
			return rc;
	}
	report->sessions++;
	compare_all(c, &pair);
	return 0;
}
