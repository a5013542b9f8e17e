/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xclient.c - who a client is, told to Postfix by XCLIENT.
 *
 * All attributes go in one command, ADDR last: the right to say more is
 * judged by the address that has been said.
 */
#include "xclient.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
add_attribute(char line[XCLIENT_SIZE], const char *name, const char *value)
{
	size_t used = strlen(line);
	int n =
	    snprintf(line + used, XCLIENT_SIZE - used, " %s=%s", name, value);

	return n < 0 || (size_t)n >= XCLIENT_SIZE - used ? -ENAMETOOLONG : 0;
}

static int
add_address(
    char line[XCLIENT_SIZE], const char *name, const struct netaddr *addr)
{
	char text[NETADDR_TEXT_SIZE], value[64];

	if (addr->family == FAMILY_NONE)
		return add_attribute(line, name, "[UNAVAILABLE]");
	snprintf(value, sizeof value, "%s%s",
	    addr->family == FAMILY_IPV6 ? "IPV6:" : "",
	    netaddr_format(addr, text));
	return add_attribute(line, name, value);
}

static int
add_port(char line[XCLIENT_SIZE], const char *name, int port)
{
	char text[8];

	snprintf(text, sizeof text, "%d", port);
	return add_attribute(line, name, text);
}

/* xtext, RFC 3461 section 4. */
static int
add_login(char line[XCLIENT_SIZE], const char *name)
{
	char value[256];
	size_t used = 0;

	for (; *name != '\0' && used + 4 < sizeof value; name++) {
		unsigned char c = (unsigned char)*name;

		if (c > ' ' && c < 0x7f && c != '+' && c != '=')
			value[used++] = (char)c;
		else
			used += (size_t)snprintf(
			    value + used, sizeof value - used, "+%02X", c);
	}
	value[used] = '\0';
	return *name != '\0' ? -ENAMETOOLONG
			     : add_attribute(line, "LOGIN", value);
}

int
xclient_format(
    const struct xclient *x, const struct smtp *smtp, char line[XCLIENT_SIZE])
{
	bool listener =
	    smtp_offers(smtp, "DESTADDR") && smtp_offers(smtp, "DESTPORT");
	int rc = 0;

	if (!smtp_offers(smtp, "ADDR") || (x->listens && !listener) ||
	    (x->login != NULL && !smtp_offers(smtp, "LOGIN")))
		return -EOPNOTSUPP;
	snprintf(line, XCLIENT_SIZE, "XCLIENT");
	if (smtp_offers(smtp, "NAME"))
		rc = add_attribute(line, "NAME", "[UNAVAILABLE]");
	if (rc == 0 && smtp_offers(smtp, "PORT"))
		rc = add_port(line, "PORT", x->port);
	if (rc == 0 && listener)
		rc = add_address(line, "DESTADDR", &x->local.addr);
	if (rc == 0 && listener)
		rc = add_port(line, "DESTPORT", x->local.port);
	if (rc == 0 && x->login != NULL)
		rc = add_login(line, x->login);
	return rc == 0 ? add_address(line, "ADDR", &x->client) : rc;
}
