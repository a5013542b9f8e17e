/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.c - a connector-milter as a child, with a folder of its own.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ARGS_MAX = 24, STEP_MS = 10, CHILDREN_MAX = 32 };

extern char **environ;

const char daemon_policy[] =
    "version: 1\n"
    "server: mx1.contoso.com\n"
    "accepted_domains: [contoso.com]\n"
    "ip_allow_list: [192.168.5.10]\n"
    "connectors:\n"
    "  - name: Default Frontend\n"
    "    remote_ip_ranges: [0.0.0.0-255.255.255.255, \"::/0\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "  - name: Anonymous Relay\n"
    "    remote_ip_ranges: [192.168.5.10]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

static void
step_wait(void)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

const char *
daemon_path(const struct daemon *d, const char *name)
{
	static char paths[4][DAEMON_PATH_SIZE];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, DAEMON_PATH_SIZE, "%.60s/%.30s", d->folder, name);
	return path;
}

void
daemon_write(const struct daemon *d, const char *name, const char *text)
{
	/* As an editor does: beside it, then renamed. */
	const char *fresh = daemon_path(d, "fresh");
	FILE *f = fopen(fresh, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(fresh, daemon_path(d, name)), 0);
}

void
daemon_configure(const struct daemon *d, const char *text)
{
	FILE *f = fopen(d->config, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void
daemon_init(struct daemon *d, const char *policy)
{
	const char *tmp = getenv("TMPDIR");
	const struct passwd *pw;

	*d = (struct daemon){ 0 };
	umask(022); /* what others may change is refused */
	/* A UNIX socket's path is short. */
	if (!tmp || strlen(tmp) > 30)
		tmp = "/tmp";
	snprintf(d->folder, sizeof(d->folder), "%s/daemon-XXXXXX", tmp);
	assert_non_null(mkdtemp(d->folder));
	if (geteuid() == 0) {
		pw = getpwnam("nobody");
		assert_non_null(pw);
		assert_int_equal(chown(d->folder, pw->pw_uid, pw->pw_gid), 0);
	}
	snprintf(d->config, sizeof(d->config), "%.60s.yaml", d->folder);
	snprintf(d->policy, sizeof(d->policy), "%.60s/policy.yaml", d->folder);
	snprintf(
	    d->milter, sizeof(d->milter), "unix:%.60s/milter.sock", d->folder);
	snprintf(d->policy_spec, sizeof(d->policy_spec),
	    "unix:%.60s/policy.sock", d->folder);
	snprintf(d->control_spec, sizeof(d->control_spec),
	    "unix:%.60s/control.sock", d->folder);
	daemon_write(d, "policy.yaml", policy);
	daemon_write(d, "log", "");
}

/* Says what there was to say if it did not go well. */
static bool
child_end(struct daemon *d)
{
	int status = daemon_stop(d, SIGTERM);
	char *log;

	if (!status)
		return true;
	log = daemon_log(d);
	fprintf(stderr, "wait status %d at its end:\n%s", status, log);
	free(log);
	return false;
}

void
daemon_end(struct daemon *d)
{
	assert_true(child_end(d));
}

void
daemon_fini(struct daemon *d)
{
	static const char *const names[] = { "policy.yaml", "milter.yaml",
		"hosts", "log", "fresh", "milter.sock", "milter.sock.lock",
		"policy.sock", "policy.sock.lock", "control.sock",
		"control.sock.lock", "metrics.sock", "metrics.sock.lock",
		"last-good", "answer", "pid", "notify" };
	bool well = !d->pid || child_end(d);
	FILE *f = fopen(daemon_path(d, "pid"), "r");
	long pid;

	if (f) {
		if (fscanf(f, "%ld", &pid) == 1 && pid > 1)
			kill((pid_t)pid, SIGKILL);
		fclose(f);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(daemon_path(d, names[i]));
	unlink(d->config);
	assert_int_equal(rmdir(d->folder), 0);
	assert_true(well);
}

static void
become_nobody(void)
{
	const struct passwd *pw = getpwnam("nobody");

	if (!pw || setgroups(0, NULL) || setgid(pw->pw_gid) ||
	    setuid(pw->pw_uid))
		_exit(126);
}

/* Children that are not reaped. A test that fails leaves by longjmp(); what it
 * leaves behind ends with this program. */
static pid_t children[CHILDREN_MAX];

static void
children_kill(void)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (children[i])
			kill(children[i], SIGKILL);
}

/* Replaces one number by another; 0 is a free place. */
static void
child_note(pid_t old, pid_t new)
{
	static bool registered;

	if (!registered)
		registered = !atexit(children_kill);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (children[i] != old)
			continue;
		children[i] = new;
		return;
	}
}

/* waitpid() without waiting. */
static pid_t
child_reap(pid_t pid, int *status)
{
	pid_t got = waitpid(pid, status, WNOHANG);

	if (got == pid)
		child_note(pid, 0);
	return got;
}

static pid_t
child_start(const struct daemon *d, const char *const *argv)
{
	int fd = open(daemon_path(d, "log"), O_WRONLY | O_APPEND);
	int program = open(DAEMON, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	assert_true(fd >= 0 && program >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		setenv("TSAN_OPTIONS", "suppressions=" SUPPRESSIONS, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		/* Nobody may not be let into the folder of the program. */
		if (geteuid() == 0 && d->as_nobody)
			become_nobody();
		fexecve(program, (char **)argv, environ);
		_exit(127);
	}
	child_note(0, pid);
	close(fd);
	close(program);
	return pid;
}

static int
child_wait(pid_t pid)
{
	int status;

	for (int ms = 0; ms < DAEMON_TIMEOUT; ms += STEP_MS) {
		pid_t got = child_reap(pid, &status);
		assert_true(got >= 0);
		if (got)
			return status;
		step_wait();
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	child_note(pid, 0);
	fail_msg("the program did not end");
	return -1;
}

int
daemon_try(const struct daemon *d, const char *const *argv)
{
	int status = child_wait(child_start(d, argv));

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void
daemon_start(struct daemon *d, const char *const *more)
{
	const char *argv[ARGS_MAX] = { DAEMON, "-f", "-p", d->policy, "-s",
		d->milter, "--policy-socket", d->policy_spec, "--control",
		d->control_spec };
	bool json = false;
	size_t n = 10;

	if (geteuid() == 0 && !d->as_nobody) {
		argv[n++] = "-u";
		argv[n++] = "nobody";
	}
	for (size_t i = 0; more && more[i] && n + 1 < ARGS_MAX; i++) {
		argv[n++] = more[i];
		json = json || !strcmp(more[i], "json");
	}
	daemon_write(d, "log", "");
	d->pid = child_start(d, argv);
	daemon_wait(d, json ? "\"message\":\"ready\"" : "message=ready", 1);
}

int
daemon_stop(struct daemon *d, int signal)
{
	pid_t pid = d->pid;

	assert_true(pid > 0);
	d->pid = 0;
	assert_int_equal(kill(pid, signal), 0);
	return child_wait(pid);
}

char *
daemon_log(const struct daemon *d)
{
	FILE *f = fopen(daemon_path(d, "log"), "r");
	char *text = NULL;
	size_t len = 0;

	assert_non_null(f);
	if (getdelim(&text, &len, '\0', f) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(f);
	assert_non_null(text);
	return text;
}

static int
text_count(const char *text, const char *part)
{
	int n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

void
daemon_wait(struct daemon *d, const char *text, int count)
{
	char *log = NULL;

	for (int ms = 0; ms < DAEMON_TIMEOUT; ms += STEP_MS) {
		int status, n;
		free(log);
		log = daemon_log(d);
		n = text_count(log, text);
		if (n >= count) {
			free(log);
			return;
		}
		if (d->pid && child_reap(d->pid, &status)) {
			d->pid = 0;
			fail_msg("the program ended:\n%s", log);
		}
		step_wait();
	}
	fail_msg("the log never said %s:\n%s", text, log);
}

struct peer *
daemon_peer(const struct daemon *d, const char *client)
{
	struct peer_reply r;
	struct peer *p;

	assert_int_equal(peer_open(d->milter, DAEMON_TIMEOUT, &p), 0);
	assert_int_equal(peer_define(p, "{daemon_addr}", "10.1.1.1"), 0);
	assert_int_equal(peer_define(p, "{daemon_port}", "25"), 0);
	assert_int_equal(peer_negotiate(p, NULL), 0);
	assert_int_equal(peer_connect(p, NULL, client, 40000, &r), 0);
	assert_int_equal(peer_helo(p, "client.example", &r), 0);
	return p;
}

const char *const mail_chris[] = { "<chris@contoso.com>", NULL };
const char *const rcpt_kate[] = { "<kate@fabrikam.com>", NULL };
const char *const rcpt_ours[] = { "<anna@contoso.com>", NULL };

void
expect_continue(int rc, const struct peer_reply *r)
{
	assert_int_equal(rc, 0);
	assert_string_equal(r->text, "");
	/* Nor does the filter refuse what it did not want to be told. */
	assert_true(r->verdict == PEER_CONTINUE || r->verdict == PEER_UNSENT);
}

void
expect_reply(int rc, const struct peer_reply *r, const char *text)
{
	assert_int_equal(rc, 0);
	assert_int_equal(r->verdict, PEER_REPLYCODE);
	assert_string_equal(r->text, text);
}

void
expect_relay(struct peer *p, bool granted)
{
	struct peer_reply r;

	expect_continue(peer_mail(p, mail_chris, &r), &r);
	if (granted)
		expect_continue(peer_rcpt(p, rcpt_kate, &r), &r);
	else
		expect_reply(peer_rcpt(p, rcpt_kate, &r), &r,
		    "550 5.7.1 Unable to relay");
}

void
daemon_expect_alive(const struct daemon *d)
{
	struct peer *p = daemon_peer(d, "192.0.2.1");

	expect_relay(p, false);
	peer_free(p);
}

/* ---- One for a group --------------------------------------------------- */

struct daemon shared;

int
shared_start(void **state)
{
	(void)state;
	daemon_init(&shared, daemon_policy);
	daemon_start(&shared, NULL);
	return 0;
}

int
shared_end(void **state)
{
	(void)state;
	daemon_fini(&shared);
	return 0;
}

void
shared_ends_well(void **state)
{
	(void)state;
	daemon_end(&shared);
}
