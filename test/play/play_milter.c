/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play_milter.c - plays a session to a filter, as an MTA does.
 *
 * Sends the macros that Postfix 3.7 or Sendmail 8.17 would send where the
 * filter asks for them. The recipient's resolved address is what was typed
 * without its brackets: rewriting is the business of real MTAs.
 */
#include "peer.h"
#include "play.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wire {
	const struct play *play;
	struct peer *peer;
	struct arena *arena; /* of one command */
	const char *helo;
	bool tls_told;
	const char *told_name; /* of the certificate, or NULL */
};

static int
define(struct wire *w, const char *name, const char *value)
{
	return peer_define(w->peer, name, value);
}

/* An address as macros have it: IPv6 with a tag. */
static const char *
tagged(const struct netaddr *a, char *buf, size_t size, bool tag)
{
	char text[NETADDR_TEXT_SIZE];

	snprintf(buf, size, "%s%s",
	    tag && a->family == FAMILY_IPV6 ? "IPv6:" : "",
	    netaddr_format(a, text));
	return buf;
}

static bool
is_wildcard(const struct netaddr *a)
{
	return a->hi == 0 && a->lo == 0;
}

/* Sendmail's {daemon_addr} is what it was told to listen on, and {if_addr}
 * the end of this connection; Postfix's {daemon_addr} is the latter. */
static int
define_listener(struct wire *w, const struct listener *l)
{
	struct netaddr any = { .family = l->addr.family };
	char addr[64], port[8];
	int rc;

	snprintf(port, sizeof port, "%u", l->port);
	rc = define(w, "{daemon_port}", port);
	if (rc == 0 && w->play->sendmail)
		rc = define(
		    w, "{daemon_addr}", tagged(&any, addr, sizeof addr, false));
	else if (rc == 0)
		rc = define(w, "{daemon_addr}",
		    tagged(&l->addr, addr, sizeof addr, false));
	if (rc == 0 && w->play->sendmail && !is_wildcard(&l->addr) &&
	    !netaddr_is_loopback(&l->addr))
		rc = define(
		    w, "{if_addr}", tagged(&l->addr, addr, sizeof addr, true));
	return rc;
}

static int
define_client(struct wire *w, const struct recorded_session *s)
{
	char addr[64], port[16];
	bool known = s->client.family != FAMILY_NONE;
	int rc;

	snprintf(port, sizeof port, "%d", s->client_port);
	tagged(&s->client, addr, sizeof addr, true);
	rc = define(w, "{client_addr}", known ? addr : "unknown");
	if (rc == 0)
		rc = define(w, "{client_port}", port);
	if (rc == 0)
		rc = define(w, "{client_name}", "unknown");
	if (rc == 0)
		rc = define(
		    w, "{daemon_name}", w->play->sendmail ? "MTA" : "smtpd");
	return rc == 0 ? define(w, "j", "mx1.contoso.com") : rc;
}

static int
take_reply(const struct peer_reply *r, const char *own, struct answer *a)
{
	switch (r->verdict) {
	case PEER_UNSENT:
	case PEER_CONTINUE:
	case PEER_SKIP:
		return 0;
	case PEER_REPLYCODE:
		return answer_parse(r->text, a);
	case PEER_REJECT:
		return answer_parse(own, a);
	case PEER_TEMPFAIL:
		return answer_parse("451 4.7.1 Service unavailable", a);
	case PEER_SHUTDOWN:
		return answer_parse("421 4.7.0 Closing connection", a);
	case PEER_ACCEPT:
	case PEER_DISCARD:
		break;
	}
	/* The rest of the session would never be seen. */
	return -EPROTO;
}

static int
wire_connect(void *ctx, const struct recorded_session *s,
    const struct conversation_state *state, struct answer *a)
{
	bool known = s->client.family != FAMILY_NONE;
	char addr[NETADDR_TEXT_SIZE];
	struct peer_reply reply;
	struct wire *w = ctx;
	int rc;

	(void)state;
	if ((rc = define_client(w, s)) < 0 ||
	    (rc = define_listener(w, &s->local)) < 0)
		return rc;
	netaddr_format(&s->client, addr);
	rc = peer_connect(w->peer, s->client_port == 0 ? "localhost" : NULL,
	    known ? addr : NULL, (uint16_t)s->client_port, &reply);
	return rc < 0 ? rc
		      : take_reply(&reply, "554 5.7.1 Command rejected", a);
}

