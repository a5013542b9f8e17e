/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.c - how far long work is, for who waits at a terminal.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, PAUSE_MS = 200 };

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_init(struct progress *p)
{
	*p = (struct progress){ .terminal = isatty(STDERR_FILENO) == 1 };
	p->begin = p->last = clock_ms();
}

void
progress_show(struct progress *p, uint64_t count, const char *things,
    uint64_t done, uint64_t total)
{
	int64_t now;

	if (!p->terminal)
		return;
	now = clock_ms();
	if (now - p->begin < PATIENCE_MS || now - p->last < PAUSE_MS)
		return;
	p->last = now;
	p->shown = true;
	fprintf(stderr, "\r%" PRIu64 " %s", count, things);
	if (total > 0)
		fprintf(stderr, ", %u%%", (unsigned)(done * 100 / total));
	fputs("\033[K", stderr);
	fflush(stderr);
}

void
progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	p->shown = false;
}
