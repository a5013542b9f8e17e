/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.c - counts of addresses, in base 2^64 and in decimal.
 *
 * Standard C has no integer of 128 bits, and two families need one bit more.
 */
#include "count.h"

#include <string.h>

enum { WORDS = 3, HALF_BITS = 32 };

static void
add_at(struct wide *wide, unsigned at, uint64_t number)
{
	for (; at < WORDS && number != 0; at++) {
		wide->word[at] += number;
		number = wide->word[at] < number;
	}
}

void
wide_add_range(struct wide *wide, const struct netrange *range)
{
	uint64_t borrow = range->last.lo < range->first.lo;

	add_at(wide, 0, range->last.lo - range->first.lo);
	add_at(wide, 1, range->last.hi - range->first.hi - borrow);
	add_at(wide, 0, 1);
}

/* Divides by ten in halves of words, and answers the rest. */
static unsigned
divide_by_ten(struct wide *wide)
{
	uint64_t rest = 0;

	for (unsigned i = WORDS; i-- > 0;) {
		uint64_t high = rest << HALF_BITS | wide->word[i] >> HALF_BITS;
		uint64_t low =
		    high % 10 << HALF_BITS | (wide->word[i] & UINT32_MAX);

		wide->word[i] = high / 10 << HALF_BITS | low / 10;
		rest = low % 10;
	}
	return (unsigned)rest;
}

const char *
wide_format(const struct wide *wide, char buf[WIDE_TEXT_SIZE])
{
	struct wide left = *wide;
	char *at = buf + WIDE_TEXT_SIZE;

	*--at = '\0';
	do
		*--at = (char)('0' + divide_by_ten(&left));
	while ((left.word[0] | left.word[1] | left.word[2]) != 0);
	return memmove(buf, at, (size_t)(buf + WIDE_TEXT_SIZE - at));
}
