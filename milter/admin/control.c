/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - the control socket, for connectorctl(8).
 *
 * One libevent loop. Lines, connections and time are bounded; an answer is
 * made as a whole and written as fast as the peer reads. A reload is asked
 * for and answered when it is done; meanwhile others are served.
 */
#define _GNU_SOURCE /* struct ucred */
#include "control.h"
#include "log.h"
#include "control_request.h"
#include "server.h"
#include "status.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 16,
	ASK_SECONDS = 10,    /* for the line */
	ANSWER_SECONDS = 30, /* for reading the answer */
};

struct visitor {
	LIST_ENTRY(visitor) entry;
	struct control *control;
	struct bufferevent *stream;
	struct event *deadline;
	bool trusted;
	uint64_t ticket; /* of the reload that it waits for, or 0 */
};

struct control {
	struct server server;
	struct event *reloaded;
	const struct service *service;
	LIST_HEAD(, visitor) visitors;
};

static void
visitor_free(struct visitor *v)
{
	LIST_REMOVE(v, entry);
	server_leave(&v->control->server);
	if (v->deadline)
		event_free(v->deadline);
	bufferevent_free(v->stream);
	free(v);
}

static void
on_written(struct bufferevent *stream, void *ctx)
{
	(void)stream;
	visitor_free(ctx);
}

static void
on_event(struct bufferevent *stream, short what, void *ctx)
{
	(void)stream, (void)what;
	visitor_free(ctx);
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	visitor_free(ctx);
}

/* Takes the JSON; the visitor goes when it has read it. */
static void
visitor_answer(struct visitor *v, json_t *json)
{
	struct evbuffer *out = bufferevent_get_output(v->stream);
	struct timeval wait = { .tv_sec = ANSWER_SECONDS };
	char *text =
	    json ? json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

	json_decref(json);
	bufferevent_setcb(v->stream, NULL, on_written, on_event, v);
	if (evbuffer_add_printf(
		out, "%s\n", text ? text : "{\"error\":\"out of memory\"}") < 0)
		wait.tv_sec = 0;
	evtimer_add(v->deadline, &wait);
	free(text);
}

static void
visitor_complain(struct visitor *v, const char *why)
{
	visitor_answer(v, json_pack("{s:s}", "error", why));
}

static json_t *
level_set(int level)
{
	const char *old = log_level_name(log_level());

	log_message(
	    LOG_NOTICE, "log level %s, was %s", log_level_name(level), old);
	log_level_set(level);
	return json_pack(
	    "{s:s, s:s}", "level", log_level_name(level), "old", old);
}

static void
visitor_serve(struct visitor *v, const struct order *o)
{
	const struct service *s = v->control->service;

	if (order_changes(o->verb) && !v->trusted) {
		visitor_complain(v, "only root and the daemon's user may");
		return;
	}
	switch (o->verb) {
	case ORDER_STATUS:
		visitor_answer(v, status_json(s, o->ranges));
		break;
	case ORDER_RELOAD:
		v->ticket = reload_ask(s->reload, RELOAD_CONTROL);
		evtimer_del(v->deadline);
		break;
	case ORDER_LOG_LEVEL:
		visitor_answer(v, level_set(o->level));
		break;
	case ORDER_SESSIONS:
		visitor_answer(v, sessions_json(s));
		break;
	case ORDER_COUNT:
		break;
	}
}

static void
on_read(struct bufferevent *stream, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(stream);
	struct visitor *v = ctx;
	const char *why;
	struct order o;
	size_t len;
	char *line;

	line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	/* One order: nothing behind it is read, nor its end, since who has
	 * no more to say may still hear. */
	if (line || evbuffer_get_length(in) > ORDER_SIZE_MAX)
		bufferevent_disable(stream, EV_READ);
	if (line && len <= ORDER_SIZE_MAX && !order_parse(line, len, &o, &why))
		visitor_serve(v, &o);
	else if (line && len <= ORDER_SIZE_MAX)
		visitor_complain(v, why);
	else if (line || evbuffer_get_length(in) > ORDER_SIZE_MAX)
		visitor_complain(v, "the request is too long");
	free(line);
}

static void
on_reloaded(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	uint64_t done = reload_state(c->service->reload).done;
	struct visitor *v;

	(void)fd, (void)what;
	LIST_FOREACH(v, &c->visitors, entry) {
		if (!v->ticket || v->ticket > done)
			continue;
		v->ticket = 0;
		visitor_answer(v, reload_report(c->service->reload));
	}
}

/* Called by the thread that loads. */
static void
reload_done(void *ctx)
{
	struct control *c = ctx;

	event_active(c->reloaded, EV_READ, 0);
}

static bool
peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static struct visitor *
visitor_new(struct control *c, int fd)
{
	struct visitor *v = calloc(1, sizeof(*v));

	if (v)
		v->stream = bufferevent_socket_new(
		    c->server.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!v || !v->stream) {
		free(v);
		close(fd);
		return NULL;
	}
	v->control = c;
	v->trusted = peer_is_trusted(fd);
	LIST_INSERT_HEAD(&c->visitors, v, entry);
	server_enter(&c->server);
	v->deadline = evtimer_new(c->server.base, on_deadline, v);
	return v;
}

static void
on_accept(void *ctx, int fd)
{
	const struct timeval limit = { .tv_sec = ASK_SECONDS };
	struct visitor *v = visitor_new(ctx, fd);

	if (!v)
		return;
	if (!v->deadline) {
		visitor_free(v);
		return;
	}
	bufferevent_setcb(v->stream, on_read, NULL, on_event, v);
	if (evtimer_add(v->deadline, &limit) ||
	    bufferevent_enable(v->stream, EV_READ | EV_WRITE))
		visitor_free(v);
}

static void
control_free(struct control *c)
{
	struct visitor *v, *next;

	for (v = LIST_FIRST(&c->visitors); v; v = next) {
		next = LIST_NEXT(v, entry);
		visitor_free(v);
	}
	if (c->reloaded)
		event_free(c->reloaded);
	server_fini(&c->server);
	free(c);
}

int
control_start(int fd, const struct service *service, struct control **out)
{
	struct control *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	LIST_INIT(&c->visitors);
	c->service = service;
	rc = server_init(&c->server);
	if (!rc)
		c->reloaded = event_new(c->server.base, -1, 0, on_reloaded, c);
	if (!c->reloaded)
		rc = -ENOMEM;
	if (!rc)
		rc = server_listen(
		    &c->server, fd, "control", CONNECTIONS_MAX, on_accept, c);
	if (!rc)
		rc = server_start(&c->server);
	if (rc) {
		control_free(c);
		return rc;
	}
	reload_listen(service->reload, reload_done, c);
	*out = c;
	return 0;
}

void
control_stop(struct control *c)
{
	if (!c)
		return;
	reload_listen(c->service->reload, NULL, NULL);
	server_stop(&c->server);
	control_free(c);
}
