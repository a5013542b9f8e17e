/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_netaddr - addresses, ranges and endpoints against inet_pton.
 *
 * The text that a parser accepts, and the numbers that it reads, must be
 * those of inet_pton(3) with a plain decimal prefix; libcidr must read the
 * same numbers in all that it may be given; what is printed must be
 * read back as the same; a refusal says why in printable ASCII, and what it
 * proposes to write must be accepted and already be in canonical form.
 */
#include "fuzz.h"
#include "rules.h"

#include <arpa/inet.h>

#include "../oracle/cidr.h"

enum { TEXT_MAX = 400 };

/* What inet_pton says; folded. */
static bool
oracle_address(const char *text, size_t len, struct netaddr *addr, bool *mapped)
{
	char copy[TEXT_MAX + 1];
	uint8_t bytes[16];

	memcpy(copy, text, len);
	copy[len] = '\0';
	*mapped = false;
	if (inet_pton(AF_INET, copy, bytes) == 1) {
		*addr = netaddr_from_ipv4(bytes);
		return true;
	}
	if (inet_pton(AF_INET6, copy, bytes) != 1)
		return false;
	*addr = netaddr_from_ipv6(bytes);
	*mapped = addr->family == FAMILY_IPV4;
	return true;
}

static bool
oracle_number(const char *text, unsigned long max, unsigned long *value)
{
	char canonical[24];

	if (strlen(text) == 0 || strlen(text) > 5 ||
	    strspn(text, "0123456789") != strlen(text))
		return false;
	*value = strtoul(text, NULL, 10);
	(void)snprintf(canonical, sizeof(canonical), "%lu", *value);
	return strcmp(canonical, text) == 0 && *value <= max;
}

/* Bit by bit, on purpose. */
static void
oracle_network(struct netrange *range, unsigned long prefix)
{
	unsigned long bits = range->first.family == FAMILY_IPV4 ? 32 : 128;
	unsigned long i;

	for (i = 0; i < bits - prefix; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);

		if (i < 64) {
			range->first.lo &= ~bit;
			range->last.lo |= bit;
		} else {
			range->first.hi &= ~bit;
			range->last.hi |= bit;
		}
	}
}

static bool
oracle_range(const char *text, struct netrange *range, bool *host_bits)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	struct netaddr addr;
	unsigned long prefix;
	bool mapped, mapped2;

	*host_bits = false;
	if (slash != NULL) {
		range->form = NETFORM_CIDR;
		if (!oracle_address(
			text, (size_t)(slash - text), &addr, &mapped) ||
		    !oracle_number(slash + 1,
			addr.family == FAMILY_IPV4 && !mapped ? 32 : 128,
			&prefix))
			return false;
		if (mapped && prefix < 96)
			return false;
		range->first = range->last = addr;
		oracle_network(range, mapped ? prefix - 96 : prefix);
		*host_bits = netaddr_compare(&range->first, &addr) != 0;
		return !(addr.family == FAMILY_IPV6 && range->last.hi == 0 &&
			 range->last.lo >> 32 == 0xffff);
	}
	if (dash != NULL) {
		range->form = NETFORM_RANGE;
		return oracle_address(text, (size_t)(dash - text),
			   &range->first, &mapped) &&
		       oracle_address(dash + 1, strlen(dash + 1), &range->last,
			   &mapped2) &&
		       range->first.family == range->last.family &&
		       netaddr_compare(&range->first, &range->last) <= 0;
	}
	range->form = NETFORM_SINGLE;
	if (!oracle_address(text, strlen(text), &range->first, &mapped))
		return false;
	range->last = range->first;
	return true;
}

