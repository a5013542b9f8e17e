/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address.h - addresses and ranges of the engine; rules.h includes it.
 *
 * Unless said otherwise a function returns 0 or a negative errno and writes
 * its out parameters only on success.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum family { FAMILY_NONE = 0, FAMILY_IPV4 = 4, FAMILY_IPV6 = 6 };

/* An address as a number in host order: IPv4 in the low 32 bits of lo. An
 * IPv4-mapped IPv6 address is never held here; it is IPv4. */
struct netaddr {
	uint64_t hi, lo;
	enum family family;
};

/* How a range was written: 192.0.2.1, 192.0.2.1-192.0.2.9, 192.0.2.0/24 */
enum netform { NETFORM_SINGLE, NETFORM_RANGE, NETFORM_CIDR };

/* An inclusive range of one family, first <= last. */
struct netrange {
	struct netaddr first, last;
	enum netform form;
};

enum {
	NETADDR_TEXT_SIZE = 46,  /* INET6_ADDRSTRLEN */
	NETRANGE_TEXT_SIZE = 96, /* two addresses and a dash */
	NETADDR_WHY_SIZE = 200,
};

/* Strict text to address: a dotted quad without leading zeros, or RFC 4291
 * text without a zone. -EINVAL: why says what is wrong and, where there is
 * one, what to write instead; it may be NULL, which is far quicker. */
int netaddr_parse(
    const char *text, struct netaddr *, char why[NETADDR_WHY_SIZE]);
/* A range: an address, two full addresses with a dash, or a CIDR. Host bits
 * may be set; *host_bits says that they were, and the range holds whole
 * network. host_bits may be NULL. */
int netrange_parse(const char *text, struct netrange *, bool *host_bits,
    char why[NETADDR_WHY_SIZE]);
/* ADDR:PORT or [ADDR]:PORT, port 1-65535. */
int endpoint_parse(const char *text, struct netaddr *, uint16_t *port,
    char why[NETADDR_WHY_SIZE]);
/* From the bytes of a struct in_addr or in6_addr (network order). */
struct netaddr netaddr_from_ipv4(const uint8_t bytes[4]);
struct netaddr netaddr_from_ipv6(const uint8_t bytes[16]);
/* Canonical text (RFC 5952); answers buf. "-" for FAMILY_NONE. */
const char *netaddr_format(const struct netaddr *, char buf[NETADDR_TEXT_SIZE]);
const char *netrange_format(
    const struct netrange *, char buf[NETRANGE_TEXT_SIZE]);
/* < 0, 0, > 0; IPv4 sorts before IPv6. */
int netaddr_compare(const struct netaddr *, const struct netaddr *);
bool netrange_holds(const struct netrange *, const struct netaddr *);
bool netaddr_is_loopback(const struct netaddr *);

#endif
