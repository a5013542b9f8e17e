/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_limits.c - connector-milter as a milter: limits and certificates.
 *
 * What is limited, and how it is counted, is the engine's to test. Here is
 * what only the daemon can get wrong: one store for all sessions, connections
 * that end without a word, a reload, what is negotiated, and in which macros
 * an MTA names a client certificate.
 */
#include "daemon.h"

#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEP_MS = 10, SIZE_LIMIT = 65536 };

#define TOO_MANY                                                      \
	"421 4.3.2 The maximum number of concurrent connections has " \
	"exceeded a limit, closing transmission channel"
#define TOO_FAST                                                 \
	"421 4.4.2 Message submission rate for this client has " \
	"exceeded the configured limit"
#define TOO_LARGE         "552 5.3.4 Message size exceeds fixed maximum message size"
#define NOT_AUTHENTICATED "530 5.7.1 Client was not authenticated"

static const char policy[] =
    "version: 1\n"
    "server: mx1.contoso.com\n"
    "accepted_domains: [contoso.com]\n"
    "connectors:\n"
    "  - name: By source\n"
    "    remote_ip_ranges: [192.0.2.0/24, \"2001:db8::/32\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    max_inbound_connection_per_source: 1\n"
    "  - name: In all\n"
    "    remote_ip_ranges: [198.51.100.0/24]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    max_inbound_connection: 2\n"
    "  - name: By rate\n"
    "    remote_ip_ranges: [203.0.113.0/24]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    message_rate_limit: 2\n"
    "  - name: Partners\n"
    "    remote_ip_ranges: [10.9.0.0/16]\n"
    "    auth_mechanism: [Tls]\n"
    "    permission_groups: [Partners]\n"
    "    tls_domains: [mail.partner.example, \"*.sub.partner.example\"]\n"
    "  - name: Encrypted\n"
    "    remote_ip_ranges: [10.8.0.0/16]\n"
    "    auth_mechanism: [Tls]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    require_tls: true\n";

static const char sized[] = "version: 1\n"
			    "accepted_domains: [contoso.com]\n"
			    "connectors:\n"
			    "  - name: Sized\n"
			    "    remote_ip_ranges: [192.0.2.0/24]\n"
			    "    permission_groups: [AnonymousUsers]\n"
			    "    max_message_size: 64KB\n"
			    "  - name: Not sized\n"
			    "    remote_ip_ranges: [198.51.100.0/24]\n"
			    "    permission_groups: [AnonymousUsers]\n";

static struct peer *
limited_peer(const char *client, bool refused, const char *text)
{
	struct peer *p = daemon_peer(&shared, client);
	struct peer_reply r;
	int rc = peer_mail(p, mail_chris, &r);

	if (refused)
		expect_reply(rc, &r, text);
	else
		expect_continue(rc, &r);
	return p;
}

/* The daemon learns of an end in a moment of its own, also of that of a
 * session which came too early. */
static struct peer *
accepted_soon(const char *client)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int ms = 0; ms < DAEMON_TIMEOUT; ms += STEP_MS) {
		struct peer *p = daemon_peer(&shared, client);
		struct peer_reply r;
		int rc = peer_mail(p, mail_chris, &r);

		if (rc == 0 && r.verdict == PEER_CONTINUE)
			return p;
		peer_free(p);
		nanosleep(&step, NULL);
	}
	fail_msg("%s is still counted", client);
	return NULL;
}

static void
one_source_is_limited(void **state)
{
	struct peer *first = limited_peer("192.0.2.1", false, NULL);
	struct peer *second = limited_peer("192.0.2.1", true, TOO_MANY);
	struct peer *other = limited_peer("192.0.2.2", false, NULL);
	struct peer_reply r;

	(void)state;
	/* It stays refused, and the first is not harmed by it. */
	expect_reply(peer_mail(second, mail_chris, &r), &r, TOO_MANY);
	expect_continue(peer_rcpt(first, rcpt_ours, &r), &r);
	assert_int_equal(peer_quit(second), 0);
	assert_int_equal(peer_quit(first), 0);
	peer_free(second);
	peer_free(first);
	peer_free(accepted_soon("192.0.2.1"));
	peer_free(other);
}

