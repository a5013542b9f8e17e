/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hosts.c - this host's gateways and bridges in ranges that relay.
 *
 * Reads what Linux tells in /proc/net and /sys/class/net; below another root
 * that is likely not there, and then nothing is said. The bridge that leads
 * to the default gateway is the network's own, and no network of containers.
 */
#include "doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = 16 };

/* A file of /proc, which has no size; to be freed. NULL: not there. */
static char *
proc_read(struct doctor *d, const char *path)
{
	FILE *file = fopen(doctor_path(d, path), "re");
	char *text = NULL;
	size_t room = 0;

	if (file == NULL)
		return NULL;
	if (getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

/* As /proc/net/route has it: in the host's byte order of the network's. */
static struct netaddr
route_address(unsigned long word)
{
	struct netaddr addr = { .family = FAMILY_IPV4 };

	addr.lo = ntohl((uint32_t)word);
	return addr;
}

static bool
hex_address(const char *text, struct netaddr *addr)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof bytes; i++) {
		unsigned byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		bytes[i] = (uint8_t)byte;
	}
	*addr = netaddr_from_ipv6(bytes);
	return true;
}

static bool
is_bridge(struct doctor *d, const char *name)
{
	return access(doctor_path(
			  d, doctor_text(d, "/sys/class/net/%s/bridge", name)),
		   F_OK) == 0;
}

/* ---- What may relay -------------------------------------------------- */

struct host_search {
	const struct netaddr *addr;
	struct where where;
	const char *connector;
};

static int
stop_at_holder(void *ctx, const struct holding *h)
{
	struct host_search *search = ctx;

	if (!h->claim.relay || !netrange_holds(&h->clients, search->addr))
		return 0;
	search->where = h->where;
	search->connector = h->connector;
	return 1;
}

/* The connector by which an address may relay; NULL where it may not. */
static void
find_holder(struct doctor *d, struct host_search *search)
{
	size_t n = ruleset_listeners(d->ruleset, NULL, 0);

	for (size_t i = 0; i < n && !search->connector; i++)
		ruleset_walk_nth(d->ruleset, i, d->now, stop_at_holder, search);
}

static void
check_address(struct doctor *d, enum finding finding,
    const struct netaddr *addr, const char *interface)
{
	struct host_search search = { .addr = addr };
	char text[NETADDR_TEXT_SIZE];

	find_holder(d, &search);
	if (!search.connector)
		return;
	doctor_say(d, finding, search.where,
	    "%s, %s %s, may relay by connector \"%s\": if addresses are "
	    "translated there, so does everybody; give it a connector that "
	    "does not relay",
	    netaddr_format(addr, text),
	    finding == D_GATEWAY ? "the gateway on" : "this host on", interface,
	    search.connector);
}

/* ---- IPv4 ------------------------------------------------------------ */

/* Calls for each of this host's own IPv4 addresses. */
static int
own_walk(
    struct doctor *d, void (*fn)(void *ctx, const struct netaddr *), void *ctx)
{
	char *text = proc_read(d, "/proc/net/fib_trie"), *save = NULL;
	char why[NETADDR_WHY_SIZE], last[NETADDR_TEXT_SIZE] = "";
	struct netaddr addr;

	if (text == NULL)
		return -ENOENT;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *leaf = strstr(line, "|-- ");

		if (leaf != NULL)
			snprintf(last, sizeof last, "%.45s", leaf + 4);
		else if (strstr(line, "/32 host LOCAL") != NULL &&
			 netaddr_parse(last, &addr, why) == 0)
			fn(ctx, &addr);
	}
	free(text);
	return 0;
}

struct host_bridge {
	struct doctor *doctor;
	struct netrange network;
	const char *name;
};

static void
check_bridge(void *ctx, const struct netaddr *addr)
{
	struct host_bridge *bridge = ctx;

	if (netrange_holds(&bridge->network, addr))
		check_address(bridge->doctor, D_BRIDGE, addr, bridge->name);
}

struct route {
	char name[NAME_SIZE];
	unsigned long to, gateway, mask;
};

static bool
route_parse(const char *line, struct route *r)
{
	return sscanf(line, "%15s %lx %lx %*s %*s %*s %*s %lx", r->name, &r->to,
		   &r->gateway, &r->mask) == 4;
}

