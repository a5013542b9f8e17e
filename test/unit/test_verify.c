/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a policy says must be true of it: tests that hold and tests that fail,
 * statements of never that are true and that are not, each with the place and
 * what is said.
 */
#include "cases.h"
#include "diff.h"

#include <stdio.h>

enum { TEXT_SIZE = 8192 };

/* 26 lines; what a case writes begins with line 27. */
static const char base[] =
    "version: 1\n"
    "accepted_domains: [contoso.com]\n"
    "networks:\n"
    "  printers: [192.168.5.10-192.168.5.20]\n"
    "ip_block_list: [192.168.5.12, 203.0.113.0/24]\n"
    "exchange_servers: {remote_ip_ranges: [10.9.0.1]}\n"
    "connectors:\n"
    "  - name: Front\n"
    "    remote_ip_ranges: [\"0.0.0.0/0\", \"::/0\"]\n"
    "    permission_groups: [AnonymousUsers, ExchangeUsers, ExchangeServers]\n"
    "  - name: Relay\n"
    "    remote_ip_ranges:\n"
    "      - printers\n"
    "      - {range: 192.168.7.25, until: 2027-03-31}\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "  - name: Secured\n"
    "    bindings: [\"10.1.1.1:2525\"]\n"
    "    remote_ip_ranges: [10.0.0.0/24]\n"
    "    auth_mechanism: [ExternalAuthoritative]\n"
    "    permission_groups: [ExchangeServers]\n"
    "  - name: Slow\n"
    "    remote_ip_ranges: [10.5.0.1]\n"
    "    mode: monitor\n";

struct case_ {
	const char *text;
	const char *want; /* "LINE:COLUMN ID part of the message"; "": true */
};

