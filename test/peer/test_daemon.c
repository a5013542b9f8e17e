/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_daemon.c - connector-milter as a milter: sessions, headers, reload.
 */
#include "daemon.h"

#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
stranger_is_refused(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	struct peer_reply r;

	(void)state;
	expect_relay(p, false);
	/* The refusal is the recipient's, not the message's. */
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	assert_int_equal(peer_quit(p), 0);
	peer_free(p);
}

static void
listed_relays(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.168.5.10");

	(void)state;
	expect_relay(p, true);
	peer_free(p);
}

static void
no_address_is_undecided(void **state)
{
	struct peer *p = daemon_peer(&shared, NULL);
	struct peer_reply r;

	(void)state;
	assert_int_equal(peer_mail(p, mail_chris, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	assert_memory_equal(r.text, "451 4.", 6);
	peer_free(p);
}

static void
asks_only_what_it_needs(void **state)
{
	static const struct {
		enum peer_command command;
		const char *names;
	} macros[] = {
		{ PEER_CONNECT,
		    "{daemon_addr} {daemon_port} {daemon_name} {if_addr}" },
		{ PEER_HELO,
		    "{tls_version} {verify} {cn_subject} {cert_subject}" },
		{ PEER_MAIL, "i {auth_authen} {tls_version} {verify} "
			     "{cn_subject} {cert_subject}" },
		{ PEER_RCPT, "i {rcpt_addr} {rcpt_mailer}" },
		{ PEER_DATA, "i" },
	};
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	struct peer_options o = peer_asked(p);

	(void)state;
	assert_int_equal(
	    o.actions, SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_SETSYMLIST);
	assert_true(o.steps & SMFIP_NODATA);
	assert_true(o.steps & SMFIP_NOEOH);
	assert_false(
	    o.steps & (SMFIP_NOMAIL | SMFIP_NR_MAIL | SMFIP_NORCPT |
			  SMFIP_NR_RCPT | SMFIP_NOCONNECT | SMFIP_NOHELO));
	assert_true(o.steps & SMFIP_NR_HDR || o.steps & SMFIP_NOHDRS);
	for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++)
		assert_string_equal(
		    peer_symlist(p, macros[i].command), macros[i].names);
	/* Sendmail 8.17.1 takes the one for the other. */
	assert_null(peer_symlist(p, PEER_EOH));
	assert_null(peer_symlist(p, PEER_EOM));
	peer_free(p);
}

static void
message_send(struct peer *p, const char *const *rcpt, size_t spoofed)
{
	static const char *const names[] = {
		"X-MS-Exchange-Organization-SCL",
		"x-ms-exchange-organization-scl",
		"X-MS-EXCHANGE-ORGANIZATION-SCL",
		"X-Ms-Exchange-Organization-Scl",
		"x-MS-exchange-organization-SCL",
	};
	struct peer_reply r;

	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	for (size_t i = 0; i < spoofed; i++) {
		assert_int_equal(peer_header(p, "Subject", "Test", &r), 0);
		assert_int_equal(peer_header(p, names[i % 5], "-1", &r), 0);
	}
	assert_int_equal(peer_header(p, "Subject", "last", &r), 0);
	assert_int_equal(peer_eoh(p, &r), 0);
	assert_int_equal(peer_body(p, "Hello\r\n", 7, &r), 0);
	expect_continue(peer_eom(p, &r), &r);
}

static size_t
header_count(const struct peer *p, const char *name, const char **value)
{
	size_t n, found = 0;
	const struct peer_header *h = peer_headers(p, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(h[i].name, name)) {
			found++;
			*value = h[i].value;
		}
	return found;
}

static void
spoofed_headers_go(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	const struct peer_edit *e;
	const char *value = NULL;
	uint32_t last = 0;
	size_t n, stripped = 0;

	(void)state;
	message_send(p, rcpt_ours, 5);
	e = peer_edits(p, &n);
	for (size_t i = 0; i < n; i++) {
		if (e[i].op != PEER_CHANGE)
			continue;
		assert_string_equal(e[i].value, "");
		/* 5, 4, 3, 2, 1 */
		assert_true(!stripped || e[i].index == last - 1);
		last = e[i].index;
		stripped++;
	}
	assert_int_equal(stripped, 5);
	assert_int_equal(last, 1);
	assert_int_equal(
	    header_count(p, "X-MS-Exchange-Organization-SCL", &value), 0);
	assert_int_equal(header_count(p, "Subject", &value), 6);
	assert_int_equal(
	    header_count(p, "X-MS-Exchange-Organization-AuthAs", &value), 1);
	assert_string_equal(value, "Anonymous");
	peer_free(p);
}

static void
stamp_replaces_spoof(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.168.5.10");
	const char *value = NULL;

	(void)state;
	/* Twice: nothing of the first message is left in the second. */
	for (int i = 0; i < 2; i++) {
		message_send(p, rcpt_kate, i ? 0 : 3);
		assert_int_equal(
		    header_count(p, "X-MS-Exchange-Organization-SCL", &value),
		    1);
		assert_string_equal(value, "-1");
	}
	peer_free(p);
}

/* CVE-2023-25725: an odd name hides nothing behind it. On an empty one
 * libmilter hangs up, so that the MTA answers 451. */
static void
odd_names_hide_nothing(void **state)
{
	static const char *const odd[] = { " ", ":", "\x01", "\xff\xfe",
		"X-MS-Exchange-Organization-", "" };
	const char *value = NULL;
	struct peer_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct peer *p = daemon_peer(&shared, "192.0.2.1");
		int rc;

		expect_continue(peer_mail(p, mail_chris, &r), &r);
		expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
		expect_continue(peer_data(p, &r), &r);
		assert_int_equal(peer_header(p, odd[i], "x", &r), 0);
		(void)peer_header(
		    p, "X-MS-Exchange-Organization-SCL", "-1", &r);
		(void)peer_eoh(p, &r);
		rc = peer_eom(p, &r);
		if (*odd[i] || rc == 0) {
			expect_continue(rc, &r);
			assert_int_equal(
			    header_count(
				p, "X-MS-Exchange-Organization-SCL", &value),
			    0);
		}
		peer_free(p);
	}
	daemon_expect_alive(&shared);
}

