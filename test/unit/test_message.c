/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is read from a header: hops, sizes, and whom From names; two names in
 * it are not one (CVE-2019-16378, CVE-2024-49040).
 */
#include "cases.h"

#include "message.h"

/* clang-format off */
static const struct {
	const char *value;
	const char *domains; /* of plain mailboxes, "!" for any other */
} froms[] = {
	{ "a@contoso.com",                                          "contoso.com" },
	{ " A@Contoso.COM ",                                        "contoso.com" },
	{ "<a@contoso.com>",                                        "contoso.com" },
	{ "Kate <kate@fabrikam.com>",                               "fabrikam.com" },
	{ "\"Kate, the first\" <kate@fabrikam.com>",                "fabrikam.com" },
	{ "\"ceo@contoso.com\" <x@evil.test>",                      "evil.test" },
	{ "ceo@contoso.com <x@evil.test>",                          "evil.test" },
	{ "Kate (at work) <kate@fabrikam.com>",                     "fabrikam.com" },
	{ "kate@fabrikam.com (Kate (of sales) \\) x)",              "fabrikam.com" },
	{ "(c)kate(c)@(c)fabrikam.com",                             "fabrikam.com" },
	{ "a@contoso.com, b@fabrikam.com",                          "contoso.com fabrikam.com" },
	{ "a@contoso.com,, b@fabrikam.com,",                        "contoso.com fabrikam.com" },
	{ "x@evil.test,\n\tceo@contoso.com",                        "evil.test contoso.com" },
	{ "Team: a@contoso.com, b@fabrikam.com;",                   "contoso.com fabrikam.com" },
	{ "undisclosed-recipients:;",                               "" },
	{ "=?utf-8?q?K=C3=A4te?= <kate@fabrikam.com>",              "fabrikam.com" },
	{ "\"john smith\"@contoso.com",                             "contoso.com" },
	{ "\"a\\\"b\" <kate@fabrikam.com>",                         "fabrikam.com" },
	{ "",                                                       "" },
	{ "   ",                                                    "" },
	{ "Kate",                                                   "" },
	/* as people write it */
	{ "Smith, John <john@fabrikam.com>",                        "fabrikam.com" },
	{ "root (Cron Daemon)",                                     "" },
	{ "John <john@fabrikam.com> [ext]",                         "fabrikam.com" },
	{ "John <john@fabrikam.com> (ext), Sales",                  "fabrikam.com" },
	{ "Smith, ceo@contoso.com <john@fabrikam.com>",             "fabrikam.com" },
	{ "ceo@contoso.com, John <john@fabrikam.com>",              "contoso.com fabrikam.com" },
	{ "John <john@fabrikam.com> [ceo@contoso.com]",             "!" },
	{ "\"ceo@contoso.com\"",                                    "!" },
	{ "contoso.com!ceo",                                        "!" },
	{ "ceo%contoso.com",                                        "!" },
	{ "a@contoso.com b@evil.test",                              "!" },
	{ "<a@contoso.com> <b@evil.test>",                          "!" },
	{ "<a@contoso.com",                                         "!" },
	{ "\"a@contoso.com",                                        "!" },
	{ "(a@contoso.com",                                         "!" },
	/* what somebody else may read another mailbox in */
	{ "ceo@contoso.com:",                                       "!" },
	{ "<ceo@contoso.com>:;",                                    "!" },
	{ "\"CEO\" <ceo@contoso.com>: a@evil.test;",                "!" },
	{ "<a@evil.test> ceo@contoso.com",                          "!" },
	{ "<a@evil.test> (c), ceo@contoso.com",                     "evil.test contoso.com" },
	{ "(c)<x@evil.test>ceo@contoso.com",                        "!" },
	{ "<x@evil.test>\"ceo\"",                                   "!" },
	{ "a%b@contoso.com",                                        "!" },
	{ "<@x:a@contoso.com>",                                     "!" },
};

