/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr.h - libcidr as a second reader of addresses and networks.
 *
 * For text that the strict reader has accepted: any other could break it
 * (rules/net/read.c says how). A range with a dash is not known to it.
 */
#ifndef ORACLE_CIDR_H
#define ORACLE_CIDR_H

#include <libcidr.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

static inline bool
cidr_reads(const CIDR *cidr, const struct netaddr *expected)
{
	uint8_t *bytes = cidr != NULL ? cidr_get_addr(cidr) : NULL;
	struct netaddr addr;

	if (bytes == NULL)
		return false;
	addr = netaddr_from_ipv6(bytes); /* IPv4 is mapped there */
	free(bytes);
	return netaddr_compare(&addr, expected) == 0;
}

/* Whether libcidr reads the same first and last address. */
static inline bool
cidr_agrees(const char *text, const struct netrange *range)
{
	enum { PADDING = 16, TEXT_MAX = 49 };
	char padded[PADDING + TEXT_MAX + 1] = "";
	CIDR *cidr, *first, *last;
	bool agrees;

	if (strlen(text) > TEXT_MAX)
		return false;
	memcpy(padded + PADDING, text, strlen(text));
	cidr = cidr_from_str(padded + PADDING);
	if (cidr == NULL)
		return false;
	first = cidr_addr_network(cidr);
	last = cidr_addr_broadcast(cidr);
	agrees =
	    cidr_reads(first, &range->first) && cidr_reads(last, &range->last);
	cidr_free(first);
	cidr_free(last);
	cidr_free(cidr);
	return agrees;
}

#endif
