/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explained.c - a session of the engine, and all that it answers.
 *
 * What the engine says lives until it is fed again; here it is kept for good,
 * for explain_print.c.
 */
#include "explain.h"

#include <errno.h>
#include <string.h>

static int
keep_text(struct explained *e, const char *text, const char **out)
{
	char *copy = NULL;

	if (text != NULL &&
	    (copy = arena_text(e->arena, text, strlen(text))) == NULL)
		return -ENOMEM;
	*out = copy;
	return 0;
}

static void
on_candidate(void *ctx, const struct candidate *c)
{
	struct explained *e = ctx;
	void *considered = e->considered;
	struct candidate copy = *c;

	if (c->lost == NULL || e->failed)
		return;
	if (arena_grow(e->arena, &considered, e->nconsidered, sizeof copy) <
		0 ||
	    keep_text(e, c->connector, &copy.connector) < 0 ||
	    keep_text(e, c->lost, &copy.lost) < 0) {
		e->failed = true;
		return;
	}
	e->considered = considered;
	e->considered[e->nconsidered++] = copy;
}

/* A decision lives until the session is fed again; a step for good. */
static int
keep_step(struct explained *e, const struct decision *d, const char *argument)
{
	void *steps = e->steps;
	struct explained_step step = { .decision = *d };
	struct decision *copy = &step.decision;

	if (arena_grow(e->arena, &steps, e->nsteps, sizeof step) < 0 ||
	    keep_text(e, argument, &step.argument) < 0 ||
	    keep_text(e, d->reply.code, &copy->reply.code) < 0 ||
	    keep_text(e, d->reply.enhanced, &copy->reply.enhanced) < 0 ||
	    keep_text(e, d->reply.text, &copy->reply.text) < 0 ||
	    keep_text(e, d->right, &copy->right) < 0 ||
	    keep_text(e, d->why, &copy->why) < 0)
		return -ENOMEM;
	copy->edits = NULL;
	copy->nedits = 0;
	e->steps = steps;
	e->steps[e->nsteps++] = step;
	if (d->verdict == VERDICT_REJECT ||
	    (d->verdict == VERDICT_TEMPFAIL && e->verdict == VERDICT_ACCEPT))
		e->verdict = d->verdict;
	return 0;
}

int
explained_edits(struct explained *e, const struct decision *d)
{
	e->edits = arena_array(e->arena, d->nedits + 1, sizeof *e->edits);
	if (e->edits == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < d->nedits; i++) {
		e->edits[i] = d->edits[i];
		if (keep_text(e, d->edits[i].name, &e->edits[i].name) < 0 ||
		    keep_text(e, d->edits[i].value, &e->edits[i].value) < 0)
			return -ENOMEM;
	}
	e->nedits = d->nedits;
	return 0;
}

int
explained_feed(struct explained *e, struct session_event event,
    const char *argument, bool asked, struct decision *d)
{
	event.now = e->question->now;
	event.ticks = (uint64_t)e->question->now * 1000;
	session_feed(e->session, &event, d);
	if (!asked && d->verdict == VERDICT_ACCEPT && !d->monitored)
		return 0;
	return keep_step(e, d, argument);
}

int
explained_init(struct explained *e, const struct question *question,
    struct ruleset *ruleset)
{
	*e = (struct explained){
		.question = question,
		.verdict = VERDICT_ACCEPT,
		.arena = arena_new(0),
		.session = session_new(ruleset),
	};
	e->listener =
	    (struct session_listener){ .ctx = e, .candidate = on_candidate };
	if (e->arena == NULL || e->session == NULL) {
		explained_fini(e);
		return -ENOMEM;
	}
	session_listen(e->session, &e->listener);
	return 0;
}

/* The recipient is the first one that was refused. */
int
explained_misses(struct explained *e, struct ruleset *ruleset)
{
	const struct question *q = e->question;
	struct probe probe = {
		.client = q->client,
		.local = q->local,
		.helo = q->helo,
		.auth = q->auth,
		.certificate = q->cert,
		.from = q->from,
		.tls = q->tls,
		.at = q->now,
	};

	for (size_t i = 0; i < e->nsteps; i++) {
		const struct explained_step *step = &e->steps[i];

		if (step->decision.verdict == VERDICT_ACCEPT)
			continue;
		if (step->decision.stage == STAGE_RCPT)
			probe.rcpt = step->argument;
		return misses_find(ruleset, &probe, &e->misses);
	}
	return 0;
}

void
explained_fini(struct explained *e)
{
	misses_free(e->misses);
	session_free(e->session);
	arena_free(e->arena);
}
