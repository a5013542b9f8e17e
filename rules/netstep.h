/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netstep.h - from one address to the next.
 */
#ifndef NETSTEP_H
#define NETSTEP_H

#include "rules.h"

/* The last address of a family. */
static inline struct netaddr
netstep_last(enum family family)
{
	bool ipv6 = family == FAMILY_IPV6;

	return (struct netaddr){
		.family = family,
		.hi = ipv6 ? UINT64_MAX : 0,
		.lo = ipv6 ? UINT64_MAX : UINT32_MAX,
	};
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

/* Whether b follows a directly. */
static inline bool
netstep_adjoins(const struct netaddr *a, const struct netaddr *b)
{
	struct netaddr next = netstep_next(*a);

	return netaddr_compare(a, b) < 0 && netaddr_compare(&next, b) == 0;
}

#endif
