/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases.h - what every unit test starts with, and a policy from text.
 */
#ifndef CASES_H
#define CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A reader that knows one file, whose text is ctx. */
static inline int
text_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const char *source = ctx;

	if (strcmp(path, "policy.yaml") != 0)
		return -ENOENT;
	*len = strlen(source);
	if (*len > max)
		return -EFBIG;
	*text = malloc(*len + 1);
	if (*text == NULL)
		return -ENOMEM;
	memcpy(*text, source, *len + 1);
	return 0;
}

/* Compiles a policy; NULL where it is refused, with complaints in *out. */
static inline struct ruleset *
ruleset_of(const char *text, struct diagnostics *diagnostics)
{
	const struct reader reader = {
		.ctx = (void *)(uintptr_t)text,
		.read = text_read,
	};
	struct ruleset *ruleset = NULL;

	if (ruleset_load(&reader, "policy.yaml", "mx.contoso.com", &ruleset,
		diagnostics) != 0)
		return NULL;
	return ruleset;
}

#endif
