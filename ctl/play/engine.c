/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.c - a ruleset as a partner in conversation.
 *
 * Turns the steps of a recording into events, and decisions into answers.
 */
#include "engine.h"

#include <errno.h>
#include <string.h>

enum { COUNTERS = 4096 }; /* keys that recordings may count */

static void
feed(struct engine *e, struct session_event *event,
    const struct conversation_state *state, struct decision *d,
    struct answer *a)
{
	event->now = state->now;
	event->ticks = (uint64_t)state->now * 1000;
	session_feed(e->session, event, d);
	if (d->verdict != VERDICT_ACCEPT)
		answer_set(a, &d->reply);
}

static int
engine_connect(void *ctx, const struct recorded_session *recorded,
    const struct conversation_state *state, struct answer *a)
{
	struct session_event event = { .stage = STAGE_CONNECT };
	struct engine *e = ctx;
	struct decision d;

	/* Those of a protocol log are played at their ends, one by one: what
	 * they count would not be what Exchange counted. */
	session_count(
	    e->session, recorded->connector == NULL ? &e->counters : NULL);
	event.connect.client = recorded->client;
	event.connect.client_port = recorded->client_port;
	event.connect.local = recorded->local;
	feed(e, &event, state, &d, a);
	e->rights = session_rights(e->session);
	return 0;
}

static int
engine_command(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a)
{
	struct session_event event = { .stage = STAGE_DATA };
	struct decision d;

	if (step->type == STEP_HELO) {
		event.stage = STAGE_HELO;
		event.helo.name = step->argument;
	} else if (step->type == STEP_MAIL) {
		event.stage = STAGE_MAIL;
		event.mail.sender = step->argument;
		event.mail.params = step->params;
		event.mail.auth = state->auth;
		event.mail.tls = state->tls;
		event.mail.cert = state->tls_name;
	} else if (step->type == STEP_RCPT) {
		event.stage = STAGE_RCPT;
		event.rcpt.recipient = step->argument;
		event.rcpt.params = step->params;
	}
	feed(ctx, &event, state, &d, a);
	return 0;
}

static int
engine_message(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a,
    const struct recorded_field **fields, size_t *count)
{
	const struct recorded_message *m = step->message;
	struct decision d = { .verdict = VERDICT_ACCEPT };
	struct engine *e = ctx;
	struct recorded_field *out;

	for (size_t i = 0; i < m->nfields && d.verdict == VERDICT_ACCEPT; i++) {
		struct session_event event = { .stage = STAGE_HEADER };

		event.header.name = m->fields[i].name;
		event.header.value = m->fields[i].value;
		feed(e, &event, state, &d, a);
	}
	if (d.verdict == VERDICT_ACCEPT)
		feed(e, &(struct session_event){ .stage = STAGE_EOH }, state,
		    &d, a);
	if (d.verdict == VERDICT_ACCEPT && m->body_bytes > 0) {
		struct session_event event = { .stage = STAGE_BODY };

		event.body.bytes = m->body_bytes;
		feed(e, &event, state, &d, a);
	}
	if (d.verdict == VERDICT_ACCEPT)
		feed(e, &(struct session_event){ .stage = STAGE_EOM }, state,
		    &d, a);
	if (d.verdict != VERDICT_ACCEPT)
		return 0;
	e->edits = d.edits;
	e->nedits = d.nedits;
	arena_reset(e->arena);
	if (fields_apply(e->arena, m, d.edits, d.nedits, &out, count) < 0)
		return -ENOMEM;
	*fields = out;
	return 0;
}

static int
engine_abort(void *ctx, const struct conversation_state *state)
{
	struct answer a;
	struct decision d;

	feed(ctx, &(struct session_event){ .stage = STAGE_ABORT }, state, &d,
	    &a);
	return 0;
}

int
engine_init(struct engine *e, struct ruleset *ruleset)
{
	*e = (struct engine){
		.ruleset = ruleset,
		.arena = arena_new(0),
		.table = counter_table_new(COUNTERS, 0),
		.session = session_new(ruleset),
	};
	if (e->arena == NULL || e->table == NULL || e->session == NULL) {
		engine_fini(e);
		return -ENOMEM;
	}
	e->counters = counter_table_counters(e->table);
	return 0;
}

void
engine_fini(struct engine *e)
{
	session_free(e->session);
	counter_table_free(e->table);
	arena_free(e->arena);
	ruleset_unref(e->ruleset);
	*e = (struct engine){ 0 };
}

struct conversation
engine_conversation(struct engine *e)
{
	return (struct conversation){
		.ctx = e,
		.connect = engine_connect,
		.command = engine_command,
		.message = engine_message,
		.abort = engine_abort,
	};
}
