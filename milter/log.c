/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - where lines go.
 *
 * The queue is a ring of bytes, its records a priority, a length and a text.
 * It is the daemon's only lock that a decision takes besides the store's; it
 * is held while a line is copied, never while one is written.
 */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	QUEUE_SIZE = 1 << 18,
	STOP_SECONDS = 2,
};

struct record {
	int priority;
	uint32_t len;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled, drained;
	enum log_target target;
	bool running, stopping;
	uint64_t dropped;
	size_t head, used; /* first byte, and how many */
	char ring[QUEUE_SIZE];
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
	.drained = PTHREAD_COND_INITIALIZER,
	.target = LOG_TARGET_STDERR,
};

static void
line_write(int priority, const char *text, size_t len)
{
	char line[LOGLINE_SIZE + 40];
	struct timespec now;
	struct tm tm;
	size_t n;

	if (queue.target == LOG_TARGET_SYSLOG) {
		syslog(priority, "%.*s", (int)len, text);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%SZ ", &tm);
	memcpy(line + n, text, len);
	n += len;
	line[n++] = '\n';
	/* One write a line: lines of several programs do not mix. Nobody is
	 * left to tell of a failure. */
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		continue;
}

static void
ring_put(const void *bytes, size_t len)
{
	size_t at = (queue.head + queue.used) % QUEUE_SIZE;
	size_t first = QUEUE_SIZE - at < len ? QUEUE_SIZE - at : len;

	memcpy(queue.ring + at, bytes, first);
	memcpy(queue.ring, (const char *)bytes + first, len - first);
	queue.used += len;
}

static void
ring_get(void *bytes, size_t len)
{
	size_t at = queue.head;
	size_t first = QUEUE_SIZE - at < len ? QUEUE_SIZE - at : len;

	memcpy(bytes, queue.ring + at, first);
	memcpy((char *)bytes + first, queue.ring, len - first);
	queue.head = (at + len) % QUEUE_SIZE;
	queue.used -= len;
}

static void
dropped_write(uint64_t dropped)
{
	struct logline l;

	logline_init(&l);
	logline_add(&l, "message", "log lines were dropped");
	logline_format(&l, "dropped", "%llu", (unsigned long long)dropped);
	line_write(LOG_WARNING, l.text, l.len);
}

static void *
writer_run(void *unused)
{
	char text[LOGLINE_SIZE];
	struct record r;
	uint64_t dropped;

	(void)unused;
	pthread_mutex_lock(&queue.lock);
	for (;;) {
		while (!queue.used && !queue.dropped && !queue.stopping)
			pthread_cond_wait(&queue.filled, &queue.lock);
		if (!queue.used && !queue.dropped)
			break;
		r.len = 0;
		if (queue.used) {
			ring_get(&r, sizeof(r));
			ring_get(text, r.len);
		}
		/* Said when there is room again, or it would be repeated for
		 * every line. */
		dropped = queue.used < QUEUE_SIZE / 2 ? queue.dropped : 0;
		queue.dropped -= dropped;
		pthread_mutex_unlock(&queue.lock);
		if (r.len)
			line_write(r.priority, text, r.len);
		if (dropped)
			dropped_write(dropped);
		pthread_mutex_lock(&queue.lock);
	}
	queue.running = false;
	pthread_cond_signal(&queue.drained);
	pthread_mutex_unlock(&queue.lock);
	return NULL;
}

void
log_open(enum log_target target)
{
	queue.target = target;
	/* For libmilter too, which has no other way to speak. */
	openlog("connector-milter", LOG_PID | LOG_NDELAY, LOG_MAIL);
}

int
log_start(void)
{
	pthread_t thread;
	int rc;

	queue.running = true;
	rc = pthread_create(&thread, NULL, writer_run, NULL);
	if (rc) {
		queue.running = false;
		return -rc;
	}
	pthread_detach(thread);
	return 0;
}

void
log_stop(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_SECONDS;
	pthread_mutex_lock(&queue.lock);
	queue.stopping = true;
	pthread_cond_signal(&queue.filled);
	while (queue.running)
		if (pthread_cond_timedwait(
			&queue.drained, &queue.lock, &until) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&queue.lock);
}

void
log_line(int priority, const struct logline *l)
{
	struct record r = { priority, (uint32_t)l->len };
	bool queued;

	if (!l->len)
		return;
	pthread_mutex_lock(&queue.lock);
	queued = queue.running;
	if (queued && QUEUE_SIZE - queue.used < sizeof(r) + l->len) {
		queue.dropped++;
	} else if (queued) {
		ring_put(&r, sizeof(r));
		ring_put(l->text, l->len);
		pthread_cond_signal(&queue.filled);
	}
	pthread_mutex_unlock(&queue.lock);
	if (!queued)
		line_write(priority, l->text, l->len);
}

void
log_message(int priority, const char *format, ...)
{
	char text[LOGLINE_VALUE_MAX + 2];
	struct logline l;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	logline_init(&l);
	logline_add(&l, "message", text);
	log_line(priority, &l);
}
