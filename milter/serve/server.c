/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.c - what the services on libevent have in common: a loop in a thread
 * of its own, and a socket that accepts no more connections than are served.
 */
#include "server.h"
#include "log.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <string.h>

enum { ACCEPT_RETRY_SECONDS = 1 };

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	event_base_loopbreak(ctx);
}

int
server_init(struct server *s)
{
	*s = (struct server){ 0 };
	if (!evthread_use_pthreads())
		s->base = event_base_new();
	if (s->base)
		s->end = event_new(s->base, -1, 0, on_end, s->base);
	return s->end ? 0 : -ENOMEM;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int len, void *ctx)
{
	struct server *s = ctx;

	(void)listener, (void)address, (void)len;
	s->accept(s->ctx, fd);
}

/* Out of descriptors, most likely: trying again at once would only burn the
 * processor. */
static void
on_accept_error(struct evconnlistener *listener, void *ctx)
{
	const struct timeval wait = { .tv_sec = ACCEPT_RETRY_SECONDS };
	struct server *s = ctx;

	log_message(LOG_WARNING, "cannot accept a %s connection: %s", s->name,
	    strerror(errno));
	if (!evtimer_add(s->retry, &wait))
		evconnlistener_disable(listener);
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	struct server *s = ctx;

	(void)fd, (void)what;
	if (s->connections < s->most)
		evconnlistener_enable(s->listener);
}

int
server_listen(struct server *s, int fd, const char *name, size_t most,
    void (*accept)(void *ctx, int fd), void *ctx)
{
	s->name = name;
	s->most = most;
	s->accept = accept;
	s->ctx = ctx;
	s->retry = evtimer_new(s->base, on_retry, s);
	/* 0: it listens already. */
	if (s->retry)
		s->listener = evconnlistener_new(s->base, on_accept, s,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
			LEV_OPT_DISABLED,
		    0, fd);
	if (!s->listener)
		return -ENOMEM;
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	return evconnlistener_enable(s->listener) ? -ENOMEM : 0;
}

void
server_enter(struct server *s)
{
	if (++s->connections < s->most)
		return;
	evconnlistener_disable(s->listener);
	log_message(LOG_WARNING, "%zu %s connections: more have to wait",
	    s->connections, s->name);
}

void
server_leave(struct server *s)
{
	/* It stopped at the limit. */
	if (s->connections-- == s->most)
		evconnlistener_enable(s->listener);
}

static void *
server_run(void *ctx)
{
	struct server *s = ctx;

	event_base_loop(s->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

int
server_start(struct server *s)
{
	return -pthread_create(&s->thread, NULL, server_run, s);
}

void
server_stop(struct server *s)
{
	/* Unlike a break, heard also where the loop has not begun; and unlike
	 * event_base_loopexit() it allocates nothing. */
	event_active(s->end, EV_TIMEOUT, 0);
	pthread_join(s->thread, NULL);
}

void
server_fini(struct server *s)
{
	if (s->listener)
		evconnlistener_free(s->listener);
	if (s->retry)
		event_free(s->retry);
	if (s->end)
		event_free(s->end);
	if (s->base)
		event_base_free(s->base);
}
