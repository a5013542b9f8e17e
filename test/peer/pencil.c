/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pencil.c - which fields of a message arrive, by the manual.
 */
#include "pencil.h"

#include <string.h>
#include <strings.h>

#define ORGANIZATION "X-MS-Exchange-Organization-"

static size_t
length_of(const char *name)
{
	size_t len = strlen(name);

	while (len > 0 && strchr(" \t", name[len - 1]) != NULL)
		len--;
	return len;
}

static bool
begins(const char *name, const char *with)
{
	return strncasecmp(name, with, strlen(with)) == 0;
}

static bool
is(const char *name, const char *want)
{
	return length_of(name) == strlen(want) && begins(name, want);
}

static bool
is_of(const char *name, const char *with)
{
	return length_of(name) >= strlen(with) && begins(name, with);
}

static bool
is_routing(const char *name)
{
	return is(name, "Received") || is_of(name, "Resent-");
}

bool
pencil_protects(const char *name)
{
	return is_of(name, ORGANIZATION) ||
	       is_of(name, "X-MS-Exchange-Forest-") || is_routing(name);
}

/* Whether we say it, or say in its place who sent the message. */
static bool
is_replaced(const char *name, const struct pencil_client *client)
{
	const char *line = client->stamps;
	size_t len = length_of(name);

	for (; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1)
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return true;
	return is(name, ORGANIZATION "AuthMechanism") ||
	       is(name, ORGANIZATION "AuthDomain");
}

bool
pencil_survives(const char *name, const struct pencil_client *client)
{
	if (is_of(name, ORGANIZATION))
		return client->organization && !is_replaced(name, client);
	if (is_of(name, "X-MS-Exchange-Forest-"))
		return client->forest;
	return client->routing || !is_routing(name);
}
