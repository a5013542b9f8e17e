/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addresses.h - what address.c (numbers, and to text), read.c (the strict
 * readers), advice.c (what to write instead) and repair.c know of
 * each other. Nobody else includes it.
 *
 * A reader takes text of a given length, which need not end in NUL, and
 * answers 0, or -EINVAL with a fault. Advice tries its repairs on the readers,
 * so that it never proposes what would be refused.
 */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include "step.h"

enum netkind { NETKIND_ADDRESS, NETKIND_RANGE, NETKIND_ENDPOINT };

/* What is wrong: a static text and, where one byte is to blame, that byte. */
struct netfault {
	const char *text;
	const char *at;
};

/* What was read. An address is value.first; port is an endpoint's. */
struct netvalue {
	struct netrange range;
	bool host_bits;
	uint16_t port;
};

static inline bool
netaddr_is_mapped(const struct netaddr *addr)
{
	return addr->family == FAMILY_IPV6 && addr->hi == 0 &&
	       addr->lo >> 32 == 0xffff;
}

/* An IPv4-mapped IPv6 address as IPv4, any other as it is. */
static inline struct netaddr
netaddr_fold(struct netaddr addr)
{
	if (!netaddr_is_mapped(&addr))
		return addr;
	return (struct netaddr){ .family = FAMILY_IPV4,
		.lo = addr.lo & UINT32_MAX };
}

int netaddr_read(const char *text, size_t len, enum netkind, struct netvalue *,
    struct netfault *);

/* Says in why what is wrong and, if a likely meaning exists, what to write
 * instead: what follows " write " is always valid and in canonical form. No
 * byte of the text gets into why but printable ASCII. */
void netaddr_advise(const char *text, enum netkind, const struct netfault *,
    char why[NETADDR_WHY_SIZE]);

#endif
