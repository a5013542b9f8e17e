/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kind of mailbox an argument is. The forms are those of the relay
 * batteries: each that some MTA would send elsewhere must not be plain. And
 * parts that are missing or too long, which other filters fell over:
 * CVE-2020-12460, CVE-2021-34555.
 */
#include "cases.h"

#include "mailbox.h"

/* clang-format off */
static const struct {
	const char *text;
	enum mailaddr_class class;
	const char *domain;
} cases[] = {
	{ "<>",                          MAILADDR_NULL,       "" },
	{ " <> ",                        MAILADDR_NULL,       "" },
	{ "< >",                         MAILADDR_NULL,       "" },
	{ "",                            MAILADDR_MALFORMED,  "" },
	{ "   ",                         MAILADDR_MALFORMED,  "" },
	{ "<postmaster>",                MAILADDR_POSTMASTER, "" },
	{ "PostMaster",                  MAILADDR_POSTMASTER, "" },
	{ "<postmasters>",               MAILADDR_ROUTED,     "" },
	{ "<\"postmaster\">",            MAILADDR_ROUTED,     "" },
	{ "<postmaster%r.test>",         MAILADDR_ROUTED,     "" },
	/* plain */
	{ "<u@l.test>",                  MAILADDR_PLAIN,      "l.test" },
	{ "u@l.test",                    MAILADDR_PLAIN,      "l.test" },
	{ " < u@l.test > ",              MAILADDR_PLAIN,      "l.test" },
	{ "<U@L.TEST>",                  MAILADDR_PLAIN,      "l.test" },
	{ "<u@l.test.>",                 MAILADDR_PLAIN,      "l.test" },
	{ "<u+x@l.test>",                MAILADDR_PLAIN,      "l.test" },
	{ "<a/b=c~d|e@l.test>",          MAILADDR_PLAIN,      "l.test" },
	{ "<-oQ/tmp@l.test>",            MAILADDR_PLAIN,      "l.test" },
	{ "<|id@l.test>",                MAILADDR_PLAIN,      "l.test" },
	{ "<\"john smith\"@l.test>",     MAILADDR_PLAIN,      "l.test" },
	{ "<\"\"@l.test>",               MAILADDR_ROUTED,     "l.test" },
	{ "<u@127.0.0.1>",               MAILADDR_PLAIN,      "127.0.0.1" },
	{ "<u@localhost>",               MAILADDR_PLAIN,      "localhost" },
	{ "<\xc3\xbc@l.test>",           MAILADDR_PLAIN,      "l.test" },
	{ "<u\xef\xbc\xa0r@l.test>",     MAILADDR_PLAIN,      "l.test" },
	{ "<u@xn--exmple-cua.test>",     MAILADDR_PLAIN,      "xn--exmple-cua.test" },
	/* routed: some MTA sends it elsewhere */
	{ "<u>",                         MAILADDR_ROUTED,     "" },
	{ "<u%r.test>",                  MAILADDR_ROUTED,     "" },
	{ "<u%r.test@l.test>",           MAILADDR_ROUTED,     "l.test" },
	{ "<u%r2%r@l.test>",             MAILADDR_ROUTED,     "l.test" },
	{ "<\"u%r.test\"@l.test>",       MAILADDR_ROUTED,     "l.test" },
	{ "<\"u@r.test\"@l.test>",       MAILADDR_ROUTED,     "l.test" },
	{ "<\"u@r.test\">",              MAILADDR_ROUTED,     "" },
	{ "<\"u\\@r\"@l.test>",          MAILADDR_ROUTED,     "l.test" },
	{ "<\"u:r\"@l.test>",            MAILADDR_ROUTED,     "l.test" },
	{ "<\"\xc3\xbc\"@l.test>",       MAILADDR_ROUTED,     "l.test" },
	{ "<u@r.test@l.test>",           MAILADDR_ROUTED,     "" },
	{ "<u\\@r.test@l.test>",         MAILADDR_ROUTED,     "" },
	{ "<u@r.test\\@l.test>",         MAILADDR_ROUTED,     "" },
	{ "<r.test!u>",                  MAILADDR_ROUTED,     "" },
	{ "<r.test!u@l.test>",           MAILADDR_ROUTED,     "l.test" },
	{ "<r2!r!u@l.test>",             MAILADDR_ROUTED,     "l.test" },
	{ "<@l.test:u@r.test>",          MAILADDR_ROUTED,     "" },
	{ "<@l.test,@r2:u@r.test>",      MAILADDR_ROUTED,     "" },
	{ "<@r.test:u@l.test>",          MAILADDR_ROUTED,     "" },
	{ "<u@l.test(r.test)>",          MAILADDR_ROUTED,     "" },
	{ "<u(@l.test)@r.test>",         MAILADDR_ROUTED,     "" },
	{ "<u@\"r.test\">",              MAILADDR_ROUTED,     "" },
	{ "<u@[127.0.0.1]>",             MAILADDR_ROUTED,     "[127.0.0.1]" },
	{ "<u@[IPv6:::1]>",              MAILADDR_ROUTED,     "[ipv6:::1]" },
	{ "<a\"b\"@l.test>",             MAILADDR_ROUTED,     "l.test" },
	{ "<\"a\"b@l.test>",             MAILADDR_ROUTED,     "l.test" },
	{ "<.u@l.test>",                 MAILADDR_PLAIN,      "l.test" },
	{ "<u.@l.test>",                 MAILADDR_PLAIN,      "l.test" },
	{ "<u..v@l.test>",               MAILADDR_PLAIN,      "l.test" },
	{ "<u@l_x.test>",                MAILADDR_PLAIN,      "l_x.test" },
	{ "<u@-l.test>",                 MAILADDR_PLAIN,      "-l.test" },
	{ "<u@l-.test>",                 MAILADDR_PLAIN,      "l-.test" },
	{ "<u@ex\xc3\xa4mple.test>",     MAILADDR_PLAIN,      "ex\xc3\xa4mple.test" },
	{ "<u@l.test\xe3\x80\x82>",      MAILADDR_PLAIN,      "l.test\xe3\x80\x82" },
	{ "<u@\xe2\x84\xaa.test>",       MAILADDR_PLAIN,      "\xe2\x84\xaa.test" }, /* Kelvin */
	{ "<u@\xc4\xb1.test>",           MAILADDR_PLAIN,      "\xc4\xb1.test" }, /* dotless i */
	{ "<u@l.test/x>",                MAILADDR_ROUTED,     "" },
	{ "<u@l.test(.evil.test>",       MAILADDR_ROUTED,     "" }, /* CVE-2020-12272 */
	{ "<u@[]>",                      MAILADDR_ROUTED,     "" },
	{ "<u@[1.2.3.4>",                MAILADDR_ROUTED,     "" },
	{ "<u@[1(2]>",                   MAILADDR_ROUTED,     "" },
	/* whose @ is not clear to every MTA */
	{ "<u@(x)l.test>",               MAILADDR_ROUTED,     "" },
	{ "<u@\"l.test\">",              MAILADDR_ROUTED,     "" },
	{ "<u\\@l.test>",                MAILADDR_ROUTED,     "" },
	{ "<(u\"@l.test)\"@r.test>",     MAILADDR_ROUTED,     "" },
	{ "<u\"@l.test\"@r.test>",       MAILADDR_ROUTED,     "r.test" },
	{ "<:u@l.test>",                 MAILADDR_ROUTED,     "l.test" },
	{ "<u::v@l.test>",               MAILADDR_ROUTED,     "l.test" },
	/* a local part as people use it */
	{ "<id:12@l.test>",              MAILADDR_PLAIN,      "l.test" },
	{ "<u@L_X.test.>",               MAILADDR_PLAIN,      "l_x.test" },
	{ "<u@B\xc3\x9c" "CHER.test>",    MAILADDR_PLAIN,      "b\xc3\xbc" "cher.test" },
	/* malformed: no mailbox at all */
	{ "<u\"@l.test>",                MAILADDR_MALFORMED,  "" },
	{ "<g:u@r.test;>",               MAILADDR_MALFORMED,  "" },
	{ "<u@l.test..>",                MAILADDR_MALFORMED,  "" },
	{ "<u@.l.test>",                 MAILADDR_MALFORMED,  "" },
	{ "<u@l..test>",                 MAILADDR_MALFORMED,  "" },
	{ "<u@>",                        MAILADDR_MALFORMED,  "" },
	{ "<@>",                         MAILADDR_MALFORMED,  "" },
	{ "<@l.test>",                   MAILADDR_MALFORMED,  "" },
	{ "<u@l.test",                   MAILADDR_MALFORMED,  "" },
	{ "u@l.test>",                   MAILADDR_MALFORMED,  "" },
	{ "<",                           MAILADDR_MALFORMED,  "" },
	{ "<<u@r.test>@l.test>",         MAILADDR_MALFORMED,  "" },
	{ "<u@r.test>@l.test",           MAILADDR_MALFORMED,  "" },
	{ "\"u@l.test\" <u@r.test>",     MAILADDR_MALFORMED,  "" },
	{ "<g:u@r.test;@l.test>",        MAILADDR_MALFORMED,  "" },
	{ "<u@l.test,v@r.test>",         MAILADDR_MALFORMED,  "" },
	{ "<;id;@l.test>",               MAILADDR_MALFORMED,  "" },
	{ "<u v@l.test>",                MAILADDR_MALFORMED,  "" },
	{ "<u@l.test v>",                MAILADDR_MALFORMED,  "" },
	{ "<\"u@l.test>",                MAILADDR_MALFORMED,  "" },
	{ "<u@r.test\r@l.test>",         MAILADDR_MALFORMED,  "" },
	{ "<u@r.test\t@l.test>",         MAILADDR_MALFORMED,  "" },
	{ "<u\x01@l.test>",              MAILADDR_MALFORMED,  "" },
	{ "<u\x7f@l.test>",              MAILADDR_MALFORMED,  "" },
	{ "<u\x1b[31m@l.test>",          MAILADDR_MALFORMED,  "" },
	{ "<u\xff@l.test>",              MAILADDR_MALFORMED,  "" },
	{ "<u\xc0\xaf@l.test>",          MAILADDR_MALFORMED,  "" }, /* overlong */
	{ "<u\xed\xa0\x80@l.test>",      MAILADDR_MALFORMED,  "" }, /* surrogate */
	{ "<u\xc2\x85@l.test>",          MAILADDR_MALFORMED,  "" }, /* C1 */
	{ "<u\xc3>",                     MAILADDR_MALFORMED,  "" },
};
/* clang-format on */

