/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open relays are refused at load, whatever the notation; and ties,
 * crossings and nesting, since all three are judged by what is won.
 */
#include "cases.h"

#include <stdio.h>

#define HEAD                                \
	"version: 1\n"                      \
	"accepted_domains: [contoso.com]\n" \
	"connectors:\n"
#define RELAY(name, ranges)                         \
	"  - name: " name "\n"                      \
	"    remote_ip_ranges: [" ranges "]\n"      \
	"    permission_groups: [AnonymousUsers]\n" \
	"    extended_rights:\n"                    \
	"      - principal: anonymous\n"            \
	"        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
#define TRUST(name, ranges)                             \
	"  - name: " name "\n"                          \
	"    remote_ip_ranges: [" ranges "]\n"          \
	"    auth_mechanism: [ExternalAuthoritative]\n" \
	"    permission_groups: [ExchangeServers]\n"
#define PLAIN(name, ranges)                    \
	"  - name: " name "\n"                 \
	"    remote_ip_ranges: [" ranges "]\n" \
	"    permission_groups: [AnonymousUsers]\n"

/* clang-format off */
static const struct {
	const char *policy;
	const char *id; /* of the first complaint; NULL: none */
} cases[] = {
	/* everyone, in all ways to write it */
	{ HEAD RELAY("a", "0.0.0.0/0"),                              "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "0.0.0.0-255.255.255.255"),                "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "0.0.0.0/1, 128.0.0.0/1"),                 "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "\"::/0\""),                               "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "\"::/1\", \"8000::/1\""),                 "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "\"::ffff:0.0.0.0/96\""),                  "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "0.0.0.0-63.255.255.255, 64.0.0.0/2, 128.0.0.0-191.255.255.255, 192.0.0.0/2"), "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "198.51.0.0/17, 198.51.64.0-198.51.255.255, 198.52.0.0"), "E-OPEN-RELAY" },
	{ HEAD TRUST("a", "0.0.0.0/0"),                              "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "0.0.0.0/1") TRUST("b", "128.0.0.0/1"),    "E-OPEN-RELAY" },
	/* at the limit, and one beyond */
	{ HEAD RELAY("a", "198.51.0.0/16"),                          NULL },
	{ HEAD RELAY("a", "198.51.0.0/16, 198.52.0.0"),              "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "198.51.0.0/16, 198.51.7.0/24"),           NULL },
	{ HEAD RELAY("a", "198.51.0.0/16") TRUST("b", "198.52.0.0"), "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "\"2001:db8::/48\""),                      NULL },
	{ HEAD RELAY("a", "\"2001:db8::/48\", \"2001:db8:1::1\""),   "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "\"2001:db8::/48\", \"2001:db8::1\""),     NULL },
	/* private space is not counted, what surrounds it is */
	{ HEAD RELAY("a", "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16"), NULL },
	{ HEAD TRUST("a", "\"fc00::/7\", \"fe80::/10\", \"::1\""),   NULL },
	{ HEAD RELAY("a", "10.0.0.0/7"),                             "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "9.255.0.0-11.0.0.0"),                     "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "9.255.0.1-11.0.0.0"),                     NULL },
	{ HEAD RELAY("a", "\"fb00::/8\""),                           "E-OPEN-RELAY" },
	/* what another connector wins is not relayed for */
	{ HEAD RELAY("a", "198.51.0.0/15") PLAIN("b", "198.51.0.0/16"), NULL },
	{ HEAD RELAY("a", "198.50.0.0/15") PLAIN("b", "198.51.0.0/16"), NULL },
	{ HEAD PLAIN("a", "0.0.0.0/0") RELAY("b", "198.51.100.7"),   NULL },
	/* stated */
	{ HEAD RELAY("a", "198.50.0.0/15") "    public_addresses: 131072\n", NULL },
	{ HEAD RELAY("a", "198.50.0.0/15") "    public_addresses: 131071\n", "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "198.51.100.0/24") "    public_addresses: 255\n",  "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "198.50.0.0/15") "    public_addresses: 131072\n" TRUST("b", "203.0.113.1"), "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "\"2001:db8::/47\"") "    public_addresses: 131072\n", NULL },
	/* a right that is denied is not held */
	{ HEAD RELAY("a", "0.0.0.0/0") "        deny: [ms-Exch-SMTP-Accept-Any-Recipient]\n", NULL },
	{ HEAD RELAY("a", "0.0.0.0/0") "    enabled: false\n" PLAIN("b", "10.0.0.0/8"), NULL },
	/* bindings do not hide it, and an entry that expires uncovers it */
	{ HEAD RELAY("a", "0.0.0.0/0") "    bindings: [\"10.0.0.1:25\"]\n", "E-OPEN-RELAY" },
	{ HEAD RELAY("a", "198.50.0.0/15")
	  "  - name: b\n    remote_ip_ranges: [{range: 198.51.0.0/16, until: 2030-01-01}]\n    permission_groups: [AnonymousUsers]\n", "E-OPEN-RELAY" },
	/* hosts that are named as Exchange servers */
	{ "exchange_servers: {remote_ip_ranges: [0.0.0.0/0]}\n" HEAD PLAIN("a", "10.0.0.0/8"), "E-OPEN-RELAY" },
	{ "exchange_legacy_servers: {remote_ip_ranges: [\"::/0\"]}\n" HEAD PLAIN("a", "10.0.0.0/8"), "E-OPEN-RELAY" },
	{ "exchange_servers: {remote_ip_ranges: [10.0.0.0/8, 198.51.100.0/24]}\n" HEAD PLAIN("a", "10.0.0.0/8"), NULL },
	/* ties and crossings */
	{ HEAD PLAIN("a", "10.0.0.0/24") RELAY("b", "10.0.0.0/24"),  "E-TIE" },
	{ HEAD PLAIN("a", "10.0.0.0/24") RELAY("b", "10.0.0.0-10.0.0.255"), "E-TIE" },
	{ HEAD PLAIN("a", "10.0.0.7") RELAY("b", "\"::ffff:10.0.0.7\""), "E-TIE" },
	{ HEAD PLAIN("a", "10.0.0.0-10.0.0.20") RELAY("b", "10.0.0.10-10.0.0.30"), "E-CROSSING" },
	{ HEAD PLAIN("a", "10.0.0.0-10.0.0.20, 10.0.0.10-10.0.0.30"), NULL },
	{ HEAD PLAIN("a", "10.0.0.0/24, 10.0.0.0/24"),               NULL },
	{ HEAD PLAIN("a", "10.0.0.0/24") RELAY("b", "10.0.0.0/25"),  NULL },
	{ HEAD PLAIN("a", "10.0.0.0/24") "    bindings: [\"0.0.0.0:25\"]\n" RELAY("b", "10.0.0.0/24") "    bindings: [\"0.0.0.0:587\"]\n", NULL },
	{ HEAD PLAIN("a", "10.0.0.0/24") "    bindings: [\"0.0.0.0:25\"]\n" RELAY("b", "10.0.0.0/24"), "E-TIE" },
	{ HEAD PLAIN("a", "10.0.0.0/24") "    bindings: [\"0.0.0.0:25\"]\n" RELAY("b", "10.0.0.0/24") "    bindings: [\"10.0.0.1:25\"]\n", NULL },
	{ HEAD PLAIN("a", "10.0.0.0/24") "    enabled: false\n" RELAY("b", "10.0.0.0/24"), NULL },
};
/* clang-format on */

