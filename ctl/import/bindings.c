/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bindings.c - where connectors listen, on the new host.
 *
 * Bindings are dropped where all connectors have the wildcard of one port.
 * An address is renamed with --bind; one that this host does not have is
 * said, and a filter without it would never choose the connector.
 */
#include "import.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "ascii.h"

static bool
is_wildcard(const char *binding)
{
	return strncmp(binding, "0.0.0.0:", 8) == 0 ||
	       strncmp(binding, "[::]:", 5) == 0;
}

static const char *
port_of(const char *binding)
{
	return strrchr(binding, ':') + 1;
}

/* --bind OLD=NEW: an address, or an address with a port. */
static int
rename_binding(struct import *im, const char **binding)
{
	for (size_t i = 0; i < im->nbinds; i++) {
		const char *equal = strchr(im->binds[i], '=');
		size_t old = (size_t)(equal - im->binds[i]);
		const char *port = port_of(*binding);
		size_t host = (size_t)(port - *binding) - 1;
		size_t len = strlen(*binding);

		if (len == old && strncmp(*binding, im->binds[i], old) == 0)
			*binding = equal + 1;
		else if (host == old &&
			 strncmp(*binding, im->binds[i], old) == 0)
			*binding = import_format(im, "%s:%s", equal + 1, port);
	}
	return 0;
}

static bool
have_address(const struct netaddr *address)
{
	struct ifaddrs *all = NULL, *at;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return true;
	for (at = all; at && !found; at = at->ifa_next) {
		struct netaddr own = { .family = FAMILY_NONE };

		if (!at->ifa_addr)
			continue;
		if (at->ifa_addr->sa_family == AF_INET)
			own = netaddr_from_ipv4((const uint8_t *)&(
			    (const struct sockaddr_in *)(const void *)
				at->ifa_addr)
						    ->sin_addr);
		else if (at->ifa_addr->sa_family == AF_INET6)
			own = netaddr_from_ipv6((const uint8_t *)&(
			    (const struct sockaddr_in6 *)(const void *)
				at->ifa_addr)
						    ->sin6_addr);
		found = own.family != FAMILY_NONE &&
			netaddr_compare(&own, address) == 0;
	}
	freeifaddrs(all);
	return found;
}

static int
check_addresses(struct import *im, const struct import_connector *c)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr address;
	uint16_t port;

	for (size_t i = 0; i < c->nbindings; i++) {
		if (endpoint_parse(c->bindings[i], &address, &port, why) < 0)
			return import_fail(im, "I-BINDING", c->where.file,
			    c->where.line, "%s: %s", c->bindings[i], why);
		if (!is_wildcard(c->bindings[i]) && !have_address(&address))
			import_say(im, SEVERITY_WARNING, "I-BINDING",
			    c->where.file, c->where.line,
			    "%s: this host does not have the address of %s; "
			    "name the one it has with --bind OLD=NEW",
			    c->origin, c->bindings[i]);
	}
	return 0;
}

/* A range that no client reached for want of a binding of its family. */
static bool
is_shut(const struct import_connector *c)
{
	for (size_t i = 0; i < c->nranges && c->nbindings > 0; i++) {
		bool six = c->ranges[i].range.first.family == FAMILY_IPV6;
		bool open = false;

		for (size_t j = 0; j < c->nbindings; j++)
			open = open || (*c->bindings[j] == '[') == six;
		if (!open)
			return true;
	}
	return false;
}

static bool
one_wildcard_port(const struct import *im)
{
	const char *port = NULL;

	for (size_t i = 0; i < im->nconnectors; i++)
		if (is_shut(&im->connectors[i]))
			return false;
	for (size_t i = 0; i < im->nconnectors; i++)
		for (size_t j = 0; j < im->connectors[i].nbindings; j++) {
			const char *binding = im->connectors[i].bindings[j];

			if (!is_wildcard(binding))
				return false;
			if (port && strcmp(port, port_of(binding)) != 0)
				return false;
			port = port_of(binding);
		}
	return true;
}

int
import_bindings(struct import *im)
{
	int error = 0;

	for (size_t i = 0; i < im->nconnectors && !error; i++) {
		struct import_connector *c = &im->connectors[i];

		for (size_t j = 0; j < c->nbindings && !error; j++)
			error = rename_binding(im, &c->bindings[j]);
		if (!error)
			error = check_addresses(im, c);
	}
	if (error || im->keep_bindings || !one_wildcard_port(im))
		return error;
	for (size_t i = 0; i < im->nconnectors; i++)
		im->connectors[i].nbindings = 0;
	return 0;
}

bool
import_compete(
    const struct import_connector *a, const struct import_connector *b)
{
	if (!a->enabled || !b->enabled)
		return false;
	if (a->nbindings == 0 || b->nbindings == 0)
		return true;
	for (size_t i = 0; i < a->nbindings; i++)
		for (size_t j = 0; j < b->nbindings; j++)
			if (ascii_same(a->bindings[i], b->bindings[j]))
				return true;
	return false;
}
