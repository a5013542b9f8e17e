/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netaddr.h - what netaddr.c (the strict readers), netadvice.c (what to
 * write instead) and netrepair.c know of each other. Nobody else includes it.
 *
 * A reader takes text of a given length, which need not end in NUL, and
 * answers 0, -EINVAL with a fault, or -ENOMEM. Advice tries its repairs on
 * the readers, so that it never proposes what would be refused.
 */
#ifndef NETADDR_H
#define NETADDR_H

#include "rules.h"

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

int netaddr_read(const char *text, size_t len, enum netkind, struct netvalue *,
    struct netfault *);

/* Says in why what is wrong and, if a likely meaning exists, what to write
 * instead: what follows " write " is always valid and in canonical form. No
 * byte of the text gets into why but printable ASCII. */
void netaddr_advise(const char *text, enum netkind, const struct netfault *,
    char why[NETADDR_WHY_SIZE]);

#endif