/* Of IPv6 a source is a /64. */
static void
ipv6_source_is_a_network(void **state)
{
	struct peer *first = limited_peer("2001:db8::1", false, NULL);
	struct peer *near = limited_peer("2001:db8::2:0:0:2", true, TOO_MANY);
	struct peer *far = limited_peer("2001:db8:0:1::1", false, NULL);

	(void)state;
	peer_free(first);
	peer_free(near);
	peer_free(far);
	peer_free(accepted_soon("2001:db8::1"));
}

static void
all_are_limited(void **state)
{
	struct peer *p[3] = { limited_peer("198.51.100.1", false, NULL),
		limited_peer("198.51.100.2", false, NULL),
		limited_peer("198.51.100.3", true, TOO_MANY) };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		peer_free(p[i]);
	peer_free(accepted_soon("198.51.100.3"));
}

/* At each stage: with the message half sent, and within a packet. */
static void
dropped_session_is_given_back(void **state)
{
	(void)state;
	for (int stage = 0; stage < 5; stage++) {
		struct peer *p = accepted_soon("192.0.2.5");
		struct peer_reply r;

		if (stage > 0)
			expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
		if (stage > 1)
			expect_continue(peer_data(p, &r), &r);
		if (stage > 2)
			assert_int_equal(peer_header(p, "A", "b", &r), 0);
		if (stage > 3)
			assert_int_equal(
			    peer_send_raw(p, "\0\0\0\x40Lhalf", 9), 0);
		peer_free(limited_peer("192.0.2.5", true, TOO_MANY));
		peer_free(p);
	}
	peer_free(accepted_soon("192.0.2.5"));
}

static void
policy_reload(const char *text)
{
	static const char said[] = "\"the policy was reloaded\"";
	static int reloads;

	daemon_write(&shared, "policy.yaml", text);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, said, ++reloads);
}

static void
reload_forgets_no_connection(void **state)
{
	struct peer *first = limited_peer("192.0.2.9", false, NULL), *second;

	(void)state;
	policy_reload(policy);
	second = limited_peer("192.0.2.9", true, TOO_MANY);
	peer_free(second);
	peer_free(first);
	peer_free(accepted_soon("192.0.2.9"));
}

/* Whom a reload limits otherwise is judged by what was counted before. */
static void
reload_limits_otherwise(void **state)
{
	static const char once[] = "per_source: 1";
	char *other = strdup(policy), *at;
	struct peer *p[3];

	(void)state;
	assert_non_null(other);
	at = strstr(other, once);
	assert_non_null(at);
	at[sizeof(once) - 2] = '2';
	p[0] = limited_peer("192.0.2.10", false, NULL);
	policy_reload(other);
	free(other);
	p[1] = limited_peer("192.0.2.10", false, NULL);
	p[2] = limited_peer("192.0.2.10", true, TOO_MANY);
	for (size_t i = 0; i < 3; i++)
		peer_free(p[i]);
	policy_reload(policy);
	peer_free(accepted_soon("192.0.2.10"));
}

/* The limit is on a source, whatever the number of its connections. */
static void
message_rate_is_limited(void **state)
{
	struct peer *p = limited_peer("203.0.113.1", false, NULL), *again;
	struct peer_reply r;

	(void)state;
	assert_int_equal(peer_abort(p), 0);
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	assert_int_equal(peer_abort(p), 0);
	expect_reply(peer_mail(p, mail_chris, &r), &r, TOO_FAST);
	again = limited_peer("203.0.113.1", true, TOO_FAST);
	peer_free(again);
	policy_reload(policy);
	again = limited_peer("203.0.113.1", true, TOO_FAST);
	peer_free(again);
	again = limited_peer("203.0.113.2", false, NULL);
	peer_free(again);
	peer_free(p);
}

/* ---- Size ------------------------------------------------------------ */

