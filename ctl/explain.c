/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.c - connectorctl explain: one decision and why, as the engine
 * makes it.
 *
 * Feeds a session, the same that the daemon feeds, and keeps what it answers;
 * explain_print.c says it. No sender means no mail step, no recipient no rcpt
 * step; with both the message is played to its end.
 */
#include "explain.h"
#include "recording.h"

#include <errno.h>
#include <stdlib.h>
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
	struct explained_step step = { .decision = *d, .argument = argument };
	struct decision *copy = &step.decision;

	if (arena_grow(e->arena, &steps, e->nsteps, sizeof step) < 0 ||
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

static int
keep_edits(struct explained *e, const struct decision *d)
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

/* A refusal is always a step; an acceptance where the stage was asked for. */
static int
feed(struct explained *e, struct event event, const char *argument, bool asked,
    struct decision *d)
{
	event.now = e->question->now;
	event.ticks = (uint64_t)e->question->now * 1000;
	session_feed(e->session, &event, d);
	if (!asked && d->verdict == VERDICT_ACCEPT && !d->monitored)
		return 0;
	return keep_step(e, d, argument);
}

static int
feed_mail(struct explained *e, bool *accepted)
{
	const struct question *q = e->question;
	const char *const params[] = { q->size, NULL };
	struct event event = { .stage = STAGE_MAIL };
	struct decision d;
	int rc;

	event.mail.sender = q->from != NULL ? q->from : "<>";
	event.mail.auth = q->auth;
	event.mail.tls = q->tls;
	event.mail.cert = q->cert;
	event.mail.params = q->size[0] != '\0' ? params : NULL;
	rc = feed(e, event, event.mail.sender, q->from != NULL, &d);
	*accepted = d.verdict == VERDICT_ACCEPT;
	return rc;
}

/* What is left of the size that was told, behind the header. */
static size_t
body_bytes(const struct question *q)
{
	uint64_t head = strlen("\r\n");

	for (size_t i = 0; i < q->nheaders; i++)
		head += strlen(q->headers[i].name) +
			strlen(q->headers[i].value) + strlen(": \r\n");
	return q->bytes > head ? q->bytes - head : 0;
}

static int
feed_message(struct explained *e)
{
	const struct question *q = e->question;
	struct decision d;
	int rc =
	    feed(e, (struct event){ .stage = STAGE_DATA }, NULL, false, &d);

	for (size_t i = 0; i < q->nheaders && rc == 0; i++) {
		struct event event = { .stage = STAGE_HEADER };

		event.header.name = q->headers[i].name;
		event.header.value = q->headers[i].value;
		rc = feed(e, event, q->headers[i].name, false, &d);
	}
	if (rc == 0)
		rc = feed(
		    e, (struct event){ .stage = STAGE_EOH }, NULL, false, &d);
	if (rc == 0 && q->size[0] != '\0') {
		struct event event = { .stage = STAGE_BODY };

		event.body.bytes = body_bytes(q);
		rc = feed(e, event, NULL, false, &d);
	}
	if (rc == 0)
		rc = feed(
		    e, (struct event){ .stage = STAGE_EOM }, NULL, false, &d);
	return rc < 0 ? rc : keep_edits(e, &d);
}

static int
feed_all(struct explained *e)
{
	const struct question *q = e->question;
	struct event event = { .stage = STAGE_CONNECT };
	bool accepted = false;
	struct decision d;
	int rc;

	event.connect.client = q->client;
	event.connect.client_port = -1;
	event.connect.local = q->local;
	rc = feed(e, event, NULL, false, &d);
	if (rc == 0) {
		/* a client that nobody asks about says hello like any other */
		event = (struct event){ .stage = STAGE_HELO };
		event.helo.name = q->helo != NULL ? q->helo : "client.invalid";
		rc = feed(e, event, q->helo, q->helo != NULL, &d);
	}
	/* What is told at MAIL, without a sender: the empty one. */
	if (rc == 0 && (q->from != NULL || q->auth != NULL || q->cert != NULL ||
			   q->size[0] || q->nrcpts > 0))
		rc = feed_mail(e, &accepted);
	if (rc < 0 || !accepted)
		return rc;
	for (size_t i = 0; i < q->nrcpts && rc == 0; i++) {
		event = (struct event){ .stage = STAGE_RCPT };
		event.rcpt.recipient = q->rcpts[i];
		rc = feed(e, event, q->rcpts[i], true, &d);
	}
	if (rc == 0 && q->from != NULL && q->nrcpts > 0)
		rc = feed_message(e);
	return rc;
}

static int
explain(const struct ctl *ctl, const struct question *q)
{
	struct explained e = { .question = q, .verdict = VERDICT_ACCEPT };
	struct session_listener listener = { .ctx = &e,
		.candidate = on_candidate };
	struct ruleset *ruleset;
	int status = ctl_ruleset(ctl, &ruleset);

	if (status != STATUS_YES)
		return status;
	e.arena = arena_new(0);
	e.session = session_new(ruleset);
	if (e.arena != NULL && e.session != NULL)
		session_listen(e.session, &listener);
	if (e.arena == NULL || e.session == NULL || feed_all(&e) < 0 ||
	    e.failed)
		status = ctl_complain(ctl, "out of memory");
	else
		status = explain_print(ctl, &e);
	session_free(e.session);
	arena_free(e.arena);
	ruleset_unref(ruleset);
	return status;
}

/* ---- The command line ------------------------------------------------ */

static int
take_client(struct ctl *ctl, struct question *q, const char *text)
{
	char why[NETADDR_WHY_SIZE];

	if (netaddr_parse(text, &q->client, why) < 0)
		return ctl_usage(ctl, "--client %s: %s", text, why);
	q->client_text = text;
	return -1;
}

static int
take_local(struct ctl *ctl, struct question *q, const char *text)
{
	char why[NETADDR_WHY_SIZE];

	if (endpoint_parse(text, &q->local.addr, &q->local.port, why) < 0)
		return ctl_usage(ctl, "--local %s: %s", text, why);
	return -1;
}

static int
take_header(struct ctl *ctl, struct question *q, char *text)
{
	char *colon = strchr(text, ':'), *end = colon;

	if (colon == NULL || colon == text)
		return ctl_usage(ctl, "--header %s: write 'Name: value'", text);
	while (end > text && strchr(" \t", end[-1]) != NULL)
		end--;
	*end = '\0';
	q->headers[q->nheaders].name = text;
	q->headers[q->nheaders++].value = colon + 1 + (colon[1] == ' ');
	return -1;
}

static int
take_size(struct ctl *ctl, struct question *q, char *text)
{
	char *end;

	errno = 0;
	q->bytes = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
		return ctl_usage(ctl, "--size %s: write bytes", text);
	(void)snprintf(
	    q->size, sizeof q->size, "SIZE=%llu", (unsigned long long)q->bytes);
	return -1;
}

static int
take_option(struct ctl *ctl, struct question *q, int c, char *value)
{
	switch (c) {
	case 'c':
		return take_client(ctl, q, value);
	case 'l':
		return take_local(ctl, q, value);
	case 'e':
		q->helo = value;
		return -1;
	case 'a':
		q->auth = value;
		return -1;
	case 't':
		q->tls = true;
		return -1;
	case 'C':
		q->tls = true;
		q->cert = value;
		return -1;
	case 's':
		return take_size(ctl, q, value);
	case 'f':
		q->from = value;
		return -1;
	case 'r':
		q->rcpts[q->nrcpts++] = value;
		return -1;
	case 'H':
		return take_header(ctl, q, value);
	case 'A':
		if (clock_parse(value, &q->now) < 0)
			return ctl_usage(ctl,
			    "--at %s: write 2026-11-21T09:00:00Z, or "
			    "2026-11-21",
			    value);
		return -1;
	default:
		return ctl_option(ctl, c, value);
	}
}

static int
parse_options(struct ctl *ctl, struct question *q, int argc, char **argv)
{
	static const struct option options[] = {
		{ "client", required_argument, NULL, 'c' },
		{ "local", required_argument, NULL, 'l' },
		{ "helo", required_argument, NULL, 'e' },
		{ "auth", required_argument, NULL, 'a' },
		{ "tls", no_argument, NULL, 't' },
		{ "cert", required_argument, NULL, 'C' },
		{ "size", required_argument, NULL, 's' },
		{ "from", required_argument, NULL, 'f' },
		{ "rcpt", required_argument, NULL, 'r' },
		{ "header", required_argument, NULL, 'H' },
		{ "at", required_argument, NULL, 'A' },
		CTL_OPTIONS,
		{ 0 },
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if ((status = take_option(ctl, q, c, optarg)) >= 0)
			return status;
	}
	if (optind < argc)
		return ctl_usage(
		    ctl, "%s: not an option of explain", argv[optind]);
	if (q->client_text == NULL)
		return ctl_usage(ctl, "which client? write --client IP");
	if (q->nheaders > 0 && (q->from == NULL || q->nrcpts == 0))
		return ctl_usage(
		    ctl, "--header needs a message: --from and --rcpt");
	if (q->local.port == 0) {
		q->local.addr.family = q->client.family;
		q->local.port = 25;
	}
	return -1;
}

static int
explain_main(const struct verb *verb, int argc, char **argv)
{
	struct question q = { .now = clock_now() };
	struct ctl ctl;
	int status;

	ctl_init(&ctl, verb);
	q.rcpts = calloc((size_t)argc, sizeof *q.rcpts);
	q.headers = calloc((size_t)argc, sizeof *q.headers);
	if (q.rcpts == NULL || q.headers == NULL)
		status = ctl_complain(&ctl, "out of memory");
	else if ((status = parse_options(&ctl, &q, argc, argv)) < 0)
		status = explain(&ctl, &q);
	free(q.rcpts);
	free(q.headers);
	return status;
}

const struct verb verb_explain = {
	.name = "explain",
	.synopsis = "--client IP [--local IP:PORT] [--helo NAME] "
		    "[--auth USER] [--tls] [--cert NAME] [--from ADDR] "
		    "[--size BYTES] [--rcpt ADDR]... "
		    "[--header 'Name: value']... [--at TIME]",
	.summary = "Say what is decided about a client, and because of what.",
	.options =
	    "      --client IP       the client's address\n"
	    "      --local IP:PORT   where it connected to; default port 25\n"
	    "      --helo NAME       what it said in HELO\n"
	    "      --auth USER       the login name, after AUTH\n"
	    "      --tls             the session is encrypted\n"
	    "      --cert NAME       the same, with a client certificate of "
	    "NAME that the\n"
	    "                        MTA verified\n"
	    "      --from ADDR       the sender, '<>' for the empty one\n"
	    "      --size BYTES      of the message, declared and real\n"
	    "      --rcpt ADDR       a recipient; may be repeated\n"
	    "      --header FIELD    'Name: value' in the message; may be "
	    "repeated\n"
	    "      --at TIME         2026-11-21T09:00:00Z or 2026-11-21; "
	    "default now\n",
	.run = explain_main,
};
