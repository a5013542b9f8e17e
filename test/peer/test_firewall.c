/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_firewall.c - random headers through the daemon, against a pencil.
 *
 * What is left after the daemon's changes must be the fields that survive by
 * the manual, as they were sent and in order, and then our stamps. The
 * numbers are not random in time: each run tries the same messages.
 */
#include "daemon.h"
#include "pencil.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MESSAGES = 300, FIELDS_MAX = 60, TEXT_SIZE = 100 };

static const char policy[] = "version: 1\n"
			     "server: mx1.contoso.com\n"
			     "accepted_domains: [contoso.com]\n"
			     "connectors:\n"
			     "  - name: Default Frontend\n"
			     "    remote_ip_ranges: [0.0.0.0-255.255.255.255]\n"
			     "    permission_groups: [AnonymousUsers]\n"
			     "  - name: No routing\n"
			     "    remote_ip_ranges: [192.168.5.30]\n"
			     "    permission_groups: [AnonymousUsers]\n"
			     "    scl: 5\n"
			     "    extended_rights:\n"
			     "      - principal: anonymous\n"
			     "        deny: [ms-Exch-Accept-Headers-Routing]\n"
			     "  - name: Organization\n"
			     "    remote_ip_ranges: [192.168.5.40]\n"
			     "    permission_groups: [AnonymousUsers]\n"
			     "    extended_rights:\n"
			     "      - principal: anonymous\n"
			     "        allow:\n"
			     "          - ms-Exch-Accept-Headers-Organization\n"
			     "          - ms-Exch-Accept-Headers-Forest\n";

#define ORGANIZATION "X-MS-Exchange-Organization-"
#define ANONYMOUS                                       \
	ORGANIZATION "AuthAs: Anonymous\n" ORGANIZATION \
		     "AuthSource: mx1.contoso.com\n"

static const struct {
	const char *address;
	struct pencil_client may;
} clients[] = {
	{ "203.0.113.9", { false, false, true, ANONYMOUS } },
	{ "192.168.5.30",
	    { false, false, false, ANONYMOUS ORGANIZATION "SCL: 5\n" } },
	{ "192.168.5.40", { true, true, true, ANONYMOUS } },
};

/* No empty one: libmilter takes that for a broken packet. */
static const char *const names[] = {
	ORGANIZATION "SCL",
	ORGANIZATION "AuthAs",
	ORGANIZATION "AuthSource",
	ORGANIZATION "AuthMechanism",
	ORGANIZATION "Custom",
	ORGANIZATION,
	"X-MS-Exchange-Organization",
	"X-MS-Exchange-Organisation-SCL",
	"X-MS-Exchange-Forest-RulesExecuted",
	"X-MS-Exchange-CrossTenant-Id",
	"Received",
	"Received-SPF",
	"Resent-From",
	"Resent-",
	"Resent",
	"Subject",
	"From",
	"X",
};

/* What stands before and behind the number of a field. */
static const char *const values[][2] = { { "", "" }, { "  ", "" },
	{ "", "\n\tfolded" }, { "\n ", "" }, { "", " \xfc\xff" },
	{ "", ": more: colons" } };

static unsigned
random_below(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(*state >> 33) % below;
}

static void
field_make(uint64_t *state, unsigned number, char name[TEXT_SIZE],
    char value[TEXT_SIZE])
{
	const char *from =
	    names[random_below(state, sizeof(names) / sizeof(*names))];
	bool loud = random_below(state, 3) == 0;
	bool quiet = random_below(state, 3) == 0;
	size_t i;

	for (i = 0; from[i]; i++)
		name[i] = loud    ? (char)toupper((unsigned char)from[i])
			  : quiet ? (char)tolower((unsigned char)from[i])
				  : from[i];
	if (i && random_below(state, 8) == 0)
		name[i++] = random_below(state, 2) ? ' ' : '\t';
	name[i] = '\0';
	i = random_below(state, sizeof(values) / sizeof(*values));
	snprintf(
	    value, TEXT_SIZE, "%s%u%s", values[i][0], number, values[i][1]);
}

/* The stamps, which are all that is behind the fields that were sent. */
static void
expect_stamps(const struct peer_header *h, size_t n, const char *stamps)
{
	char line[2 * TEXT_SIZE];

	for (size_t i = 0; i < n; i++) {
		int len = snprintf(
		    line, sizeof(line), "%s: %s\n", h[i].name, h[i].value);
		assert_true(len > 0 && (size_t)len < sizeof(line));
		assert_memory_equal(stamps, line, (size_t)len);
		stamps += len;
	}
	assert_string_equal(stamps, "");
}

static void
message_try(struct peer *p, const struct pencil_client *may, uint64_t *state)
{
	static char name[FIELDS_MAX][TEXT_SIZE], value[FIELDS_MAX][TEXT_SIZE];
	unsigned sent = random_below(state, FIELDS_MAX);
	const struct peer_header *h;
	struct peer_reply r;
	size_t n, at = 0;

	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	for (unsigned i = 0; i < sent; i++) {
		field_make(state, i, name[i], value[i]);
		assert_int_equal(peer_header(p, name[i], value[i], &r), 0);
	}
	assert_int_equal(peer_eoh(p, &r), 0);
	assert_int_equal(peer_body(p, "Hello\r\n", 7, &r), 0);
	expect_continue(peer_eom(p, &r), &r);
	h = peer_headers(p, &n);
	for (unsigned i = 0; i < sent; i++) {
		if (!pencil_survives(name[i], may))
			continue;
		assert_true(at < n);
		assert_string_equal(h[at].name, name[i]);
		assert_string_equal(h[at].value, value[i]);
		at++;
	}
	expect_stamps(h + at, n - at, may->stamps);
}

static void
random_headers(void **state)
{
	uint64_t numbers = 20261122;
	struct daemon d;

	(void)state;
	daemon_init(&d, policy);
	daemon_start(&d, NULL);
	for (size_t c = 0; c < sizeof(clients) / sizeof(*clients); c++) {
		struct peer *p = daemon_peer(&d, clients[c].address);

		/* Many in one session, so that nothing may be left of one. */
		for (int i = 0; i < MESSAGES; i++)
			message_try(p, &clients[c].may, &numbers);
		assert_int_equal(peer_quit(p), 0);
		peer_free(p);
	}
	daemon_fini(&d);
}

int
firewall_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_headers),
	};

	return cmocka_run_group_tests_name("firewall", tests, NULL, NULL);
}