/* The interface of the default route; "" where there is none. */
static void
find_default(const char *text, char name[NAME_SIZE])
{
	struct route r;

	name[0] = '\0';
	for (const char *line = text; line != NULL;
	     line = strchr(line, '\n'), line += line != NULL)
		if (route_parse(line, &r) && r.to == 0 && r.mask == 0)
			memcpy(name, r.name, NAME_SIZE);
}

/* Rootless containers and QEMU's user networks: the host forwards a port from
 * the gateway, or as the guest itself. */
static bool
is_user_network(const struct netaddr *gateway)
{
	return gateway->family == FAMILY_IPV4 && gateway->lo == 0x0a000202;
}

static void
check_route(struct doctor *d, const struct route *r, const char *outside)
{
	struct netaddr addr = route_address(r->gateway);
	struct host_bridge bridge = { .doctor = d, .name = r->name };

	if (r->to == 0 && r->mask == 0 && r->gateway != 0)
		check_address(d, D_GATEWAY, &addr, r->name);
	if (r->to == 0 && r->mask == 0 && is_user_network(&addr)) {
		bridge.network.first = addr;
		bridge.network.first.lo &= ~UINT64_C(0xff);
		bridge.network.last = bridge.network.first;
		bridge.network.last.lo |= 0xff;
		own_walk(d, check_bridge, &bridge);
	}
	if (r->mask == 0 || strcmp(r->name, outside) == 0 ||
	    !is_bridge(d, r->name))
		return;
	bridge.network.first = route_address(r->to & r->mask);
	bridge.network.last = bridge.network.first;
	bridge.network.last.lo |= ~ntohl((uint32_t)r->mask) & UINT32_MAX;
	own_walk(d, check_bridge, &bridge);
}

static void
check_ipv4(struct doctor *d, char outside[NAME_SIZE])
{
	char *text = proc_read(d, "/proc/net/route");
	struct route r;

	outside[0] = '\0';
	if (text == NULL)
		return;
	find_default(text, outside);
	for (const char *line = text; line != NULL;
	     line = strchr(line, '\n'), line += line != NULL)
		if (route_parse(line, &r))
			check_route(d, &r, outside);
	free(text);
}

/* ---- IPv6 ------------------------------------------------------------ */

static void
check_ipv6(struct doctor *d, const char *outside)
{
	char *text = proc_read(d, "/proc/net/if_inet6"), *save = NULL;
	char hex[33], name[NAME_SIZE];
	struct netaddr addr;

	for (char *line = text == NULL ? NULL : strtok_r(text, "\n", &save);
	     line != NULL; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%32[0-9a-f] %*s %*s %*s %*s %15s", hex,
			name) == 2 &&
		    hex_address(hex, &addr) && strcmp(name, outside) != 0 &&
		    is_bridge(d, name))
			check_address(d, D_BRIDGE, &addr, name);
	free(text);
	text = proc_read(d, "/proc/net/ipv6_route");
	for (char *line = text == NULL ? NULL : strtok_r(text, "\n", &save);
	     line != NULL; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line,
			"%*32[0] 00 %*s %*s %32[0-9a-f] %*s %*s %*s %*s %15s",
			hex, name) == 2 &&
		    hex_address(hex, &addr) && (addr.hi != 0 || addr.lo != 0))
			check_address(d, D_GATEWAY, &addr, name);
	free(text);
}

/* ---- Loopback -------------------------------------------------------- */

/* Programs of this host reach "localhost" by either address. */
static void
check_loopback(struct doctor *d)
{
	struct netaddr ipv4 = { .family = FAMILY_IPV4, .lo = 0x7f000001 };
	struct netaddr ipv6 = { .family = FAMILY_IPV6, .lo = 1 };
	bool first = rangeset_contains(&d->relay, &ipv4);
	bool second = rangeset_contains(&d->relay, &ipv6);
	struct host_search search = { .addr = first ? &ipv4 : &ipv6 };

	if (first == second)
		return;
	find_holder(d, &search);
	doctor_say(d, D_LOOPBACK, search.where,
	    "%s may relay by connector \"%s\" and %s may not: programs that "
	    "connect to localhost use either; add %s",
	    first ? "127.0.0.1" : "::1", search.connector,
	    first ? "::1" : "127.0.0.1", first ? "\"::1\"" : "127.0.0.1");
}

void
doctor_hosts(struct doctor *d)
{
	char outside[NAME_SIZE];

	check_ipv4(d, outside);
	check_ipv6(d, outside);
	check_loopback(d);
}
