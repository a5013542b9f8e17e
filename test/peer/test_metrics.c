/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_metrics.c - what is told at /metrics, that clients cannot make it
 * grow, and that nobody who asks there is in the way of mail.
 */
#include "daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ANSWER_SIZE = 1 << 20, CROWD = 60 };

static int
measured_start(void **state)
{
	const char *more[] = { "--metrics", NULL, NULL };
	char spec[DAEMON_PATH_SIZE];
	char *policy = strdup(daemon_policy), *at;

	(void)state;
	/* A name with all that has to be escaped. */
	assert_non_null(policy);
	at = strstr(policy, "Anonymous Relay");
	assert_non_null(at);
	memcpy(at, "'A \"quo\\ted\" c'", 15);
	daemon_init(&shared, policy);
	free(policy);
	snprintf(spec, sizeof(spec), "unix:%.60s/metrics.sock", shared.folder);
	more[1] = spec;
	daemon_start(&shared, more);
	return 0;
}

static int
metrics_connect(void)
{
	const struct timeval limit = { .tv_sec = 2 * DAEMON_TIMEOUT / 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s",
	    daemon_path(&shared, "metrics.sock"));
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* All that is answered; static. */
static const char *
metrics_say(const char *request, size_t size)
{
	static char text[ANSWER_SIZE];
	int fd = metrics_connect();
	size_t len = 0;
	ssize_t n;

	(void)send(fd, request, size, MSG_NOSIGNAL);
	while ((n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return text;
}

static const char *
metrics_get(void)
{
	static const char get[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	const char *text = metrics_say(get, sizeof(get) - 1);
	const char *body = strstr(text, "\r\n\r\n");

	assert_memory_equal(text, "HTTP/1.1 200 ", 13);
	assert_non_null(strstr(text, "application/openmetrics-text; "
				     "version=1.0.0; charset=utf-8\r\n"));
	assert_non_null(body);
	return body + 4;
}

static void
expect_line(const char *line)
{
	const char *text = metrics_get();

	if (!strstr(text, line))
		fail_msg("there is no %s in\n%s", line, text);
}

/* The checker of the format says what it thinks. */
static void
expect_valid(void)
{
	char command[600];

	daemon_write(&shared, "answer", metrics_get());
	snprintf(command, sizeof(command), "python3 %s %s %s", CHECKER,
	    daemon_path(&shared, "answer"), ALERTS);
	assert_int_equal(system(command), 0);
}

static void
exposition_is_openmetrics(void **state)
{
	struct peer *p = daemon_peer(&shared, "192.168.5.10");

	(void)state;
	expect_valid();
	daemon_expect_alive(&shared);
	expect_relay(p, true);
	expect_valid();
	expect_line("connector_milter_decisions_total{connector=\"Default "
		    "Frontend\",via=\"milter\",stage=\"rcpt\",verdict="
		    "\"reject\",reason=\"unable_to_relay\"} 1\n");
	expect_line("connector_milter_sessions_open{connector=\"A "
		    "\\\"quo\\\\ted\\\" c\"} 1\n");
	peer_free(p);
}

/* Whoever comes, from wherever, with whatever: no new series. */
static void
clients_make_no_series(void **state)
{
	char addr[32], sender[64], *before, *after;
	const char *const mail[] = { sender, NULL };
	struct peer_reply r;
	size_t lines[2] = { 0 };

	(void)state;
	daemon_expect_alive(&shared);
	before = strdup(metrics_get());
	for (int i = 0; i < 300; i++) {
		struct peer *p;

		snprintf(addr, sizeof(addr), "198.51.%d.%d", i / 100, i % 100);
		snprintf(sender, sizeof(sender), "<s%d@d%d.example>", i, i);
		p = daemon_peer(&shared, addr);
		expect_continue(peer_mail(p, mail, &r), &r);
		expect_reply(peer_rcpt(p, rcpt_kate, &r), &r,
		    "550 5.7.1 Unable to relay");
		peer_free(p);
	}
	after = strdup(metrics_get());
	assert_non_null(before);
	assert_non_null(after);
	for (const char *c = before; *c; c++)
		lines[0] += *c == '\n';
	for (const char *c = after; *c; c++)
		lines[1] += *c == '\n';
	assert_int_equal(lines[0], lines[1]);
	assert_null(strstr(after, "198.51."));
	free(before);
	free(after);
}

static void
other_requests_are_refused(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		    "HTTP/1.1 404 " },
		{ "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
		    "HTTP/1.1 501 " },
		{ "POST /metrics HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 1\r\n\r\nx",
		    "HTTP/1.1 " },
		{ "nonsense\r\n\r\n", "" },
	};
	char *large = malloc(100000);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text =
		    metrics_say(cases[i].request, strlen(cases[i].request));
		assert_memory_equal(
		    text, cases[i].status, strlen(cases[i].status));
		assert_null(strstr(text, "connector_milter"));
	}
	assert_non_null(large);
	memset(large, 'x', 100000);
	memcpy(large, "GET /metrics HTTP/1.1\r\nX: ", 26);
	assert_null(strstr(metrics_say(large, 100000), "connector_milter"));
	free(large);
	expect_valid();
}

/* More than may come, who say a part of a request and no more. Mail goes on,
 * and so do those who ask, when their time is over. */
static void
slow_scrapers_hold_nobody(void **state)
{
	int fds[CROWD];

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		fds[i] = metrics_connect();
		(void)send(fds[i], "GET /met", 8, MSG_NOSIGNAL);
	}
	daemon_expect_alive(&shared);
	for (int i = 16; i < CROWD; i++)
		close(fds[i]);
	expect_valid();
	for (int i = 0; i < 16; i++)
		close(fds[i]);
}

int
metrics_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exposition_is_openmetrics),
		cmocka_unit_test(clients_make_no_series),
		cmocka_unit_test(other_requests_are_refused),
		cmocka_unit_test(slow_scrapers_hold_nobody),
		cmocka_unit_test(shared_ends_well),
	};

	return cmocka_run_group_tests_name(
	    "metrics", tests, measured_start, shared_end);
}
