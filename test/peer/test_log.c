/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_log.c - what connector-milter says of a session, and of whom.
 */
#include "daemon.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What an MTA tells beside the argument, at which command, and the key that it
 * has in the log. */
static const struct {
	enum peer_command command;
	const char *macro; /* NULL: a parameter */
	const char *key;
} fields[] = {
	{ PEER_MAIL, "{auth_authen}", "auth" },
	{ PEER_MAIL, "{cert_subject}", "cert" },
	{ PEER_MAIL, NULL, "params" },
	{ PEER_RCPT, "i", "queue" },
	{ PEER_RCPT, "{rcpt_addr}", "resolved" },
	{ PEER_RCPT, "{rcpt_mailer}", "mailer" },
};

static void
expect_clean(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			fail_msg("byte %d in \"%.200s\"", *c, text);
}

/* MAIL with some text for one field, RCPT too. */
static void
field_say(struct peer *p, size_t i, const char *text)
{
	const char *const mail[] = { mail_chris[0],
		fields[i].macro ? NULL : text, NULL };
	struct peer_reply r;

	if (fields[i].macro)
		assert_int_equal(peer_define(p, fields[i].macro, text), 0);
	assert_int_equal(peer_mail(p, mail, &r), 0);
	expect_clean(r.text);
	assert_int_equal(peer_rcpt(p, rcpt_ours, &r), 0);
	expect_clean(r.text);
	if (fields[i].macro)
		assert_int_equal(peer_define(p, fields[i].macro, NULL), 0);
}

/* Every byte but NUL, which ends a text of the protocol, in whatever a client
 * has a say in: commands, logins, certificates, parameters, headers. */
static void
log_has_no_control_bytes(void **state)
{
	char all[256], wanted[80];
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
	assert_int_equal(peer_mail(p, argv, &r), 0);
	expect_clean(r.text);
	assert_int_equal(peer_mail(p, mail_chris, &r), 0);
	assert_int_equal(peer_rcpt(p, argv, &r), 0);
	assert_int_equal(r.verdict, PEER_REPLYCODE);
	expect_clean(r.text);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		field_say(p, i, all);
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	assert_int_equal(peer_header(p, all, all, &r), 0);
	assert_int_equal(peer_eoh(p, &r), 0);
	expect_continue(peer_eom(p, &r), &r);
	peer_free(p);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		snprintf(
		    wanted, sizeof(wanted), " %s=\"\\x01\\x02", fields[i].key);
		daemon_wait(&shared, wanted, 1);
	}
	daemon_wait(&shared, " argument=\"\\x01\\x02", 2);
	daemon_wait(&shared, " helo=\"\\x01\\x02", 2);
	log = daemon_log(&shared);
	expect_clean(log);
	free(log);
}

/* CVE-2010-1132, CVE-2007-4560, CVE-2020-7247: what a shell would do is text
 * here, wherever it stands. */
static void
commands_are_text(void **state)
{
	static const struct {
		const char *before, *after;
	} forms[] = {
		{ "|touch ", "" },
		{ "<root+:\"|touch ", "\">" },
		{ "<;touch ", ";>" },
		{ "`touch ", "`" },
		{ "$(touch ", ")" },
		{ "<\"|touch ", "\"@contoso.com>" },
		{ "<-oQ", "@contoso.com>" },
	};
	const char *file = daemon_path(&shared, "touched");
	struct peer_reply r;
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		const char *const argv[] = { text, NULL };
		struct peer *p = daemon_peer(&shared, "192.168.5.10");

		snprintf(text, sizeof(text), "%s%s%s", forms[i].before, file,
		    forms[i].after);
		assert_int_equal(peer_helo(p, text, &r), 0);
		assert_int_equal(peer_define(p, "{auth_authen}", text), 0);
		assert_int_equal(peer_mail(p, argv, &r), 0);
		expect_continue(peer_mail(p, mail_chris, &r), &r);
		assert_int_equal(peer_rcpt(p, argv, &r), 0);
		expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
		expect_continue(peer_data(p, &r), &r);
		assert_int_equal(peer_header(p, text, text, &r), 0);
		assert_int_equal(peer_eoh(p, &r), 0);
		expect_continue(peer_eom(p, &r), &r);
		peer_free(p);
	}
	daemon_expect_alive(&shared);
	assert_int_not_equal(access(file, F_OK), 0);
}

