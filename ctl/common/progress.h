/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - how far long work is, for who waits at a terminal.
 *
 * One line on stderr that is written anew, from two seconds on; nothing where
 * stderr is no terminal.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal;
	bool shown;          /* the line stands there */
	int64_t begin, last; /* milliseconds */
};

void progress_init(struct progress *);
/* count things are done; done of total bytes, if total is not 0. Cheap. */
void progress_show(struct progress *, uint64_t count, const char *things,
    uint64_t done, uint64_t total);
/* Before anything else is written, and at the end. */
void progress_clear(struct progress *);

#endif