static const struct {
	const char *value;
	unsigned local;
} received[] = {
	{ "from a by mx1.contoso.com with ESMTP; x",             1 },
	{ "from a (b)\n\tby MX1.Contoso.com (8.17); x",          1 },
	{ "from a by mx1.contoso.com; x",                        1 },
	{ "from a BY mx1.contoso.com",                           1 },
	{ "from a by mx1.contoso.com.evil.test; x",              0 },
	{ "from a by notmx1.contoso.com; x",                     0 },
	{ "from mx1.contoso.com by b",                           0 },
	{ "from standby mx1.contoso.com by b",                   0 },
	{ "",                                                    0 },
	{ "by",                                                  0 },
	{ "by ",                                                 0 },
};
/* clang-format on */

static void
from_mailboxes(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(froms); i++) {
		struct arena *arena = arena_new(0);
		struct message message;
		char got[200] = "";

		assert_non_null(arena);
		message_init(&message, arena, true);
		message_header(&message, "fROM", froms[i].value, "mx");
		for (j = 0; j < message.nfrom; j++) {
			const struct mailaddr *addr = &message.from[j];

			if (j != 0)
				strcat(got, " ");
			strcat(got,
			    addr->class == MAILADDR_PLAIN ? addr->domain : "!");
		}
		if (strcmp(got, froms[i].domains) != 0)
			fail_msg("From: %s: \"%s\", not \"%s\"", froms[i].value,
			    got, froms[i].domains);
		arena_free(arena);
	}
}

/* More mailboxes than are looked at count as nobody's. */
static void
from_flood(void **state)
{
	struct arena *arena = arena_new(0);
	struct message message;
	int i;

	(void)state;
	message_init(&message, arena, true);
	for (i = 0; i < 300; i++)
		message_header(&message, "From", "a@contoso.com", "mx");
	assert_int_equal(message.nfrom, MESSAGE_FROM_MAX);
	assert_int_equal(message.from[0].class, MAILADDR_PLAIN);
	assert_int_equal(
	    message.from[MESSAGE_FROM_MAX - 1].class, MAILADDR_MALFORMED);
	arena_free(arena);
}

static void
hops(void **state)
{
	struct arena *arena = arena_new(0);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(received); i++) {
		struct message message;

		message_init(&message, arena, false);
		message_header(&message, "received ", received[i].value,
		    "mx1.contoso.com");
		message_header(&message, "X-Received", "by mx1.contoso.com",
		    "mx1.contoso.com");
		assert_int_equal(message.hops, 1);
		if (message.local_hops != received[i].local)
			fail_msg("Received: %s", received[i].value);
		assert_int_equal(message.nfrom, 0);
	}
	arena_free(arena);
}

static void
sizes(void **state)
{
	struct arena *arena = arena_new(0);
	struct message message;

	(void)state;
	message_init(&message, arena, false);
	assert_int_equal(message_size(&message), 2);
	message_header(&message, "A", "b", "mx"); /* "A: b\r\n" */
	assert_int_equal(message.header_size, 6);
	message_header(&message, "A", "b\n c", "mx"); /* "A: b\r\n c\r\n" */
	assert_int_equal(message.header_size, 6 + 10);
	message_body(&message, 1000);
	assert_int_equal(message_size(&message), 16 + 2 + 1000);
	assert_true(message.original_size == UINT64_MAX);
	message_header(
	    &message, "X-MS-Exchange-Organization-OriginalSize", "x12", "mx");
	assert_true(message.original_size == UINT64_MAX);
	message_header(
	    &message, "X-MS-Exchange-Organization-OriginalSize", " 500 ", "mx");
	message_header(
	    &message, "X-MS-Exchange-Organization-OriginalSize", "900", "mx");
	message_header(&message, "X-MS-Exchange-Organization-OriginalSize",
	    "99999999999999999999999999", "mx");
	assert_int_equal(message.original_size, 500);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_mailboxes),
		cmocka_unit_test(from_flood),
		cmocka_unit_test(hops),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
