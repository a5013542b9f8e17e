/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - keeps recorded sessions in the files of a folder.
 *
 * A thread of its own writes them, so that no disk delays a decision; what
 * finds no room in memory or cannot be written is dropped and counted. Each
 * session is written whole or not at all. The oldest files go when all of
 * them are larger than they may be, or when they are too old; files that
 * others have put there are left alone.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorder;

struct recorder_limits {
	uint64_t size; /* bytes of all files together */
	uint32_t days; /* age of a file */
	bool values;   /* of header fields are recorded */
};

/* The text of a session: its owner's until it is handed over. */
struct recorder_text {
	struct recorder_text *next;
	size_t len, room;
	char bytes[];
};

/* Opens the folder. */
int recorder_open(
    const char *folder, const struct recorder_limits *, struct recorder **);
/* Opens a first file, to see that it can be done, and starts the thread. */
int recorder_start(struct recorder *);
/* Writes what it has, for two seconds at most. Takes NULL. */
void recorder_stop(struct recorder *);
/* To be called when it has stopped and nobody records any more. */
void recorder_free(struct recorder *);

bool recorder_values(const struct recorder *);
/* How many sessions were not recorded; 0 for NULL. */
uint64_t recorder_dropped(struct recorder *);

/* For record.c; any thread may call these. */

/* A text with room for so many bytes more or less; text NULL is a new one.
 * NULL, and nothing has changed: too much is held in memory. */
struct recorder_text *recorder_text_resize(
    struct recorder *, struct recorder_text *text, size_t room);
void recorder_text_free(struct recorder *, struct recorder_text *);
/* Hands it over to be written. */
void recorder_put(struct recorder *, struct recorder_text *);
/* Counts a session that is not recorded. */
void recorder_drop(struct recorder *);

#endif
