/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - memory that is freed all at once.
 *
 * One arena per policy, per ruleset, per session scope: one free. Memory is
 * zeroed and aligned for any type. Not for threads.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena;

/* NULL: out of memory. block is the first block's size in bytes, 0 for the
 * default; later blocks grow. */
struct arena *arena_new(size_t block);
void arena_free(struct arena *);
/* Forgets all that was allocated, keeps the first block for reuse. */
void arena_reset(struct arena *);

/* NULL: out of memory. */
void *arena_alloc(struct arena *, size_t size);
/* count * size with a check for overflow. */
void *arena_array(struct arena *, size_t count, size_t size);
char *arena_text(struct arena *, const char *text, size_t len);
/* Makes room for one more element in a growing array: doubles it when count
 * is 0 or a power of two. *array is written only on success. -ENOMEM. */
int arena_grow(struct arena *, void **array, size_t count, size_t size);

#endif
