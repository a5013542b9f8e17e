/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options.c - milter.yaml and the command line: one table, two forms.
 */
#include "daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What -t says of a milter.yaml, and its exit status. */
static const struct {
	const char *text;
	int status;
	const char *says; /* NULL: nothing at all */
} files[] = {
	// clang-format off
	{ "", 0, NULL },
	{ "# user: root\n\n  # socket_mode: 8\n", 0, NULL },
	{ "user: nobody:nogroup\nsocket_mode: 0620\nforeground: true\n", 0, NULL },
	{ "socket: inet:1@localhost\nlog: syslog\n", 0, NULL },
	{ "metrics: 9100\n", 2, "--metrics 9100: write ADDR:PORT" },
	{ "socket: /run/milter.sock\n", 2, "write unix: before the path" },
	{ "socketmode: 0660\n", 2, "milter.yaml:1:1: error: unknown key socketmode; write socket_mode [E-KEY]" },
	{ "log: syslog\nlog_formt: logfmt\n", 2, "milter.yaml:2:1: error: unknown key log_formt; did you mean log_format? [E-KEY]" },
	{ "connectors: []\n", 2, "milter.yaml:1:1: error: connectors is not a key of the options; connector-milter(8) lists them [E-KEY]" },
	{ "socket_mode: rw\n", 2, "milter.yaml:1:14: error: socket_mode: \"rw\": write an octal mode such as 0660 [E-VALUE]" },
	{ "socket_mode: 01777\n", 2, "write an octal mode" },
	{ "user: nobody:\n", 2, "not YAML" },
	{ "user: 'nobody:'\n", 2, "milter.yaml:1:7: error: user: \"nobody:\": write USER or USER:GROUP [E-VALUE]" },
	{ "log: sylog\n", 2, "milter.yaml:1:6: error: log: \"sylog\"" },
	{ "log:\n", 2, "milter.yaml:1:1: error: log: the value is missing [E-VALUE]" },
	{ "test: true\n", 2, "test is not a key of the options" },
	{ "user: a\nuser: b\n", 2, "milter.yaml:2:1: error: user stands there twice" },
	{ "- user: a\n", 2, "milter.yaml:1:1: error: " },
	{ "foreground: yes\n", 2, "write true" },
	{ "user: a\x01" "b\n", 2, "milter.yaml:1:8: error: " },
	{ "---\n", 2, "the file is empty" },
	// clang-format on
};

static void
file_is_judged(void **state)
{
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *const argv[] = { DAEMON, "-t", "-p", d.policy, "-c",
			daemon_path(&d, "milter.yaml"), NULL };
		char *log;

		daemon_write(&d, "log", "");
		daemon_write(&d, "milter.yaml", files[i].text);
		assert_int_equal(daemon_try(&d, argv), files[i].status);
		log = daemon_log(&d);
		if (files[i].says ? !strstr(log, files[i].says) : *log)
			fail_msg("of \"%s\" it says: %s", files[i].text, log);
		free(log);
	}
	daemon_fini(&d);
}

/* A file that is named has to be there; it is a plain file. */
static void
file_is_read_whole(void **state)
{
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	const char *const argv[] = { DAEMON, "-t", "-p", d.policy, "-c",
		daemon_path(&d, "milter.yaml"), NULL };
	assert_int_equal(daemon_try(&d, argv), 2);
	assert_int_equal(mkfifo(daemon_path(&d, "milter.yaml"), 0600), 0);
	assert_int_equal(daemon_try(&d, argv), 2);
	daemon_wait(&d, "milter.yaml: error: cannot read it: ", 2);
	daemon_fini(&d);
}

/* What the file says holds, and the command line wins. */
static void
command_line_wins(void **state)
{
	const char *more[] = { "-c", NULL, "--socket-mode", "0640", NULL };
	struct daemon d;
	struct stat st;

	(void)state;
	daemon_init(&d, daemon_policy);
	daemon_configure(
	    &d, "socket_mode: 0600\npolicy: /nonexistent\nlog: syslog\n");
	more[1] = d.config;
	const char *const argv[] = { DAEMON, "-t", "-c", more[1], NULL };
	assert_int_equal(daemon_try(&d, argv), 2);
	daemon_wait(&d, "cannot read /nonexistent", 1);
	daemon_configure(
	    &d, "socket_mode: 0600\npolicy: /nonexistent\nlog: stderr\n");
	daemon_start(&d, more);
	assert_int_equal(stat(daemon_path(&d, "milter.sock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	daemon_expect_alive(&d);
	daemon_end(&d);
	more[2] = NULL;
	daemon_start(&d, more);
	assert_int_equal(stat(daemon_path(&d, "milter.sock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	daemon_fini(&d);
}

/* What cannot be a socket, and what one is advised to write. */
static const struct {
	const char *option, *value, *says;
} sockets[] = {
	// clang-format off
	{ "--socket", "/run/x.sock", "--socket /run/x.sock: write unix: before the path" },
	{ "--socket", "inet:0", "--socket inet:0: the port is out of range" },
	{ "--policy-socket", "tcp:1", "--policy-socket tcp:1: write unix:/path, inet:port@address" },
	{ "--control", "inet:1", "--control inet:1: who asks must be known" },
	{ "--metrics", "127.0.0.1", "--metrics 127.0.0.1: write ADDR:PORT, or else write unix:/path" },
	/* These could be; the folder below is wrong. */
	{ "--metrics", "0.0.0.0:9464", "--metrics 0.0.0.0:9464: whoever reaches this address may ask; use " },
	{ "--metrics", "[::]:9464", "--metrics [::]:9464: whoever reaches this address may ask; use " },
	{ "--socket", "inet:1@0.0.0.0", "--socket inet:1@0.0.0.0: whoever reaches this address may ask, and may stop the service; use " },
	// clang-format on
};

static void
sockets_are_judged(void **state)
{
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++) {
		const char *const argv[] = { DAEMON, "-f", "-p", d.policy,
			"--last-good", "relative", "--policy-socket", "none",
			"--control", "none", "-s", d.milter, sockets[i].option,
			sockets[i].value, NULL };

		daemon_write(&d, "log", "");
		assert_int_equal(daemon_try(&d, argv), 2);
		daemon_wait(&d, sockets[i].says, 1);
	}
	daemon_fini(&d);
}

int
options_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_judged),
		cmocka_unit_test(file_is_read_whole),
		cmocka_unit_test(command_line_wins),
		cmocka_unit_test(sockets_are_judged),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
