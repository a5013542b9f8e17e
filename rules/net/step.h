/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * step.h - from one address to the next, and to the end of a block.
 *
 * A block is 2^bits addresses; bits are 0 to 32 (IPv4) or 128 (IPv6).
 */
#ifndef STEP_H
#define STEP_H

#include "rules.h"

enum { NETSTEP_NO_BLOCK = 255 };

/* The bits of an address. */
static inline unsigned
netstep_bits(enum family family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

/* The lowest bits set. */
static inline struct netaddr
netstep_mask(enum family family, unsigned bits)
{
	return (struct netaddr){
		.family = family,
		.hi = bits <= 64 ? 0 : UINT64_MAX >> (128 - bits),
		.lo = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1,
	};
}

/* The last address of a family. */
static inline struct netaddr
netstep_last(enum family family)
{
	return netstep_mask(family, netstep_bits(family));
}

/* Behind the last address of a family comes one that no range holds (IPv4),
 * or the first one (IPv6). */
static inline struct netaddr
netstep_next(struct netaddr addr)
{
	addr.hi += ++addr.lo == 0;
	return addr;
}

/* Not for the first address of a family. */
static inline struct netaddr
netstep_previous(struct netaddr addr)
{
	addr.hi -= addr.lo-- == 0;
	return addr;
}

/* The last of the block that begins with an address. */
static inline struct netaddr
netstep_block(struct netaddr first, unsigned bits)
{
	struct netaddr mask = netstep_mask(first.family, bits);

	first.lo += mask.lo;
	first.hi += mask.hi + (first.lo < mask.lo);
	return first;
}

/* One less than the number of addresses, so that ::/0 has one too. */
static inline struct netaddr
netrange_size(const struct netrange *range)
{
	return (struct netaddr){
		.family = range->first.family,
		.hi = range->last.hi - range->first.hi -
		      (range->last.lo < range->first.lo),
		.lo = range->last.lo - range->first.lo,
	};
}

/* The bits of the block that a range is, or NETSTEP_NO_BLOCK. */
static inline unsigned
netstep_block_bits(const struct netrange *range)
{
	struct netaddr size = netrange_size(range), more = netstep_next(size);

	/* All ones, so that one more has none of them. */
	if (((size.hi & more.hi) | (size.lo & more.lo)) != 0)
		return NETSTEP_NO_BLOCK;
	if (size.hi != 0)
		return 128 - (unsigned)__builtin_clzll(size.hi);
	return size.lo != 0 ? 64 - (unsigned)__builtin_clzll(size.lo) : 0;
}

/* Whether b follows a directly. */
static inline bool
netstep_adjoins(const struct netaddr *a, const struct netaddr *b)
{
	struct netaddr next = netstep_next(*a);

	return netaddr_compare(a, b) < 0 && netaddr_compare(&next, b) == 0;
}

#endif