static void
judged(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct diagnostics *diagnostics = diagnostics_new();
		struct ruleset *ruleset;
		const struct diagnostic *first;

		assert_non_null(diagnostics);
		ruleset = ruleset_of(cases[i].policy, diagnostics);
		first = diagnostics_get(diagnostics, 0);
		if ((ruleset != NULL) != (cases[i].id == NULL))
			fail_msg("case %zu: %s\n%s", i,
			    first != NULL ? first->message : "accepted",
			    cases[i].policy);
		if (cases[i].id != NULL &&
		    (first == NULL || strcmp(first->id, cases[i].id) != 0))
			fail_msg("case %zu: %s, not %s\n%s", i,
			    first != NULL ? first->id : "no complaint",
			    cases[i].id, cases[i].policy);
		if (first != NULL && strcmp(first->id, "E-OPEN-RELAY") == 0 &&
		    strstr(first->message, "exchange_") == NULL &&
		    strstr(first->message, "\"a\"") == NULL &&
		    strstr(first->message, "\"b\"") == NULL)
			fail_msg("case %zu: %s", i, first->message);
		ruleset_unref(ruleset);
		diagnostics_free(diagnostics);
	}
}

/* All of IPv4 in 256 entries. */
static void
many_entries_are_counted(void **state)
{
	enum { ENTRIES = 256, SIZE = 8192 };
	struct diagnostics *diagnostics = diagnostics_new();
	char ranges[SIZE] = "", text[SIZE + 512];
	size_t len = 0;
	int i;

	(void)state;
	for (i = 0; i < ENTRIES; i++)
		len += (size_t)snprintf(ranges + len, sizeof(ranges) - len,
		    "%s%d.0.0.0/8", i > 0 ? ", " : "", i);
	(void)snprintf(text, sizeof(text), HEAD RELAY("a", "%s"), ranges);
	assert_null(ruleset_of(text, diagnostics));
	assert_string_equal(
	    diagnostics_get(diagnostics, 0)->id, "E-OPEN-RELAY");
	diagnostics_free(diagnostics);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged),
		cmocka_unit_test(many_entries_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
