/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * update.h - rewrites the expectations of a native recording.
 *
 * Replies and marks that did not hold become those that do; every other byte
 * stays. A file is replaced as a whole or not at all, keeps its mode and
 * owner, and is not touched where nothing differs.
 */
#ifndef UPDATE_H
#define UPDATE_H

#include "conversation.h"

struct change;

/* What is to be written into one file. Zeroed: nothing. */
struct update {
	struct change *changes;
	size_t count;
};

/* Remembers a difference of the file if a line can settle it: 1; 0 if none
 * can, or -ENOMEM. */
int update_add(struct update *, const struct reply_difference *);
/* Writes what was remembered, if anything. A negative errno: the file is as
 * it was, and why says FILE: and what is wrong. */
int update_write(
    struct update *, const char *file, char why[RECORDING_WHY_SIZE]);
/* Forgets all. */
void update_reset(struct update *);

#endif
