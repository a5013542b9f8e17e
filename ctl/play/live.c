/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.c - plays a recorded session to a live MTA, command by command.
 *
 * smtp.c speaks the protocol and xclient.c says who the client is; here is
 * what is said, and what is made of the replies.
 */
#include "live.h"
#include "xclient.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* A session that is being played. */
struct call {
	struct live *live;
	const char *file;
	struct smtp smtp;
	bool closed; /* the server said 421 */
	bool data;   /* it waits for a message */
};

/* ---- What cannot be played -------------------------------------------- */

const char *
unplayable_reason(enum unplayable why)
{
	static const char *const reasons[] = {
		[PLAYABLE] = "",
		[UNPLAYABLE_AT] = "the clock cannot be set",
		[UNPLAYABLE_AUTH] = "no login name without XCLIENT",
		[UNPLAYABLE_AUTH_COMMAND] = "AUTH and STARTTLS are not spoken",
		[UNPLAYABLE_AUTH_LATER] = "a login after the first command",
		[UNPLAYABLE_CLIENT] = "the client's address is not of loopback",
		[UNPLAYABLE_COMMAND] = "a command that is not sent to an MTA",
		[UNPLAYABLE_LISTENER] = "the listener cannot be chosen",
		[UNPLAYABLE_LOCAL] = "a local submission",
		[UNPLAYABLE_MARKS] = "marks, but no --delivered",
		[UNPLAYABLE_TLS] = "TLS is not spoken",
		[UNPLAYABLE_XCLIENT] = "the MTA does not offer this XCLIENT",
	};

	return reasons[why];
}

/* Where nothing is to be delivered, no command may do so in another way. */
static enum unplayable
command_unplayable(const struct live *live, const char *text)
{
	static const char *const harmless[] = { "NOOP", "VRFY", "EXPN",
		"HELP" };

	if (strncasecmp(text, "AUTH", 4) == 0)
		return UNPLAYABLE_AUTH_COMMAND;
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
		if (strncasecmp(text, harmless[i], 4) == 0)
			return PLAYABLE;
	}
	return live->delivers ? PLAYABLE : UNPLAYABLE_COMMAND;
}

static enum unplayable
step_unplayable(const struct live *live, const struct step *step, bool begun)
{
	/* Some take it for the end of a line. */
	if (!live->delivers && strchr(step->text, '\r') != NULL)
		return UNPLAYABLE_COMMAND;
	switch (step->type) {
	case STEP_AT:
		return UNPLAYABLE_AT;
	case STEP_TLS:
		return UNPLAYABLE_TLS;
	case STEP_STARTTLS:
		return UNPLAYABLE_AUTH_COMMAND;
	case STEP_AUTH:
		if (!live->xclient)
			return UNPLAYABLE_AUTH;
		return begun ? UNPLAYABLE_AUTH_LATER : PLAYABLE;
	case STEP_OTHER:
		return command_unplayable(live, step->text);
	case STEP_MESSAGE:
	case STEP_BANNER:
	case STEP_HELO:
	case STEP_MAIL:
	case STEP_RCPT:
	case STEP_DATA:
	case STEP_RSET:
	case STEP_QUIT:
		break;
	}
	return PLAYABLE;
}

enum unplayable
live_unplayable(const struct live *live, const struct recorded_session *s)
{
	enum unplayable why = PLAYABLE;
	bool begun = false;

	if (s->client_port == 0)
		return UNPLAYABLE_LOCAL;
	if (s->at != RECORDING_NOW)
		return UNPLAYABLE_AT;
	for (size_t i = 0; i < s->nsteps && why == PLAYABLE; i++) {
		why = step_unplayable(live, &s->steps[i], begun);
		/* XCLIENT comes before all; a login after EHLO is that. */
		begun = begun || s->steps[i].type == STEP_MAIL;
	}
	return why;
}

/* ---- Who the client is -------------------------------------------------- */

static const char *
session_login(const struct recorded_session *s)
{
	for (size_t i = 0; i < s->nsteps; i++) {
		if (s->steps[i].type == STEP_AUTH)
			return s->steps[i].text;
	}
	return NULL;
}

/* An end of the session, as it is to be said here. */
static int
endpoint(
    const struct live *live, const char *text, struct netaddr *addr, int *port)
{
	char why[NETADDR_WHY_SIZE];

	return live->endpoint != NULL
		   ? live->endpoint(live->ctx, text, addr, port)
		   : recording_endpoint(text, addr, port, why);
}

static int
fill_xclient(const struct live *live, const struct recorded_session *s,
    struct xclient *x)
{
	int port = s->local.port;

	*x = (struct xclient){
		.port = s->client_port,
		.local = s->local,
		.login = session_login(s),
		.listens = s->local_text != NULL,
	};
	if (endpoint(live, s->client_text, &x->client, &x->port) < 0)
		return -EINVAL;
	/* Without "to" it is port 25, at an address that no policy names. */
	if (s->local_text == NULL)
		x->local.addr.lo =
		    x->local.addr.family == FAMILY_IPV6 ? 1 : 0x7f000001;
	else if (endpoint(live, s->local_text, &x->local.addr, &port) < 0)
		return -EINVAL;
	x->local.port = (uint16_t)port;
	return 0;
}

/* The connection is the recorded one as it is. */
static bool
is_real(const struct call *call, const struct xclient *x)
{
	struct listener here, there;

	if (smtp_ends(&call->smtp, &here, &there) < 0)
		return false;
	return x->login == NULL &&
	       netaddr_compare(&here.addr, &x->client) == 0 &&
	       (!x->listens ||
		   (netaddr_compare(&there.addr, &x->local.addr) == 0 &&
		       there.port == x->local.port));
}

