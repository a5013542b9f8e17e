/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accepted domains: exact, wildcard, most specific, at label boundaries.
 */
#include "cases.h"

#include "domains.h"

/* clang-format off */
static const struct accepted_domain entries[] = {
	{ .name = "contoso.com",         .subdomains = false, .type = DOMAIN_AUTHORITATIVE },
	{ .name = "lab.contoso.com",     .subdomains = true,  .type = DOMAIN_INTERNAL_RELAY },
	{ .name = "x.lab.contoso.com",   .subdomains = false, .type = DOMAIN_EXTERNAL_RELAY },
	{ .name = "y.x.lab.contoso.com", .subdomains = true,  .type = DOMAIN_AUTHORITATIVE },
	{ .name = "both.test",           .subdomains = true,  .type = DOMAIN_INTERNAL_RELAY },
	{ .name = "both.test",           .subdomains = false, .type = DOMAIN_AUTHORITATIVE },
};

static const struct {
	const char *domain;
	int entry;
} cases[] = {
	{ "contoso.com", 0 },
	{ "sub.contoso.com", -1 },
	{ "notcontoso.com", -1 },
	{ "contoso.com.evil.test", -1 },
	{ "com", -1 },
	{ "lab.contoso.com", 1 },
	{ "a.lab.contoso.com", 1 },
	{ "b.a.lab.contoso.com", 1 },
	{ "blab.contoso.com", -1 },
	{ "x.lab.contoso.com", 2 },
	{ "z.x.lab.contoso.com", 1 },
	{ "y.x.lab.contoso.com", 3 },
	{ "q.y.x.lab.contoso.com", 3 },
	{ "both.test", 5 },
	{ "a.both.test", 4 },
	{ "fabrikam.com", -1 },
};
/* clang-format on */

static void
finds(void **state)
{
	struct domset *set = domset_new(entries, COUNT(entries));
	size_t i;

	(void)state;
	assert_non_null(set);
	for (i = 0; i < COUNT(cases); i++) {
		const struct accepted_domain *found =
		    domset_find(set, cases[i].domain);
		const struct accepted_domain *want =
		    cases[i].entry < 0 ? NULL : &entries[cases[i].entry];

		if (found != want)
			fail_msg("%s", cases[i].domain);
	}
	domset_free(set);
}

static void
empty(void **state)
{
	struct domset *set = domset_new(NULL, 0);

	(void)state;
	assert_non_null(set);
	assert_null(domset_find(set, "contoso.com"));
	domset_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
