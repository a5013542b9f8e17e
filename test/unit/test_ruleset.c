/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is won on a listener, walked by address: who relays without AUTH is
 * what export writes, so each address must be told as a session would find
 * it.
 */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "rights.h"

static const char policy[] =
    "version: 1\n"
    "accepted_domains: [contoso.com]\n"
    "exchange_servers:\n"
    "  remote_ip_ranges: [10.0.0.5, 10.0.0.7-10.0.0.9,\n"
    "    {range: 10.0.0.20, until: 2026-06-30}]\n"
    "exchange_legacy_servers:\n"
    "  remote_ip_ranges: [10.0.0.8-10.0.0.11, 10.0.1.0]\n"
    "connectors:\n"
    "  - name: Inside\n"
    "    remote_ip_ranges: [10.0.0.0/24]\n"
    "    permission_groups: [AnonymousUsers, ExchangeServers]\n"
    "  - name: Relay\n"
    "    remote_ip_ranges: [10.0.1.0/31]\n"
    "    permission_groups: [AnonymousUsers, ExchangeLegacyServers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "  - name: Trusted\n"
    "    remote_ip_ranges: [10.0.0.128/25]\n"
    "    auth_mechanism: [ExternalAuthoritative]\n"
    "    permission_groups: [ExchangeServers]\n";

enum { JUNE_2026 = 1780272000, JULY_1_2026 = 1782864000 };

/* Each interval, its connector's first letter, its principal's, and whether
 * it may relay. */
static int
note(void *ctx, const struct holding *holding)
{
	static const char principals[PRINCIPAL_COUNT] = {
		[PRINCIPAL_ANONYMOUS] = 'a',
		[PRINCIPAL_EXTERNALLY_SECURED] = 'x',
		[PRINCIPAL_EXCHANGE_SERVER] = 'e',
		[PRINCIPAL_LEGACY_SERVER] = 'l',
	};
	char range[NETRANGE_TEXT_SIZE], *out = ctx;
	char principal = '?';
	size_t i;

	for (i = 0; i < PRINCIPAL_COUNT; i++)
		if (holding->claim.principals == SET_OF(i))
			principal = principals[i];
	out += strlen(out);
	(void)snprintf(out, 100, "%s %c%c%s\n",
	    netrange_format(&holding->clients, range), holding->connector[0],
	    principal,
	    (holding->claim.rights & SET_OF(RIGHT_ANY_RECIPIENT)) != 0 ? "+"
								       : "");
	return 0;
}

static void
walk(struct ruleset *ruleset, int64_t now, const char *want)
{
	const struct listener listener = {
		.addr = { .family = FAMILY_IPV4 },
		.port = 25,
	};
	char got[4000] = "";

	assert_int_equal(ruleset_walk(ruleset, &listener, now, note, got), 0);
	assert_string_equal(got, want);
}

static void
walks(void **state)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct ruleset *ruleset = ruleset_of(policy, diagnostics);

	(void)state;
	if (ruleset == NULL)
		fail_msg("%s", diagnostics_get(diagnostics, 0)->message);
	walk(ruleset, JUNE_2026,
	    "10.0.0.0-10.0.0.4 Ia\n"
	    "10.0.0.5 Ie+\n"
	    "10.0.0.6 Ia\n"
	    "10.0.0.7 Ie+\n"
	    "10.0.0.8/31 Ie+\n"
	    "10.0.0.10/31 Ia\n"
	    "10.0.0.12-10.0.0.19 Ia\n"
	    "10.0.0.20 Ie+\n"
	    "10.0.0.21-10.0.0.127 Ia\n"
	    "10.0.0.128/25 Tx+\n"
	    "10.0.1.0 Rl+\n"
	    "10.0.1.1 Ra+\n");
	walk(ruleset, JULY_1_2026,
	    "10.0.0.0-10.0.0.4 Ia\n"
	    "10.0.0.5 Ie+\n"
	    "10.0.0.6 Ia\n"
	    "10.0.0.7 Ie+\n"
	    "10.0.0.8/31 Ie+\n"
	    "10.0.0.10/31 Ia\n"
	    "10.0.0.12-10.0.0.19 Ia\n"
	    "10.0.0.20 Ia\n"
	    "10.0.0.21-10.0.0.127 Ia\n"
	    "10.0.0.128/25 Tx+\n"
	    "10.0.1.0 Rl+\n"
	    "10.0.1.1 Ra+\n");
	ruleset_unref(ruleset);
	diagnostics_free(diagnostics);
}

/* A connector on every port is in each contest; what that comes to is refused
 * before memory is taken for it. */
static void
entries_are_bounded(void **state)
{
	enum { RANGES = 20000, PORTS = 1700 };
	struct diagnostics *diagnostics = diagnostics_new();
	const struct diagnostic *said;
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	(void)fputs("version: 1\nconnectors:\n- name: wide\n"
		    "  remote_ip_ranges:\n",
	    out);
	for (i = 0; i < RANGES; i++)
		(void)fprintf(out, "  - 10.0.%zu.%zu\n", i / 256, i % 256);
	for (i = 0; i < PORTS; i++)
		(void)fprintf(out,
		    "- name: port %zu\n  remote_ip_ranges: [192.0.2.1]\n"
		    "  bindings: [\"0.0.0.0:%zu\"]\n",
		    i, 1024 + i);
	assert_int_equal(fclose(out), 0);
	assert_null(ruleset_of(text, diagnostics));
	assert_int_equal(diagnostics_count(diagnostics, SEVERITY_NOTE), 1);
	said = diagnostics_get(diagnostics, 0);
	assert_string_equal(said->id, "E-LIMIT");
	assert_non_null(strstr(said->message, "\"wide\""));
	assert_int_equal(said->where.line, 3);
	diagnostics_free(diagnostics);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(entries_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