/* clang-format off */
static const struct case_ cases[] = {
	{ "tests: [{client: 192.168.5.10, rcpt: kate@fabrikam.com, expect: accept}]\n", "" },
	{ "tests: [{client: 192.168.5.10, rcpt: kate@fabrikam.com, expect: 250}]\n", "" },
	{ "tests: [{client: 192.168.5.10, expect: accept}]\n", "" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: reject}]\n", "" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: 550}]\n", "" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: 550 5.7.1}]\n", "" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: 550 5.7.1 to relay}]\n", "" },
	{ "tests: [{client: 192.168.5.21, auth: kim, rcpt: kate@fabrikam.com, expect: accept}]\n", "" },
	{ "tests: [{client: 10.5.0.1, from: a@example.com, expect: 530 5.7.1}]\n", "" },
	{ "tests: [{client: 10.0.0.1, local: '10.1.1.1:2525', rcpt: kate@fabrikam.com, expect: accept}]\n", "" },
	{ "tests:\n  - client: 192.168.7.25\n    rcpt: kate@fabrikam.com\n    at: 2027-03-31T23:59:59Z\n    expect: accept\n", "" },
	{ "tests:\n  - client: 192.168.7.25\n    rcpt: kate@fabrikam.com\n    at: 2027-04-01\n    expect: 550 5.7.1\n", "" },
	{ "tests:\n  - client: 192.168.7.25\n    rcpt: kate@fabrikam.com\n    at: 2027-04-01\n    expect: accept\n",
	  "28:5 E-TEST test failed: client 192.168.7.25 rcpt kate@fabrikam.com at 2027-04-01T00:00:00Z: expected accept, "
	  "decided 550 5.7.1 Unable to relay at rcpt: the recipient's domain is not accepted (connector \"Front\", policy.yaml:8:5)" },
	{ "tests: [{client: 192.168.5.10, rcpt: kate@fabrikam.com, expect: 550 5.7.1}]\n",
	  "27:10 E-TEST test failed: client 192.168.5.10 rcpt kate@fabrikam.com: expected 550 5.7.1, decided accept" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: 451}]\n", "27:10 E-TEST expected 451, decided 550 5.7.1" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: 550 5.7.2}]\n", "27:10 E-TEST expected 550 5.7.2, decided 550 5.7.1" },
	{ "tests: [{client: 192.168.5.21, rcpt: kate@fabrikam.com, expect: 550 5.7.1 Go away}]\n", "27:10 E-TEST expected 550 5.7.1 Go away" },
	{ "tests: [{client: 10.5.0.1, from: a@example.com, expect: accept}]\n", "27:10 E-TEST expected accept, decided 530 5.7.1" },

	{ "never: [public addresses relay]\n", "" },
	{ "never: [0.0.0.0/0 is externally_secured]\n",
	  "27:9 E-NEVER \"0.0.0.0/0 is externally_secured\" must never be true, and is of client 10.0.0.0 at 10.1.1.1 port 2525, "
	  "which 10.0.0.0/24 of connector \"Secured\" (policy.yaml:21:24) holds" },
	{ "never: [\"::/0 is externally_secured\"]\n", "" },
	{ "never: [10.0.1.0-10.255.255.255 are externally_secured]\n", "" },
	{ "never: [everyone   relays]\n", "27:9 E-NEVER \"everyone relays\" must never be true, and is of client 10.0.0.0 at 10.1.1.1 port 2525," },
	{ "never: [10.9.0.0/16 relays]\n", "27:9 E-NEVER is of client 10.9.0.1 at 10.1.1.1 port 2525, which 0.0.0.0/0 of connector \"Front\"" },
	{ "never: [printers relay]\n", "27:9 E-NEVER is of client 192.168.5.10 at 10.1.1.1 port 2525, which 192.168.5.10-192.168.5.20 of connector \"Relay\" (policy.yaml:4:14) holds" },
	{ "never: [192.168.5.12 relays]\n", "" },
	{ "never: [192.168.5.12-192.168.5.13 relays]\n", "27:9 E-NEVER client 192.168.5.13 at 10.1.1.1 port 2525," },
	{ "never: [192.168.5.21-192.168.7.24 relay, 192.168.7.26 relays]\n", "" },
	{ "never: [192.168.7.0/24 relays]\n", "27:9 E-NEVER client 192.168.7.25 at 10.1.1.1 port 2525, which 192.168.7.25 of" },
	{ "never: [192.168.7.25 holds ms-Exch-SMTP-Accept-Any-Recipient]\n", "27:9 E-NEVER client 192.168.7.25 at 10.1.1.1 port 2525," },
	{ "never: [10.5.0.1 holds ms-exch-smtp-submit, 203.0.113.0/24 holds ms-Exch-SMTP-Submit]\n", "" },
	{ "never: [203.0.112.255-203.0.113.0 holds ms-Exch-SMTP-Submit]\n", "27:9 E-NEVER client 203.0.112.255 at 10.1.1.1 port 2525," },
	{ "never: [10.9.0.1 keeps organization headers]\n", "27:9 E-NEVER client 10.9.0.1 at 10.1.1.1 port 2525," },
	{ "never: [10.9.0.2-10.255.255.255 keep organization headers]\n", "" },
	{ "never: [10.5.0.1 may send as an own domain]\n", "" },
	{ "never: [10.5.0.0/31 may send as an own domain]\n", "27:9 E-NEVER client 10.5.0.0 at 10.1.1.1 port 2525," },
};
/* clang-format on */

/* Part of the end of an entry: what it gives to whom begins later. */
static const char later[] =
    "version: 1\n"
    "connectors:\n"
    "  - name: Relay\n"
    "    remote_ip_ranges: [10.0.0.0/8]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "  - name: Visitors\n"
    "    remote_ip_ranges: [{range: 10.66.0.0/16, until: 2027-03-31}]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "never: [10.66.0.0/16 relays]\n";

static bool
is_met(const char *want, const struct diagnostic *found)
{
	char place[64], *end;
	size_t len;

	if (!found)
		return want[0] == '\0';
	(void)snprintf(place, sizeof place, "%u:%u %s ",
	    (unsigned)found->where.line, (unsigned)found->where.column,
	    found->id);
	len = strlen(place);
	end = strncmp(want, place, len) == 0
		  ? strstr(found->message, want + len)
		  : NULL;
	return end != NULL;
}

