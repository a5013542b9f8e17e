/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.c - OpenMetrics over HTTP, from a thread of its own.
 *
 * libevent's HTTP server has no limit on connections, so the streams that it
 * gets are counted here: a reference keeps each until it is seen that the
 * server has let go of it, and no more are accepted while there are too many.
 * A stream that has had its time is shut down.
 */
#include "metrics.h"
#include "server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	STREAMS_MAX = 16,
	STREAM_SECONDS = 10,
	IDLE_SECONDS = 5,
	SWEEP_MS = 500,
	HEADER_MAX = 8192,
	BODY_MAX = 0,
};

struct metrics {
	struct server server;
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *sweep;
	const struct service *service;
	struct {
		struct bufferevent *stream; /* NULL: free */
		unsigned age;               /* sweeps */
	} streams[STREAMS_MAX];
	size_t nstreams;
};

static void
on_request(struct evhttp_request *request, void *ctx)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	const struct metrics *m = ctx;
	struct evbuffer *out = evbuffer_new();

	/* Each scrape is a connection: nobody holds a place. */
	evhttp_add_header(headers, "Connection", "close");
	if (!out || exposition_print(m->service, out)) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
	} else {
		evhttp_add_header(headers, "Content-Type",
		    "application/openmetrics-text; version=1.0.0; "
		    "charset=utf-8");
		evhttp_send_reply(request, HTTP_OK, "OK", out);
	}
	if (out)
		evbuffer_free(out);
}

static void
on_other(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "Connection", "close");
	evhttp_send_error(request, HTTP_NOTFOUND, NULL);
}

/* Whoever frees a stream takes its callbacks away first. */
static bool
stream_is_over(struct bufferevent *stream)
{
	bufferevent_event_cb on_end;

	bufferevent_getcb(stream, NULL, NULL, &on_end, NULL);
	return !on_end;
}

static void
streams_tidy(struct metrics *m)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct bufferevent *stream = m->streams[i].stream;
		if (!stream || !stream_is_over(stream))
			continue;
		bufferevent_decref(stream);
		m->streams[i].stream = NULL;
		m->nstreams--;
	}
}

/* The server's stream for a connection that it has accepted. */
static struct bufferevent *
on_stream(struct event_base *base, void *ctx)
{
	/* Closed with the last reference: until then its descriptor is no
	 * other's. */
	struct bufferevent *stream =
	    bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct metrics *m = ctx;

	if (m->nstreams == STREAMS_MAX - 1)
		streams_tidy(m);
	for (size_t i = 0; stream && i < STREAMS_MAX; i++) {
		if (m->streams[i].stream)
			continue;
		bufferevent_incref(stream);
		m->streams[i].stream = stream;
		m->streams[i].age = 0;
		if (++m->nstreams == STREAMS_MAX)
			evconnlistener_disable(m->listener);
		break;
	}
	return stream;
}

/* Out of descriptors, most likely: the next sweep tries again. */
static void
on_accept_error(struct evconnlistener *listener, void *http)
{
	(void)http;
	evconnlistener_disable(listener);
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct metrics *m = ctx;

	(void)fd, (void)what;
	streams_tidy(m);
	if (m->nstreams < STREAMS_MAX)
		evconnlistener_enable(m->listener);
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct bufferevent *stream = m->streams[i].stream;
		if (stream &&
		    ++m->streams[i].age > STREAM_SECONDS * 1000 / SWEEP_MS)
			(void)shutdown(bufferevent_getfd(stream), SHUT_RDWR);
	}
}

static void
metrics_free(struct metrics *m)
{
	/* The listener is the server's, as its connections are. */
	if (m->http)
		evhttp_free(m->http);
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (m->streams[i].stream)
			bufferevent_decref(m->streams[i].stream);
	if (m->sweep)
		event_free(m->sweep);
	server_fini(&m->server);
	free(m);
}

static int
http_make(struct metrics *m, int fd)
{
	m->http = evhttp_new(m->server.base);
	if (!m->http)
		return -ENOMEM;
	evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(m->http, HEADER_MAX);
	evhttp_set_max_body_size(m->http, BODY_MAX);
	evhttp_set_timeout(m->http, IDLE_SECONDS);
	evhttp_set_bevcb(m->http, on_stream, m);
	evhttp_set_gencb(m->http, on_other, NULL);
	if (evhttp_set_cb(m->http, "/metrics", on_request, m))
		return -ENOMEM;
	/* 0: it listens already. */
	m->listener = evconnlistener_new(m->server.base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!m->listener || !evhttp_bind_listener(m->http, m->listener))
		return -ENOMEM;
	evconnlistener_set_error_cb(m->listener, on_accept_error);
	return 0;
}

int
metrics_start(int fd, const struct service *service, struct metrics **out)
{
	const struct timeval step = { .tv_usec = SWEEP_MS * 1000 };
	struct metrics *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return -ENOMEM;
	m->service = service;
	rc = server_init(&m->server);
	if (!rc)
		rc = http_make(m, fd);
	if (!rc)
		m->sweep =
		    event_new(m->server.base, -1, EV_PERSIST, on_sweep, m);
	if (!rc && (!m->sweep || evtimer_add(m->sweep, &step)))
		rc = -ENOMEM;
	if (!rc)
		rc = server_start(&m->server);
	if (rc) {
		metrics_free(m);
		return rc;
	}
	*out = m;
	return 0;
}

void
metrics_stop(struct metrics *m)
{
	if (!m)
		return;
	server_stop(&m->server);
	metrics_free(m);
}
