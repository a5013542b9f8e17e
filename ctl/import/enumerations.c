/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enumerations.c - Exchange's enumerations as words and as numbers.
 *
 * Export-Clixml has both, ConvertTo-Json the numbers alone.
 */
#include "enumerations.h"

#include <string.h>
#include <strings.h>

#include "ascii.h"

static const struct {
	const char *property;
	unsigned long bit;
	const char *word;
} words[] = {
	{ "PermissionGroups", 1, "AnonymousUsers" },
	{ "PermissionGroups", 2, "ExchangeUsers" },
	{ "PermissionGroups", 4, "ExchangeServers" },
	{ "PermissionGroups", 8, "ExchangeLegacyServers" },
	{ "PermissionGroups", 16, "Partners" },
	{ "PermissionGroups", 32, "Custom" },
	{ "AuthMechanism", 1, "Tls" },
	{ "AuthMechanism", 2, "Integrated" },
	{ "AuthMechanism", 4, "BasicAuth" },
	{ "AuthMechanism", 8, "BasicAuthRequireTLS" },
	{ "AuthMechanism", 16, "ExchangeServer" },
	{ "AuthMechanism", 32, "ExternalAuthoritative" },
	{ "TransportRole", 32, "HubTransport" },
	{ "TransportRole", 64, "Edge" },
	{ "TransportRole", 16384, "FrontendTransport" },
};

enum { WORDS = sizeof words / sizeof *words };

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; *at;) {
		size_t n = strcspn(at, ", ");

		if (n == len && strncasecmp(at, word, n) == 0)
			return true;
		at += n;
		at += strspn(at, ", ");
	}
	return false;
}

bool
import_enumeration_bits(
    const char *property, const char *text, unsigned long *bits)
{
	bool known = false;

	*bits = 0;
	for (size_t i = 0; i < WORDS; i++) {
		if (!ascii_same(words[i].property, property))
			continue;
		known = true;
		if (has_word(text, words[i].word))
			*bits |= words[i].bit;
	}
	return known;
}

const char *
import_enumeration_text(
    struct import *im, const char *property, unsigned long bits)
{
	const char *text = NULL;

	for (size_t i = 0; i < WORDS; i++) {
		if (!ascii_same(words[i].property, property) ||
		    (bits & words[i].bit) == 0)
			continue;
		text = text ? import_format(im, "%s, %s", text, words[i].word)
			    : words[i].word;
		bits &= ~words[i].bit;
	}
	if (bits != 0)
		return NULL;
	return text ? text : "None";
}
