/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policyd.c - Postfix's policy delegation, served from a thread of its own.
 *
 * One libevent loop. A connection is kept while Postfix keeps it and may
 * send any number of requests without waiting. Where something is wrong
 * Postfix is told 451, or hears nothing and decides by its own
 * default_action, which is 451 too.
 */
#include "policyd.h"
#include "decided.h"
#include "log.h"
#include "report.h"
#include "request.h"
#include "server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWERS_MAX = 65536 }; /* bytes that a peer leaves unread */

const struct policyd_limits policyd_standard = {
	.connections = 4096,
	.request_ms = 60 * 1000,
	.between_ms = 3600 * 1000, /* Postfix ends an idle one after 300 s */
	.answer_ms = 60 * 1000,
};

struct client {
	LIST_ENTRY(client) entry;
	struct policyd *policyd;
	struct bufferevent *stream;
	struct event *late; /* pending while a request is not at its end */
	struct request request;
};

struct policyd {
	struct server server;
	const struct service *service;
	struct policyd_limits limits;
	LIST_HEAD(, client) clients;
};

static void
client_free(struct client *c)
{
	LIST_REMOVE(c, entry);
	server_leave(&c->policyd->server);
	event_free(c->late);
	bufferevent_free(c->stream);
	request_fini(&c->request);
	free(c);
}

/* One request on its way through the engine. */
struct query {
	const struct service *service;
	const struct request *request;
	struct edition *edition;
	struct session *session;
	struct decided_for whom;
	char answer[REPLY_TEXT_SIZE];
};

/* False once the answer is given. */
static bool
query_feed(struct query *q, struct session_event *e, struct decision *d,
    const char *argument)
{
	char text[REPLY_TEXT_SIZE];

	clocks_read(e);
	session_feed(q->session, e, d);
	decision_made(q->service, &q->whom, e, d, argument);
	if (d->verdict == VERDICT_ACCEPT)
		return true;
	report_identify(&q->whom.report, d, text);
	reply_format(&d->reply, q->answer);
	if (q->answer[0] != '4' && q->answer[0] != '5')
		snprintf(q->answer, sizeof(q->answer),
		    "451 4.3.0 Temporary failure, try again later");
	return false;
}

/* A value; NULL also where it is empty. */
static const char *
value_get(const struct request *r, enum attribute a)
{
	const char *value = r->values[a];

	return value && *value ? value : NULL;
}

static void
connect_fill(const struct request *r, struct session_event *e)
{
	const char *client = value_get(r, ATTRIBUTE_CLIENT_ADDRESS);
	const char *server = value_get(r, ATTRIBUTE_SERVER_ADDRESS);
	const char *port = value_get(r, ATTRIBUTE_SERVER_PORT);
	char why[NETADDR_WHY_SIZE], *end;
	unsigned long number = port ? strtoul(port, &end, 10) : 0;

	/* Never 0: a policy request is never a local submission. */
	e->connect.client_port = -1;
	if (client && netaddr_parse(client, &e->connect.client, why))
		memset(&e->connect.client, 0, sizeof(e->connect.client));
	if (server && netaddr_parse(server, &e->connect.local.addr, why))
		memset(
		    &e->connect.local.addr, 0, sizeof(e->connect.local.addr));
	if (number && number <= 65535 && !*end)
		e->connect.local.port = (uint16_t)number;
}

static void
query_run(struct query *q)
{
	const struct request *r = q->request;
	char sender[MAILBOX_SIZE], recipient[MAILBOX_SIZE];
	const char *name = r->values[ATTRIBUTE_HELO_NAME];
	struct session_event e = { .stage = STAGE_CONNECT };
	struct decision d;

	connect_fill(r, &e);
	q->whom.report.client = e.connect.client;
	if (!query_feed(q, &e, &d, NULL))
		return;
	e = (struct session_event){ .stage = STAGE_HELO };
	e.helo.name = name ? name : "";
	q->whom.report.helo = value_get(r, ATTRIBUTE_HELO_NAME);
	if (!query_feed(q, &e, &d, e.helo.name))
		return;
	e = (struct session_event){ .stage = STAGE_MAIL };
	e.mail.sender = mailbox_format(r->values[ATTRIBUTE_SENDER], sender);
	e.mail.auth = value_get(r, ATTRIBUTE_SASL_USERNAME);
	e.mail.tls = value_get(r, ATTRIBUTE_ENCRYPTION_PROTOCOL) != NULL;
	e.mail.cert = value_get(r, ATTRIBUTE_CCERT_SUBJECT);
	if (!query_feed(q, &e, &d, e.mail.sender))
		return;
	e = (struct session_event){ .stage = STAGE_RCPT };
	e.rcpt.recipient =
	    mailbox_format(r->values[ATTRIBUTE_RECIPIENT], recipient);
	if (!query_feed(q, &e, &d, e.rcpt.recipient))
		return;
	snprintf(q->answer, sizeof(q->answer), "%s", d.relay ? "OK" : "DUNNO");
}

static void
request_decide(
    struct policyd *p, const struct request *r, char answer[REPLY_TEXT_SIZE])
{
	struct edition *edition = store_get(p->service->store);
	struct query q = { p->service, r, edition, .session = NULL };
	char id[REPORT_ID_SIZE];