static bool
oracle_endpoint(const char *text, struct netaddr *addr, unsigned long *port)
{
	const char *colon = strrchr(text, ':'), *end;
	bool wide = text[0] == '[', mapped;

	if (colon == NULL || !oracle_number(colon + 1, 65535, port) ||
	    *port == 0)
		return false;
	end = wide ? colon - 1 : colon;
	if (wide && (end <= text || *end != ']'))
		return false;
	text += wide ? 1 : 0;
	if ((memchr(text, ':', (size_t)(end - text)) != NULL) != wide)
		return false;
	return oracle_address(text, (size_t)(end - text), addr, &mapped);
}

static void
why_check(const char *why)
{
	size_t len = strnlen(why, NETADDR_WHY_SIZE), i;

	MUST(len > 0 && len < NETADDR_WHY_SIZE - 1);
	/* A whole sentence, though a byte was to blame. */
	MUST(strncmp(why, "has ", 4) != 0);
	for (i = 0; i < len; i++)
		MUST(why[i] >= ' ' && why[i] <= '~');
}

/* What a refusal proposes, or NULL. */
static const char *
proposal(const char *why)
{
	const char *write = strstr(why, "; write ");

	return write != NULL ? write + strlen("; write ") : NULL;
}

static void
range_check(const char *text)
{
	char why[NETADDR_WHY_SIZE], buf[NETRANGE_TEXT_SIZE];
	struct netrange range, expected, again;
	bool host_bits, expected_bits;
	int rc = netrange_parse(text, &range, &host_bits, why);

	MUST((rc == 0) == oracle_range(text, &expected, &expected_bits));
	if (rc != 0) {
		why_check(why);
		text = proposal(why);
		if (text == NULL)
			return;
		MUST(netrange_parse(text, &range, &host_bits, why) == 0);
		MUST(strcmp(netrange_format(&range, buf), text) == 0);
		MUST(!host_bits);
		return;
	}
	MUST(netaddr_compare(&range.first, &expected.first) == 0);
	MUST(netaddr_compare(&range.last, &expected.last) == 0);
	MUST(range.form == expected.form && host_bits == expected_bits);
	MUST(range.form == NETFORM_RANGE || cidr_agrees(text, &range));
	MUST(strlen(netrange_format(&range, buf)) < NETRANGE_TEXT_SIZE);
	MUST(netrange_parse(buf, &again, &host_bits, why) == 0 && !host_bits);
	MUST(netaddr_compare(&range.first, &again.first) == 0);
	MUST(netaddr_compare(&range.last, &again.last) == 0);
	MUST(range.form == again.form);
}

static void
address_check(const char *text)
{
	char why[NETADDR_WHY_SIZE], buf[NETADDR_TEXT_SIZE];
	struct netaddr addr, expected;
	bool mapped;
	int rc = netaddr_parse(text, &addr, why);

	MUST((rc == 0) ==
	     oracle_address(text, strlen(text), &expected, &mapped));
	if (rc != 0) {
		why_check(why);
		text = proposal(why);
		if (text == NULL)
			return;
		MUST(netaddr_parse(text, &addr, why) == 0);
		MUST(strcmp(netaddr_format(&addr, buf), text) == 0);
		return;
	}
	MUST(netaddr_compare(&addr, &expected) == 0);
	MUST(strlen(netaddr_format(&addr, buf)) < NETADDR_TEXT_SIZE);
	MUST(netaddr_parse(buf, &expected, why) == 0);
	MUST(netaddr_compare(&addr, &expected) == 0);
}

static void
endpoint_check(const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr addr, expected;
	unsigned long expected_port;
	uint16_t port;
	int rc = endpoint_parse(text, &addr, &port, why);

	MUST((rc == 0) == oracle_endpoint(text, &expected, &expected_port));
	if (rc == 0) {
		MUST(netaddr_compare(&addr, &expected) == 0);
		MUST(port == expected_port);
		return;
	}
	why_check(why);
	text = proposal(why);
	MUST(text == NULL || endpoint_parse(text, &addr, &port, why) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > TEXT_MAX)
		return 0;
	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	address_check(text);
	range_check(text);
	endpoint_check(text);
	free(text);
	return 0;
}
