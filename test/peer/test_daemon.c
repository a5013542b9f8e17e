/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_daemon.c - connector-milter as a whole: start, sockets, sessions,
 * reload, log, end.
 */
#include "daemon.h"

#include <grp.h>
#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct daemon shared;

static const char *const chris[] = { "<chris@contoso.com>", NULL };
static const char *const kate[] = { "<kate@fabrikam.com>", NULL };
static const char *const ours[] = { "<anna@contoso.com>", NULL };

static void
expect_continue(int rc, const struct peer_reply *r)
{
	assert_int_equal(rc, 0);
	assert_string_equal(r->text, "");
	assert_int_equal(r->verdict, PEER_CONTINUE);
}

static void
expect_reply(int rc, const struct peer_reply *r, const char *text)
{
	assert_int_equal(rc, 0);
	assert_int_equal(r->verdict, PEER_REPLYCODE);
	assert_string_equal(r->text, text);
}

/* MAIL and RCPT to the outside. */
static void
expect_relay(struct peer *p, bool granted)
{
	struct peer_reply r;

	expect_continue(peer_mail(p, chris, &r), &r);
	if (granted)
		expect_continue(peer_rcpt(p, kate, &r), &r);
	else
		expect_reply(
		    peer_rcpt(p, kate, &r), &r, "550 5.7.1 Unable to relay");
}

static void
expect_alive(const struct daemon *d)
{
	struct peer *p = daemon_peer(d, "192.0.2.1");

	expect_relay(p, false);
	peer_free(p);
}

static int
shared_start(void **state)
{
	(void)state;
	daemon_init(&shared, daemon_policy);
	daemon_start(&shared, NULL);
	return 0;
}

static int
shared_end(void **state)
{
	(void)state;
	daemon_fini(&shared);
	return 0;
}