static void
large_header_survives(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	char *large = malloc(70001);
	struct peer_reply r;

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 70000);
	large[70000] = '\0';
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	assert_int_equal(peer_header(p, "X-Large", large, &r), 0);
	assert_int_equal(peer_eoh(p, &r), 0);
	assert_int_equal(peer_body(p, large, 70000, &r), 0);
	expect_continue(peer_eom(p, &r), &r);
	free(large);
	peer_free(p);
}

static void
without_header_edits_undecided(void **state)
{
	const struct peer_options poor = {
		.version = 6, .actions = SMFIF_ADDHDRS, .steps = 0x1fffff
	};
	struct peer_reply r;
	struct peer *p;

	(void)state;
	assert_int_equal(peer_open(shared.milter, DAEMON_TIMEOUT, &p), 0);
	assert_int_equal(peer_negotiate(p, &poor), 0);
	assert_int_equal(peer_connect(p, NULL, "192.168.5.10", 1, &r), 0);
	assert_int_equal(peer_helo(p, "client.example", &r), 0);
	assert_int_equal(peer_mail(p, mail_chris, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	assert_memory_equal(r.text, "451 4.3.0", 9);
	assert_int_equal(peer_mail(p, mail_chris, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	assert_memory_equal(r.text, "451 4.3.0", 9);
	peer_free(p);
}

/* A refusal of one recipient is not repeated to another. */
static void
replies_do_not_leak(void **state)
{
	static const char *const bad[] = { "<a%b@fabrikam.com>", NULL };
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	struct peer_reply r;

	(void)state;
	expect_relay(p, false);
	expect_reply(peer_rcpt(p, bad, &r), &r, "550 5.7.1 Unable to relay");
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	assert_int_equal(peer_abort(p), 0);
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	peer_free(p);
}

/* Packets that no MTA sends. None of them is a macro packet with an odd
 * number of texts: libmilter does not survive all of those. */
static void
odd_packets_end_one_session(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} odd[] = {
		{ "\0\0\0\1~", 5 },         /* no such command */
		{ "\0\0\0\0", 4 },          /* no command at all */
		{ "\377\377\377\377M", 5 }, /* 4 GiB */
		{ "\0\0\0\2Mx", 6 },        /* no NUL */
		{ "\0\0\0\1M", 5 },         /* no argument */
		{ "\0\0\0\1C", 5 },         /* connect without anything */
		{ "\0\0\0\6Cx\0"
		  "4\0\1",
		    10 },                 /* cut in the port */
		{ "\0\0\0\5Cx\0Z\0", 9 }, /* no such family */
		{ "\0\0\0\3Lx\0", 7 },    /* header without a value */
		{ "\0\0\0\1E", 5 },       /* end of no message */
		{ "\0\0\0\4O\0\0\0", 8 }, /* a second, short negotiation */
		{ "GET / HTTP/1.0\r\n\r\n", 18 },
	};
	struct peer *p;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		for (int negotiated = 0; negotiated < 2; negotiated++) {
			assert_int_equal(
			    peer_open(shared.milter, DAEMON_TIMEOUT, &p), 0);
			if (negotiated)
				assert_int_equal(peer_negotiate(p, NULL), 0);
			(void)peer_send_raw(p, odd[i].bytes, odd[i].len);
			peer_free(p);
		}
		daemon_expect_alive(&shared);
	}
}

/* The policy with 192.0.2.50 where 192.168.5.10 may relay. */
static char *
policy_other(void)
{
	char *text = strdup(daemon_policy), *at;

	assert_non_null(text);
	at = strstr(text, "ranges: [192.168.5.10]");
	assert_non_null(at);
	memcpy(at, "ranges: [192.0.2.50]  ", 22);
	return text;
}

static void
reload_keeps_open_sessions(void **state)
{
	struct peer *old = daemon_peer(&shared, "192.0.2.50"), *p;
	char *other = policy_other();
	struct peer_reply r;

	(void)state;
	expect_relay(old, false);
	daemon_write(&shared, "policy.yaml", other);
	free(other);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "\"the policy was reloaded\"", 1);
	/* This session's next message too is judged as it began. */
	assert_int_equal(peer_abort(old), 0);
	expect_relay(old, false);
	p = daemon_peer(&shared, "192.0.2.50");
	expect_relay(p, true);
	peer_free(p);
	expect_reply(
	    peer_rcpt(old, rcpt_kate, &r), &r, "550 5.7.1 Unable to relay");
	peer_free(old);
	daemon_write(&shared, "policy.yaml", daemon_policy);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "\"the policy was reloaded\"", 2);
}