/* A message of size bytes on the wire, its header counted. */
static int
message_send(struct peer *p, size_t size, struct peer_reply *r)
{
	static const char name[] = "Subject", value[] = "x";
	size_t head = sizeof(name) + sizeof(value) + 4;
	char *body = malloc(size);

	assert_non_null(body);
	assert_true(size > head);
	memset(body, 'x', size);
	expect_continue(peer_mail(p, mail_chris, r), r);
	expect_continue(peer_rcpt(p, rcpt_ours, r), r);
	expect_continue(peer_data(p, r), r);
	assert_int_equal(peer_header(p, name, value, r), 0);
	assert_int_equal(peer_eoh(p, r), 0);
	assert_int_equal(peer_body(p, body, size - head, r), 0);
	free(body);
	return peer_eom(p, r);
}

static void
body_is_asked_for_where_sizes_matter(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	struct peer_options asked = peer_asked(p);

	(void)state;
	assert_true(asked.steps & SMFIP_NOBODY);
	peer_free(p);
	policy_reload(sized);
	p = daemon_peer(&shared, "192.0.2.1");
	asked = peer_asked(p);
	assert_false(asked.steps & SMFIP_NOBODY);
	assert_true(asked.steps & SMFIP_NR_BODY);
	peer_free(p);
	policy_reload(policy);
}

static void
real_size_is_limited(void **state)
{
	struct peer *old = daemon_peer(&shared, "198.51.100.9"), *p;
	struct peer_reply r;

	(void)state;
	policy_reload(sized);
	p = daemon_peer(&shared, "192.0.2.1");
	expect_continue(message_send(p, SIZE_LIMIT, &r), &r);
	expect_reply(message_send(p, SIZE_LIMIT + 1, &r), &r, TOO_LARGE);
	/* In packets of its own, and nothing of it left for the next. */
	expect_reply(message_send(p, 5 * SIZE_LIMIT, &r), &r, TOO_LARGE);
	expect_continue(message_send(p, SIZE_LIMIT, &r), &r);
	peer_free(p);
	p = daemon_peer(&shared, "198.51.100.1");
	expect_continue(message_send(p, 5 * SIZE_LIMIT, &r), &r);
	peer_free(p);
	/* One that negotiated before sends no body, and is not limited. */
	expect_continue(message_send(old, 5 * SIZE_LIMIT, &r), &r);
	peer_free(old);
	policy_reload(policy);
}

static void
declared_size_is_limited(void **state)
{
	static const char *const fits[] = { "<chris@contoso.com>", "SIZE=65536",
		NULL };
	static const char *const large[] = { "<chris@contoso.com>",
		"BODY=8BITMIME", "SIZE=65537", NULL };
	struct peer_reply r;
	struct peer *p;

	(void)state;
	policy_reload(sized);
	p = daemon_peer(&shared, "192.0.2.1");
	expect_reply(peer_mail(p, large, &r), &r, TOO_LARGE);
	expect_continue(peer_mail(p, fits, &r), &r);
	peer_free(p);
	policy_reload(policy);
}

/* ---- Certificates ---------------------------------------------------- */

/* A session with macros of TLS: what MAIL hears. */
static void
mail_with(const char *const macros[][2], const char *client, const char *want)
{
	/* The group Partners gives no right to a sender, and this one needs
	 * none. */
	static const char *const sender[] = { "<>", NULL };
	struct peer_reply r;
	struct peer *p;
	int rc;

	assert_int_equal(peer_open(shared.milter, DAEMON_TIMEOUT, &p), 0);
	assert_int_equal(peer_define(p, "{daemon_addr}", "10.1.1.1"), 0);
	assert_int_equal(peer_define(p, "{daemon_port}", "25"), 0);
	for (; macros[0][0]; macros++)
		assert_int_equal(peer_define(p, macros[0][0], macros[0][1]), 0);
	assert_int_equal(peer_negotiate(p, NULL), 0);
	assert_int_equal(peer_connect(p, NULL, client, 40000, &r), 0);
	assert_int_equal(peer_helo(p, "client.example", &r), 0);
	rc = peer_mail(p, sender, &r);
	if (want)
		expect_reply(rc, &r, want);
	else
		expect_continue(rc, &r);
	peer_free(p);
}