static void
stranger_is_refused(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	struct peer_reply r;

	(void)state;
	expect_relay(p, false);
	/* The refusal is the recipient's, not the message's. */
	expect_continue(peer_rcpt(p, ours, &r), &r);
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
	assert_int_equal(peer_mail(p, chris, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	assert_memory_equal(r.text, "451 4.", 6);
	peer_free(p);
}

static void
asks_only_what_it_needs(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.1");
	struct peer_options o = peer_asked(p);

	(void)state;
	assert_int_equal(
	    o.actions, SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_SETSYMLIST);
	/* DATA with a reply, or every message over TCP waits 40 ms. */
	assert_false(o.steps & (SMFIP_NODATA | SMFIP_NR_DATA));
	assert_false(
	    o.steps & (SMFIP_NOMAIL | SMFIP_NR_MAIL | SMFIP_NORCPT |
			  SMFIP_NR_RCPT | SMFIP_NOCONNECT | SMFIP_NOHELO));
	assert_true(o.steps & SMFIP_NR_HDR || o.steps & SMFIP_NOHDRS);
	assert_non_null(peer_symlist(p, PEER_CONNECT));
	assert_non_null(strstr(peer_symlist(p, PEER_CONNECT), "{daemon_port}"));
	assert_non_null(strstr(peer_symlist(p, PEER_RCPT), "{rcpt_addr}"));
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

	expect_continue(peer_mail(p, chris, &r), &r);
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
	message_send(p, ours, 5);
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
		message_send(p, kate, i ? 0 : 3);
		assert_int_equal(
		    header_count(p, "X-MS-Exchange-Organization-SCL", &value),
		    1);
		assert_string_equal(value, "-1");
	}
	peer_free(p);
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
	expect_continue(peer_mail(p, chris, &r), &r);
	expect_continue(peer_rcpt(p, ours, &r), &r);
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
	assert_int_equal(peer_mail(p, chris, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	assert_memory_equal(r.text, "451 4.3.0", 9);
	assert_int_equal(peer_mail(p, chris, &r), 0);
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
	expect_continue(peer_rcpt(p, ours, &r), &r);
	assert_int_equal(peer_abort(p), 0);
	expect_continue(peer_mail(p, chris, &r), &r);
	expect_continue(peer_rcpt(p, ours, &r), &r);
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
		expect_alive(&shared);
	}
}

static void
log_has_no_control_bytes(void **state)
{
	char all[256];
	const char *const argv[] = { all, NULL };
	struct peer_reply r;
	struct peer *p;
	char *log;

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	p = daemon_peer(&shared, "192.0.2.1");
	assert_int_equal(peer_helo(p, all, &r), 0);
	assert_int_equal(peer_define(p, "{auth_authen}", all), 0);
	assert_int_equal(peer_mail(p, argv, &r), 0);
	assert_int_equal(peer_define(p, "{auth_authen}", NULL), 0);
	assert_int_equal(peer_mail(p, chris, &r), 0);
	assert_int_equal(peer_rcpt(p, argv, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	peer_free(p);
	daemon_wait(&shared, "\\x01\\x02", 2);
	log = daemon_log(&shared);
	for (const char *c = log; *c; c++)
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			fail_msg("byte %d in the log", *c);
	free(log);
}

static void
log_says_why(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.0.2.77");
	char *log, *line, *end;

	(void)state;
	expect_relay(p, false);
	peer_free(p);
	daemon_wait(&shared, "client=192.0.2.77", 3);
	log = daemon_log(&shared);
	line = strstr(log, "client=192.0.2.77");
	assert_non_null(line);
	line = strstr(line, "stage=rcpt");
	assert_non_null(line);
	end = strchr(line, '\n');
	assert_non_null(end);
	*end = '\0';
	assert_non_null(strstr(line, "argument=<kate@fabrikam.com>"));
	assert_non_null(strstr(line, "verdict=reject"));
	assert_non_null(strstr(line, "reply=\"550 5.7.1 Unable to relay\""));
	assert_non_null(
	    strstr(line, "right=ms-Exch-SMTP-Accept-Any-Recipient"));
	assert_non_null(strstr(line, "policy.yaml:"));
	assert_non_null(strstr(line, "policy="));
	free(log);
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
	expect_reply(peer_rcpt(old, kate, &r), &r, "550 5.7.1 Unable to relay");
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
	expect_alive(&shared);
	assert_int_equal(unlink(shared.policy), 0);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "the policy was not reloaded", 2);
	expect_alive(&shared);
	daemon_write(&shared, "policy.yaml", daemon_policy);
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
	expect_alive(&shared);
	/* Nor where the lock is gone: somebody answers. */
	assert_int_equal(unlink(daemon_path(&shared, "milter.sock.lock")), 0);
	assert_int_equal(daemon_try(&shared, argv), 1);
	expect_alive(&shared);
}

static void
usage_is_checked(void **state)
{
	const char *const wrong[][4] = {
		{ DAEMON, "--nonsense", NULL },
		{ DAEMON, "-f", "extra", NULL },
		{ DAEMON, "--socket-mode", "rw", NULL },
		{ DAEMON, "--log", "journal", NULL },
		{ DAEMON, "-s", "unix:relative", NULL },
		{ DAEMON, "-s", "inet:0", NULL },
	};
	const char *const help[] = { DAEMON, "--help", NULL };
	const char *const as_root[] = { DAEMON, "-f", "--policy-socket", "none",
		"-s", "inet:1", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(daemon_try(&shared, wrong[i]), 2);
	assert_int_equal(daemon_try(&shared, help), 0);
	if (geteuid() == 0)
		assert_int_equal(daemon_try(&shared, as_root), 2);
}

static void
policy_is_tested(void **state)
{
	struct daemon d;
	char *log;

	(void)state;
	daemon_init(&d, daemon_policy);
	const char *const argv[] = { DAEMON, "-t", "-p", d.policy, NULL };
	assert_int_equal(daemon_try(&d, argv), 0);
	daemon_write(
	    &d, "policy.yaml", "version: 1\nconnectors:\n  - nmae: x\n");
	assert_int_equal(daemon_try(&d, argv), 2);
	log = daemon_log(&d);
	assert_non_null(strstr(log, "policy.yaml:3:"));
	assert_non_null(strstr(log, ": error: "));
	free(log);
	assert_int_equal(unlink(d.policy), 0);
	assert_int_equal(daemon_try(&d, argv), 2);
	/* Nothing that could block or be endless is read. */
	assert_int_equal(mkfifo(d.policy, 0600), 0);
	assert_int_equal(daemon_try(&d, argv), 2);
	daemon_fini(&d);
}

static void
bad_policy_does_not_start(void **state)
{
	struct daemon d;

	(void)state;
	daemon_init(&d, "version: 1\n");
	const char *argv[] = { DAEMON, "-f", "-p", d.policy, "-s", d.milter,
		"--policy-socket", "none", "-u", "nobody", NULL };
	if (geteuid() != 0)
		argv[8] = NULL;
	assert_int_equal(daemon_try(&d, argv), 78);
	assert_int_equal(access(daemon_path(&d, "milter.sock"), F_OK), -1);
	daemon_fini(&d);
}

/* A file is at the socket's path, then a socket that nobody serves. */
static void
path_is_judged(void **state)
{
	struct daemon d;
	struct stat st;

	(void)state;
	daemon_init(&d, daemon_policy);
	const char *argv[] = { DAEMON, "-f", "-p", d.policy, "-s", d.milter,
		"--policy-socket", "none", "-u", "nobody", NULL };
	if (geteuid() != 0)
		argv[8] = NULL;
	daemon_write(&d, "milter.sock", "precious");
	assert_int_equal(daemon_try(&d, argv), 1);
	assert_int_equal(stat(daemon_path(&d, "milter.sock"), &st), 0);
	assert_true(S_ISREG(st.st_mode) && st.st_size == 8);
	assert_int_equal(unlink(daemon_path(&d, "milter.sock")), 0);
	daemon_start(&d, NULL);
	daemon_stop(&d, SIGKILL);
	assert_int_equal(stat(daemon_path(&d, "milter.sock"), &st), 0);
	daemon_start(&d, NULL);
	expect_alive(&d);
	daemon_fini(&d);
}

static void
sockets_have_owners_and_ends(void **state)
{
	static const char *const names[] = { "milter.sock", "policy.sock" };
	const gid_t gid = geteuid() == 0 ? 1 : getegid();
	const struct group *gr = getgrgid(gid);
	struct daemon d;
	struct stat st;
	int status;

	(void)state;
	assert_non_null(gr);
	const char *const more[] = { "--socket-mode", "0620", "--socket-group",
		gr->gr_name, NULL };
	daemon_init(&d, daemon_policy);
	daemon_start(&d, more);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(stat(daemon_path(&d, names[i]), &st), 0);
		assert_true(S_ISSOCK(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0620);
		assert_int_equal(st.st_gid, gid);
	}
	expect_alive(&d);
	status = daemon_stop(&d, SIGTERM);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(stat(daemon_path(&d, names[i]), &st), -1);
	daemon_wait(&d, "message=ended", 1);
	daemon_fini(&d);
}

static void
daemon_goes_to_the_background(void **state)
{
	struct daemon d;
	long pid = 0;
	FILE *f;

	(void)state;
	daemon_init(&d, daemon_policy);
	const char *argv[] = { DAEMON, "-p", d.policy, "-s", d.milter,
		"--policy-socket", "none", "--pid-file", daemon_path(&d, "pid"),
		"-u", "nobody", NULL };
	if (geteuid() != 0)
		argv[9] = NULL;
	assert_int_equal(daemon_try(&d, argv), 0);
	f = fopen(daemon_path(&d, "pid"), "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pid), 1);
	fclose(f);
	assert_true(pid > 1 && kill((pid_t)pid, 0) == 0);
	expect_alive(&d);
	/* Not at the sockets of a live one: the parent says so. */
	assert_int_equal(daemon_try(&d, argv), 1);
	daemon_fini(&d); /* and its process */
}

int
main(void)
{
	const struct CMUnitTest with_shared[] = {
		cmocka_unit_test(stranger_is_refused),
		cmocka_unit_test(listed_relays),
		cmocka_unit_test(no_address_is_undecided),
		cmocka_unit_test(asks_only_what_it_needs),
		cmocka_unit_test(spoofed_headers_go),
		cmocka_unit_test(stamp_replaces_spoof),
		cmocka_unit_test(large_header_survives),
		cmocka_unit_test(without_header_edits_undecided),
		cmocka_unit_test(replies_do_not_leak),
		cmocka_unit_test(odd_packets_end_one_session),
		cmocka_unit_test(log_has_no_control_bytes),
		cmocka_unit_test(log_says_why),
		cmocka_unit_test(reload_keeps_open_sessions),
		cmocka_unit_test(reloads_under_load),
		cmocka_unit_test(bad_reload_changes_nothing),
		cmocka_unit_test(second_start_steals_nothing),
		cmocka_unit_test(usage_is_checked),
	};
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(policy_is_tested),
		cmocka_unit_test(bad_policy_does_not_start),
		cmocka_unit_test(path_is_judged),
		cmocka_unit_test(sockets_have_owners_and_ends),
		cmocka_unit_test(daemon_goes_to_the_background),
	};
	int failed = cmocka_run_group_tests_name(
	    "daemon", with_shared, shared_start, shared_end);

	failed +=
	    cmocka_run_group_tests_name("start and end", alone, NULL, NULL);
	return failed + policyd_tests() ? 1 : 0;
}
