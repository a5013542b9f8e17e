/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights.h - Exchange's rights, principals, groups and mechanisms as data.
 *
 * The tables in rights.c stand in the order of Microsoft's page ("Receive
 * connectors", sections "Receive connector permission groups" and
 * "permissions"), so that one can hold them side by side. Names are compared
 * without regard to case (ASCII only, no locale).
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include "rules.h"

enum group {
	GROUP_NONE,
	GROUP_ANONYMOUS_USERS,
	GROUP_EXCHANGE_USERS,
	GROUP_EXCHANGE_SERVERS,
	GROUP_EXCHANGE_LEGACY_SERVERS,
	GROUP_PARTNERS,
	GROUP_CUSTOM,
	GROUP_COUNT
};

enum mechanism {
	MECHANISM_NONE,
	MECHANISM_TLS,
	MECHANISM_INTEGRATED,
	MECHANISM_BASIC_AUTH,
	MECHANISM_BASIC_AUTH_REQUIRE_TLS,
	MECHANISM_EXCHANGE_SERVER,
	MECHANISM_EXTERNAL_AUTHORITATIVE,
	MECHANISM_COUNT
};

typedef uint32_t group_set;     /* bit 1 << enum group */
typedef uint32_t mechanism_set; /* bit 1 << enum mechanism */

#define SET_OF(x) (UINT32_C(1) << (x))

/* What a group gives to a principal. */
right_set group_rights(enum group, enum principal);

const char *group_name(enum group);         /* "AnonymousUsers"; static */
const char *mechanism_name(enum mechanism); /* "ExternalAuthoritative" */

/* Text to value, canonical names and the spellings found in the field
 * ("Ms-Exch-SMTP-Accept-Any-Recipient", "NT AUTHORITY\ANONYMOUS LOGON",
 * "S-1-5-7"); -1 for anything else. */
int right_parse(const char *text);
int principal_parse(const char *text);
int group_parse(const char *text);
int mechanism_parse(const char *text);

#endif
