/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights - Exchange's permission model as tables.
 *
 * Source: "Receive connectors" on learn.microsoft.com, tables "Receive
 * connector permission groups" and "Receive connector permissions". The grid
 * below is that page's table turned so that a right is a column. Nothing is
 * decided here.
 */
#include "rights.h"

#include <assert.h>
#include <string.h>
#include "ascii.h"

/* clang-format off */
static const char *const right_names[RIGHT_COUNT] = {
	[RIGHT_SUBMIT]                      = "ms-Exch-SMTP-Submit",
	[RIGHT_ANY_RECIPIENT]               = "ms-Exch-SMTP-Accept-Any-Recipient",
	[RIGHT_ANY_SENDER]                  = "ms-Exch-SMTP-Accept-Any-Sender",
	[RIGHT_AUTHORITATIVE_DOMAIN_SENDER] = "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender",
	[RIGHT_AUTHENTICATION_FLAG]         = "ms-Exch-SMTP-Accept-Authentication-Flag",
	[RIGHT_EXCH50]                      = "ms-Exch-SMTP-Accept-Exch50",
	[RIGHT_HEADERS_ROUTING]             = "ms-Exch-Accept-Headers-Routing",
	[RIGHT_HEADERS_ORGANIZATION]        = "ms-Exch-Accept-Headers-Organization",
	[RIGHT_HEADERS_FOREST]              = "ms-Exch-Accept-Headers-Forest",
	[RIGHT_BYPASS_ANTI_SPAM]            = "ms-Exch-Bypass-Anti-Spam",
	[RIGHT_BYPASS_MESSAGE_SIZE_LIMIT]   = "ms-Exch-Bypass-Message-Size-Limit",
};

static const char *const principal_names[PRINCIPAL_COUNT] = {
	[PRINCIPAL_ANONYMOUS]          = "anonymous",
	[PRINCIPAL_EXTERNALLY_SECURED] = "externally_secured",
	[PRINCIPAL_AUTHENTICATED]      = "authenticated",
	[PRINCIPAL_PARTNER]            = "partner",
	[PRINCIPAL_EXCHANGE_SERVER]    = "exchange_server",
	[PRINCIPAL_LEGACY_SERVER]      = "legacy_server",
};

static const char *const group_names[GROUP_COUNT] = {
	[GROUP_NONE]                    = "None",
	[GROUP_ANONYMOUS_USERS]         = "AnonymousUsers",
	[GROUP_EXCHANGE_USERS]          = "ExchangeUsers",
	[GROUP_EXCHANGE_SERVERS]        = "ExchangeServers",
	[GROUP_EXCHANGE_LEGACY_SERVERS] = "ExchangeLegacyServers",
	[GROUP_PARTNERS]                = "Partners",
	[GROUP_CUSTOM]                  = "Custom",
};

static const char *const mechanism_names[MECHANISM_COUNT] = {
	[MECHANISM_NONE]                   = "None",
	[MECHANISM_TLS]                    = "Tls",
	[MECHANISM_INTEGRATED]             = "Integrated",
	[MECHANISM_BASIC_AUTH]             = "BasicAuth",
	[MECHANISM_BASIC_AUTH_REQUIRE_TLS] = "BasicAuthRequireTLS",
	[MECHANISM_EXCHANGE_SERVER]        = "ExchangeServer",
	[MECHANISM_EXTERNAL_AUTHORITATIVE] = "ExternalAuthoritative",
};

#define SUB  SET_OF(RIGHT_SUBMIT)
#define ANYR SET_OF(RIGHT_ANY_RECIPIENT)
#define ANYS SET_OF(RIGHT_ANY_SENDER)
#define ADS  SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)
#define FLAG SET_OF(RIGHT_AUTHENTICATION_FLAG)
#define X50  SET_OF(RIGHT_EXCH50)
#define HR   SET_OF(RIGHT_HEADERS_ROUTING)
#define HO   SET_OF(RIGHT_HEADERS_ORGANIZATION)
#define HF   SET_OF(RIGHT_HEADERS_FOREST)
#define BAS  SET_OF(RIGHT_BYPASS_ANTI_SPAM)
#define BSZ  SET_OF(RIGHT_BYPASS_MESSAGE_SIZE_LIMIT)

