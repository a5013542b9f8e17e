/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.c - connectorctl explain: one decision and why, as the engine
 * makes it.
 *
 * Feeds a session, the same that the daemon feeds; explained.c keeps what it
 * answers, and explain_print.c says it. No sender means no mail step, no
 * recipient no rcpt step; with both the message is played to its end.
 */
#include "explain.h"
#include "recording.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int
feed_mail(struct explained *e, bool *accepted)
{
	const struct question *q = e->question;
	const char *const params[] = { q->size, NULL };
	struct session_event event = { .stage = STAGE_MAIL };
	struct decision d;
	int rc;

	event.mail.sender = q->from != NULL ? q->from : "<>";
	event.mail.auth = q->auth;
	event.mail.tls = q->tls;
	event.mail.cert = q->cert;
	event.mail.params = q->size[0] != '\0' ? params : NULL;
	rc = explained_feed(e, event, event.mail.sender, q->from != NULL, &d);
	*accepted = d.verdict == VERDICT_ACCEPT;
	return rc;
}

/* What is left of the size that was told, behind the header. */
static size_t
body_bytes(const struct question *q)
{
	uint64_t head = strlen("\r\n"), body;

	for (size_t i = 0; i < q->nheaders; i++)
		head += strlen(q->headers[i].name) +
			strlen(q->headers[i].value) + strlen(": \r\n");
	body = q->bytes > head ? q->bytes - head : 0;
	return body < SIZE_MAX ? (size_t)body : SIZE_MAX;
}

static int
feed_message(struct explained *e)
{
	const struct question *q = e->question;
	struct decision d;
	int rc = explained_feed(
	    e, (struct session_event){ .stage = STAGE_DATA }, NULL, false, &d);

	for (size_t i = 0; i < q->nheaders && rc == 0; i++) {
		struct session_event event = { .stage = STAGE_HEADER };

		event.header.name = q->headers[i].name;
		event.header.value = q->headers[i].value;
		rc = explained_feed(e, event, q->headers[i].name, false, &d);
	}
	if (rc == 0)
		rc = explained_feed(e,
		    (struct session_event){ .stage = STAGE_EOH }, NULL, false,
		    &d);
	if (rc == 0 && q->size[0] != '\0') {
		struct session_event event = { .stage = STAGE_BODY };

		event.body.bytes = body_bytes(q);
		rc = explained_feed(e, event, NULL, false, &d);
	}
	if (rc == 0)
		rc = explained_feed(e,
		    (struct session_event){ .stage = STAGE_EOM }, NULL, false,
		    &d);
	return rc < 0 ? rc : explained_edits(e, &d);
}

static int
feed_all(struct explained *e)
{
	const struct question *q = e->question;
	struct session_event event = { .stage = STAGE_CONNECT };
	bool accepted = false;
	struct decision d;
	int rc;

	event.connect.client = q->client;
	event.connect.client_port = -1;
	event.connect.local = q->local;
	rc = explained_feed(e, event, NULL, false, &d);
	if (rc == 0) {
		/* a client that nobody asks about says hello like any other */
		event = (struct session_event){ .stage = STAGE_HELO };
		event.helo.name = q->helo != NULL ? q->helo : "client.invalid";
		rc = explained_feed(e, event, q->helo, q->helo != NULL, &d);
	}
	/* What is told at MAIL, without a sender: the empty one. */
	if (rc == 0 && (q->from != NULL || q->auth != NULL || q->cert != NULL ||
			   q->size[0] || q->nrcpts > 0))
		rc = feed_mail(e, &accepted);
	if (rc < 0 || !accepted)
		return rc;
	for (size_t i = 0; i < q->nrcpts && rc == 0; i++) {
		event = (struct session_event){ .stage = STAGE_RCPT };
		event.rcpt.recipient = q->rcpts[i];
		rc = explained_feed(e, event, q->rcpts[i], true, &d);
	}
	if (rc == 0 && q->from != NULL && q->nrcpts > 0)
		rc = feed_message(e);
	return rc;
}

static int
explain(const struct ctl *ctl, const struct question *q)
{
	struct ruleset *ruleset;
	struct explained e;
	int status = ctl_ruleset(ctl, &ruleset);

	if (status != STATUS_YES)
		return status;
	if (explained_init(&e, q, ruleset) < 0) {
		status = ctl_complain(ctl, "out of memory");
	} else {
		if (feed_all(&e) < 0 || e.failed ||
		    explained_misses(&e, ruleset) < 0)
			status = ctl_complain(ctl, "out of memory");
		else
			status = explain_print(ctl, &e);
		explained_fini(&e);
	}
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
	if (c > 0 && c < CHAR_MAX && strchr("cleatCsfrH", c) != NULL)
		q->told = true;
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
	case 'L':
		q->log = value;
		return -1;
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
take_session(struct ctl *ctl, struct question *q, int count, char **words)
{
	if (q->told)
		return ctl_usage(ctl,
		    "--log FILE ID takes the session from the log; beside it "
		    "stand only --policy, --format and --at");
	if (count != 1 || words[0][0] == '\0')
		return ctl_usage(ctl,
		    "which session? write --log FILE ID; ID is what follows "
		    "session= in a line of the log");
	q->id = words[0];
	return -1;
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
		{ "log", required_argument, NULL, 'L' },
		CTL_OPTIONS,
		{ 0 },
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if ((status = take_option(ctl, q, c, optarg)) >= 0)
			return status;
	}
	if (q->log != NULL)
		return take_session(ctl, q, argc - optind, argv + optind);
	if (optind < argc)
		return ctl_usage(
		    ctl, "%s: not an option of explain", argv[optind]);
	if (q->client_text == NULL)
		return ctl_usage(
		    ctl, "which client? write --client IP, or --log FILE ID");
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
		status =
		    q.log != NULL ? explain_log(&ctl, &q) : explain(&ctl, &q);
	free(q.rcpts);
	free(q.headers);
	return status;
}

const struct verb verb_explain = {
	.name = "explain",
	.synopsis = "--client IP [--local IP:PORT] [--helo NAME] "
		    "[--auth USER] [--tls] [--cert NAME] [--from ADDR] "
		    "[--size BYTES] [--rcpt ADDR]... "
		    "[--header 'Name: value']... [--at TIME] | "
		    "--log FILE ID",
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
	    "default now\n"
	    "      --log FILE        decide again what the log of "
	    "connector-milter says of\n"
	    "                        session ID; - for standard input\n",
	.run = explain_main,
};