	snprintf(q.answer, sizeof(q.answer),
	    "451 4.3.0 Temporary failure, try again later");
	q.session = session_new(edition_ruleset(edition));
	if (q.session) {
		report_id(id);
		q.whom = (struct decided_for){
			.via = VIA_POLICY,
			.edition = edition,
			.session = q.session,
			.report = { .id = id,
			    .via = "policy",
			    .session = q.session,
			    .queue = value_get(r, ATTRIBUTE_QUEUE_ID) },
		};
		query_run(&q);
	}
	session_free(q.session);
	edition_unref(edition);
	memcpy(answer, q.answer, REPLY_TEXT_SIZE);
}

static int
request_answer(struct policyd *p, const struct request *r, struct evbuffer *out)
{
	const char *wrong = request_check(r);
	char answer[REPLY_TEXT_SIZE] = "DUNNO";
	bool rcpt =
	    !wrong && !strcmp(r->values[ATTRIBUTE_PROTOCOL_STATE], "RCPT");

	if (rcpt &&
	    (!r->values[ATTRIBUTE_SENDER] || !r->values[ATTRIBUTE_RECIPIENT]))
		wrong = "no sender or recipient";
	if (wrong) {
		log_message(
		    LOG_WARNING, "a malformed policy request: %s", wrong);
		snprintf(answer, sizeof(answer),
		    "451 4.3.0 Malformed policy request");
	} else if (rcpt) {
		request_decide(p, r, answer);
	}
	return evbuffer_add_printf(out, "action=%s\n\n", answer) < 0 ? -ENOMEM
								     : 0;
}

static struct timeval
interval(unsigned ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static void
client_close(struct client *c, const char *why)
{
	log_message(LOG_WARNING, "a policy connection was closed: %s", why);
	client_free(c);
}

/* The time for a request runs from its first byte, whatever comes of it in
 * between. */
static void
client_watch(struct client *c, bool begun)
{
	const struct timeval wait = interval(c->policyd->limits.request_ms);

	if (!begun)
		event_del(c->late);
	else if (!evtimer_pending(c->late, NULL))
		evtimer_add(c->late, &wait);
}

/* At most what libevent reads at once, 16 KiB, stands behind a half line. */
static void
on_read(struct bufferevent *stream, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(stream);
	struct evbuffer *out = bufferevent_get_output(stream);
	struct client *c = ctx;
	size_t len;
	char *line;
	int rc = 0;

	while (rc >= 0 && (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		rc = request_line(&c->request, line, len);
		free(line);
		if (rc == 1) {
			rc = request_answer(c->policyd, &c->request, out);
			request_fini(&c->request);
			client_watch(c, false);
		}
		if (evbuffer_get_length(out) > ANSWERS_MAX)
			rc = -ENOBUFS;
	}
	if (evbuffer_get_length(in) > REQUEST_LINE_MAX)
		rc = -E2BIG;
	if (rc < 0)
		client_close(c, rc == -ENOBUFS  ? "it reads no answers"
				: rc == -ENOMEM ? "out of memory"
						: "its request is too long");
	else
		client_watch(
		    c, c->request.lines > 0 || evbuffer_get_length(in) > 0);
}

static void
on_late(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	client_close(ctx, "its request takes too long");
}

static void
on_event(struct bufferevent *stream, short what, void *ctx)
{
	(void)stream, (void)what;
	client_free(ctx);
}

static struct client *
client_new(struct policyd *p, int fd)
{
	const struct timeval idle = interval(p->limits.between_ms);
	const struct timeval slow = interval(p->limits.answer_ms);
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->policyd = p;
	request_init(&c->request);
	c->late = evtimer_new(p->server.base, on_late, c);
	if (c->late)
		c->stream = bufferevent_socket_new(
		    p->server.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->stream) {
		if (c->late)
			event_free(c->late);
		free(c);
		return NULL;
	}
	bufferevent_setcb(c->stream, on_read, NULL, on_event, c);
	bufferevent_set_timeouts(c->stream, &idle, &slow);
	return c;
}

static void
on_accept(void *ctx, int fd)
{
	struct policyd *p = ctx;
	struct client *c = client_new(p, fd);

	if (!c) {
		close(fd);
		return;
	}
	LIST_INSERT_HEAD(&p->clients, c, entry);
	server_enter(&p->server);
	if (bufferevent_enable(c->stream, EV_READ | EV_WRITE))
		client_close(c, "out of memory");
}

static void
policyd_free(struct policyd *p)
{
	struct client *c, *next;

	for (c = LIST_FIRST(&p->clients); c; c = next) {
		next = LIST_NEXT(c, entry);
		client_free(c);
	}
	server_fini(&p->server);
	free(p);
}

int
policyd_start(int fd, const struct service *service,
    const struct policyd_limits *limits, struct policyd **out)
{
	struct policyd *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	LIST_INIT(&p->clients);
	p->service = service;
	p->limits = *limits;
	rc = server_init(&p->server);
	if (!rc)
		rc = server_listen(&p->server, fd, "policy",
		    limits->connections, on_accept, p);
	if (!rc)
		rc = server_start(&p->server);
	if (rc) {
		policyd_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void
policyd_stop(struct policyd *p)
{
	if (!p)
		return;
	server_stop(&p->server);
	policyd_free(p);
}
