/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control_client.c - daemons that do not answer connectorctl as they
 * should.
 */
#include "control_client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[] = "/tmp/control-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static int
folder_make(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(
	    address.sun_path, sizeof address.sun_path, "%s/socket", folder);
	return 0;
}

static int
folder_remove(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* Asks a process that does what fn says with a listening socket. */
static void
expect_complaint(void (*fn)(int fd), const char *text)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *said = NULL;
	size_t len = 0;
	struct ctl ctl = { .err = open_memstream(&said, &len) };
	json_t *answer = NULL;
	pid_t pid;

	assert_true(fd >= 0 && ctl.err != NULL);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 0), 0);
	pid = fn != NULL ? fork() : -1;
	if (pid == 0) {
		fn(accept(fd, NULL, NULL));
		_exit(0);
	}
	assert_true(pid > 0 || fn == NULL);
	/* The second time the backlog is full where nobody accepts. */
	for (int i = 0; i < (fn == NULL ? 2 : 1); i++)
		assert_int_equal(
		    control_ask(&ctl, address.sun_path, 1,
			json_pack("{s:s}", "verb", "status"), &answer),
		    STATUS_UNKNOWN);
	fclose(ctl.err);
	assert_null(answer);
	if (strstr(said, text) == NULL)
		fail_msg("said: %s", said);
	free(said);
	close(fd);
	unlink(address.sun_path);
}

static void
read_question(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n')
		;
}

static void
hang_up(int fd)
{
	read_question(fd);
	close(fd);
}

/* Be it before the question is written, or while it stands unread. */
static void
hang_up_at_once(int fd)
{
	close(fd);
}

static void
answer_half(int fd)
{
	read_question(fd);
	(void)!write(fd, "{\"version\":", 11);
	close(fd);
}

static void
silence_is_unknown(void **state)
{
	(void)state;
	expect_complaint(NULL, "timed out; connector-milter hangs");
}

static void
no_answer_is_unknown(void **state)
{
	(void)state;
	expect_complaint(hang_up, "went away without an answer");
	expect_complaint(hang_up_at_once, "went away without an answer");
}

static void
half_an_answer_is_unknown(void **state)
{
	(void)state;
	expect_complaint(answer_half, "no answer that makes sense");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_unknown),
		cmocka_unit_test(no_answer_is_unknown),
		cmocka_unit_test(half_an_answer_is_unknown),
	};

	return cmocka_run_group_tests_name(
	    "control client", tests, folder_make, folder_remove);
}