/* Each line is one object, whatever a client sent. */
static void
log_is_json(void **state)
{
	static const char *const more[] = { "--log-format", "json", NULL };
	char all[256], *log, *rest, *line;
	const char *const argv[] = { all, NULL };
	struct peer_reply r;
	struct daemon d;
	struct peer *p;
	int hostile = 0;

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(255 - i);
	all[255] = '\0';
	daemon_init(&d, daemon_policy);
	daemon_start(&d, more);
	p = daemon_peer(&d, "192.0.2.1");
	assert_int_equal(peer_helo(p, all, &r), 0);
	assert_int_equal(peer_mail(p, argv, &r), 0);
	assert_int_equal(peer_mail(p, mail_chris, &r), 0);
	assert_int_equal(peer_rcpt(p, argv, &r), 0);
	peer_free(p);
	daemon_wait(&d, "\"stage\":\"rcpt\"", 1);
	daemon_end(&d);
	log = daemon_log(&d);
	for (rest = log; (line = strsep(&rest, "\n")) && *line;) {
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *argument;

		if (!json_is_object(object) || !json_object_get(object, "time"))
			fail_msg("no object: %s", line);
		argument =
		    json_string_value(json_object_get(object, "argument"));
		hostile += argument && strstr(argument, "~}|{zy") != NULL;
		json_decref(object);
	}
	free(log);
	assert_int_equal(hostile, 2);
	daemon_fini(&d);
}

/* The id that ends a reply, copied; the text before it has to be as given. */
static void
reply_id(const char *reply, const char *text, char id[40])
{
	assert_memory_equal(reply, text, strlen(text));
	assert_int_equal(
	    sscanf(reply + strlen(text), " [%30[0-9a-f.-]]", id), 1);
	assert_string_equal(reply + strlen(reply) - 1, "]");
}