// clang-format off
#define TLS { "{tls_version}", "TLSv1.3" }
#define END { NULL, NULL }
// clang-format on

static void
verified_certificates_make_partners(void **state)
{
	static const char *const postfix[][2] = { TLS,
		{ "{cert_subject}", "mail.partner.example" }, END };
	static const char *const upper[][2] = { TLS,
		{ "{cert_subject}", "A.Sub.Partner.Example" }, END };
	static const char *const sendmail[][2] = { TLS, { "{verify}", "OK" },
		{ "{cn_subject}", "mail.partner.example" },
		{ "{cert_subject}", "/O=Partner/CN=mail.partner.example" },
		END };

	(void)state;
	mail_with(postfix, "10.9.1.1", NULL);
	mail_with(upper, "10.9.1.1", NULL);
	mail_with(sendmail, "10.9.1.1", NULL);
	daemon_wait(&shared, "principals=anonymous,partner", 3);
}

static void
other_certificates_give_nothing(void **state)
{
	static const char *const none[][2] = { TLS, END };
	static const char *const another[][2] = { TLS,
		{ "{cert_subject}", "mail.partner.example.net" }, END };
	/* Sendmail's, with the rest of what it says held back. */
	static const char *const whole[][2] = { TLS,
		{ "{cert_subject}", "/O=Partner/CN=mail.partner.example" },
		END };
	static const char *const unasked[][2] = { TLS,
		{ "{cn_subject}", "mail.partner.example" }, END };
	static const char *const verify[] = { "NO", "NOT", "FAIL", "NONE",
		"TEMP", "PROTOCOL", "SOFTWARE", "TRUSTED", "ok", "OK " };

	(void)state;
	mail_with(none, "10.9.1.1", NOT_AUTHENTICATED);
	mail_with(another, "10.9.1.1", NOT_AUTHENTICATED);
	mail_with(whole, "10.9.1.1", NOT_AUTHENTICATED);
	mail_with(unasked, "10.9.1.1", NOT_AUTHENTICATED);
	for (size_t i = 0; i < sizeof(verify) / sizeof(*verify); i++) {
		const char *const macros[][2] = { TLS,
			{ "{verify}", verify[i] },
			{ "{cn_subject}", "mail.partner.example" },
			{ "{cert_subject}", "mail.partner.example" }, END };

		mail_with(macros, "10.9.1.1", NOT_AUTHENTICATED);
	}
}

static void
tls_is_required(void **state)
{
	static const char *const plain[][2] = { END };
	static const char *const tls[][2] = { TLS, END };

	(void)state;
	mail_with(
	    plain, "10.8.1.1", "530 5.7.0 Must issue a STARTTLS command first");
	mail_with(tls, "10.8.1.1", NULL);
}

static int
limited_start(void **state)
{
	(void)state;
	daemon_init(&shared, policy);
	daemon_start(&shared, NULL);
	return 0;
}

int
limits_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_is_limited),
		cmocka_unit_test(ipv6_source_is_a_network),
		cmocka_unit_test(all_are_limited),
		cmocka_unit_test(dropped_session_is_given_back),
		cmocka_unit_test(reload_forgets_no_connection),
		cmocka_unit_test(reload_limits_otherwise),
		cmocka_unit_test(message_rate_is_limited),
		cmocka_unit_test(body_is_asked_for_where_sizes_matter),
		cmocka_unit_test(real_size_is_limited),
		cmocka_unit_test(declared_size_is_limited),
		cmocka_unit_test(verified_certificates_make_partners),
		cmocka_unit_test(other_certificates_give_nothing),
		cmocka_unit_test(tls_is_required),
		cmocka_unit_test(shared_ends_well),
	};

	return cmocka_run_group_tests_name(
	    "limits", tests, limited_start, shared_end);
}
