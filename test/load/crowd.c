/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crowd.c - many sessions of an MTA with a filter at once, in one thread.
 */
#include "crowd.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 256,
	OPENING = 16, /* less than any filter's backlog */
	LENGTH = 4,   /* bytes, at the begin of a packet */
};

struct visitor {
	LIST_ENTRY(visitor) entry;
	struct wire wire;
	size_t turn, sent; /* where in the script, and how much of it is sent */
	size_t messages;   /* to go */
	bool blocked;      /* its socket took not all */
	uint64_t asked;    /* when the turn was sent */
	char head[WIRE_HEAD]; /* of the packet that comes in */
	size_t have, skip;    /* bytes of it, and of its data to come */
};

LIST_HEAD(visitors, visitor);

struct crowd {
	struct crowd_plan plan;
	int epoll;
	struct visitors busy, resting;
	size_t nbusy;
	size_t place; /* the turn before which visitors stay */
	bool halfway;
	struct crowd_count count;
	size_t room; /* of count.waits */
};

static uint64_t
time_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int
crowd_new(const struct crowd_plan *plan, struct crowd **out)
{
	struct crowd *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->plan = *plan;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0) {
		free(c);
		return -errno;
	}
	*out = c;
	return 0;
}

static void
visitor_free(struct visitor *v)
{
	LIST_REMOVE(v, entry);
	wire_close(&v->wire);
	free(v);
}

static void
visitors_free(struct visitors *list)
{
	while (!LIST_EMPTY(list))
		visitor_free(LIST_FIRST(list));
}

void
crowd_free(struct crowd *c)
{
	if (!c)
		return;
	visitors_free(&c->busy);
	visitors_free(&c->resting);
	close(c->epoll);
	free(c->count.waits);
	free(c);
}

/* ---- One visitor ------------------------------------------------------ */

static bool
is_at_place(const struct crowd *c, const struct visitor *v)
{
	return c->place && v->turn == c->place;
}

