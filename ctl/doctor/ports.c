/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.c - where the MTA hears clients, against the bindings of the
 * policy.
 *
 * A listener without an address is every address; where its port is not
 * known nothing is said.
 */
#include "doctor.h"
#include "ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* clang-format off */
static const struct {
	const char *name;
	uint16_t port;
} port_names[] = {
	{ "smtp", 25 }, { "smtps", 465 }, { "submissions", 465 },
	{ "submission", 587 },
};
/* clang-format on */

uint16_t
port_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text != '\0' && *end == '\0' && n > 0 && n <= UINT16_MAX)
		return (uint16_t)n;
	for (size_t i = 0; i < sizeof port_names / sizeof *port_names; i++)
		if (strcasecmp(port_names[i].name, text) == 0)
			return port_names[i].port;
	return 0;
}

static bool
is_wildcard(const struct netaddr *addr)
{
	return addr->hi == 0 && addr->lo == 0;
}

bool
port_is_local(const struct port *port)
{
	return port->addr.family != FAMILY_NONE &&
	       netaddr_is_loopback(&port->addr);
}

static bool
hears(const struct port *port, const struct binding *b)
{
	if (port->port == 0)
		return true;
	if (port->port != b->port)
		return false;
	if (port->addr.family == FAMILY_NONE)
		return true;
	return port->addr.family == b->addr.family &&
	       (is_wildcard(&port->addr) || is_wildcard(&b->addr) ||
		   netaddr_compare(&port->addr, &b->addr) == 0);
}

static bool
is_heard(const struct connector *c, const struct port *ports, size_t count)
{
	for (size_t i = 0; i < c->nbindings; i++)
		for (size_t n = 0; n < count; n++)
			if (hears(&ports[n], &c->bindings[i]))
				return true;
	return c->nbindings == 0 || !c->enabled;
}

static int
stop_at_once(void *ctx, const struct holding *h)
{
	(void)ctx;
	(void)h;
	return 1;
}

/* -EAGAIN, where connectors are bound to addresses, is somebody. */
static bool
is_served(struct doctor *d, const struct port *port)
{
	static const enum family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

	for (size_t i = 0; i < 2; i++) {
		struct listener listener = { port->addr, port->port };

		if (listener.addr.family == FAMILY_NONE)
			listener.addr.family = families[i];
		if (ruleset_walk(
			d->ruleset, &listener, d->now, stop_at_once, NULL) != 0)
			return true;
	}
	return false;
}

void
doctor_ports(struct doctor *d, const struct port *ports, size_t count,
    const struct where *mta)
{
	const struct policy *policy = d->ruleset->policy;

	if (count == 0) {
		doctor_say(d, D_LISTENER, *mta,
		    "the MTA hears no clients that the policy could judge");
		return;
	}
	for (size_t i = 0; i < policy->nconnectors; i++) {
		const struct connector *c = &policy->connectors[i];

		if (!is_heard(c, ports, count))
			doctor_say(d, D_BINDING, c->bindings[0].where,
			    "connector \"%s\" is bound to where the MTA hears "
			    "nobody; correct its bindings, or start the "
			    "service",
			    c->name);
	}
	for (size_t i = 0; i < count; i++)
		if (ports[i].port != 0 && !is_served(d, &ports[i]))
			doctor_say(d, D_LISTENER, ports[i].where,
			    "no connector is for clients of %s; add it to the "
			    "bindings of one",
			    ports[i].name);
}