static void
reloads_under_load(void **state)
{
	struct peer *p[8];

	(void)state;
	for (int round = 0; round < 25; round++) {
		for (int i = 0; i < 8; i++) {
			p[i] = daemon_peer(
			    &shared, i % 2 ? "192.168.5.10" : "192.0.2.1");
			assert_int_equal(kill(shared.pid, SIGUSR1), 0);
		}
		for (int i = 0; i < 8; i++) {
			expect_relay(p[i], i % 2);
			peer_free(p[i]);
		}
	}
}

static void
bad_reload_changes_nothing(void **state)
{
	struct peer *p;

	(void)state;
	daemon_write(
	    &shared, "policy.yaml", "version: 1\nconnectors:\n  - nmae: x\n");
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "the policy was not reloaded", 1);
	daemon_wait(&shared, "policy.yaml:3:", 1);
	p = daemon_peer(&shared, "192.168.5.10");
	expect_relay(p, true);
	peer_free(p);
	daemon_expect_alive(&shared);
	assert_int_equal(unlink(shared.policy), 0);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "the policy was not reloaded", 2);
	daemon_expect_alive(&shared);
	daemon_write(&shared, "policy.yaml", daemon_policy);
}

/* Where all clients may write all headers, it is still not theirs to say who
 * they are. */
