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
add_at(struct address_count *count, unsigned at, uint64_t number)
{
	for (; at < WORDS && number != 0; at++) {
		count->word[at] += number;
		number = count->word[at] < number;
	}
}

void
address_count_add(struct address_count *count, const struct netrange *range)
{
	uint64_t borrow = range->last.lo < range->first.lo;

	add_at(count, 0, range->last.lo - range->first.lo);
	add_at(count, 1, range->last.hi - range->first.hi - borrow);
	add_at(count, 0, 1);
}

/* Divides by ten in halves of words, and returns the remainder. */
static unsigned
divide_by_ten(struct address_count *count)
{
	uint64_t rest = 0;

	for (unsigned i = WORDS; i-- > 0;) {
		uint64_t high = rest << HALF_BITS | count->word[i] >> HALF_BITS;
		uint64_t low =
		    high % 10 << HALF_BITS | (count->word[i] & UINT32_MAX);

		count->word[i] = high / 10 << HALF_BITS | low / 10;
		rest = low % 10;
	}
	return (unsigned)rest;
}

const char *
address_count_format(
    const struct address_count *count, char buf[ADDRESS_COUNT_SIZE])
{
	struct address_count left = *count;
	char *at = buf + ADDRESS_COUNT_SIZE;

	*--at = '\0';
	do
		*--at = (char)('0' + divide_by_ten(&left));
	while ((left.word[0] | left.word[1] | left.word[2]) != 0);
	return memmove(buf, at, (size_t)(buf + ADDRESS_COUNT_SIZE - at));
}
