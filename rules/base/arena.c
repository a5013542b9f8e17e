/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena - memory that is freed all at once.
 *
 * A list of blocks, each larger than the last; an allocation moves a mark in
 * the newest. What does not fit gets a block of its own. Nothing is ever
 * given back alone.
 */
#include "arena.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_DEFAULT = 4096,
	BLOCK_MAX = 1 << 20,
	ALIGN = alignof(max_align_t),
};

struct arena_block {
	struct arena_block *older;
	size_t size, used;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct arena_block *newest;
};

static struct arena_block *
block_new(size_t size, struct arena_block *older)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (block != NULL)
		*block = (struct arena_block){ .older = older, .size = size };
	return block;
}

struct arena *
arena_new(size_t block)
{
	struct arena *arena = malloc(sizeof(*arena));

	if (arena == NULL)
		return NULL;
	arena->newest = block_new(block != 0 ? block : BLOCK_DEFAULT, NULL);
	if (arena->newest == NULL) {
		free(arena);
		return NULL;
	}
	return arena;
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *older;

	while ((older = arena->newest->older) != NULL) {
		free(arena->newest);
		arena->newest = older;
	}
	arena->newest->used = 0;
}

void
arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_reset(arena);
	free(arena->newest);
	free(arena);
}

/* Not zeroed. */
static void *
take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->newest;
	void *bytes;

	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (block->size - block->used < size) {
		size_t next = block->size * 2;

		if (next > BLOCK_MAX)
			next = BLOCK_MAX;
		if (next < size)
			next = size;
		block = block_new(next, block);
		if (block == NULL)
			return NULL;
		arena->newest = block;
	}
	bytes = block->bytes + block->used;
	block->used += size;
	return bytes;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	void *bytes = take(arena, size);

	return bytes != NULL ? memset(bytes, 0, size) : NULL;
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(arena, count * size);
}

char *
arena_text(struct arena *arena, const char *text, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = take(arena, len + 1);
	if (copy != NULL) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

int
arena_grow(struct arena *arena, void **array, size_t count, size_t size)
{
	size_t used = count * size, more = count == 0 ? size : used;
	unsigned char *grown;

	if ((count & (count - 1)) != 0)
		return 0;
	if (size != 0 && count > SIZE_MAX / 2 / size)
		return -ENOMEM;
	if ((grown = take(arena, used + more)) == NULL)
		return -ENOMEM;
	if (used != 0)
		memcpy(grown, *array, used);
	memset(grown + used, 0, more);
	*array = grown;
	return 0;
}
