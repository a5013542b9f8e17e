/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing.c - an allocator that fails when it is told to, and a sweep that
 * tells it to, at each place.
 */
#include "failing.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
	EACH = 1000, /* beyond that many places some are tried */
	SWEEP_MAX = 20000,
};

/* A part under test may have threads. */
static atomic_size_t calls, at;
static atomic_bool last;

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

void
failing_end(void)
{
	at = 0;
}

bool
failing_is_set(void)
{
	return at != 0;
}

size_t
failing_calls(void)
{
	return calls;
}

static bool
fails(void)
{
	size_t first = at, n;

	if (!first)
		return false;
	n = atomic_fetch_add(&calls, 1) + 1;
	if (last ? n != first : n < first)
		return false;
	errno = ENOMEM;
	return true;
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

void
sweep(const char *name, act what)
{
	size_t n;

	failing_end();
	assert_int_equal(what(), 0); /* and there is memory for what stays */
	for (int only = 0; only < 2; only++) {
		for (n = 1; n < SWEEP_MAX; n += n < EACH ? 1 : n / 50) {
			int rc;

			failing_at(n, only);
			rc = what();
			if (failing_calls() < n)
				break;
			if (rc && rc != -ENOMEM)
				fail_msg("%s, %zu: %d", name, n, rc);
		}
		assert_in_range(n, 2, SWEEP_MAX - 1);
		print_message("%s: %zu places\n", name, failing_calls());
		failing_end();
	}
}
