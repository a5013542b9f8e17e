/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Microsoft's table of permission groups, cell by cell ("Receive
 * connectors", section "Receive connector permission groups"). It is written
 * here as the page has it, groups down and rights across, so that a slip in
 * the engine's table shows.
 */
#include "cases.h"

#include "rights.h"

/* clang-format off */
static const struct {
	enum group group;
	enum principal principal;
	const char *cells; /* Sub AnyR AnyS ADS Flag X50 HR HO HF BAS BSz */
} matrix[] = {
	{ GROUP_ANONYMOUS_USERS,         PRINCIPAL_ANONYMOUS,          "x-xx--x----" },
	{ GROUP_EXCHANGE_USERS,          PRINCIPAL_AUTHENTICATED,      "xx----x--x-" },
	{ GROUP_EXCHANGE_SERVERS,        PRINCIPAL_EXCHANGE_SERVER,    "xxxxxxxxxxx" },
	{ GROUP_EXCHANGE_SERVERS,        PRINCIPAL_EXTERNALLY_SECURED, "xxxxxxx--xx" },
	{ GROUP_EXCHANGE_LEGACY_SERVERS, PRINCIPAL_LEGACY_SERVER,      "xxxxxxx--xx" },
	{ GROUP_PARTNERS,                PRINCIPAL_PARTNER,            "x-----x----" },
};

static const struct {
	const char *text;
	int principal;
} principals[] = {
	{ "anonymous",                                PRINCIPAL_ANONYMOUS },
	{ "NT AUTHORITY\\ANONYMOUS LOGON",            PRINCIPAL_ANONYMOUS },
	{ "nt authority\\anonymous logon",            PRINCIPAL_ANONYMOUS },
	{ "S-1-5-7",                                  PRINCIPAL_ANONYMOUS },
	{ "S-1-5-11",                                 PRINCIPAL_AUTHENTICATED },
	{ "MS Exchange\\Externally Secured Servers",  PRINCIPAL_EXTERNALLY_SECURED },
	{ "partner",                                  PRINCIPAL_PARTNER },
	{ "CONTOSO\\Exchange Servers",                PRINCIPAL_EXCHANGE_SERVER },
	{ "contoso.com\\exchangelegacyinterop",       PRINCIPAL_LEGACY_SERVER },
	{ "CONTOSO\\anonymous",                       -1 },
	{ "A\\B\\Exchange Servers",                   -1 },
	{ "anonymou",                                 -1 },
	{ "anonymous ",                               -1 },
	{ "",                                         -1 },
}, rights[] = {
	{ "ms-Exch-SMTP-Submit",                      RIGHT_SUBMIT },
	{ "Ms-Exch-SMTP-Accept-Any-Recipient",        RIGHT_ANY_RECIPIENT },
	{ "MS-EXCH-SMTP-ACCEPT-ANY-SENDER",           RIGHT_ANY_SENDER },
	{ "ms-Exch-SMTP-Accept-Authoritative-Domain", RIGHT_AUTHORITATIVE_DOMAIN_SENDER },
	{ "ms-Exch-Accept-Headers-Forest",            RIGHT_HEADERS_FOREST },
	{ "ms-Exch-SMTP-Accept-Any",                  -1 },
	{ "",                                         -1 },
};
/* clang-format on */

static void
every_cell(void **state)
{
	enum group group;
	enum principal principal;
	size_t i, right;

	(void)state;
	for (group = 0; group < GROUP_COUNT; group++)
		for (principal = 0; principal < PRINCIPAL_COUNT; principal++) {
			right_set want = 0;

			for (i = 0; i < COUNT(matrix); i++)
				for (right = 0; right < RIGHT_COUNT; right++)
					if (matrix[i].group == group &&
					    matrix[i].principal == principal &&
					    matrix[i].cells[right] == 'x')
						want |= SET_OF(right);
			assert_int_equal(group_rights(group, principal), want);
		}
}

static void
spellings(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(principals); i++)
		assert_int_equal(principal_parse(principals[i].text),
		    principals[i].principal);
	for (i = 0; i < COUNT(rights); i++)
		assert_int_equal(
		    right_parse(rights[i].text), rights[i].principal);
}

static void
names_parse(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < RIGHT_COUNT; i++)
		assert_int_equal(right_parse(right_name(i)), i);
	for (i = 0; i < PRINCIPAL_COUNT; i++)
		assert_int_equal(principal_parse(principal_name(i)), i);
	for (i = 0; i < GROUP_COUNT; i++)
		assert_int_equal(group_parse(group_name(i)), i);
	for (i = 0; i < MECHANISM_COUNT; i++)
		assert_int_equal(mechanism_parse(mechanism_name(i)), i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell),
		cmocka_unit_test(spellings),
		cmocka_unit_test(names_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
