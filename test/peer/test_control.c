/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control.c - the control socket and the verbs that ask over it; reload
 * of bad and cut files, the last good policy, and watching.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { VISITORS_MAX = 16 };

/* ---- The socket ------------------------------------------------------ */

static int
control_connect(const struct daemon *d)
{
	const struct timeval limit = { .tv_sec = DAEMON_TIMEOUT / 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s",
	    daemon_path(d, "control.sock"));
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* All that comes until the end, as JSON. */
static json_t *
control_read(int fd)
{
	static char text[1 << 20];
	json_t *json;
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, text + len, sizeof(text) - len - 1, 0)) > 0)
		len += (size_t)n;
	close(fd);
	json = json_loadb(text, len, 0, NULL);
	assert_non_null(json);
	return json;
}

static json_t *
control_say(const struct daemon *d, const char *text, size_t len)
{
	int fd = control_connect(d);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
	return control_read(fd);
}

static const char *
text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static void
expect_error(const char *text, size_t len, const char *why)
{
	json_t *answer = control_say(&shared, text, len);

	assert_string_equal(text_of(answer, "error"), why);
	json_decref(answer);
}

static json_t *
status_get(const struct daemon *d)
{
	return control_say(d, "{\"verb\":\"status\"}\n", 18);
}

/* ---- connectorctl ---------------------------------------------------- */

/* Its exit status; what it says goes to a file "answer". */
static int
ctl_run(const struct daemon *d, const char *verb, const char *more)
{
	const char *answer = daemon_path(d, "answer");
	int fd = open(answer, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int status;
	pid_t pid;

	assert_true(fd >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fd, 1);
		dup2(fd, 2);
		execl(CTL, CTL, verb, "--control", d->control_spec, more,
		    (char *)NULL);
		_exit(127);
	}
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
expect_said(const struct daemon *d, const char *part)
{
	char text[8192];
	FILE *f = fopen(daemon_path(d, "answer"), "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	if (!strstr(text, part))
		fail_msg("it does not say %s:\n%s", part, text);
}

/* ---- Tests ----------------------------------------------------------- */

static void
status_says_what_runs(void **state)
{
	json_t *answer = status_get(&shared);
	const json_t *policy = json_object_get(answer, "policy");

	(void)state;
	assert_int_equal(
	    json_integer_value(json_object_get(answer, "pid")), shared.pid);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_string_equal(text_of(policy, "file"), shared.policy);
	assert_int_equal(strlen(text_of(policy, "id")), 12);
	json_decref(answer);
	assert_int_equal(ctl_run(&shared, "status", NULL), 0);
	expect_said(&shared, "reloads: 0 good, 0 bad");
	assert_int_equal(ctl_run(&shared, "status", "--format=json"), 0);
	expect_said(&shared, "\"uptime\":");
}

static void
nonsense_is_an_error(void **state)
{
	static const char object[] = "the request is not a JSON object";
	static const char verb[] = "there is no such verb";
	static const char key[] = "there is a key that the verb does not have";
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "\n", object },
		{ "hello\n", object },
		{ "[]\n", object },
		{ "{\"verb\":\"status\"\n", object },
		{ "{\"verb\":\"status\"} x\n", object },
		{ "{\"verb\":\"status\",\"verb\":\"reload\"}\n", object },
		{ "{}\n", verb },
		{ "{\"verb\":1}\n", verb },
		{ "{\"verb\":\"stop\"}\n", verb },
		{ "{\"verb\":\"reload\",\"now\":true}\n", key },
		{ "{\"verb\":\"status\",\"ranges\":1}\n",
		    "ranges is not true or false" },
		{ "{\"verb\":\"log-level\",\"level\":\"loud\"}\n",
		    "level is not err, warning, notice, info or another of "
		    "syslog" },
		{ "{\"verb\":\"log-level\"}\n",
		    "level is not err, warning, notice, info or another of "
		    "syslog" },
		{ "GET / HTTP/1.0\r\n\r\n", object },
	};
	char *large = malloc(10000);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_error(
		    cases[i].text, strlen(cases[i].text), cases[i].why);
	assert_non_null(large);
	memset(large, '[', 10000);
	expect_error(large, 10000, "the request is too long");
	large[4000] = '\n';
	expect_error(large, 4001, object);
	free(large);
	daemon_expect_alive(&shared);
}

