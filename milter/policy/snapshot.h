/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.h - the files that a policy was read from, as they were.
 *
 * Kept so that a file that was cut off is noticed, a change too, and so that
 * what was good can be written to a safe place. Used by one thread at a time.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "files.h"

struct snapshot;

/* NULL: out of memory. files must outlive it. */
struct snapshot *snapshot_new(struct files *);
void snapshot_free(struct snapshot *);

/* Reads the files and keeps what it read. Borrows the snapshot. */
struct reader snapshot_reader(struct snapshot *);
/* Reads nothing but what is kept. */
struct reader snapshot_replay(struct snapshot *);
/* The name of the first one, the policy; NULL while empty. */
const char *snapshot_first(const struct snapshot *);
/* Forgets the texts; the names and what stat(2) said of them stay. */
void snapshot_forget(struct snapshot *);

/* Forgets the texts that snapshot_cut() can do without. */
void snapshot_trim(struct snapshot *);

/* The name of a file that seems cut off: a policy that is the beginning of
 * what it was, or another file that is shorter and has lost the end of its
 * last line. NULL if none is. */
const char *snapshot_cut(
    const struct snapshot *now, const struct snapshot *before);

/* A number for what stat(2) said of all files as they were read, and for what
 * it says now: they differ where a file has changed. */
uint64_t snapshot_mark(const struct snapshot *);
uint64_t snapshot_mark_now(const struct snapshot *);

/* Writes all texts to one file PATH, which is there as a whole or not at all,
 * and once this is done outlives a power cut; id names them. */
int snapshot_write(const struct snapshot *, const char *path, const char *id);
/* Reads such a file; id is what was written there. -EBADMSG: it is none. */
enum { SNAPSHOT_ID_SIZE = 32 };
int snapshot_read(
    struct snapshot *, const char *path, char id[SNAPSHOT_ID_SIZE]);

#endif