/* Postfix names a certificate only if it verified it, by its common name.
 * Sendmail always says whether it did; its {cert_subject} is the whole DN. */
static int
define_certificate(struct wire *w, const char *name)
{
	char dn[512];
	int rc;

	if (!w->play->sendmail)
		return define(w, "{cert_subject}", name);
	snprintf(dn, sizeof dn, "/O=Lab/CN=%s", name != NULL ? name : "");
	rc = define(w, "{verify}", name != NULL ? "OK" : "NO");
	if (rc == 0)
		rc = define(w, "{cn_subject}", name);
	return rc == 0 ? define(w, "{cert_subject}", name != NULL ? dn : NULL)
		       : rc;
}

static int
define_tls(struct wire *w, const struct conversation_state *state)
{
	int rc = define(w, "{tls_version}", "TLSv1.3");

	if (rc == 0)
		rc = define(w, "{cipher}", "TLS_AES_256_GCM_SHA384");
	if (rc == 0)
		rc = define(w, "{cipher_bits}", "256");
	if (rc == 0)
		rc = define_certificate(w, state->tls_name);
	w->tls_told = true;
	w->told_name = state->tls_name;
	return rc;
}

static int
wire_helo(struct wire *w, const struct conversation_state *state,
    const char *name, struct peer_reply *reply)
{
	int rc = state->tls ? define_tls(w, state) : 0;

	w->helo = name;
	return rc == 0 ? peer_helo(w->peer, name, reply) : rc;
}

/* A mailbox without its brackets, as an MTA's parse gives it. */
static int
define_mailbox(struct wire *w, const char *macro, const char *argument)
{
	size_t len = strlen(argument);
	char *text;

	if (len >= 2 && argument[0] == '<' && argument[len - 1] == '>') {
		argument++;
		len -= 2;
	}
	if ((text = arena_text(w->arena, argument, len)) == NULL)
		return -ENOMEM;
	return define(w, macro, text);
}

static const char *const *
arguments(struct wire *w, const struct step *step)
{
	const char **argv;
	size_t n = 0;

	while (step->params[n] != NULL)
		n++;
	if ((argv = arena_array(w->arena, n + 2, sizeof *argv)) == NULL)
		return NULL;
	argv[0] = step->argument;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = step->params[i];
	return argv;
}

static int
wire_mail(struct wire *w, const struct step *step,
    const struct conversation_state *state, struct peer_reply *reply)
{
	const char *const *argv = arguments(w, step);
	int rc = argv == NULL ? -ENOMEM : 0;

	/* After STARTTLS comes a second EHLO, RFC 3207 section 4.2. */
	if (rc == 0 && state->tls &&
	    (!w->tls_told || w->told_name != state->tls_name))
		rc = wire_helo(
		    w, state, w->helo != NULL ? w->helo : "client", reply);
	if (rc == 0)
		rc = define(w, "{auth_authen}", state->auth);
	if (rc == 0)
		rc = define(
		    w, "{auth_type}", state->auth != NULL ? "PLAIN" : NULL);
	if (rc == 0)
		rc = define_mailbox(w, "{mail_addr}", step->argument);
	return rc == 0 ? peer_mail(w->peer, argv, reply) : rc;
}

static int
wire_rcpt(struct wire *w, const struct step *step, struct peer_reply *reply)
{
	bool local = strchr(step->argument, '@') == NULL;
	const char *const *argv = arguments(w, step);
	int rc = argv == NULL ? -ENOMEM : 0;

	if (rc == 0)
		rc = define_mailbox(w, "{rcpt_addr}", step->argument);
	if (rc == 0)
		rc = define(w, "{rcpt_mailer}",
		    local               ? "local"
		    : w->play->sendmail ? "esmtp"
					: "smtp");
	if (rc == 0)
		rc = define(w, "i", "4Qx1y2z3");
	return rc == 0 ? peer_rcpt(w->peer, argv, reply) : rc;
}