static void
classes(void **state)
{
	struct mailaddr addr;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		mailaddr_classify(cases[i].text, &addr);
		if (addr.class != cases[i].class ||
		    strcmp(addr.domain, cases[i].domain) != 0)
			fail_msg("case %zu %s: class %d domain \"%s\"", i,
			    cases[i].text, (int)addr.class, addr.domain);
	}
}

/* Every control byte, at every place, makes it malformed. */
static void
controls(void **state)
{
	struct mailaddr addr;
	char text[] = "<u@l.test>";
	size_t i;
	int c;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++) {
		char kept = text[i];

		for (c = 1; c < 0x20; c++) {
			text[i] = (char)c;
			mailaddr_classify(text, &addr);
			assert_int_equal(addr.class, MAILADDR_MALFORMED);
		}
		text[i] = kept;
	}
}

static void
lengths(void **state)
{
	struct mailaddr addr;
	char text[600], label[65];
	size_t i;

	(void)state;
	memset(label, 'a', sizeof(label));
	for (i = 63; i <= 64; i++) {
		memcpy(text, "u@", 2);
		memcpy(text + 2, label, i);
		memcpy(text + 2 + i, ".test", sizeof(".test"));
		mailaddr_classify(text, &addr);
		assert_int_equal(addr.class, MAILADDR_PLAIN);
	}
	/* a path of 254 bytes and one of 255 */
	for (i = 254; i <= 255; i++) {
		memset(text, 'a', i);
		memcpy(text + i - 7, "@l.test", sizeof("@l.test"));
		mailaddr_classify(text, &addr);
		assert_int_equal(
		    addr.class, i == 254 ? MAILADDR_PLAIN : MAILADDR_MALFORMED);
	}
}

/* Any lengths of both parts: an answer, and a domain only where it is
 * plain. */
static void
lengths_of_parts(void **state)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 252, 253, 254, 255,
		256, 1000, 100000 };
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(sizes); i++)
		for (j = 0; j < COUNT(sizes); j++) {
			size_t len = sizes[i] + 1 + sizes[j];
			char *text = malloc(len + 1);
			struct mailaddr addr;

			assert_non_null(text);
			memset(text, 'a', len);
			text[sizes[i]] = '@';
			text[len] = '\0';
			mailaddr_classify(text, &addr);
			if (sizes[i] == 0 || sizes[j] == 0 || len > 254)
				assert_int_equal(
				    addr.class, MAILADDR_MALFORMED);
			else
				assert_int_equal(addr.class, MAILADDR_PLAIN);
			assert_int_equal(strlen(addr.domain),
			    addr.class == MAILADDR_PLAIN ? sizes[j] : 0);
			free(text);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(controls),
		cmocka_unit_test(lengths),
		cmocka_unit_test(lengths_of_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
