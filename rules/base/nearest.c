/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest - "did you mean".
 *
 * Compares words of a policy with words that are known: without regard to
 * case (ASCII only, no locale), without regard to underscores, and by edit
 * distance (optimal string alignment). Long words are not compared.
 */
#include "nearest.h"

#include <string.h>

#include "ascii.h"

enum { WORD_SIZE = 64 }; /* longer ones are not compared */

static bool
word_begins(const char *word, const char *begin)
{
	for (; *begin != '\0' && ascii_lower(*word) == ascii_lower(*begin);
	     begin++)
		word++;
	return *begin == '\0';
}

bool
word_same_squashed(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, "_-");
		b += strspn(b, "_-");
		if (*a == '\0' || ascii_lower(*a) != ascii_lower(*b))
			return *a == *b;
		a++;
		b++;
	}
}

/* The number of characters to insert, remove, replace or swap; both shorter
 * than WORD_SIZE. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][WORD_SIZE], la = strlen(a), lb = strlen(b), i, j;

	for (j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
		const size_t *second = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			char x = ascii_lower(a[i - 1]);
			char y = ascii_lower(b[j - 1]);
			size_t best = above[j - 1] + (x != y);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) &&
			    ascii_lower(a[i - 2]) == y &&
			    second[j - 2] + 1 < best)
				best = second[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[la % 3][lb];
}

const char *
word_nearest(const char *text, const char *(*name)(const void *, size_t),
    const void *ctx, size_t count)
{
	const char *nearest = NULL;
	size_t i, len = strlen(text), best = len / 3 + 1;

	if (len < 2 || len >= WORD_SIZE)
		return NULL;
	for (i = 0; i < count; i++) {
		const char *candidate = name(ctx, i);
		size_t other = strlen(candidate), found;

		if (other >= WORD_SIZE)
			continue;
		/* "Accept-Any-Recipient" is the end of a name, "Anonymous"
		 * the beginning. */
		if (len > 5 && other > len &&
		    (ascii_same(candidate + other - len, text) ||
			word_begins(candidate, text)))
			return candidate;
		if (word_same_squashed(text, candidate))
			return candidate;
		found = distance(text, candidate);
		if (found < best) {
			best = found;
			nearest = candidate;
		}
	}
	return nearest;
}
