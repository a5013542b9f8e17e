/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h - what the services on libevent have in common: a loop in a thread
 * of its own, and a socket that accepts no more connections than are served.
 *
 * All but server_start() and server_stop() is for that thread, or for before
 * and after it.
 */
#ifndef SERVER_H
#define SERVER_H

#include <pthread.h>
#include <stddef.h>

struct event;
struct event_base;
struct evconnlistener;

struct server {
	struct event_base *base;
	/* The rest is server.c's own. */
	pthread_t thread;
	struct event *end, *retry;
	struct evconnlistener *listener;
	const char *name;
	size_t connections, most;
	void (*accept)(void *ctx, int fd);
	void *ctx;
};

/* Makes the loop. -ENOMEM; server_fini() is right then, too. */
int server_init(struct server *);
/* fd listens already; once this succeeds it is the server's. accept is given
 * each connection, and name says in the log what they are. -ENOMEM. */
int server_listen(struct server *, int fd, const char *name, size_t most,
    void (*accept)(void *ctx, int fd), void *ctx);
/* A connection that is served begins, and ends. At the limit more wait. */
void server_enter(struct server *);
void server_leave(struct server *);

int server_start(struct server *);
/* Returns when the thread has ended. Needs no memory. */
void server_stop(struct server *);
/* Behind all events and streams of its loop. Zero, or one that is not
 * started. */
void server_fini(struct server *);

#endif