static void
own_stamps_replace_trusted_ones(void **state)
{
	static const char trusting[] =
	    "version: 1\n"
	    "server: mx1.contoso.com\n"
	    "accepted_domains: [contoso.com]\n"
	    "ip_allow_list: [192.168.5.10]\n"
	    "connectors:\n"
	    "  - name: Trusting\n"
	    "    remote_ip_ranges: [0.0.0.0-255.255.255.255, \"::/0\"]\n"
	    "    permission_groups: [AnonymousUsers]\n"
	    "    extended_rights:\n"
	    "      - principal: anonymous\n"
	    "        allow:\n"
	    "          - ms-Exch-Accept-Headers-Organization\n"
	    "          - ms-Exch-Accept-Headers-Forest\n"
	    "          - ms-Exch-Accept-Headers-Routing\n";
	static const char *const stamps[][2] = {
		{ "X-MS-Exchange-Organization-AuthAs", "Anonymous" },
		{ "X-MS-Exchange-Organization-AuthSource", "mx1.contoso.com" },
		{ "X-MS-Exchange-Organization-SCL", "-1" },
	};
	static const char kept[] = "X-MS-Exchange-Organization-Original-Sender";
	static const char gone[] = "X-MS-Exchange-Organization-AuthMechanism";
	const char *value = NULL;
	struct peer_reply r;
	struct daemon d;
	struct peer *p;

	(void)state;
	daemon_init(&d, trusting);
	daemon_start(&d, NULL);
	p = daemon_peer(&d, "192.168.5.10");
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	assert_int_equal(peer_header(p, kept, "a@b", &r), 0);
	assert_int_equal(peer_header(p, gone, "10", &r), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
		    peer_header(p, stamps[i][0], "Internal", &r), 0);
	assert_int_equal(
	    peer_header(p, "x-ms-exchange-organization-authas", "x", &r), 0);
	assert_int_equal(peer_eoh(p, &r), 0);
	expect_continue(peer_eom(p, &r), &r);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(header_count(p, stamps[i][0], &value), 1);
		assert_string_equal(value, stamps[i][1]);
	}
	assert_int_equal(header_count(p, kept, &value), 1);
	assert_int_equal(header_count(p, gone, &value), 0);
	peer_free(p);
	daemon_fini(&d);
}

static void
second_start_steals_nothing(void **state)
{
	const char *argv[] = { DAEMON, "-f", "-p", shared.policy, "-s",
		shared.milter, "--policy-socket", "none", "-u", "nobody",
		NULL };

	(void)state;
	if (geteuid() != 0)
		argv[8] = NULL;
	assert_int_equal(daemon_try(&shared, argv), 1);
	daemon_expect_alive(&shared);
	/* Nor where the lock is gone: somebody answers. */
	assert_int_equal(unlink(daemon_path(&shared, "milter.sock.lock")), 0);
	assert_int_equal(daemon_try(&shared, argv), 1);
	daemon_expect_alive(&shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stranger_is_refused),
		cmocka_unit_test(listed_relays),
		cmocka_unit_test(no_address_is_undecided),
		cmocka_unit_test(asks_only_what_it_needs),
		cmocka_unit_test(spoofed_headers_go),
		cmocka_unit_test(stamp_replaces_spoof),
		cmocka_unit_test(odd_names_hide_nothing),
		cmocka_unit_test(large_header_survives),
		cmocka_unit_test(without_header_edits_undecided),
		cmocka_unit_test(replies_do_not_leak),
		cmocka_unit_test(odd_packets_end_one_session),
		cmocka_unit_test(reload_keeps_open_sessions),
		cmocka_unit_test(reloads_under_load),
		cmocka_unit_test(bad_reload_changes_nothing),
		cmocka_unit_test(second_start_steals_nothing),
		cmocka_unit_test(own_stamps_replace_trusted_ones),
		cmocka_unit_test(shared_ends_well),
	};
	int failed = cmocka_run_group_tests_name(
	    "daemon", tests, shared_start, shared_end);

	failed += limits_tests() + firewall_tests();
	failed += log_tests();
	failed += options_tests() + start_tests();
	failed += policyd_tests();
	failed += control_tests();
	failed += metrics_tests();
	return failed ? 1 : 0;
}
