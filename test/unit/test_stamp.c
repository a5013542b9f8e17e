/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stamps: who a message is said to be from, and which SCL it gets and why,
 * for each kind of session, as "anonymous against externally secured" and
 * "antispam stamps" on Microsoft's pages have it.
 */
#include "cases.h"

#include <stdio.h>

#include "rights.h"
#include "stamp.h"

enum { SHOWN = 512 };

#define ANON   SET_OF(PRINCIPAL_ANONYMOUS)
#define EXT    SET_OF(PRINCIPAL_EXTERNALLY_SECURED)
#define USER   (ANON | SET_OF(PRINCIPAL_AUTHENTICATED))
#define PART   (ANON | SET_OF(PRINCIPAL_PARTNER))
#define SERVER SET_OF(PRINCIPAL_EXCHANGE_SERVER)
#define LEGACY SET_OF(PRINCIPAL_LEGACY_SERVER)

#define FLAG SET_OF(RIGHT_AUTHENTICATION_FLAG)
#define BAS  SET_OF(RIGHT_BYPASS_ANTI_SPAM)
#define HO   SET_OF(RIGHT_HEADERS_ORGANIZATION)

#define LISTED true
#define ALL    ((UINT32_C(1) << STAMP_COUNT) - 1)
#define NO_SCL SCL_UNSET

#define SRC    " AuthSource=mx1.contoso.com"
#define BYPASS " Antispam-Report=MessageSecurityAntispamBypass"
#define LIST   " Antispam-Report=IPOnAllowList"

static const struct scl_choice plain = { -1, -1, SCL_NONE };
static const struct scl_choice other = { 0, SCL_NONE, -1 };