static void
expect(const char *text, const char *want)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = ruleset_of(text, list);
	const struct diagnostic *found = diagnostics_get(list, 0);

	if (!is_met(want, found) || (want[0] == '\0') != (ruleset != NULL) ||
	    diagnostics_get(list, 1))
		fail_msg("%s\nexpected %s\nfound %u:%u %s", text, want,
		    found ? (unsigned)found->where.line : 0,
		    found ? (unsigned)found->where.column : 0,
		    found ? found->message : "nothing");
	ruleset_unref(ruleset);
	diagnostics_free(list);
}

static void
test_cases(void **state)
{
	char text[TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof text, "%s%s", base, cases[i].text);
		expect(text, cases[i].want);
	}
}

static void
test_later(void **state)
{
	(void)state;
	expect(later,
	    "12:9 E-NEVER is of client 10.66.0.0 from 2027-04-01, which "
	    "10.0.0.0/8 of connector \"Relay\" (policy.yaml:4:24) holds");
}

/* All that fails is said, not only the first. */
static void
test_all(void **state)
{
	struct diagnostics *list = diagnostics_new();
	char text[TEXT_SIZE];

	(void)state;
	(void)snprintf(text, sizeof text,
	    "%snever: [printers relay, everyone relays, public addresses "
	    "relay]\n"
	    "tests: [{client: 192.0.2.1, expect: reject}]\n",
	    base);
	assert_null(ruleset_of(text, list));
	assert_int_equal(diagnostics_count(list, SEVERITY_ERROR), 3);
	diagnostics_free(list);
}

/* What diff says of another expectation, of one that is gone, and of one that
 * only stands elsewhere. */
static void
test_diff(void **state)
{
	static const char *const lines[] = {
		"tests: client 192.0.2.1: accept > 250",
		"tests: client 192.0.2.2: accept > none",
		"never: 192.0.2.3 relays: listed > none",
		"never: 192.0.2.4 relays: none > listed",
	};
	struct diagnostics *list = diagnostics_new();
	char older_text[TEXT_SIZE], newer_text[TEXT_SIZE], line[256];
	struct ruleset *older, *newer;
	struct difference *difference;
	const struct setting *setting;
	size_t i;

	(void)state;
	(void)snprintf(older_text, sizeof older_text,
	    "%stests: [{client: 192.0.2.1, expect: accept}, {client: "
	    "192.0.2.2, expect: accept}, {client: 192.0.2.9, expect: "
	    "accept}]\nnever: [192.0.2.3 relays, 192.0.2.8 relays]\n",
	    base);
	(void)snprintf(newer_text, sizeof newer_text,
	    "%stests: [{client: 192.0.2.9, expect: accept}, {client: "
	    "192.0.2.1, expect: 250}]\n"
	    "never: [192.0.2.8 relays, 192.0.2.4 relays]\n",
	    base);
	older = ruleset_of(older_text, list);
	newer = ruleset_of(newer_text, list);
	assert_non_null(older);
	assert_non_null(newer);
	assert_int_equal(difference_find(older, newer, 0, &difference), 0);
	for (i = 0; (setting = difference_setting(difference, i)); i++) {
		assert_true(i < COUNT(lines));
		(void)snprintf(line, sizeof line, "%s: %s: %s > %s",
		    setting->key, setting->item,
		    setting->older ? setting->older : "none",
		    setting->newer ? setting->newer : "none");
		assert_string_equal(line, lines[i]);
	}
	assert_int_equal(i, COUNT(lines));
	assert_int_equal(difference_relation(difference), RELATION_EQUIVALENT);
	difference_free(difference);
	ruleset_unref(older);
	ruleset_unref(newer);
	diagnostics_free(list);
}

