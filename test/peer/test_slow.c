/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slow.c - the policy service and peers that take their time, with
 * limits short enough for a test; and who has no time at all.
 *
 * Asks at MAIL only, where the answer needs no policy.
 */
#include "log.h"
#include "metrics.h"
#include "policyd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WAIT_MS = 10000, CONNECTIONS = 8, LONG_MS = 600000, SHORT_MS = 200 };

static const char request[] =
    "request=smtpd_access_policy\nprotocol_state=MAIL\n\n";
static const char answer[] = "action=DUNNO\n\n";

static char folder[] = "/tmp/slow-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static const struct service service;

static int
folder_make(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	log_level_set(LOG_ERR);
	if (!mkdtemp(folder))
		return -1;
	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	return 0;
}

static int
folder_remove(void **state)
{
	(void)state;
	unlink(address.sun_path);
	return rmdir(folder);
}

static int
socket_listen(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	unlink(address.sun_path);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static struct policyd *
server_start(unsigned request_ms, unsigned between_ms, unsigned answer_ms)
{
	const struct policyd_limits limits = { CONNECTIONS, request_ms,
		between_ms, answer_ms };
	struct policyd *p;

	assert_int_equal(
	    policyd_start(socket_listen(), &service, &limits, &p), 0);
	return p;
}

static int
client_open(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool
client_is_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void
expect_answer(int fd)
{
	char text[sizeof(answer)] = "";
	size_t n = 0;

	while (n < sizeof(answer) - 1) {
		ssize_t got;

		assert_true(client_is_readable(fd, WAIT_MS));
		got = recv(fd, text + n, sizeof(answer) - 1 - n, 0);
		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_string_equal(text, answer);
}

static void
expect_closed(int fd)
{
	char byte;

	assert_true(client_is_readable(fd, WAIT_MS));
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static void
ask(int fd, size_t from, size_t to)
{
	assert_int_equal(
	    send(fd, request + from, to - from, MSG_NOSIGNAL), to - from);
}

/* At every byte of it; one that waits between requests is not meant. */
static void
half_a_request_is_closed(void **state)
{
	struct policyd *p = server_start(SHORT_MS, LONG_MS, LONG_MS);
	int idle = client_open();

	(void)state;
	ask(idle, 0, sizeof(request) - 1);
	expect_answer(idle);
	for (size_t i = 1; i < sizeof(request) - 1; i += 7) {
		int fd = client_open();

		ask(fd, 0, i);
		expect_closed(fd);
	}
	ask(idle, 0, sizeof(request) - 1);
	expect_answer(idle);
	/* A whole one does not hide the half behind it. */
	ask(idle, 0, sizeof(request) - 1);
	ask(idle, 0, 5);
	expect_answer(idle);
	expect_closed(idle);
	policyd_stop(p);
}

/* Nor is it of use to send it byte by byte. */
static void
trickle_is_closed(void **state)
{
	struct policyd *p = server_start(SHORT_MS, LONG_MS, LONG_MS);
	int fd = client_open(), waits = 0;

	(void)state;
	ask(fd, 0, 8);
	while (!client_is_readable(fd, SHORT_MS / 10)) {
		assert_in_range(++waits, 1, 10 * WAIT_MS / SHORT_MS);
		(void)!send(fd, "x", 1, MSG_NOSIGNAL);
	}
	expect_closed(fd);
	policyd_stop(p);
}

static void
idle_is_closed(void **state)
{
	struct policyd *p = server_start(LONG_MS, SHORT_MS, LONG_MS);
	int silent = client_open(), fd = client_open();

	(void)state;
	ask(fd, 0, sizeof(request) - 1);
	expect_answer(fd);
	expect_closed(fd);
	expect_closed(silent);
	policyd_stop(p);
}

/* Answers that nobody reads do not pile up. */
static void
deaf_is_closed(void **state)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	struct policyd *p = server_start(LONG_MS, LONG_MS, LONG_MS);
	int deaf = client_open(), fd, waits = 0;

	(void)state;
	while (send(deaf, request, sizeof(request) - 1,
		   MSG_NOSIGNAL | MSG_DONTWAIT) > 0 ||
	       errno == EAGAIN) {
		if (errno != EAGAIN)
			continue;
		errno = 0;
		assert_in_range(++waits, 1, WAIT_MS);
		nanosleep(&step, NULL);
	}
	fd = client_open();
	ask(fd, 0, sizeof(request) - 1);
	expect_answer(fd);
	close(fd);
	close(deaf);
	policyd_stop(p);
}

/* One too many waits until another goes; nobody is thrown out. */
static void
too_many_wait(void **state)
{
	struct policyd *p = server_start(LONG_MS, LONG_MS, LONG_MS);
	int fds[CONNECTIONS], more[CONNECTIONS];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CONNECTIONS; i++) {
			fds[i] = client_open();
			ask(fds[i], 0, sizeof(request) - 1);
			expect_answer(fds[i]);
		}
		for (int i = 0; i < CONNECTIONS; i++) {
			more[i] = client_open();
			ask(more[i], 0, sizeof(request) - 1);
		}
		assert_false(client_is_readable(more[0], 50));
		for (int i = 0; i < CONNECTIONS; i++) {
			ask(fds[i], 0, sizeof(request) - 1);
			expect_answer(fds[i]);
			close(fds[i]);
			expect_answer(more[i]);
		}
		for (int i = 0; i < CONNECTIONS; i++)
			close(more[i]);
	}
	policyd_stop(p);
}

/* Its thread may not have begun to wait for anything. */
static void
ends_as_it_begins(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		policyd_stop(server_start(LONG_MS, LONG_MS, LONG_MS));
	for (int i = 0; i < 100; i++) {
		struct metrics *m;
		assert_int_equal(
		    metrics_start(socket_listen(), &service, &m), 0);
		metrics_stop(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_as_it_begins),
		cmocka_unit_test(half_a_request_is_closed),
		cmocka_unit_test(trickle_is_closed),
		cmocka_unit_test(idle_is_closed),
		cmocka_unit_test(deaf_is_closed),
		cmocka_unit_test(too_many_wait),
	};

	return cmocka_run_group_tests_name(
	    "slow peers", tests, folder_make, folder_remove);
}
