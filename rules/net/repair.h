/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repair.h - the draft of an address, and what can be done to it.
 *
 * Between repair.c and advice.c. A draft is a bounded copy of a text
 * that the strict reader has refused.
 */
#ifndef REPAIR_H
#define REPAIR_H

#include "addresses.h"

enum { DRAFT_SIZE = 160, DRAFT_MAX = 127 };

struct draft {
	char text[DRAFT_SIZE];
	size_t len;
	enum netkind kind;
};

/* Tries the i-th repair. Answers whether it changed the draft, and then what
 * was wrong, or NULL where the reader's words stand. */
bool netrepair_try(struct draft *, size_t i, const char **problem);
size_t netrepair_count(void);

static inline bool
draft_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
draft_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The position of c, the length if there is none. */
static inline size_t
draft_find(const struct draft *draft, size_t from, char c)
{
	while (from < draft->len && draft->text[from] != c)
		from++;
	return from;
}

static inline bool
draft_has(const struct draft *draft, char c)
{
	return draft_find(draft, 0, c) < draft->len;
}

static inline size_t
draft_digits(const struct draft *draft, size_t from)
{
	size_t i = from;

	while (draft_is_digit(draft->text[i]))
		i++;
	return i - from;
}

#endif