/* The greeting that follows is the one of the session. */
static int
impersonate(
    struct call *call, const struct recorded_session *s, struct answer *a)
{
	char line[XCLIENT_SIZE];
	struct answer greeting = *a;
	struct xclient x = { .login = NULL };
	int rc = smtp_command(&call->smtp, "EHLO connectorctl", a);

	if (rc == 0)
		rc = fill_xclient(call->live, s, &x);
	if (rc < 0)
		return rc;
	rc = xclient_format(&x, &call->smtp, line);
	if (rc == -EOPNOTSUPP && is_real(call, &x)) {
		*a = greeting;
		return 0;
	}
	if (rc == 0)
		rc = smtp_command(&call->smtp, line, a);
	if (rc < 0)
		return rc;
	return a->code[0] == '2' || a->code[0] == '4' ? 0 : -EPROTO;
}

/* ---- The dialogue ------------------------------------------------------ */

/* Words of acceptance that no filter has a say in. */
static bool
is_mta_only(const struct step *step)
{
	return step->type != STEP_MAIL && step->type != STEP_RCPT &&
	       step->type != STEP_MESSAGE &&
	       (step->expect.code[0] == '2' || step->expect.code[0] == '3');
}

static void
compare(struct call *call, const struct step *step, const struct answer *a)
{
	struct expect e = step->expect;

	if (is_mta_only(step)) {
		memcpy(e.code + 1, "xx", 2);
		e.enhanced = e.text = NULL;
	}
	if (call->live->mta_refuses && step->type == STEP_RCPT &&
	    (e.code[0] == '5' || e.code[0] == '4')) {
		memcpy(e.code + 1, "xx", 2);
		e.text = NULL;
		/* It may find fault with the address first, RFC 3463. */
		if (strncmp(a->enhanced, "5.1.", 4) == 0)
			e.enhanced = NULL;
	}
	report_reply(
	    call->live->report, call->file, step_stage(step), &e, a, true);
}

static int
play_message(struct call *call, const struct step *step)
{
	const struct recorded_message *m = step->message;
	struct live *live = call->live;
	struct answer a;
	int rc = live->begin != NULL ? live->begin(live->ctx, &call->smtp) : 0;

	for (size_t i = 0; i < m->nlines && rc == 0; i++)
		rc = smtp_line(&call->smtp, m->lines[i]);
	if (rc == 0)
		rc = smtp_end(&call->smtp, &a);
	if (rc < 0)
		return rc;
	if (step->expect.line == 0 && m->nmarks > 0)
		live->report->decisions++;
	compare(call, step, &a);
	call->closed = strcmp(a.code, "421") == 0;
	if (a.code[0] != '2')
		report_refused(live->report, call->file, m);
	else if (live->accepted != NULL)
		return live->accepted(live->ctx, call->file, step);
	return 0;
}

static int
reset(struct call *call)
{
	struct answer a;
	int rc = smtp_command(&call->smtp, "RSET", &a);

	if (rc == 0)
		call->closed = strcmp(a.code, "421") == 0;
	return rc;
}

static int
hang_up(struct call *call)
{
	struct answer a;
	int rc = call->live->delivers ? 0 : reset(call);

	return rc == 0 ? smtp_command(&call->smtp, "QUIT", &a) : rc;
}

static int
play_command(struct call *call, const struct step *step)
{
	struct answer a;
	int rc = smtp_command(&call->smtp, step->text, &a);

	if (rc < 0)
		return rc;
	compare(call, step, &a);
	call->data = step->type == STEP_DATA && a.code[0] == '3';
	call->closed = strcmp(a.code, "421") == 0;
	return 0;
}

static int
play_step(struct call *call, const struct step *step)
{
	bool data = call->data;

	if (!call->live->delivers && step->type == STEP_DATA)
		return 0;
	if (!call->live->delivers && step->type == STEP_MESSAGE)
		return reset(call);
	if (step->type != STEP_MESSAGE)
		return play_command(call, step);
	call->data = false;
	if (data)
		return play_message(call, step);
	report_missing(call->live->report, call->file, step->line,
	    step_stage(step), "a message", "DATA was refused");
	return 0;
}

static int
play_steps(struct call *call, const struct recorded_session *s)
{
	int rc = 0;

	for (size_t i = 0; i < s->nsteps && rc == 0; i++) {
		const struct step *step = &s->steps[i];

		if (step->type == STEP_AUTH || step->type == STEP_BANNER)
			continue;
		if (call->closed ||
		    (call->data && step->type != STEP_MESSAGE)) {
			report_missing(call->live->report, call->file,
			    step->line, step_stage(step), "a command",
			    call->data ? "the MTA waits for a message"
				       : "the connection was closed");
			return 0;
		}
		rc = play_step(call, step);
		if (step->type == STEP_QUIT)
			call->closed = true;
	}
	return rc == 0 && !call->closed ? hang_up(call) : rc;
}

int
live_play(struct live *live, const struct recorded_session *s)
{
	struct call call = { .live = live, .file = s->file };
	struct answer a;
	int rc =
	    smtp_open(&call.smtp, &live->mta, live->from, live->from_len, &a);

	if (rc == 0 && live->xclient)
		rc = impersonate(&call, s, &a);
	if (rc == 0) {
		live->report->sessions++;
		if (s->nsteps > 0 && s->steps[0].type == STEP_BANNER)
			compare(&call, &s->steps[0], &a);
		call.closed = strcmp(a.code, "421") == 0;
		rc = play_steps(&call, s);
	}
	smtp_close(&call.smtp);
	return rc;
}
