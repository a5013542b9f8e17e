/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_hosts - addresses that are likely not the host that they seem to be.
 *
 * Bridges of containers and virtual machines at their defaults, and routers
 * by the habit of numbering them. Guesses from addresses alone: looks at no
 * interface and no file.
 */
#include "check.h"

/* clang-format off */
#define V4(a, b, c, d) \
	((uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (d))

/* Networks that software makes on a host by itself, at its defaults. The
 * address of the bridge is the client's wherever the host forwards a port to
 * a container or hides one behind itself. own: nobody else would use it. */
static const struct bridge bridges[] = {
#define BRIDGE(a, b, c, size, own, name) { \
	{ .family = FAMILY_IPV4, .lo = V4(a, b, c, 0) }, \
	{ .family = FAMILY_IPV4, .lo = V4(a, b, c, 0) + (size) - 1 }, \
	{ .family = FAMILY_IPV4, .lo = V4(a, b, c, 1) }, own, name }
	BRIDGE(172,  17,   0, 65536, true,  "Docker (docker0)"),
	BRIDGE(172,  18,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  19,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  20,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  21,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  22,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  23,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  24,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  25,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  26,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  27,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  28,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  29,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  30,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE(172,  31,   0, 65536, false, "Docker (networks of its own)"),
	BRIDGE( 10,  88,   0, 65536, true,  "Podman"),
	BRIDGE( 10,   0,   3,   256, false, "LXC (lxcbr0)"),
	BRIDGE( 10,  42,   0, 65536, false, "k3s"),
	BRIDGE( 10, 244,   0, 65536, false, "Kubernetes (flannel)"),
	BRIDGE(192, 168, 122,   256, true,  "libvirt (virbr0)"),
	BRIDGE(192, 168,  56,   256, false, "VirtualBox (vboxnet0)"),
	{ { .family = FAMILY_IPV6, .hi = UINT64_C(0xfd00000000000000) },
	  { .family = FAMILY_IPV6, .hi = UINT64_C(0xfd00000000000000), .lo = UINT64_MAX },
	  { .family = FAMILY_IPV6, .hi = UINT64_C(0xfd00000000000000), .lo = 1 },
	  true, "container software" },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
holds(const struct netrange *range, const struct netaddr *addr)
{
	return addr_order(&range->first, addr) <= 0 &&
	       addr_order(addr, &range->last) <= 0;
}

const struct bridge *
bridge_find(const struct netrange *written, const struct netrange *clients)
{
	size_t i;

	for (i = 0; i < COUNT(bridges); i++)
		if (holds(clients, &bridges[i].gateway) ||
		    (bridges[i].own &&
			addr_order(&bridges[i].first, &written->first) <= 0 &&
			addr_order(&written->last, &bridges[i].last) <= 0))
			return &bridges[i];
	return NULL;
}

/* Who writes a network may not have its router in mind; who writes one
 * address has. */
uint32_t
gateway_find(const struct netrange *written, const struct netrange *clients)
{
	uint64_t first = clients->first.lo, end = first & 0xff;

	if (written->first.family != FAMILY_IPV4 ||
	    written->last.lo - written->first.lo < 255)
		return 0;
	first += end <= 1 ? 1 - end : end <= 254 ? 254 - end : 2;
	return first <= clients->last.lo ? (uint32_t)first : 0;
}