/* A reply ends with what finds its line. */
static void
reply_finds_line(void **state)
{
	static const char begin[] = "reply_ids: true\n";
	char policy[2048], id[4][40], wanted[200];
	struct peer_reply r;
	struct daemon d;
	struct peer *p;

	(void)state;
	snprintf(policy, sizeof(policy), "%s%s", begin, daemon_policy);
	daemon_init(&d, policy);
	daemon_start(&d, NULL);
	for (int i = 0; i < 2; i++) {
		p = daemon_peer(&d, "192.0.2.99");
		expect_continue(peer_mail(p, mail_chris, &r), &r);
		expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
		for (int n = 0; n < 2; n++) {
			assert_int_equal(peer_rcpt(p, rcpt_kate, &r), 0);
			reply_id(
			    r.text, "550 5.7.1 Unable to relay", id[2 * i + n]);
		}
		peer_free(p);
	}
	daemon_wait(&d, " verdict=reject ", 4);
	for (int i = 0; i < 4; i++) {
		snprintf(wanted, sizeof(wanted), " id=%s ", id[i]);
		daemon_wait(&d, wanted, 1);
		for (int other = 0; other < i; other++)
			assert_string_not_equal(id[i], id[other]);
	}
	daemon_fini(&d);
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

/* The n-th line (from 0) of a client at a stage, malloc()ed. */
static char *
log_find(const struct daemon *d, const char *client, const char *stage, int n)
{
	char *log = daemon_log(d), *found = NULL, *rest = log, *line;

	while (!found && (line = strsep(&rest, "\n")))
		if (strstr(line, client) && strstr(line, stage) && !n--)
			found = strdup(line);
	free(log);
	assert_non_null(found);
	return found;
}

static void
expect_line(const char *client, const char *stage, int n, const char *with,
    const char *without)
{
	char *line = log_find(&shared, client, stage, n);

	if (with && !strstr(line, with))
		fail_msg("no %s: %s", with, line);
	if (without && strstr(line, without))
		fail_msg("%s: %s", without, line);
	free(line);
}

/* HELO name and login on lines of MAIL; the queue id once it is known, and
 * not that of the message before. */
static void
log_names_the_message(void **state)
{
	static const char client[] = "client=192.0.2.88";
	char name[400], cut[300] = "helo=";
	struct peer *p = daemon_peer(&shared, client + 7);
	struct peer_reply r;

	(void)state;
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	assert_int_equal(peer_define(p, "i", "4Wq2x"), 0);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	expect_continue(peer_data(p, &r), &r);
	assert_int_equal(peer_eoh(p, &r), 0);
	expect_continue(peer_eom(p, &r), &r);
	assert_int_equal(peer_define(p, "i", NULL), 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(peer_helo(p, name, &r), 0);
	assert_int_equal(peer_define(p, "{auth_authen}", "o hara\n"), 0);
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	peer_free(p);
	daemon_wait(&shared, client, 7);
	expect_line(client, "stage=mail", 0, "helo=client.example ", "auth=");
	expect_line(client, "stage=mail", 0, NULL, "queue=");
	expect_line(client, "stage=rcpt", 0, NULL, "queue=");
	expect_line(client, "stage=rcpt", 1, "queue=4Wq2x ", "helo=");
	expect_line(client, "end of message", 0, "queue=4Wq2x ", "auth=");
	expect_line(client, "stage=mail", 1, "auth=\"o hara\\x0a\"", "queue=");
	/* 256 of its bytes, and a mark. */
	memset(cut + 5, 'x', 256);
	memcpy(cut + 5 + 256, "... ", 5);
	expect_line(client, "stage=mail", 1, cut, NULL);
	expect_line(client, "stage=rcpt", 2, NULL, "queue=");
}

/* What explain --log needs to decide again. */
static void
log_tells_the_facts(void **state)
{
	static const char *const mail[] = { "<a@b.example>", "SIZE=42",
		"BODY=8BITMIME", NULL };
	static const char client[] = "client=192.0.2.89";
	struct peer *p = daemon_peer(&shared, client + 7);
	struct peer_reply r;

	(void)state;
	expect_continue(peer_mail(p, mail_chris, &r), &r);
	assert_int_equal(peer_define(p, "{tls_version}", "TLSv1.3"), 0);
	assert_int_equal(peer_define(p, "{cert_subject}", "a b"), 0);
	expect_continue(peer_mail(p, mail, &r), &r);
	assert_int_equal(peer_define(p, "{rcpt_addr}", "a@contoso.com"), 0);
	assert_int_equal(peer_define(p, "{rcpt_mailer}", "local"), 0);
	expect_continue(peer_rcpt(p, rcpt_ours, &r), &r);
	peer_free(p);
	daemon_wait(&shared, client, 4);
	expect_line(client, "stage=connect", 0, " listener=10.1.1.1:25", NULL);
	expect_line(client, "stage=connect", 0, " port=", "tls=");
	expect_line(client, "stage=mail", 0, NULL, "tls=");
	expect_line(client, "stage=mail", 0, NULL, "params=");
	expect_line(client, "stage=mail", 1, " tls=yes cert=\"a b\" ", "port=");
	expect_line(
	    client, "stage=mail", 1, " params=\"SIZE=42 BODY=8BITMIME\"", NULL);
	expect_line(client, "stage=rcpt", 0,
	    " resolved=a@contoso.com mailer=local", "tls=");
}

int
log_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_has_no_control_bytes),
		cmocka_unit_test(commands_are_text),
		cmocka_unit_test(log_is_json),
		cmocka_unit_test(reply_finds_line),
		cmocka_unit_test(log_says_why),
		cmocka_unit_test(log_names_the_message),
		cmocka_unit_test(log_tells_the_facts),
		cmocka_unit_test(shared_ends_well),
	};

	return cmocka_run_group_tests_name(
	    "log", tests, shared_start, shared_end);
}