/* clang-format off */
static const struct {
	principal_set principals;
	right_set rights;
	bool listed;
	const struct scl_choice *scl;
	int connector_scl;
	uint32_t chosen;
	const char *want;
} cases[] = {
	/* Who it is. */
	{ ANON,   0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC },
	{ ANON,   FLAG,       false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC },
	{ EXT,    FLAG,       false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " AuthMechanism=10" },
	{ EXT,    0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC " AuthMechanism=10" },
	{ USER,   0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC },
	{ PART,   0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Partner" SRC " AuthDomain=mail.fabrikam.com" },
	{ PART,   FLAG,       false,  &plain, NO_SCL,   ALL, " AuthAs=Partner" SRC " AuthDomain=mail.fabrikam.com" },
	{ LEGACY, FLAG,       false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC },
	{ LEGACY, 0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC },
	{ SERVER, FLAG,       false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC },
	{ SERVER, 0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC },
	{ EXT | SET_OF(PRINCIPAL_AUTHENTICATED),
	          0,          false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " AuthMechanism=10" },

	/* A server that brings its own stamps gets none; nobody else does. */
	{ SERVER, FLAG | HO,  LISTED, &plain, 5,        ALL, "" },
	{ ANON,   HO,         false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC },
	{ EXT,    FLAG | HO,  false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " AuthMechanism=10" },
	{ LEGACY, FLAG | HO,  false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC },

	/* Which SCL, and why. */
	{ ANON,   0,          LISTED, &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC " SCL=-1" LIST },
	{ ANON,   BAS,        false,  &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC " SCL=-1" BYPASS },
	{ ANON,   BAS,        LISTED, &plain, NO_SCL,   ALL, " AuthAs=Anonymous" SRC " SCL=-1" LIST },
	{ PART,   0,          LISTED, &plain, NO_SCL,   ALL, " AuthAs=Partner" SRC " AuthDomain=mail.fabrikam.com SCL=-1" LIST },
	{ USER,   BAS,        LISTED, &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " SCL=-1" BYPASS },
	{ USER,   0,          LISTED, &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC },
	{ EXT,    FLAG | BAS, LISTED, &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " AuthMechanism=10" },
	{ LEGACY, FLAG | BAS, false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " SCL=-1" BYPASS },
	{ SERVER, FLAG | BAS, false,  &plain, NO_SCL,   ALL, " AuthAs=Internal" SRC " SCL=-1" BYPASS },

	/* The policy chooses otherwise. */
	{ ANON,   0,          LISTED, &other, NO_SCL,   ALL, " AuthAs=Anonymous" SRC " SCL=0" LIST },
	{ ANON,   BAS,        false,  &other, NO_SCL,   ALL, " AuthAs=Anonymous" SRC },
	{ ANON,   BAS,        LISTED, &other, NO_SCL,   ALL, " AuthAs=Anonymous" SRC " SCL=0" LIST },
	{ EXT,    FLAG | BAS, LISTED, &other, NO_SCL,   ALL, " AuthAs=Internal" SRC " AuthMechanism=10 SCL=-1" BYPASS },
	{ EXT,    FLAG,       false,  &other, NO_SCL,   ALL, " AuthAs=Internal" SRC " AuthMechanism=10 SCL=-1" },

	/* The connector does, which no token explains. */
	{ ANON,   0,          false,  &plain, 9,        ALL, " AuthAs=Anonymous" SRC " SCL=9" },
	{ ANON,   0,          LISTED, &plain, 0,        ALL, " AuthAs=Anonymous" SRC " SCL=0" },
	{ ANON,   BAS,        false,  &plain, -1,       ALL, " AuthAs=Anonymous" SRC " SCL=-1" },
	{ ANON,   BAS,        LISTED, &plain, SCL_NONE, ALL, " AuthAs=Anonymous" SRC },
	{ EXT,    FLAG | BAS, false,  &other, 3,        ALL, " AuthAs=Internal" SRC " AuthMechanism=10 SCL=3" },

	/* Only what was chosen. */
	{ EXT,    FLAG | BAS, false,  &other, NO_SCL,   0, "" },
	{ EXT,    FLAG | BAS, false,  &other, NO_SCL,   SET_OF(STAMP_AUTH_AS),        " AuthAs=Internal" },
	{ EXT,    FLAG | BAS, false,  &other, NO_SCL,   SET_OF(STAMP_AUTH_SOURCE),    SRC },
	{ EXT,    FLAG | BAS, false,  &other, NO_SCL,   SET_OF(STAMP_AUTH_MECHANISM), " AuthMechanism=10" },
	{ PART,   0,          false,  &other, NO_SCL,   SET_OF(STAMP_AUTH_DOMAIN),    " AuthDomain=mail.fabrikam.com" },
	{ EXT,    FLAG | BAS, false,  &other, NO_SCL,   SET_OF(STAMP_SCL),            " SCL=-1" },
	{ EXT,    FLAG | BAS, false,  &other, NO_SCL,   SET_OF(STAMP_ANTISPAM_REPORT), BYPASS },
};
/* clang-format on */

static const char prefix[] = "X-MS-Exchange-Organization-";

/* " AuthAs=Internal AuthSource=...", in the order of the stamps. */
static const char *
show(const struct edit *stamps, size_t n, char text[SHOWN])
{
	size_t used = 0, i;

	text[0] = '\0';
	for (i = 0; i < n; i++) {
		assert_int_equal(stamps[i].type, EDIT_STAMP);
		assert_int_equal(
		    strncmp(stamps[i].name, prefix, strlen(prefix)), 0);
		used += (size_t)snprintf(text + used, SHOWN - used, " %s=%s",
		    stamps[i].name + strlen(prefix), stamps[i].value);
		assert_true(used < SHOWN);
	}
	return text;
}

static void
stamps(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		const struct stamp_facts facts = {
			.principals = cases[i].principals,
			.rights = cases[i].rights,
			.allow_listed = cases[i].listed,
			.server = "mx1.contoso.com",
			.auth_domain = "mail.fabrikam.com",
			.chosen = cases[i].chosen,
			.scl = cases[i].scl,
			.connector_scl = cases[i].connector_scl,
		};
		struct edit out[STAMPS_MAX];
		char text[SHOWN];
		size_t n = stamp_make(&facts, out);

		if (strcmp(show(out, n, text), cases[i].want) != 0)
			fail_msg("case %zu: wanted \"%s\", got \"%s\"", i,
			    cases[i].want, text);
	}
}

/* Every SCL has its text, and none is beyond them. */
static void
every_scl(void **state)
{
	int scl;

	(void)state;
	for (scl = -1; scl <= 9; scl++) {
		const struct stamp_facts facts = {
			.principals = ANON,
			.chosen = SET_OF(STAMP_SCL),
			.scl = &plain,
			.connector_scl = scl,
		};
		struct edit out[STAMPS_MAX];

		assert_int_equal(stamp_make(&facts, out), 1);
		assert_int_equal(atoi(out[0].value), scl);
		assert_string_equal(
		    out[0].name, "X-MS-Exchange-Organization-SCL");
	}
}

/* A message may not say of itself who sent it; what else it says of itself
 * is for rights to judge. */
static void
identities(void **state)
{
	static const char *const yes[] = { "AuthAs", "AuthSource",
		"AuthMechanism", "AuthDomain" };
	static const char *const no[] = { "SCL", "Antispam-Report", "PRD",
		"AuthA", "AuthAsX", "" };
	char name[100];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(yes); i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, yes[i]);
		assert_true(stamp_is_identity(name, strlen(name)));
		snprintf(name, sizeof(name), "x-ms-exchange-ORGANIZATION-%s",
		    yes[i]);
		assert_true(stamp_is_identity(name, strlen(name)));
	}
	for (i = 0; i < COUNT(no); i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, no[i]);
		assert_false(stamp_is_identity(name, strlen(name)));
	}
	assert_false(stamp_is_identity("AuthAs", 6));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps),
		cmocka_unit_test(every_scl),
		cmocka_unit_test(identities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