/* More than may come, who say nothing or do not read. */
static void
idle_visitors_block_no_mail(void **state)
{
	int fds[VISITORS_MAX + 4];
	json_t *answer;

	(void)state;
	for (int i = 0; i < VISITORS_MAX + 4; i++)
		fds[i] = control_connect(&shared);
	daemon_expect_alive(&shared);
	assert_int_equal(kill(shared.pid, SIGUSR1), 0);
	daemon_wait(&shared, "\"the policy was reloaded\"", 1);
	for (int i = 0; i < VISITORS_MAX + 4; i++)
		close(fds[i]);
	answer = status_get(&shared);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

/* 192.0.2.50 and its neighbour, in place of 192.168.5.10. */
static char *
policy_of(const char *range)
{
	char *text = strdup(daemon_policy), *at;

	assert_non_null(text);
	at = strstr(text, "ranges: [192.168.5.10]");
	assert_non_null(at);
	assert_int_equal(strlen(range), 12);
	memcpy(at + 9, range, 12);
	return text;
}

static void
reload_says_old_and_new(void **state)
{
	char *other = policy_of("192.0.2.0/30");
	struct peer *p;

	(void)state;
	daemon_write(&shared, "policy.yaml", other);
	free(other);
	assert_int_equal(ctl_run(&shared, "reload", NULL), 0);
	expect_said(&shared, "reloaded: policy ");
	expect_said(&shared, ": incomparable: ");
	p = daemon_peer(&shared, "192.0.2.2");
	expect_relay(p, true);
	peer_free(p);
	daemon_write(&shared, "policy.yaml", daemon_policy);
	assert_int_equal(ctl_run(&shared, "reload", "--format=json"), 0);
	expect_said(&shared, "\"result\":\"good\"");
}

/* A program that has said all hears the answer, however long it takes. */
static void
half_closed_is_answered(void **state)
{
	static const char order[] = "{\"verb\":\"reload\"}\n";
	enum { TRIES = 20 }; /* some end before the reload does */

	(void)state;
	for (int i = 0; i < TRIES; i++) {
		int fd = control_connect(&shared);
		json_t *answer;

		assert_int_equal(
		    send(fd, order, sizeof(order) - 1, MSG_NOSIGNAL),
		    sizeof(order) - 1);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		answer = control_read(fd);
		assert_string_equal(text_of(answer, "result"), "good");
		json_decref(answer);
	}
}

static void
bad_reload_is_told_everywhere(void **state)
{
	(void)state;
	daemon_write(
	    &shared, "policy.yaml", "version: 1\nconnectors:\n  - nmae: x\n");
	assert_int_equal(ctl_run(&shared, "reload", NULL), 2);
	expect_said(&shared, "policy.yaml:3:5: error: ");
	expect_said(&shared, "not reloaded: policy ");
	assert_int_equal(ctl_run(&shared, "status", NULL), 1);
	expect_said(&shared, "was bad: ");
	expect_said(&shared, " stays\n");
	expect_said(&shared, "policy.yaml:3:5: error: ");
	daemon_wait(&shared, "the policy was not reloaded", 1);
	daemon_expect_alive(&shared);
	daemon_write(&shared, "policy.yaml", daemon_policy);
	assert_int_equal(ctl_run(&shared, "reload", NULL), 0);
	assert_int_equal(ctl_run(&shared, "status", NULL), 0);
}

/* A policy that ends at any line end, and so may well be one. */
static void
cut_policy_is_refused(void **state)
{
	char *cut = strdup(daemon_policy), *at;

	(void)state;
	assert_non_null(cut);
	at = strstr(cut, "  - name: Anonymous Relay");
	assert_non_null(at);
	*at = '\0';
	daemon_write(&shared, "policy.yaml", cut);
	assert_int_equal(ctl_run(&shared, "reload", NULL), 2);
	expect_said(&shared, "[E-CUT]");
	/* With a last line of its own it is meant. */
	strcpy(at, "# the end\n");
	daemon_write(&shared, "policy.yaml", cut);
	free(cut);
	assert_int_equal(ctl_run(&shared, "reload", NULL), 0);
	daemon_write(&shared, "policy.yaml", daemon_policy);
	assert_int_equal(ctl_run(&shared, "reload", NULL), 0);
}

static void
log_level_is_heard(void **state)
{
	char *before, *after;

	(void)state;
	assert_int_equal(ctl_run(&shared, "log-level", "loud"), 2);
	expect_said(&shared, "level is not ");
	assert_int_equal(ctl_run(&shared, "log-level", "err"), 0);
	expect_said(&shared, "log level err, was info");
	daemon_wait(&shared, "log level err, was info", 1);
	before = daemon_log(&shared);
	daemon_expect_alive(&shared);
	after = daemon_log(&shared);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(ctl_run(&shared, "log-level", "info"), 0);
	daemon_wait(&shared, "stage=rcpt", 1);
}

/* A stranger who is let in by the mode of the socket may look only. */
static void
stranger_may_look_only(void **state)
{
	static const char reload[] = "{\"verb\":\"reload\"}\n";
	const struct passwd *pw = getpwnam("daemon");
	json_t *answer;
	int fds[2];
	pid_t pid;

	(void)state;
	if (geteuid() != 0 || !pw)
		skip();
	assert_int_equal(chmod(daemon_path(&shared, "control.sock"), 0666), 0);
	assert_int_equal(chmod(shared.folder, 0755), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = fork();
	if (!pid) {
		int fd = setuid(pw->pw_uid) ? -1 : control_connect(&shared);
		char bytes[4096];
		ssize_t n = send(fd, reload, sizeof(reload) - 1, 0);

		n = n > 0 ? recv(fd, bytes, sizeof(bytes), 0) : n;
		_exit(n > 0 && send(fds[1], bytes, (size_t)n, 0) == n ? 0 : 1);
	}
	close(fds[1]);
	answer = control_read(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_string_equal(
	    text_of(answer, "error"), "only root and the daemon's user may");
	json_decref(answer);
}

static void
nobody_there_is_unknown(void **state)
{
	struct daemon none = shared;

	(void)state;
	snprintf(none.control_spec, sizeof(none.control_spec),
	    "unix:%.60s/nothing", shared.folder);
	assert_int_equal(ctl_run(&none, "status", NULL), 2);
	expect_said(&none, "is connector-milter running?");
}

static void
last_good_starts_again(void **state)
{
	const char *more[] = { "--last-good", NULL, NULL };
	struct daemon d;
	struct peer *p;

	(void)state;
	daemon_init(&d, daemon_policy);
	more[1] = d.folder;
	daemon_start(&d, more);
	daemon_end(&d);
	daemon_write(&d, "policy.yaml", "version: 2\n");
	daemon_start(&d, more);
	daemon_wait(&d, "the last good policy is in use", 1);
	p = daemon_peer(&d, "192.168.5.10");
	expect_relay(p, true);
	peer_free(p);
	assert_int_equal(ctl_run(&d, "status", NULL), 1);
	expect_said(&d, "LAST GOOD");
	daemon_write(&d, "policy.yaml", daemon_policy);
	assert_int_equal(ctl_run(&d, "reload", NULL), 0);
	assert_int_equal(ctl_run(&d, "status", NULL), 0);
	daemon_end(&d);
	/* What somebody wrote there himself is not taken. */
	daemon_write(&d, "policy.yaml", "version: 2\n");
	daemon_write(&d, "last-good",
	    "connector-milter last-good policy 0123456789ab\n"
	    "file 11 /etc/policy.yaml\nversion: 1\n\n");
	const char *argv[] = { DAEMON, "-f", "-p", d.policy, "-s", d.milter,
		"--policy-socket", "none", "--control", "none", "--last-good",
		d.folder, "-u", "nobody", NULL };
	if (geteuid() != 0)
		argv[12] = NULL;
	assert_int_equal(daemon_try(&d, argv), 78);
	daemon_fini(&d);
}

static void
watch_sees_a_change(void **state)
{
	static const char *const more[] = { "--watch", "1", NULL };
	char *other = policy_of("192.0.2.0/30");
	struct daemon d;
	struct peer *p;

	(void)state;
	daemon_init(&d, daemon_policy);
	daemon_start(&d, more);
	daemon_write(&d, "policy.yaml", other);
	free(other);
	daemon_wait(&d, "by=watch", 1);
	p = daemon_peer(&d, "192.0.2.2");
	expect_relay(p, true);
	peer_free(p);
	/* A bad one is tried once, and again when it is mended. */
	daemon_write(&d, "policy.yaml", "version: 2\n");
	daemon_wait(&d, "the policy was not reloaded", 1);
	daemon_write(&d, "policy.yaml", daemon_policy);
	daemon_wait(&d, "by=watch", 3);
	daemon_fini(&d);
}

static json_int_t
number_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* The member of an array whose key has a value. */
static const json_t *
member_of(const json_t *array, const char *key, const char *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		if (!strcmp(text_of(one, key), value))
			return one;
	}
	fail_msg("nothing has the %s %s", key, value);
	return NULL;
}

static json_t *
ranges_get(const struct daemon *d)
{
	static const char ask[] = "{\"verb\":\"status\",\"ranges\":true}\n";

	return control_say(d, ask, sizeof(ask) - 1);
}

/* Once so many sessions are open: the daemon learns in its own time that a
 * peer has gone. */
static json_t *
ranges_when_open(const struct daemon *d, json_int_t sessions)
{
	const struct timespec step = { .tv_nsec = 20000000 };

	for (int i = 0; i < 500; i++) {
		json_t *answer = ranges_get(d);

		if (number_of(answer, "sessions") == sessions)
			return answer;
		json_decref(answer);
		nanosleep(&step, NULL);
	}
	fail_msg("there are never %d sessions", (int)sessions);
	return NULL;
}

static void
decisions_are_counted(void **state)
{
	const json_t *relay, *front, *client, *range;
	struct daemon d;
	struct peer *p;
	json_t *answer;

	(void)state;
	daemon_init(&d, daemon_policy);
	daemon_start(&d, NULL);
	for (int i = 0; i < 3; i++)
		daemon_expect_alive(&d);
	p = daemon_peer(&d, "192.168.5.10");
	expect_relay(p, true);
	answer = ranges_when_open(&d, 1);
	relay = member_of(
	    json_object_get(answer, "connectors"), "name", "Anonymous Relay");
	assert_int_equal(number_of(relay, "open"), 1);
	assert_int_equal(number_of(relay, "sessions"), 1);
	assert_int_equal(number_of(relay, "refused"), 0);
	assert_int_equal(number_of(relay, "unused_ranges"), 0);
	front = member_of(
	    json_object_get(answer, "connectors"), "name", "Default Frontend");
	assert_int_equal(number_of(front, "sessions"), 3);
	assert_int_equal(number_of(front, "refused"), 3);
	assert_int_equal(number_of(front, "unused_ranges"), 1);
	assert_int_equal(
	    number_of(json_object_get(front, "reasons"), "unable_to_relay"), 3);
	client = member_of(
	    json_object_get(answer, "refused_clients"), "client", "192.0.2.1");
	assert_int_equal(number_of(client, "refused"), 3);
	assert_string_equal(text_of(client, "reason"), "unable_to_relay");
	range = member_of(json_object_get(answer, "ranges"), "range", "::/0");
	assert_int_equal(number_of(range, "hits"), 0);
	assert_true(json_is_null(json_object_get(range, "last_used")));
	json_decref(answer);
	peer_free(p);
	daemon_fini(&d);
}

/* A session shows as one of the old policy; what ranges were used for stays,
 * also where others come before them. */
static void
reload_forgets_nothing(void **state)
{
	static const char listing[] = "{\"verb\":\"sessions\"}\n";
	char *other = policy_of("192.168.5.10"), *at;
	const json_t *session, *range;
	struct daemon d;
	struct peer *p;
	json_t *answer;

	(void)state;
	at = strstr(other, "[0.0.0.0-255.255.255.255, \"::/0\"]");
	assert_non_null(at);
	memcpy(at, "[\"::/0\", 0.0.0.0-255.255.255.255]", 33);
	daemon_init(&d, daemon_policy);
	daemon_start(&d, NULL);
	p = daemon_peer(&d, "192.0.2.1");
	expect_relay(p, false);
	daemon_write(&d, "policy.yaml", other);
	free(other);
	assert_int_equal(ctl_run(&d, "reload", NULL), 0);
	answer = control_say(&d, listing, sizeof(listing) - 1);
	session = member_of(
	    json_object_get(answer, "sessions"), "client", "192.0.2.1");
	assert_string_not_equal(
	    text_of(session, "policy"), text_of(answer, "policy"));
	assert_string_equal(text_of(session, "connector"), "Default Frontend");
	assert_string_equal(text_of(session, "stage"), "rcpt");
	assert_int_equal(number_of(session, "refused"), 1);
	json_decref(answer);
	assert_int_equal(ctl_run(&d, "sessions", NULL), 0);
	expect_said(&d, "by the old policy");
	answer = ranges_get(&d);
	range = member_of(json_object_get(answer, "ranges"), "range",
	    "0.0.0.0-255.255.255.255");
	assert_int_equal(number_of(range, "hits"), 1);
	json_decref(answer);
	peer_free(p);
	daemon_fini(&d);
}

static void
monitored_is_told(void **state)
{
	static const char watching[] =
	    "version: 1\n"
	    "mode: monitor\n"
	    "mta_refuses_strangers: true\n"
	    "accepted_domains: [contoso.com]\n"
	    "connectors:\n"
	    "  - name: Default Frontend\n"
	    "    remote_ip_ranges: [0.0.0.0-255.255.255.255]\n"
	    "    permission_groups: [AnonymousUsers]\n";
	struct daemon d;
	struct peer *p;

	(void)state;
	daemon_init(&d, watching);
	daemon_start(&d, NULL);
	p = daemon_peer(&d, "192.0.2.1");
	expect_relay(p, true);
	assert_int_equal(ctl_run(&d, "status", NULL), 0);
	expect_said(&d, "Default Frontend, mode monitor: ");
	expect_said(&d, "0 refused, 1 would have been");
	expect_said(&d, "monitored: unable_to_relay 1");
	peer_free(p);
	daemon_fini(&d);
}

int
control_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_says_what_runs),
		cmocka_unit_test(nonsense_is_an_error),
		cmocka_unit_test(idle_visitors_block_no_mail),
		cmocka_unit_test(reload_says_old_and_new),
		cmocka_unit_test(half_closed_is_answered),
		cmocka_unit_test(bad_reload_is_told_everywhere),
		cmocka_unit_test(cut_policy_is_refused),
		cmocka_unit_test(log_level_is_heard),
		cmocka_unit_test(stranger_may_look_only),
		cmocka_unit_test(nobody_there_is_unknown),
		cmocka_unit_test(decisions_are_counted),
		cmocka_unit_test(reload_forgets_nothing),
		cmocka_unit_test(monitored_is_told),
		cmocka_unit_test(last_good_starts_again),
		cmocka_unit_test(watch_sees_a_change),
		cmocka_unit_test(shared_ends_well),
	};

	return cmocka_run_group_tests_name(
	    "control", tests, shared_start, shared_end);
}