/* Sends what is left of the turn; -EAGAIN: not all. */
static int
turn_send(const struct crowd *c, struct visitor *v)
{
	const struct turn *turn = &c->plan.script->turns[v->turn];
	size_t len = is_at_place(c, v) ? turn->len / 2 : turn->len;

	while (v->sent < len) {
		ssize_t n = send(v->wire.fd, turn->bytes + v->sent,
		    len - v->sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		v->sent += n > 0 ? (size_t)n : 0;
	}
	v->asked = time_now();
	return 0;
}

/* Takes bytes up to a packet that answers a turn: its command in *verdict,
 * or 0 if there is none yet. */
static void
packets_take(struct visitor *v, const char *at, size_t len, char *verdict)
{
	uint32_t size;

	*verdict = 0;
	while (len && !*verdict) {
		if (v->skip) {
			size_t n = v->skip < len ? v->skip : len;
			v->skip -= n;
			at += n;
			len -= n;
		} else {
			v->head[v->have++] = *at++;
			len--;
		}
		if (v->have < WIRE_HEAD)
			continue;
		if (v->have == WIRE_HEAD) {
			memcpy(&size, v->head, LENGTH);
			v->skip = ntohl(size) - 1;
			v->have++;
		}
		if (v->skip)
			continue;
		v->have = 0;
		if (!strchr("hmiep+-bq", v->head[LENGTH]))
			*verdict = v->head[LENGTH];
	}
}

/* 0 with the answer in *verdict (0: none yet), or a negative errno. */
static int
answer_read(struct visitor *v, char *verdict)
{
	char bytes[4096];
	ssize_t n = recv(v->wire.fd, bytes, sizeof(bytes), 0);

	if (!n)
		return -ECONNRESET;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	packets_take(v, bytes, n > 0 ? (size_t)n : 0, verdict);
	return 0;
}

static int
wait_count(struct crowd *c, const struct visitor *v)
{
	uint64_t ns = time_now() - v->asked;
	uint32_t *grown;

	if (!v->turn)
		return 0;
	if (c->count.decisions == c->room) {
		c->room = c->room ? 2 * c->room : 1024;
		grown = reallocarray(c->count.waits, c->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->count.waits = grown;
	}
	c->count.waits[c->count.decisions++] =
	    ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
	return 0;
}

/* On to the next turn, or to its end. */
static void
visitor_step(struct crowd *c, struct visitor *v)
{
	size_t turns = c->plan.script->count;

	v->sent = 0;
	v->turn++;
	if (v->turn == c->plan.again || v->turn == turns) {
		c->count.messages++;
		v->messages--;
	}
	if (v->turn == turns)
		v->turn = c->plan.again;
}

static void
visitor_leave(struct crowd *c, struct visitor *v, size_t *why)
{
	(*why)++;
	c->nbusy--;
	visitor_free(v);
}

static void
visitor_rest(struct crowd *c, struct visitor *v)
{
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, v->wire.fd, NULL);
	LIST_REMOVE(v, entry);
	LIST_INSERT_HEAD(&c->resting, v, entry);
	c->count.sessions++;
	c->nbusy--;
}

static void
turn_begin(struct crowd *c, struct visitor *v)
{
	struct epoll_event e = { .data.ptr = v };
	int rc = 0;

	if (!is_at_place(c, v) || c->halfway)
		rc = turn_send(c, v);
	if (rc && rc != -EAGAIN) {
		visitor_leave(c, v, &c->count.lost);
		return;
	}
	if (!rc && is_at_place(c, v)) {
		visitor_rest(c, v);
		return;
	}
	if (v->blocked == (rc == -EAGAIN))
		return;
	v->blocked = !v->blocked;
	e.events = v->blocked ? EPOLLOUT : EPOLLIN;
	epoll_ctl(c->epoll, EPOLL_CTL_MOD, v->wire.fd, &e);
}

static int
visitor_serve(struct crowd *c, struct visitor *v)
{
	char verdict;
	int rc;

	if (v->blocked) {
		turn_begin(c, v);
		return 0;
	}
	if (answer_read(v, &verdict)) {
		visitor_leave(c, v, &c->count.lost);
		return 0;
	}
	if (!verdict)
		return 0;
	rc = wait_count(c, v);
	if (rc)
		return rc;
	if (verdict != (v->turn ? SMFIR_CONTINUE : SMFIC_OPTNEG)) {
		visitor_leave(c, v, &c->count.refused);
		return 0;
	}
	visitor_step(c, v);
	if (v->messages) {
		turn_begin(c, v);
	} else {
		(void)wire_send(&v->wire, SMFIC_QUIT, NULL, 0);
		visitor_leave(c, v, &c->count.sessions);
	}
	return 0;
}

/* ---- All ---------------------------------------------------------------- */

static int
visitor_come(struct crowd *c, size_t messages)
{
	struct visitor *v = calloc(1, sizeof(*v));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = v };
	int rc;

	if (!v)
		return -ENOMEM;
	rc = wire_open(&v->wire, c->plan.spec, c->plan.timeout);
	if (rc) {
		free(v);
		return rc;
	}
	LIST_INSERT_HEAD(&c->busy, v, entry);
	c->nbusy++;
	v->messages = messages;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, v->wire.fd, &e))
		return -errno;
	turn_begin(c, v);
	return 0;
}

static int
crowd_drive(struct crowd *c, size_t sessions, size_t at_once, size_t messages)
{
	struct epoll_event events[EVENTS];
	size_t come = 0;
	int n, rc = 0;

	free(c->count.waits);
	c->count = (struct crowd_count){ 0 };
	c->room = 0;
	while (!rc && (come < sessions || c->nbusy)) {
		for (; !rc && come < sessions && c->nbusy < at_once; come++)
			rc = visitor_come(c, messages);
		n = epoll_wait(c->epoll, events, EVENTS, c->plan.timeout);
		if (n < 0 && errno != EINTR)
			rc = -errno;
		if (!n)
			break;
		for (int i = 0; !rc && i < n; i++)
			rc = visitor_serve(c, events[i].data.ptr);
	}
	c->count.lost += c->nbusy;
	visitors_free(&c->busy);
	c->nbusy = 0;
	return rc;
}

int
crowd_stay(struct crowd *c, size_t sessions, size_t turn, bool halfway)
{
	int rc;

	if (turn >= c->plan.script->count)
		return -EINVAL;
	c->place = turn;
	c->halfway = halfway;
	rc = crowd_drive(c, sessions, OPENING, 1);
	c->place = 0;
	return rc;
}

int
crowd_run(struct crowd *c, size_t sessions, size_t at_once, size_t messages)
{
	return crowd_drive(c, sessions, at_once, messages);
}

const struct crowd_count *
crowd_count(const struct crowd *c)
{
	return &c->count;
}
