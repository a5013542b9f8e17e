/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_services.c - the services on libevent without memory, at each place
 * where they or libevent ask for some, and without descriptors.
 *
 * Whoever asks meanwhile gets the answer that there is with memory, or is told
 * that there is none, or hears nothing; when there is memory again all is as
 * before. It never crashes, and (under ASan) nothing leaks. How they start is
 * not meant: libevent does without locks that it cannot allocate.
 */
#include "control.h"
#include "failing.h"
#include "log.h"
#include "metrics.h"
#include "policyd.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
	ANSWER_SIZE = 1 << 16,
	WAIT_MS = 20000,
	STUCK_MS = 100, /* without memory some things wait for their limits */
	COUNTERS = 100,
};

static struct service service;
static char folder[] = "/tmp/services-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int listening;

static int
setup(void **state)
{
	static const struct reload_options options = { .last_good = NULL };
	struct diagnostics *list = diagnostics_new();

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	log_level_set(LOG_EMERG);
	assert_non_null(mkdtemp(folder));
	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	listening =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(
	    bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 8), 0);
	service.tally = tally_new();
	service.roster = roster_new();
	service.refused = refused_new();
	service.table = counter_table_new(COUNTERS, 1);
	assert_int_equal(
	    store_new(FOLDER "/sessions/contract-example/policy.yaml",
		service.tally, &service.store),
	    0);
	assert_int_equal(store_load(service.store, list), 0);
	diagnostics_free(list);
	return reload_start(service.store, &options, &service.reload);
}

static int
teardown(void **state)
{
	(void)state;
	reload_stop(service.reload);
	store_free(service.store);
	counter_table_free(service.table);
	refused_free(service.refused);
	roster_free(service.roster);
	tally_free(service.tally);
	close(listening);
	unlink(address.sun_path);
	return rmdir(folder);
}

/* The first line that is answered to a question; "" where the connection ends
 * without one, or nothing comes of it. */
static void
ask(const char *question, int patience, char answer[ANSWER_SIZE])
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	*answer = '\0';
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	(void)!send(fd, question, strlen(question), MSG_NOSIGNAL);
	while (!strchr(answer, '\n') && poll(&p, 1, patience) == 1) {
		ssize_t got = recv(fd, answer + len, ANSWER_SIZE - 1 - len, 0);
		if (got <= 0)
			break;
		len += (size_t)got;
		answer[len] = '\0';
	}
	close(fd);
	answer[strcspn(answer, "\n")] = '\0';
}

/* Asks without memory, and again when there is some; want stands in the
 * answer. */
static int
answered(const char *question, const char *want, const char *temporary)
{
	char answer[ANSWER_SIZE], later[ANSWER_SIZE];

	ask(question, failing_is_set() ? STUCK_MS : WAIT_MS, answer);
	failing_end();
	ask(question, WAIT_MS, later);
	if (!strstr(later, want))
		return -EBADMSG;
	if (!*answer || strstr(answer, temporary))
		return -ENOMEM;
	return strstr(answer, want) ? 0 : -EBADMSG;
}

static int
policy_asked(const char *client, const char *want)
{
	char question[512];

	snprintf(question, sizeof(question),
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "client_address=%s\nserver_address=10.1.1.1\nserver_port=25\n"
	    "helo_name=a.example\nsender=s@example.net\n"
	    "recipient=kate@fabrikam.com\n\n",
	    client);
	return answered(question, want, "action=451 4.3.0 ");
}

static int
stranger_asks(void)
{
	return policy_asked("198.51.100.1", "action=550 5.7.1 Unable to relay");
}

static int
printer_asks(void)
{
	return policy_asked("192.168.5.10", "action=OK");
}

static void
policy_service(void **state)
{
	struct policyd *p;

	(void)state;
	assert_int_equal(
	    policyd_start(dup(listening), &service, &policyd_standard, &p), 0);
	sweep("policy service, a stranger", stranger_asks);
	sweep("policy service, a printer", printer_asks);
	failing_at(1, false);
	policyd_stop(p);
	failing_end();
}

static int
status_asks(void)
{
	return answered("{\"verb\":\"status\",\"ranges\":true}\n",
	    "\"ranges\":", "\"error\":");
}

static int
reload_asks(void)
{
	return answered("{\"verb\":\"reload\"}\n", "\"result\":", "\"error\":");
}

static void
control_socket(void **state)
{
	struct control *c;

	(void)state;
	assert_int_equal(control_start(dup(listening), &service, &c), 0);
	sweep("control socket, status", status_asks);
	sweep("control socket, reload", reload_asks);
	failing_at(1, false);
	control_stop(c);
	failing_end();
}

/* How often libevent complained: nobody took a failure for it. */
static atomic_uint complaints;

static void
on_complaint(int severity, const char *text)
{
	(void)severity, (void)text;
	atomic_fetch_add(&complaints, 1);
}

/* A connection that cannot be accepted waits until it can, and nobody is busy
 * with it meanwhile. */
static void
metrics_without_descriptors(void **state)
{
	static const char question[] = "GET /metrics HTTP/1.0\r\n\r\n";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct rlimit before, none;
	struct metrics *m;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(metrics_start(dup(listening), &service, &m), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	atomic_store(&complaints, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(
	    send(fd, question, strlen(question), 0), (ssize_t)strlen(question));
	poll(NULL, 0, STUCK_MS);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(atomic_load(&complaints), 0);
	close(fd);
	failing_at(1, false);
	metrics_stop(m);
	failing_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_service),
		cmocka_unit_test(control_socket),
		cmocka_unit_test(metrics_without_descriptors),
	};

	event_set_mem_functions(malloc, realloc, free);
	event_set_log_callback(on_complaint);
	return cmocka_run_group_tests(tests, setup, teardown);
}
