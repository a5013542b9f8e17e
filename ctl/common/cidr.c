/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr.c - a range of addresses as aligned blocks.
 *
 * The largest block that begins where the range begins and does not end
 * behind it, again and again. With a step, a block that would lie between two
 * of the coarse prefixes is written as many of the finer one.
 */
#include "cidr.h"
#include "step.h"

#include <stdio.h>
#include <string.h>

static unsigned
family_bits(enum family family)
{
	return family == FAMILY_IPV6 ? 128 : 32;
}

/* The last address of a block of 2^size addresses from a on. */
static struct netaddr
block_last(struct netaddr a, unsigned size)
{
	if (size >= 64) {
		a.lo = UINT64_MAX;
		a.hi |=
		    size == 128 ? UINT64_MAX : (UINT64_C(1) << (size - 64)) - 1;
	} else {
		a.lo |= (UINT64_C(1) << size) - 1;
	}
	return a;
}

static bool
is_aligned(struct netaddr a, unsigned size)
{
	struct netaddr last = block_last(a, size);

	if (size >= 64)
		return a.lo == 0 &&
		       (size == 128
			       ? a.hi == 0
			       : (a.hi & ((UINT64_C(1) << (size - 64)) - 1)) ==
				     0);
	return (a.lo & (last.lo ^ a.lo)) == 0 &&
	       (a.lo & ((UINT64_C(1) << size) - 1)) == 0;
}

int
blocks_walk(const struct netrange *range, unsigned step,
    int (*fn)(void *ctx, const struct block *), void *ctx)
{
	unsigned bits = family_bits(range->first.family);
	struct netaddr at = range->first;

	for (;;) {
		struct netaddr last = at;
		unsigned size = 0;
		int rc;

		/* A prefix of 0 has no octet to write. */
		for (unsigned s = step; s < bits + (step == 1); s += step) {
			struct netaddr end = block_last(at, s);

			if (!is_aligned(at, s) ||
			    netaddr_compare(&end, &range->last) > 0)
				break;
			size = s;
			last = end;
		}
		rc = fn(ctx, &(struct block){ at, bits - size });
		if (rc != 0 || netaddr_compare(&last, &range->last) == 0)
			return rc;
		at = netstep_next(last);
	}
}

void
block_cidr(const struct block *b, char buf[BLOCK_TEXT_SIZE])
{
	char text[NETADDR_TEXT_SIZE];

	snprintf(buf, BLOCK_TEXT_SIZE, "%s/%u", netaddr_format(&b->first, text),
	    b->prefix);
}

void
block_parts(const struct block *b, char buf[BLOCK_TEXT_SIZE])
{
	bool ipv6 = b->first.family == FAMILY_IPV6;
	unsigned width = ipv6 ? 16 : 8, n = b->prefix / width;
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		uint64_t half = ipv6 && i < 4 ? b->first.hi : b->first.lo;
		unsigned shift = ipv6 ? (3 - i % 4) * 16 : (3 - i) * 8;
		unsigned part = (unsigned)(half >> shift) & ((1U << width) - 1);

		used += (size_t)snprintf(buf + used, BLOCK_TEXT_SIZE - used,
		    ipv6 ? "%s%x" : "%s%u",
		    i == 0 ? ""
		    : ipv6 ? ":"
			   : ".",
		    part);
	}
}