/* What would help a client, of the base policy and some lines more. */
struct miss {
	const char *client, *auth, *rcpt, *more;
	const char
	    *want; /* CONNECTOR|because|edit|others @LINE, of the first */
};

/* clang-format off */
static const struct miss misses[] = {
	{ "192.168.5.21", NULL, "kate@fabrikam.com", "",
	  "Relay|ends at 192.168.5.20|add 192.168.5.21|0 @4" },
	{ "192.168.5.9", NULL, "kate@fabrikam.com", "",
	  "Relay|begins at 192.168.5.10|add 192.168.5.9|0 @4" },
	{ "192.168.7.26", NULL, "kate@fabrikam.com", "",
	  "Relay|ends at 192.168.7.25|add 192.168.7.26|0 @14" },
	{ "192.168.5.12", NULL, "kate@fabrikam.com", "",
	  "-|is on the IP block list|remove 192.168.5.12|0 @5" },
	{ "10.5.0.2", NULL, "kate@fabrikam.com", "",
	  "Relay|begins at 192.168.5.10|add 10.5.0.2|0 @4" },
	{ "10.5.0.1", NULL, "kate@fabrikam.com", "",
	  "Slow|anonymous lacks ms-Exch-SMTP-Submit|allow ms-Exch-SMTP-Submit to anonymous|0 @24" },
	/* accepted, or a stranger */
	{ "192.168.5.10", NULL, "kate@fabrikam.com", "", "" },
	{ "192.168.5.21", NULL, "kate@contoso.com", "", "" },
	{ "192.168.5.21", "kim", "kate@fabrikam.com", "", "" },
	{ "192.0.2.1", NULL, "kate@fabrikam.com", "", "" },
	{ "203.0.114.1", NULL, "kate@contoso.com", "", "" },
	{ "203.0.113.1", NULL, "kate@contoso.com", "",
	  "-|is on the IP block list|take 203.0.113.1 out of it|0 @5" },
	/* what must never be is not proposed */
	{ "192.168.5.21", NULL, "kate@fabrikam.com", "never: [192.168.5.21 relays]\n",
	  "-|fabrikam.com is not an accepted domain|accept fabrikam.com|" },
	{ "192.168.5.21", NULL, "kate", "never: [192.168.5.21 relays]\n", "" },
	{ "192.168.5.21", NULL, "kate@fabrikam.com", "tests: [{client: 192.168.5.21, rcpt: a@b.example, expect: reject}]\n",
	  "-|fabrikam.com is not an accepted domain|accept fabrikam.com|" },
};
/* clang-format on */

static void
miss_format(const struct missed *missed, char *out, size_t size)
{
	out[0] = '\0';
	if (missed)
		(void)snprintf(out, size, "%s|%s|%s|%s @%u",
		    missed->connector ? missed->connector : "-",
		    missed->because, missed->edit, missed->would_also_allow,
		    (unsigned)missed->where.line);
}

static void
test_misses(void **state)
{
	char text[TEXT_SIZE], found[512];

	(void)state;
	for (size_t i = 0; i < COUNT(misses); i++) {
		const struct miss *miss = &misses[i];
		struct probe probe = { .auth = miss->auth, .rcpt = miss->rcpt };
		struct diagnostics *list = diagnostics_new();
		struct ruleset *ruleset;
		struct misses *answer;

		(void)snprintf(text, sizeof text, "%s%s", base, miss->more);
		ruleset = ruleset_of(text, list);
		assert_non_null(ruleset);
		assert_int_equal(
		    netaddr_parse(miss->client, &probe.client, NULL), 0);
		assert_int_equal(misses_find(ruleset, &probe, &answer), 0);
		miss_format(misses_get(answer, 0), found, sizeof found);
		if (strncmp(found, miss->want, strlen(miss->want)) != 0 ||
		    (miss->want[0] == '\0' && found[0] != '\0'))
			fail_msg("%s: expected %s\nfound %s\n", miss->client,
			    miss->want, found);
		misses_free(answer);
		ruleset_unref(ruleset);
		diagnostics_free(list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
