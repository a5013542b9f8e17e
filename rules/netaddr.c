/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netaddr - strict addresses, ranges, prefixes and endpoints.
 *
 * The only user of <libcidr.h>. libcidr 1.2.3 must not see raw text: nine
 * groups overflow its heap, 10.0.0.0/-1 is everyone to it, 010.0.0.1 is
 * 8.0.0.1, and it reads before the beginning of a short string. So a gate of
 * our own lets through dotted quads without leading zeros, RFC 4291 text and
 * plain decimal prefixes, and nothing else. It has the four numbers of a
 * dotted quad at hand, so those are an address already, which is what makes a
 * list of a million load in the time that it does; IPv6 that passes is copied
 * behind some padding for libcidr to read. Refuses short forms, octal,
 * hexadecimal, netmasks, zones, brackets, names and spaces; netadvice.c says
 * what to write instead.
 */
#include "netaddr.h"

#include <assert.h>
#include <errno.h>
#include <libcidr.h>
#include <string.h>

enum {
	CIDR_PADDING = 16, /* libcidr looks back up to this far */
	CIDR_TEXT_MAX = 49,
	GROUPS = 8,
};

static int
refuse(struct netfault *fault, const char *text, const char *at)
{
	*fault = (struct netfault){ .text = text, .at = at };
	return -EINVAL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* ---- The gate -------------------------------------------------------- */

/* A decimal number without sign and leading zeros. */
static int
number_gate(const char *text, size_t len, unsigned max, unsigned *value)
{
	unsigned number = 0;
	size_t i;

	if (len == 0 || len > 5 || (text[0] == '0' && len > 1))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (!is_digit(text[i]))
			return -EINVAL;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	if (number > max)
		return -EINVAL;
	*value = number;
	return 0;
}

static int
ipv4_gate(const char *text, size_t len, uint32_t *addr, struct netfault *fault)
{
	size_t i = 0, part, start;
	uint32_t read = 0;
	unsigned value;

	for (part = 0; part < 4; part++) {
		for (start = i; i < len && is_digit(text[i]); i++)
			;
		if (i < len && text[i] != '.')
			return refuse(
			    fault, "has no place in an address", text + i);
		if (i == start)
			return refuse(
			    fault, "an IPv4 address has four parts", NULL);
		if (text[start] == '0' && i - start > 1)
			return refuse(
			    fault, "a leading zero might be octal", NULL);
		if (number_gate(text + start, i - start, 255, &value) != 0)
			return refuse(fault,
			    "each part of an IPv4 address is 0 to 255", NULL);
		if ((i < len) != (part < 3))
			return refuse(
			    fault, "an IPv4 address has four parts", NULL);
		read = read << 8 | value;
		i++;
	}
	*addr = read;
	return 0;
}

/* Reads one group at *i. A dotted quad ends the text and counts for two. */
static int
group_gate(const char *text, size_t len, size_t *i, unsigned *groups,
    struct netfault *fault)
{
	size_t start = *i;
	uint32_t quad;

	while (*i < len && is_hex(text[*i]))
		(*i)++;
	if (*i < len && text[*i] == '.') {
		*i = len;
		*groups += 2;
		return ipv4_gate(text + start, len - start, &quad, fault);
	}
	if (*i < len && text[*i] != ':')
		return refuse(fault, "has no place in an address", text + *i);
	if (*i - start > 4)
		return refuse(fault,
		    "a group of an IPv6 address has up to four digits", NULL);
	(*groups)++;
	return 0;
}

static int
ipv6_gate(const char *text, size_t len, struct netfault *fault)
{
	unsigned groups = 0;
	bool gap = false;
	size_t i = 0;
	int rc;

	while (i < len) {
		if (text[i] == ':' && i + 1 < len && text[i + 1] == ':') {
			if (gap)
				return refuse(fault,
				    "an IPv6 address has one '::' at most",
				    NULL);
			gap = true;
			i += 2;
			if (i == len)
				break;
		}
		if (text[i] == ':')
			return refuse(
			    fault, "has no place in an address", text + i);
		rc = group_gate(text, len, &i, &groups, fault);
		if (rc != 0)
			return rc;
		if (i == len || (i + 1 < len && text[i + 1] == ':'))
			continue;
		if (++i == len)
			return refuse(fault,
			    "an IPv6 address does not end with a single ':'",
			    NULL);
	}
	if (gap ? groups >= GROUPS : groups != GROUPS)
		return refuse(fault,
		    groups > GROUPS || gap
			? "too many groups for an IPv6 address"
			: "an IPv6 address has eight groups, or '::' for "
			  "those that are zero",
		    NULL);
	return 0;
}

/* ---- From text to numbers --------------------------------------------- */

struct netaddr
netaddr_from_ipv4(const uint8_t bytes[4])
{
	struct netaddr addr = { .family = FAMILY_IPV4 };
	size_t i;

	for (i = 0; i < 4; i++)
		addr.lo = addr.lo << 8 | bytes[i];
	return addr;
}

static bool
is_mapped(const struct netaddr *addr)
{
	return addr->family == FAMILY_IPV6 && addr->hi == 0 &&
	       addr->lo >> 32 == 0xffff;
}

static struct netaddr
ipv6_from_bytes(const uint8_t bytes[16])
{
	struct netaddr addr = { .family = FAMILY_IPV6 };
	size_t i;

	for (i = 0; i < 8; i++) {
		addr.hi = addr.hi << 8 | bytes[i];
		addr.lo = addr.lo << 8 | bytes[i + 8];
	}
	return addr;
}

static struct netaddr
fold(struct netaddr addr)
{
	if (!is_mapped(&addr))
		return addr;
	return (struct netaddr){ .family = FAMILY_IPV4,
		.lo = addr.lo & UINT32_MAX };
}

struct netaddr
netaddr_from_ipv6(const uint8_t bytes[16])
{
	return fold(ipv6_from_bytes(bytes));
}

/* IPv6 text that has passed the gate. */
static int
cidr_read(const char *text, size_t len, struct netaddr *addr)
{
	char padded[CIDR_PADDING + CIDR_TEXT_MAX + 1] = { 0 };
	struct in6_addr in6;
	uint8_t bytes[16];
	CIDR *cidr;

	assert(len <= CIDR_TEXT_MAX);
	memcpy(padded + CIDR_PADDING, text, len);
	cidr = cidr_from_str(padded + CIDR_PADDING);
	if (cidr == NULL)
		return -ENOMEM;
	(void)cidr_to_in6addr(cidr, &in6);
	memcpy(bytes, &in6, sizeof(in6));
	*addr = ipv6_from_bytes(bytes);
	cidr_free(cidr);
	return 0;
}

/* Not folded. */
static int
number_read(
    const char *text, size_t len, struct netaddr *addr, struct netfault *fault)
{
	uint32_t quad;
	int rc;

	if (len == 0)
		return refuse(fault, "an address is missing", NULL);
	if (memchr(text, ':', len) != NULL) {
		rc = ipv6_gate(text, len, fault);
		return rc != 0 ? rc : cidr_read(text, len, addr);
	}
	rc = ipv4_gate(text, len, &quad, fault);
	if (rc == 0)
		*addr = (struct netaddr){ .family = FAMILY_IPV4, .lo = quad };
	return rc;
}

static int
address_read(
    const char *text, size_t len, struct netaddr *addr, struct netfault *fault)
{
	struct netaddr read;
	int rc = number_read(text, len, &read, fault);

	if (rc == 0)
		*addr = fold(read);
	return rc;
}

/* ---- Ranges and endpoints --------------------------------------------- */

static unsigned
family_bits(enum family family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

/* The bits behind a prefix. */
static struct netaddr
host_mask(enum family family, unsigned prefix)
{
	unsigned bits = family_bits(family) - prefix;

	return (struct netaddr){
		.family = family,
		.hi = bits <= 64 ? 0 : UINT64_MAX >> (128 - bits),
		.lo = bits == 0    ? 0
		      : bits >= 64 ? UINT64_MAX
				   : UINT64_MAX >> (64 - bits),
	};
}

static int
network_read(const char *text, size_t len, const char *slash,
    struct netvalue *value, struct netfault *fault)
{
	size_t addrlen = (size_t)(slash - text);
	bool wide = memchr(text, ':', addrlen) != NULL;
	struct netaddr addr, mask;
	struct netrange range = { .form = NETFORM_CIDR };
	unsigned prefix;
	int rc;

	rc = number_read(text, addrlen, &addr, fault);
	if (rc != 0)
		return rc;
	if (number_gate(
		slash + 1, len - addrlen - 1, wide ? 128 : 32, &prefix) != 0)
		return refuse(fault,
		    wide ? "an IPv6 prefix length is a number from 0 to 128"
			 : "an IPv4 prefix length is a number from 0 to 32",
		    NULL);
	if (is_mapped(&addr)) {
		if (prefix < 96)
			return refuse(fault,
			    "the prefix length of an IPv4-mapped network is "
			    "96 to 128",
			    NULL);
		prefix -= 96;
		addr = fold(addr);
	}
	mask = host_mask(addr.family, prefix);
	range.first = range.last = addr;
	range.first.hi &= ~mask.hi;
	range.first.lo &= ~mask.lo;
	range.last.hi |= mask.hi;
	range.last.lo |= mask.lo;
	if (is_mapped(&range.last)) /* ::fffe:0:0/95 ends in the mapped ones */
		return refuse(fault,
		    "the network ends within the IPv4-mapped addresses "
		    "(::ffff:0:0/96), which are IPv4",
		    NULL);
	value->host_bits = ((addr.hi & mask.hi) | (addr.lo & mask.lo)) != 0;
	value->range = range;
	return 0;
}

static int
pair_read(const char *text, size_t len, const char *dash,
    struct netrange *range, struct netfault *fault)
{
	struct netrange read = { .form = NETFORM_RANGE };
	size_t left = (size_t)(dash - text);
	int rc;

	if (memchr(text, '/', len) != NULL)
		return refuse(
		    fault, "a range with a dash has no prefix length", NULL);
	if (left == 0 || left + 1 == len)
		return refuse(
		    fault, "a range with a dash has two addresses", NULL);
	rc = address_read(text, left, &read.first, fault);
	if (rc == 0)
		rc = address_read(dash + 1, len - left - 1, &read.last, fault);
	if (rc != 0)
		return rc;
	if (read.first.family != read.last.family)
		return refuse(fault,
		    "one end of the range is IPv4, the other IPv6", NULL);
	if (netaddr_compare(&read.first, &read.last) > 0)
		return refuse(fault, "the range runs backwards", NULL);
	*range = read;
	return 0;
}

static int
range_read(const char *text, size_t len, struct netvalue *value,
    struct netfault *fault)
{
	const char *slash = memchr(text, '/', len);
	const char *dash = memchr(text, '-', len);
	int rc;

	/* 10.0.0.0/-1 is a prefix gone wrong, not a range. */
	if (slash != NULL && (dash == NULL || dash == slash + 1))
		return network_read(text, len, slash, value, fault);
	if (dash != NULL)
		return pair_read(text, len, dash, &value->range, fault);
	rc = address_read(text, len, &value->range.first, fault);
	value->range.last = value->range.first;
	return rc;
}

static int
endpoint_read(const char *text, size_t len, struct netvalue *value,
    struct netfault *fault)
{
	bool brackets = len > 0 && text[0] == '[';
	const char *colon, *end = text + len;
	const char *host = brackets ? text + 1 : text;
	size_t hostlen;
	unsigned port;
	int rc;

	for (colon = end; colon > text && colon[-1] != ':'; colon--)
		;
	if (colon == text)
		return refuse(fault, "a port is missing", NULL);
	colon--;
	if (brackets && (colon == text || colon[-1] != ']'))
		return refuse(
		    fault, "a port is missing behind the brackets", NULL);
	hostlen = (size_t)(colon - host) - (brackets ? 1 : 0);
	if (brackets != (memchr(host, ':', hostlen) != NULL))
		return refuse(fault,
		    "brackets belong around an IPv6 address, and only there",
		    NULL);
	rc = address_read(host, hostlen, &value->range.first, fault);
	if (rc != 0)
		return rc;
	if (number_gate(
		colon + 1, (size_t)(end - colon) - 1, UINT16_MAX, &port) != 0 ||
	    port == 0)
		return refuse(
		    fault, "a port is a number from 1 to 65535", NULL);
	value->range.last = value->range.first;
	value->port = (uint16_t)port;
	return 0;
}

int
netaddr_read(const char *text, size_t len, enum netkind kind,
    struct netvalue *value, struct netfault *fault)
{
	struct netvalue read = { .range.form = NETFORM_SINGLE };
	int rc;

	switch (kind) {
	case NETKIND_ADDRESS:
		rc = address_read(text, len, &read.range.first, fault);
		break;
	case NETKIND_RANGE:
		rc = range_read(text, len, &read, fault);
		break;
	case NETKIND_ENDPOINT:
	default:
		rc = endpoint_read(text, len, &read, fault);
		break;
	}
	if (rc == 0)
		*value = read;
	return rc;
}

static int
parse(const char *text, enum netkind kind, struct netvalue *value,
    char why[NETADDR_WHY_SIZE])
{
	struct netfault fault = { 0 };
	int rc = netaddr_read(text, strlen(text), kind, value, &fault);

	if (rc == -EINVAL)
		netaddr_advise(text, kind, &fault, why);
	else if (rc != 0)
		memcpy(why, "out of memory", sizeof("out of memory"));
	return rc;
}

int
netaddr_parse(
    const char *text, struct netaddr *addr, char why[NETADDR_WHY_SIZE])
{
	struct netvalue value;
	int rc = parse(text, NETKIND_ADDRESS, &value, why);

	if (rc == 0)
		*addr = value.range.first;
	return rc;
}

int
netrange_parse(const char *text, struct netrange *range, bool *host_bits,
    char why[NETADDR_WHY_SIZE])
{
	struct netvalue value;
	int rc = parse(text, NETKIND_RANGE, &value, why);

	if (rc != 0)
		return rc;
	*range = value.range;
	if (host_bits != NULL)
		*host_bits = value.host_bits;
	return 0;
}

int
endpoint_parse(const char *text, struct netaddr *addr, uint16_t *port,
    char why[NETADDR_WHY_SIZE])
{
	struct netvalue value;
	int rc = parse(text, NETKIND_ENDPOINT, &value, why);

	if (rc != 0)
		return rc;
	*addr = value.range.first;
	*port = value.port;
	return 0;
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

	if (is_mapped(addr)) {
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
	unsigned prefix = family_bits(range->first.family);
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