static const struct {
	enum group group;
	enum principal principal;
	right_set rights;
} grid[] = {
	{ GROUP_ANONYMOUS_USERS,         PRINCIPAL_ANONYMOUS,          SUB |        ANYS | ADS |              HR },
	{ GROUP_EXCHANGE_USERS,          PRINCIPAL_AUTHENTICATED,      SUB | ANYR |                           HR |           BAS },
	{ GROUP_EXCHANGE_SERVERS,        PRINCIPAL_EXCHANGE_SERVER,    SUB | ANYR | ANYS | ADS | FLAG | X50 | HR | HO | HF | BAS | BSZ },
	{ GROUP_EXCHANGE_SERVERS,        PRINCIPAL_EXTERNALLY_SECURED, SUB | ANYR | ANYS | ADS | FLAG | X50 | HR |           BAS | BSZ },
	{ GROUP_EXCHANGE_LEGACY_SERVERS, PRINCIPAL_LEGACY_SERVER,      SUB | ANYR | ANYS | ADS | FLAG | X50 | HR |           BAS | BSZ },
	{ GROUP_PARTNERS,                PRINCIPAL_PARTNER,            SUB |                                  HR },
};

/* Other spellings: short forms seen in articles, and the account names and
 * SIDs that Get-ADPermission prints. */
static const struct {
	const char *text;
	int value;
} right_aliases[] = {
	{ "ms-Exch-SMTP-Accept-Authoritative-Domain", RIGHT_AUTHORITATIVE_DOMAIN_SENDER },
	{ "ms-Exch-Accept-Exch50",                    RIGHT_EXCH50 },
}, principal_aliases[] = {
	{ "NT AUTHORITY\\ANONYMOUS LOGON",            PRINCIPAL_ANONYMOUS },
	{ "ANONYMOUS LOGON",                          PRINCIPAL_ANONYMOUS },
	{ "S-1-5-7",                                  PRINCIPAL_ANONYMOUS },
	{ "NT AUTHORITY\\Authenticated Users",        PRINCIPAL_AUTHENTICATED },
	{ "Authenticated Users",                      PRINCIPAL_AUTHENTICATED },
	{ "S-1-5-11",                                 PRINCIPAL_AUTHENTICATED },
	{ "MS Exchange\\Externally Secured Servers",  PRINCIPAL_EXTERNALLY_SECURED },
	{ "Externally Secured Servers",               PRINCIPAL_EXTERNALLY_SECURED },
	{ "MS Exchange\\Partner Servers",             PRINCIPAL_PARTNER },
	{ "Partner Servers",                          PRINCIPAL_PARTNER },
	{ "MS Exchange\\Hub Transport Servers",       PRINCIPAL_EXCHANGE_SERVER },
	{ "MS Exchange\\Edge Transport Servers",      PRINCIPAL_EXCHANGE_SERVER },
	{ "Exchange Servers",                         PRINCIPAL_EXCHANGE_SERVER },
	{ "ExchangeLegacyInterop",                    PRINCIPAL_LEGACY_SERVER },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
right_name(enum right right)
{
	assert(right < RIGHT_COUNT);
	return right_names[right];
}

const char *
principal_name(enum principal principal)
{
	assert(principal < PRINCIPAL_COUNT);
	return principal_names[principal];
}

const char *
group_name(enum group group)
{
	assert(group < GROUP_COUNT);
	return group_names[group];
}

const char *
mechanism_name(enum mechanism mechanism)
{
	assert(mechanism < MECHANISM_COUNT);
	return mechanism_names[mechanism];
}

right_set
group_rights(enum group group, enum principal principal)
{
	size_t i;

	for (i = 0; i < COUNT(grid); i++)
		if (grid[i].group == group && grid[i].principal == principal)
			return grid[i].rights;
	return 0;
}

static int
find_name(const char *const *names, size_t count, const char *text)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ascii_same(names[i], text))
			return (int)i;
	return -1;
}

int
right_parse(const char *text)
{
	int found = find_name(right_names, RIGHT_COUNT, text);
	size_t i;

	for (i = 0; found < 0 && i < COUNT(right_aliases); i++)
		if (ascii_same(right_aliases[i].text, text))
			found = right_aliases[i].value;
	return found;
}

/* Groups of the domain are printed with its name, CONTOSO\Exchange Servers. */
static const char *
without_domain(const char *text)
{
	const char *name = strrchr(text, '\\');

	if (name == NULL || strchr(text, '\\') != name)
		return text;
	name++;
	return ascii_same(name, "Exchange Servers") ||
		       ascii_same(name, "ExchangeLegacyInterop")
		   ? name
		   : text;
}

int
principal_parse(const char *text)
{
	int found;
	size_t i;

	text = without_domain(text);
	found = find_name(principal_names, PRINCIPAL_COUNT, text);
	for (i = 0; found < 0 && i < COUNT(principal_aliases); i++)
		if (ascii_same(principal_aliases[i].text, text))
			found = principal_aliases[i].value;
	return found;
}

int
group_parse(const char *text)
{
	return find_name(group_names, GROUP_COUNT, text);
}

int
mechanism_parse(const char *text)
{
	return find_name(mechanism_names, MECHANISM_COUNT, text);
}
