/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - the log: lines on their way to where they go.
 *
 * The queue is a ring of bytes, its records a head and the text of a line.
 * It is the daemon's only lock that a decision takes besides the store's; it
 * is held while a line is copied, never while one is written. The writer lets
 * lines gather for a moment: to wake it for each one would cost more than all
 * the rest of logging.
 */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	QUEUE_SIZE = 1 << 18,
	BATCH_SIZE = 1 << 14, /* more than the longest line has */
	GATHER_MS = 20,
	STOP_SECONDS = 2,
};

struct log_record {
	time_t when;
	int priority;
	uint32_t len;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled, drained;
	bool running, stopping;
	uint64_t dropped; /* and not yet reported */
	uint64_t dropped_all;
	size_t head, used; /* first byte, and how many */
	char ring[QUEUE_SIZE];
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.drained = PTHREAD_COND_INITIALIZER,
};

/* The writer's while it runs, else whoever calls has it under the lock. */
static struct logsink sink = { .target = LOG_TARGET_STDERR, .fd = -1 };

static atomic_int level = LOG_INFO;

static void
ring_put(const void *bytes, size_t len)
{
	size_t at, first;

	/* Where the memory is still in the cache. */
	if (!queue.used)
		queue.head = 0;
	at = (queue.head + queue.used) % QUEUE_SIZE;
	first = QUEUE_SIZE - at < len ? QUEUE_SIZE - at : len;
	memcpy(queue.ring + at, bytes, first);
	memcpy(queue.ring, (const char *)bytes + first, len - first);
	queue.used += len;
}

static void
ring_peek(void *bytes, size_t len)
{
	size_t at = queue.head;
	size_t first = QUEUE_SIZE - at < len ? QUEUE_SIZE - at : len;

	memcpy(bytes, queue.ring + at, first);
	memcpy((char *)bytes + first, queue.ring, len - first);
}

/* Takes as many whole records as fit; how many bytes. */
static size_t
records_take(char batch[BATCH_SIZE])
{
	struct log_record r;
	size_t len = 0, size;

	while (queue.used) {
		ring_peek(&r, sizeof(r));
		size = sizeof(r) + r.len;
		if (size > BATCH_SIZE - len)
			break;
		ring_peek(batch + len, size);
		queue.head = (queue.head + size) % QUEUE_SIZE;
		queue.used -= size;
		len += size;
	}
	return len;
}

/* How many were lost. */
static uint64_t
records_write(const char *batch, size_t len)
{
	struct logline l;
	struct log_record r;

	for (size_t at = 0; at < len; at += r.len) {
		memcpy(&r, batch + at, sizeof(r));
		at += sizeof(r);
		memcpy(l.text, batch + at, r.len);
		l.len = r.len;
		logsink_write(&sink, r.priority, r.when, &l);
	}
	return logsink_flush(&sink);
}

static bool
dropped_write(uint64_t dropped)
{
	struct logline l;

	logline_init(&l);
	logline_add(&l, "message", "log lines were dropped");
	logline_number(&l, "dropped", dropped);
	logsink_write(&sink, LOG_WARNING, time(NULL), &l);
	return !logsink_flush(&sink);
}

/* Until there is a line, and then for a moment, unless many come. */
static void
lines_gather(void)
{
	struct timespec until;

	while (!queue.used && !queue.stopping)
		pthread_cond_wait(&queue.filled, &queue.lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (queue.used < QUEUE_SIZE / 2 && !queue.stopping)
		if (pthread_cond_timedwait(
			&queue.filled, &queue.lock, &until) == ETIMEDOUT)
			break;
}

static void *
writer_run(void *unused)
{
	char batch[BATCH_SIZE];
	uint64_t dropped, lost;
	size_t len;
	bool told;

	(void)unused;
	pthread_mutex_lock(&queue.lock);
	for (;;) {
		if (!queue.used)
			lines_gather();
		if (!queue.used)
			break;
		len = records_take(batch);
		/* Said when there is room again, or it would be repeated for
		 * every line. */
		dropped = queue.used < QUEUE_SIZE / 2 ? queue.dropped : 0;
		pthread_mutex_unlock(&queue.lock);
		lost = records_write(batch, len);
		told = !lost && dropped && dropped_write(dropped);
		pthread_mutex_lock(&queue.lock);
		if (told)
			queue.dropped -= dropped;
		queue.dropped += lost;
		queue.dropped_all += lost;
	}
	queue.running = false;
	pthread_cond_signal(&queue.drained);
	pthread_mutex_unlock(&queue.lock);
	return NULL;
}

void
log_open(enum log_target target, enum log_format format, const char *path)
{
	logsink_close(&sink);
	logsink_open(&sink, target, format, path);
	/* For libmilter, which has no other way to speak. */
	openlog("connector-milter", LOG_PID | LOG_NDELAY, LOG_MAIL);
}

int
log_start(void)
{
	pthread_condattr_t attr;
	pthread_t thread;
	int rc;

	/* A clock that is set does not stop the log. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue.filled, &attr);
	pthread_condattr_destroy(&attr);
	queue.running = true;
	queue.stopping = false;
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
	struct log_record r = { time(NULL), priority, (uint32_t)l->len };
	uint64_t lost = 0;

	if (!l->len || priority > log_level())
		return;
	pthread_mutex_lock(&queue.lock);
	if (!queue.running) {
		logsink_write(&sink, priority, r.when, l);
		lost = logsink_flush(&sink);
	} else if (QUEUE_SIZE - queue.used < sizeof(r) + l->len) {
		lost = 1;
	} else {
		bool first = !queue.used;
		ring_put(&r, sizeof(r));
		ring_put(l->text, l->len);
		if (first || queue.used >= QUEUE_SIZE / 2)
			pthread_cond_signal(&queue.filled);
	}
	queue.dropped += lost;
	queue.dropped_all += lost;
	pthread_mutex_unlock(&queue.lock);
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

void
log_level_set(int priority)
{
	atomic_store_explicit(&level, priority, memory_order_relaxed);
}

int
log_level(void)
{
	return atomic_load_explicit(&level, memory_order_relaxed);
}

uint64_t
log_dropped(void)
{
	uint64_t dropped;

	pthread_mutex_lock(&queue.lock);
	dropped = queue.dropped_all;
	pthread_mutex_unlock(&queue.lock);
	return dropped;
}
