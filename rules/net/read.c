/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netread - strict readers of addresses, ranges, prefixes and endpoints.
 *
 * Reads four decimal numbers without leading zeros, RFC 4291 (section 2.2)
 * text and plain decimal prefix lengths, in one pass, and nothing else.
 * Refuses short forms, octal, hexadecimal, netmasks, zones, brackets, names
 * and spaces; advice.c says what to write instead. libcidr is not asked:
 * nine groups overflow its heap, 10.0.0.0/-1 is everyone to it, 010.0.0.1 is
 * 8.0.0.1, and who stands guard before it has read the numbers already. In
 * the tests it reads all that is read here, and must agree.
 */
#include "addresses.h"

#include <errno.h>
#include <string.h>

enum { GROUPS = 8, NO_HEX = 16 };

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

/* ---- IPv4 --------------------------------------------------------------- */

/* A decimal number without sign and leading zeros. */
static int
decimal_read(const char *text, size_t len, unsigned max, unsigned *value)
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
ipv4_read(const char *text, size_t len, uint32_t *addr, struct netfault *fault)
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
		if (decimal_read(text + start, i - start, 255, &value) != 0)
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

/* ---- IPv6 --------------------------------------------------------------- */

/* The groups that were read, the last one lowest. */
struct groups {
	uint64_t hi, lo;
	unsigned count;
};

static void
group_put(struct groups *groups, uint32_t value)
{
	groups->hi = groups->hi << 16 | groups->lo >> 48;
	groups->lo = groups->lo << 16 | value;
	groups->count++;
}

/* By a table: that a digit is a letter or not is a coin's toss, which no
 * branch foretells. */
static unsigned
hex_value(char c)
{
	/* clang-format off */
	static const uint8_t more[256] = { /* by one, so that others are 0 */
		['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,
		['5'] = 6, ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10,
		['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15,
		['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14,
		['E'] = 15, ['F'] = 16,
	};
	/* clang-format on */

	return more[(unsigned char)c] - 1U;
}

/* Reads one group at *i. A dotted quad ends the text and counts for two. */
static int
group_read(const char *text, size_t len, size_t *i, struct groups *groups,
    struct netfault *fault)
{
	size_t start = *i;
	uint32_t value = 0;
	unsigned digit;
	int rc;

	for (; *i < len && (digit = hex_value(text[*i])) < NO_HEX; (*i)++)
		value = value << 4 | digit;
	if (*i < len && text[*i] == '.') {
		rc = ipv4_read(text + start, len - start, &value, fault);
		if (rc != 0)
			return rc;
		*i = len;
		group_put(groups, value >> 16);
		group_put(groups, value & 0xffff);
		return 0;
	}
	if (*i < len && text[*i] != ':')
		return refuse(fault, "has no place in an address", text + *i);
	if (*i - start > 4)
		return refuse(fault,
		    "a group of an IPv6 address has up to four digits", NULL);
	group_put(groups, value);
	return 0;
}

static int
ipv6_read(
    const char *text, size_t len, struct netaddr *addr, struct netfault *fault)
{
	struct groups head = { 0 }, groups = { 0 }; /* head: before the gap */
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
			head = groups;
			groups.hi = groups.lo = 0;
			i += 2;
			if (i == len)
				break;
		}
		if (text[i] == ':')
			return refuse(
			    fault, "has no place in an address", text + i);
		rc = group_read(text, len, &i, &groups, fault);
		if (rc != 0)
			return rc;
		if (i == len || (i + 1 < len && text[i + 1] == ':'))
			continue;
		if (++i == len)
			return refuse(fault,
			    "an IPv6 address does not end with a single ':'",
			    NULL);
	}
	if (gap ? groups.count >= GROUPS : groups.count != GROUPS)
		return refuse(fault,
		    groups.count > GROUPS || gap
			? "too many groups for an IPv6 address"
			: "an IPv6 address has eight groups, or '::' for "
			  "those that are zero",
		    NULL);
	while (gap && head.count < GROUPS)
		group_put(&head, 0);
	*addr = (struct netaddr){
		.family = FAMILY_IPV6,
		.hi = head.hi | groups.hi,
		.lo = head.lo | groups.lo,
	};
	return 0;
}

/* ---- Addresses ----------------------------------------------------------- */

/* Not folded. */
static int
number_read(
    const char *text, size_t len, struct netaddr *addr, struct netfault *fault)
{
	uint32_t quad;
	int rc;

	if (len == 0)
		return refuse(fault, "an address is missing", NULL);
	if (memchr(text, ':', len) != NULL)
		return ipv6_read(text, len, addr, fault);
	rc = ipv4_read(text, len, &quad, fault);
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
		*addr = netaddr_fold(read);
	return rc;
}

/* ---- Ranges and endpoints --------------------------------------------- */

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
	if (decimal_read(
		slash + 1, len - addrlen - 1, wide ? 128 : 32, &prefix) != 0)
		return refuse(fault,
		    wide ? "an IPv6 prefix length is a number from 0 to 128"
			 : "an IPv4 prefix length is a number from 0 to 32",
		    NULL);
	if (netaddr_is_mapped(&addr)) {
		if (prefix < 96)
			return refuse(fault,
			    "the prefix length of an IPv4-mapped network is "
			    "96 to 128",
			    NULL);
		prefix -= 96;
		addr = netaddr_fold(addr);
	}
	mask = netstep_mask(addr.family, netstep_bits(addr.family) - prefix);
	range.first = range.last = addr;
	range.first.hi &= ~mask.hi;
	range.first.lo &= ~mask.lo;
	range.last.hi |= mask.hi;
	range.last.lo |= mask.lo;
	if (netaddr_is_mapped(
		&range.last)) /* ::fffe:0:0/95 ends in the mapped ones */
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
	if (decimal_read(
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

	if (rc != 0 && why != NULL)
		netaddr_advise(text, kind, &fault, why);
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
