/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing.c - an allocator that fails when it is told to.
 */
#include "failing.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static size_t calls, at;
static bool last;

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_aligned_alloc(size_t, size_t);
char *__real_strdup(const char *);
char *__real_strndup(const char *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
void *__wrap_aligned_alloc(size_t, size_t);
char *__wrap_strdup(const char *);
char *__wrap_strndup(const char *, size_t);
/* libyaml asks these, which may be ours. */
void *yaml_malloc(size_t);
void *yaml_realloc(void *, size_t);
char *yaml_strdup(const char *);

void
failing_at(size_t first, bool only)
{
	calls = 0;
	at = first;
	last = only;
	json_set_alloc_funcs(malloc, free);
}

size_t
failing_calls(void)
{
	return calls;
}

static bool
fails(void)
{
	calls++;
	return at && (last ? calls == at : calls >= at);
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *
__wrap_strndup(const char *text, size_t max)
{
	return fails() ? NULL : __real_strndup(text, max);
}

void *
yaml_malloc(size_t size)
{
	return malloc(size ? size : 1);
}

void *
yaml_realloc(void *old, size_t size)
{
	return realloc(old, size ? size : 1);
}

char *
yaml_strdup(const char *text)
{
	return text ? strdup(text) : NULL;
}
