/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_start.c - how connector-milter starts and ends: command line, policy,
 * sockets and their owners, locks, signals.
 */
#include "daemon.h"

#include <grp.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
usage_is_checked(void **state)
{
	const char *const wrong[][4] = {
		{ DAEMON, "--nonsense", NULL },
		{ DAEMON, "-f", "extra", NULL },
		{ DAEMON, "--socket-mode", "rw", NULL },
		{ DAEMON, "--log", "paper", NULL },
		{ DAEMON, "-s", "unix:relative", NULL },
		{ DAEMON, "-s", "inet:0", NULL },
	};
	const char *const help[] = { DAEMON, "--help", NULL };
	const char *const as_root[] = { DAEMON, "-f", "--policy-socket", "none",
		"-s", "inet:1", NULL };
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(daemon_try(&d, wrong[i]), 2);
	assert_int_equal(daemon_try(&d, help), 0);
	if (geteuid() == 0)
		assert_int_equal(daemon_try(&d, as_root), 2);
	daemon_fini(&d);
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
	daemon_expect_alive(&d);
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
	daemon_expect_alive(&d);
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
		"--policy-socket", "none", "--control", "none", "--pid-file",
		daemon_path(&d, "pid"), "-u", "nobody", NULL };
	if (geteuid() != 0)
		argv[11] = NULL;
	assert_int_equal(daemon_try(&d, argv), 0);
	f = fopen(daemon_path(&d, "pid"), "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pid), 1);
	fclose(f);
	assert_true(pid > 1 && kill((pid_t)pid, 0) == 0);
	daemon_expect_alive(&d);
	/* Not at the sockets of a live one: the parent says so. */
	assert_int_equal(daemon_try(&d, argv), 1);
	daemon_fini(&d); /* and its process */
}

/* By its first thread, which then wakes libmilter; where a thread of
 * libmilter's is given the signal, it goes on for up to five seconds. */
static void
ends_itself(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT };
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct peer *open;
		struct stat st;

		daemon_start(&d, NULL);
		open = daemon_peer(&d, "192.0.2.1");
		assert_int_equal(daemon_stop(&d, signals[i]), 0);
		daemon_wait(&d, "ending: signal", 1);
		daemon_wait(&d, "message=ended", 1);
		assert_int_equal(stat(daemon_path(&d, "milter.sock"), &st), -1);
		peer_free(open);
	}
	daemon_fini(&d);
}

/* Linux offers a thread that has not yet looked at one signal no other. */
static void
ends_itself_during_a_reload(void **state)
{
	enum { ROUNDS = 10 };
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	for (int i = 0; i < ROUNDS; i++) {
		daemon_start(&d, NULL);
		assert_int_equal(kill(d.pid, SIGUSR1), 0);
		assert_int_equal(daemon_stop(&d, SIGTERM), 0);
		daemon_wait(&d, "ending: signal", 1);
	}
	daemon_fini(&d);
}

/* Nobody else may change what it runs on: a file, a file of that file, or the
 * folder that they are in. */
static void
files_are_nobody_elses(void **state)
{
	static const char begin[] = "networks: {here: {file: hosts}}\n";
	const char *more[] = { "--allow-unsafe-permissions", "-c", NULL, NULL };
	char policy[2048], hosts[DAEMON_PATH_SIZE];
	struct daemon d;

	(void)state;
	snprintf(policy, sizeof(policy), "%s%s", begin, daemon_policy);
	daemon_init(&d, policy);
	daemon_configure(&d, "log: stderr\n");
	daemon_write(&d, "hosts", "192.0.2.7\n");
	snprintf(hosts, sizeof(hosts), "%s", daemon_path(&d, "hosts"));
	more[2] = d.config;
	const struct {
		const char *path;
		mode_t bad, good;
	} cases[] = {
		{ d.policy, 0666, 0644 },
		{ d.policy, 0602, 0644 },
		{ d.config, 0646, 0640 },
		{ hosts, 0622, 0644 },
		{ d.folder, 0777, 01777 },
	};
	const char *argv[] = { DAEMON, "-f", "-p", d.policy, "-c", d.config,
		"-s", d.milter, "--policy-socket", "none", "--control", "none",
		"-u", "nobody", NULL };
	if (geteuid() != 0)
		argv[12] = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		daemon_write(&d, "log", "");
		assert_int_equal(chmod(cases[i].path, cases[i].bad), 0);
		assert_in_range(daemon_try(&d, argv), 2, 78);
		daemon_wait(&d, "may change it", 1);
		daemon_start(&d, more);
		daemon_end(&d);
		assert_int_equal(chmod(cases[i].path, cases[i].good), 0);
	}
	daemon_start(&d, more + 1);
	daemon_fini(&d);
}

