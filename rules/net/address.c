/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netaddr - addresses and ranges as numbers, and as text.
 *
 * Prints IPv4 as four decimal numbers, IPv6 as RFC 5952 has it, a network with
 * its prefix length. An IPv4-mapped IPv6 address is that IPv4 address. Reads
 * no text: read.c does.
 */
#include "addresses.h"

enum { GROUPS = 8 };

/* ---- From bytes -------------------------------------------------------- */

struct netaddr
netaddr_from_ipv4(const uint8_t bytes[4])
{
	struct netaddr addr = { .family = FAMILY_IPV4 };
	size_t i;

	for (i = 0; i < 4; i++)
		addr.lo = addr.lo << 8 | bytes[i];
	return addr;
}

struct netaddr
netaddr_from_ipv6(const uint8_t bytes[16])
{
	struct netaddr addr = { .family = FAMILY_IPV6 };
	size_t i;

	for (i = 0; i < 8; i++) {
		addr.hi = addr.hi << 8 | bytes[i];
		addr.lo = addr.lo << 8 | bytes[i + 8];
	}
	return netaddr_fold(addr);
}

/* ---- Text ------------------------------------------------------------- */

static char *
put_number(char *out, unsigned value, unsigned base)
{
	char digits[8];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (n > 0)
		*out++ = digits[--n];
	return out;
}

static char *
put_ipv4(char *out, uint64_t addr)
{
	int shift;

	for (shift = 24; shift >= 0; shift -= 8) {
		if (shift != 24)
			*out++ = '.';
		out = put_number(out, addr >> shift & 0xff, 10);
	}
	return out;
}

static unsigned
group(const struct netaddr *addr, unsigned i)
{
	uint64_t half = i < GROUPS / 2 ? addr->hi : addr->lo;

	return half >> (3 - i % 4) * 16 & 0xffff;
}

/* The first longest run of two zero groups or more (RFC 5952, section
 * 4.2), empty and behind the last group if there is none. */
static void
zeros_find(const struct netaddr *addr, unsigned *from, unsigned *to)
{
	unsigned i, start = 0, longest = 1;

	*from = *to = GROUPS;
	for (i = 0; i < GROUPS; i++) {
		if (group(addr, i) != 0) {
			start = i + 1;
		} else if (i + 1 - start > longest) {
			longest = i + 1 - start;
			*from = start;
			*to = i + 1;
		}
	}
}

static char *
put_ipv6(char *out, const struct netaddr *addr)
{
	unsigned i, from, to;
	const char *c;

	if (netaddr_is_mapped(addr)) {
		for (c = "::ffff:"; *c != '\0'; c++)
			*out++ = *c;
		return put_ipv4(out, addr->lo & UINT32_MAX);
	}
	zeros_find(addr, &from, &to);
	for (i = 0; i < GROUPS; i++) {
		if (i == from) {
			*out++ = ':';
			*out++ = ':';
		}
		if (i >= from && i < to)
			continue;
		if (i > 0 && i != to)
			*out++ = ':';
		out = put_number(out, group(addr, i), 16);
	}
	return out;
}

static char *
put_address(char *out, const struct netaddr *addr)
{
	switch (addr->family) {
	case FAMILY_IPV4:
		out = put_ipv4(out, addr->lo);
		break;
	case FAMILY_IPV6:
		out = put_ipv6(out, addr);
		break;
	case FAMILY_NONE:
	default:
		*out++ = '-';
		break;
	}
	return out;
}

const char *
netaddr_format(const struct netaddr *addr, char buf[NETADDR_TEXT_SIZE])
{
	*put_address(buf, addr) = '\0';
	return buf;
}

const char *
netrange_format(const struct netrange *range, char buf[NETRANGE_TEXT_SIZE])
{
	uint64_t hi = range->first.hi ^ range->last.hi;
	uint64_t lo = range->first.lo ^ range->last.lo;
	unsigned prefix = netstep_bits(range->first.family);
	char *out = put_address(buf, &range->first);

	switch (range->form) {
	case NETFORM_RANGE:
		*out++ = '-';
		out = put_address(out, &range->last);
		break;
	case NETFORM_CIDR:
		for (; hi != 0; hi >>= 1)
			prefix--;
		for (; lo != 0; lo >>= 1)
			prefix--;
		*out++ = '/';
		out = put_number(out, prefix, 10);
		break;
	case NETFORM_SINGLE:
	default:
		break;
	}
	*out = '\0';
	return buf;
}

/* ---- Comparison -------------------------------------------------------- */

int
netaddr_compare(const struct netaddr *a, const struct netaddr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

bool
netrange_holds(const struct netrange *range, const struct netaddr *addr)
{
	return netaddr_compare(&range->first, addr) <= 0 &&
	       netaddr_compare(addr, &range->last) <= 0;
}

bool
netaddr_is_loopback(const struct netaddr *addr)
{
	if (addr->family == FAMILY_IPV4)
		return addr->lo >> 24 == 127;
	return addr->family == FAMILY_IPV6 && addr->hi == 0 && addr->lo == 1;
}
