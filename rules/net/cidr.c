/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr - arithmetic with CIDR blocks: a range as the fewest blocks, a netmask
 * as a prefix length.
 *
 * The only user of <libcidr.h>, which knows masks, networks, broadcast
 * addresses and supernets. It must not see text that a user wrote, which
 * overflows its heap: addresses come to it as numbers, and a netmask as
 * address.c printed it, after some padding, since it reads before the
 * beginning of a short string. What text is an address is read.c's.
 */
#include "cidr.h"

#include <errno.h>
#include <libcidr.h>
#include <stdio.h>

#include "lookup.h"
#include "step.h"

enum { PADDING = 16 }; /* libcidr looks back up to this far */

int
netmask_length(const struct netaddr *mask, unsigned *length)
{
	char padded[PADDING + sizeof "0.0.0.0/" + NETADDR_TEXT_SIZE] = "";
	char text[NETADDR_TEXT_SIZE];
	CIDR *cidr;

	(void)snprintf(padded + PADDING, sizeof padded - PADDING, "0.0.0.0/%s",
	    netaddr_format(mask, text));
	cidr = cidr_from_str(padded + PADDING);
	if (!cidr)
		return -EINVAL;
	*length = (unsigned)cidr_get_pflen(cidr);
	cidr_free(cidr);
	return 0;
}

/* ---- Blocks ---------------------------------------------------------- */

/* The block of one address, or NULL: out of memory. */
static CIDR *
cidr_of(const struct netaddr *addr)
{
	struct in6_addr in6;
	struct in_addr in;
	uint8_t *bytes =
	    addr->family == FAMILY_IPV6 ? (uint8_t *)&in6 : (uint8_t *)&in;
	unsigned count = netstep_bits(addr->family) / 8;

	for (unsigned i = 0; i < count; i++) {
		unsigned shift = (count - 1 - i) * 8;

		bytes[i] = (uint8_t)(shift < 64 ? addr->lo >> shift
						: addr->hi >> (shift - 64));
	}
	return count == sizeof in6 ? cidr_from_in6addr(&in6)
				   : cidr_from_inaddr(&in);
}

/* Takes what one of libcidr's functions returned. An IPv4-mapped address
 * stays one of IPv6: a block may begin there. */
static int
take_address(CIDR *cidr, struct netaddr *addr)
{
	struct in6_addr in6;
	struct in_addr in;
	const uint8_t *bytes = (const uint8_t *)&in;
	unsigned count = sizeof in;

	if (!cidr)
		return -ENOMEM;
	*addr = (struct netaddr){ .family = FAMILY_IPV4 };
	if (cidr_get_proto(cidr) == CIDR_IPV4) {
		cidr_to_inaddr(cidr, &in);
	} else {
		cidr_to_in6addr(cidr, &in6);
		bytes = (const uint8_t *)&in6;
		count = sizeof in6;
		addr->family = FAMILY_IPV6;
	}
	for (unsigned i = 0; i < count; i++) {
		addr->hi = addr->hi << 8 | addr->lo >> 56;
		addr->lo = addr->lo << 8 | bytes[i];
	}
	cidr_free(cidr);
	return 0;
}

/* The network that is up to step bits wider; consumes the one given. */
static CIDR *
widen(CIDR *cidr, unsigned step)
{
	for (unsigned i = 0; i < step && cidr; i++) {
		CIDR *wider = cidr_net_supernet(cidr);

		cidr_free(cidr);
		cidr = wider;
	}
	return cidr;
}

/* Finds the largest block that begins where the range begins and lies within
 * it, and the last address of the block. */
static int
find_block(const struct netrange *range, unsigned step, struct block *block,
    struct netaddr *last)
{
	unsigned prefix = netstep_bits(range->first.family);
	CIDR *cidr = cidr_of(&range->first);
	int error = cidr ? 0 : -ENOMEM;

	*block = (struct block){ range->first, prefix };
	*last = range->first;
	/* A prefix of 0 has no octet to write. */
	while (error == 0 && prefix >= step + (step > 1)) {
		struct netaddr first, end;

		cidr = widen(cidr, step);
		error = cidr ? take_address(cidr_addr_network(cidr), &first)
			     : -ENOMEM;
		if (error == 0)
			error = take_address(cidr_addr_broadcast(cidr), &end);
		if (error != 0 || netaddr_compare(&first, &range->first) != 0 ||
		    netaddr_compare(&end, &range->last) > 0)
			break;
		prefix -= step;
		block->prefix = prefix;
		*last = end;
	}
	cidr_free(cidr);
	return error;
}

int
blocks_walk(const struct netrange *range, unsigned step,
    int (*fn)(void *ctx, const struct block *), void *ctx)
{
	struct netrange rest = *range;
	struct netaddr last;
	struct block block;

	for (;;) {
		int rc = find_block(&rest, step, &block, &last);

		if (rc == 0)
			rc = fn(ctx, &block);
		if (rc != 0 || netaddr_compare(&last, &range->last) == 0)
			return rc;
		rest.first = netstep_next(last);
	}
}

/* ---- Text ------------------------------------------------------------ */

void
block_cidr(const struct block *b, char buf[BLOCK_TEXT_SIZE])
{
	char text[NETADDR_TEXT_SIZE];

	(void)snprintf(buf, BLOCK_TEXT_SIZE, "%s/%u",
	    netaddr_format(&b->first, text), b->prefix);
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
		const char *separator = i == 0 ? "" : ipv6 ? ":" : ".";

		used += (size_t)snprintf(buf + used, BLOCK_TEXT_SIZE - used,
		    ipv6 ? "%s%x" : "%s%u", separator, part);
	}
}
