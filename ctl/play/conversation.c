/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conversation.c - plays a recorded session to somebody, as an MTA would.
 *
 * Replies that no filter has a say in (banner, DATA, QUIT, a command out of
 * sequence) are an MTA's: they are made up here, and of the recorded ones
 * only the class is compared. NOOP, VRFY and their like are not compared.
 */
#include "conversation.h"

#include <stdio.h>
#include <string.h>

struct player {
	const struct conversation *with;
	const char *file;
	struct conversation_state state;
	struct play_report *report;
	struct answer answer; /* to the last step */
	bool closed;          /* the server said 421 */
	bool expected;        /* DATA was accepted: the message may follow */
};

static bool
is_accepted(const struct answer *a)
{
	return a->code[0] == '2' || a->code[0] == '3';
}

static bool
is_closing(const struct answer *a)
{
	return memcmp(a->code, "421", sizeof a->code) == 0;
}

static int
end_transaction(struct player *p)
{
	bool open = p->state.mail;

	p->state.mail = false;
	p->state.recipients = 0;
	p->expected = false;
	return open ? p->with->abort(p->with->ctx, &p->state) : 0;
}

static int
ask(struct player *p, const struct step *step, struct answer *a)
{
	answer_init(a, "250");
	return p->with->command(p->with->ctx, step, &p->state, a);
}

static int
play_command(struct player *p, const struct step *step, struct answer *a)
{
	struct conversation_state *s = &p->state;
	int rc = 0;

	switch (step->type) {
	case STEP_HELO:
		if ((rc = end_transaction(p)) == 0)
			rc = ask(p, step, a);
		break;
	case STEP_MAIL:
		if (s->mail) {
			answer_init(a, "503");
			break;
		}
		rc = ask(p, step, a);
		s->mail = is_accepted(a);
		break;
	case STEP_RCPT:
		if (!s->mail) {
			answer_init(a, "503");
			break;
		}
		rc = ask(p, step, a);
		s->recipients += is_accepted(a);
		break;
	case STEP_DATA:
		answer_init(a, "503");
		p->expected = false;
		if (s->recipients == 0)
			break;
		rc = ask(p, step, a);
		p->expected = is_accepted(a);
		if (p->expected && !a->said)
			answer_init(a, "354");
		break;
	case STEP_RSET:
		rc = end_transaction(p);
		break;
	case STEP_STARTTLS:
		s->tls = true;
		answer_init(a, "220");
		break;
	case STEP_QUIT:
		answer_init(a, "221");
		break;
	case STEP_BANNER:
	case STEP_MESSAGE:
	case STEP_OTHER:
	case STEP_AUTH:
	case STEP_TLS:
	case STEP_AT:
		break;
	}
	return rc;
}

static int
play_message(struct player *p, const struct step *step)
{
	const struct recorded_message *m = step->message;
	const struct recorded_field *fields = NULL;
	struct answer *a = &p->answer;
	size_t count = 0;
	int rc = 0;

	answer_init(a, p->expected ? "250" : "503");
	if (p->expected) {
		rc = p->with->message(
		    p->with->ctx, step, &p->state, a, &fields, &count);
		if (rc < 0)
			return rc;
	}
	if (step->expect.line == 0 && m->nmarks > 0)
		p->report->decisions++;
	report_reply(
	    p->report, p->file, step_stage(step), &step->expect, a, false);
	if (is_accepted(a))
		report_marks(p->report, p->file, m, fields, count);
	else
		report_refused(p->report, p->file, m);
	p->closed = is_closing(a);
	return end_transaction(p);
}

static int
play_step(struct player *p, const struct step *step)
{
	struct conversation_state *s = &p->state;
	struct answer *a = &p->answer;
	int rc;

	switch (step->type) {
	case STEP_AUTH:
		s->auth = step->text;
		return 0;
	case STEP_TLS:
		s->tls = true;
		s->tls_name = *step->text != '\0' ? step->text : NULL;
		return 0;
	case STEP_AT:
		s->now = step->at;
		return 0;
	case STEP_BANNER: /* is connect's */
	case STEP_OTHER:  /* nobody has a say */
		return 0;
	case STEP_MESSAGE:
		return play_message(p, step);
	case STEP_HELO:
	case STEP_MAIL:
	case STEP_RCPT:
	case STEP_DATA:
	case STEP_RSET:
	case STEP_QUIT:
	case STEP_STARTTLS:
		break;
	}
	answer_init(a, "250");
	if ((rc = play_command(p, step, a)) < 0)
		return rc;
	report_reply(
	    p->report, p->file, step_stage(step), &step->expect, a, false);
	p->closed = is_closing(a);
	return 0;
}

int
conversation_play(const struct conversation *with,
    const struct recorded_session *session, int64_t now,
    struct play_report *report)
{
	struct player p = {
		.with = with,
		.file = session->file,
		.report = report,
	};
	int rc;

	p.state.now = session->at != RECORDING_NOW ? session->at : now;
	report->sessions++;
	answer_init(&p.answer, "220");
	rc = with->connect(with->ctx, session, &p.state, &p.answer);
	if (rc == 0 && session->nsteps > 0 &&
	    session->steps[0].type == STEP_BANNER)
		report_reply(report, p.file, step_stage(&session->steps[0]),
		    &session->steps[0].expect, &p.answer, false);
	p.closed = is_closing(&p.answer);
	for (size_t i = 0; i < session->nsteps && rc == 0; i++) {
		const struct step *step = &session->steps[i];

		if (p.closed && step->expect.line != 0) {
			report_missing(report, p.file, step->expect.line,
			    step_stage(step), step->expect.recorded,
			    "the connection was closed");
			break;
		}
		rc = play_step(&p, step);
	}
	return rc;
}