/* What the service manager hears, as sd_notify(3) has it. */
static void
manager_is_told(void **state)
{
	static const char *const told[] = { "READY=1\n",
		"RELOADING=1\nMONOTONIC_USEC=", "READY=1\n", "STOPPING=1\n" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = DAEMON_TIMEOUT / 1000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char packet[512];
	struct daemon d;

	(void)state;
	daemon_init(&d, daemon_policy);
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    daemon_path(&d, "notify"));
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
	daemon_start(&d, NULL);
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		ssize_t n = recv(fd, packet, sizeof(packet) - 1, 0);

		if (n <= 0)
			fail_msg("never said: %s", told[i]);
		packet[n] = '\0';
		assert_memory_equal(packet, told[i], strlen(told[i]));
		if (i == 0)
			assert_int_equal(kill(d.pid, SIGUSR1), 0);
		if (i == 2)
			assert_int_equal(kill(d.pid, SIGTERM), 0);
	}
	daemon_fini(&d);
	close(fd);
}

/* What root started can be started by the user that it ran as. */
static void
lock_is_the_users(void **state)
{
	struct daemon d;
	struct stat folder, st;

	(void)state;
	if (geteuid() != 0)
		skip();
	daemon_init(&d, daemon_policy);
	assert_int_equal(stat(d.folder, &folder), 0);
	daemon_start(&d, NULL);
	assert_int_equal(stat(daemon_path(&d, "milter.sock.lock"), &st), 0);
	assert_int_equal(st.st_uid, folder.st_uid);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(daemon_stop(&d, SIGTERM), 0);
	d.as_nobody = true;
	daemon_start(&d, NULL);
	daemon_expect_alive(&d);
	daemon_fini(&d);
}

/* Nor is another's file given to him, that he linked to the lock's name. */
static void
lock_gives_nothing_away(void **state)
{
	struct daemon d;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	daemon_init(&d, daemon_policy);
	const char *const argv[] = { DAEMON, "-f", "-p", d.policy, "-s",
		d.milter, "--policy-socket", "none", "-u", "nobody", NULL };
	daemon_write(&d, "pid", "");
	assert_int_equal(
	    link(daemon_path(&d, "pid"), daemon_path(&d, "milter.sock.lock")),
	    0);
	assert_int_equal(daemon_try(&d, argv), 1);
	assert_int_equal(stat(daemon_path(&d, "pid"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(unlink(daemon_path(&d, "milter.sock.lock")), 0);
	assert_int_equal(symlink(daemon_path(&d, "pid"),
			     daemon_path(&d, "milter.sock.lock")),
	    0);
	assert_int_equal(daemon_try(&d, argv), 1);
	assert_int_equal(stat(daemon_path(&d, "pid"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	daemon_fini(&d);
}

static in_port_t
port_free(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

/* Without it every message over TCP waits 40 ms. */
static void
tcp_is_asked_for_the_reply_to_data(void **state)
{
	const unsigned long always =
	    SMFIP_NOUNKNOWN | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NR_BODY |
	    SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR;
	struct daemon d;
	struct peer *p;

	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		daemon_init(&d, daemon_policy);
		if (tcp)
			snprintf(d.milter, sizeof(d.milter),
			    "inet:%u@127.0.0.1", port_free());
		daemon_start(&d, NULL);
		for (int i = 0; i < 3; i++) {
			p = daemon_peer(&d, "192.0.2.1");
			assert_int_equal(peer_asked(p).steps,
			    always | (tcp ? 0 : SMFIP_NODATA));
			expect_relay(p, false);
			peer_free(p);
		}
		daemon_fini(&d);
	}
}

int
start_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_is_checked),
		cmocka_unit_test(policy_is_tested),
		cmocka_unit_test(bad_policy_does_not_start),
		cmocka_unit_test(path_is_judged),
		cmocka_unit_test(sockets_have_owners_and_ends),
		cmocka_unit_test(ends_itself),
		cmocka_unit_test(ends_itself_during_a_reload),
		cmocka_unit_test(files_are_nobody_elses),
		cmocka_unit_test(manager_is_told),
		cmocka_unit_test(lock_is_the_users),
		cmocka_unit_test(lock_gives_nothing_away),
		cmocka_unit_test(daemon_goes_to_the_background),
		cmocka_unit_test(tcp_is_asked_for_the_reply_to_data),
	};

	return cmocka_run_group_tests_name("start and end", tests, NULL, NULL);
}