static int
wire_command(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a)
{
	struct wire *w = ctx;
	struct peer_reply reply;
	int rc;

	arena_reset(w->arena);
	if (step->type == STEP_HELO)
		rc = wire_helo(w, state, step->argument, &reply);
	else if (step->type == STEP_MAIL)
		rc = wire_mail(w, step, state, &reply);
	else if (step->type == STEP_RCPT)
		rc = wire_rcpt(w, step, &reply);
	else
		rc = peer_data(w->peer, &reply);
	return rc < 0 ? rc
		      : take_reply(&reply, "550 5.7.1 Command rejected", a);
}

static int
send_body(
    struct wire *w, const struct recorded_message *m, struct peer_reply *reply)
{
	char *body = malloc(m->body_bytes + 1), *at = body;
	int rc;

	if (body == NULL)
		return -ENOMEM;
	for (size_t i = m->body_line; i < m->nlines; i++) {
		size_t len = strlen(m->lines[i]);

		memcpy(at, m->lines[i], len);
		memcpy(at + len, "\r\n", 2);
		at += len + 2;
	}
	rc = peer_body(w->peer, body, m->body_bytes, reply);
	free(body);
	return rc;
}

static int
send_message(struct wire *w, const struct recorded_message *m, struct answer *a)
{
	static const char own[] = "550 5.7.1 Command rejected";
	struct peer_reply reply;
	int rc = 0;

	for (size_t i = 0; i < m->nfields && rc == 0 && !a->said; i++) {
		rc = peer_header(
		    w->peer, m->fields[i].name, m->fields[i].value, &reply);
		if (rc == 0)
			rc = take_reply(&reply, own, a);
	}
	if (rc == 0 && !a->said && (rc = peer_eoh(w->peer, &reply)) == 0)
		rc = take_reply(&reply, own, a);
	if (rc == 0 && !a->said && m->body_bytes > 0 &&
	    (rc = send_body(w, m, &reply)) == 0)
		rc = take_reply(&reply, own, a);
	if (rc < 0 || a->said)
		return rc;
	if ((rc = peer_eom(w->peer, &reply)) < 0)
		return rc;
	/* Here accept ends what ends anyway. */
	return reply.verdict == PEER_ACCEPT ? 0 : take_reply(&reply, own, a);
}

static int
wire_message(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a,
    const struct recorded_field **fields, size_t *count)
{
	const struct peer_header *headers;
	struct wire *w = ctx;
	struct recorded_field *out;
	int rc;

	(void)state;
	arena_reset(w->arena);
	if ((rc = send_message(w, step->message, a)) < 0 || a->said)
		return rc;
	headers = peer_headers(w->peer, count);
	out = arena_array(w->arena, *count + 1, sizeof *out);
	if (out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < *count; i++)
		out[i] = (struct recorded_field){ headers[i].name,
			headers[i].value };
	*fields = out;
	return 0;
}

static int
wire_abort(void *ctx, const struct conversation_state *state)
{
	struct wire *w = ctx;

	(void)state;
	return peer_abort(w->peer);
}

enum unplayable
milter_unplayable(const struct play *play, const struct recorded_session *s)
{
	(void)play;
	if (s->at != RECORDING_NOW)
		return UNPLAYABLE_AT;
	for (size_t i = 0; i < s->nsteps; i++) {
		if (s->steps[i].type == STEP_AT)
			return UNPLAYABLE_AT;
	}
	return PLAYABLE;
}

int
play_milter(struct play *play, const struct recorded_session *session)
{
	struct wire w = { .play = play, .arena = arena_new(0) };
	const struct conversation with = {
		.ctx = &w,
		.connect = wire_connect,
		.command = wire_command,
		.message = wire_message,
		.abort = wire_abort,
	};
	int rc = w.arena == NULL ? -ENOMEM
				 : peer_open(play->milter, WAIT_MS, &w.peer);

	if (rc == 0)
		rc = peer_negotiate(w.peer, NULL);
	if (rc == 0)
		rc = conversation_play(&with, session, 0, &play->report);
	if (rc == 0)
		rc = peer_quit(w.peer);
	if (rc < 0)
		fprintf(stderr, "%s:%u: %s: %s\n", session->file, session->line,
		    play->milter, strerror(-rc));
	peer_free(w.peer);
	arena_free(w.arena);
	return rc;
}
