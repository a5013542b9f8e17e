/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ascii.h - letters without regard to case: ASCII only, no locale, since
 * names of mail are compared the same everywhere.
 */
#ifndef ASCII_H
#define ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
ascii_same_n(const char *a, const char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

/* The length of a word, not empty, that text begins with; 0 if it does not. */
static inline size_t
ascii_prefix(const char *text, const char *word)
{
	size_t i;

	for (i = 0; word[i] != '\0'; i++)
		if (text[i] != word[i] &&
		    ascii_lower(text[i]) != ascii_lower(word[i]))
			return 0;
	return i;
}

/* < 0, 0, > 0. */
static inline int
ascii_compare(const char *a, const char *b)
{
	while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);
}

static inline bool
ascii_same(const char *a, const char *b)
{
	return ascii_compare(a, b) == 0;
}

#endif
