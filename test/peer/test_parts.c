/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_parts.c - the daemon's parts that need no daemon: a line of log, a
 * policy request, a socket's name, a file.
 */
#include "callbacks.h"
#include "files.h"
#include "request.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
mailbox_is_written_as_smtp_has_it(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "<>" },
		{ "a@b", "<a@b>" },
		{ "postmaster", "<postmaster>" },
		{ "john smith@b", "<\"john smith\"@b>" },
		{ "a\"b\\c@d", "<\"a\\\"b\\\\c\"@d>" },
		{ "u@r@l", "<\"u@r\"@l>" },
		{ "u%r@l", "<u%r@l>" },
		{ "r!u@l", "<r!u@l>" },
		{ ".a@b", "<\".a\"@b>" },
		{ "a..b@c", "<\"a..b\"@c>" },
		{ "@b", "<\"\"@b>" },
		{ "m\xc3\xbc@b", "<m\xc3\xbc@b>" },
	};
	char buf[MAILBOX_SIZE], worst[REQUEST_LINE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		assert_string_equal(
		    mailbox_format(pairs[i][0], buf), pairs[i][1]);
	memset(worst, '\\', REQUEST_LINE_MAX);
	worst[REQUEST_LINE_MAX - 1] = '@';
	worst[REQUEST_LINE_MAX] = '\0';
	assert_int_equal(
	    strlen(mailbox_format(worst, buf)), 2 * (REQUEST_LINE_MAX - 1) + 5);
}

static void
sockets_have_advice(void **state)
{
	static const struct {
		const char *text, *advice;
	} cases[] = {
		{ "/run/x.sock", "write unix: before the path" },
		{ "unix:relative", "write a full path" },
		{ "inet:99999", "port is out of range" },
		{ "inet:0@127.0.0.1", "port is out of range" },
		{ "inet:4294967321", "port is out of range" },
		{ "inet:25@mx.example", "names are not looked up" },
		{ "inet:x", "write unix:/path, inet:port@address" },
		{ "fd:x", "fd:N" },
		{ "", "fd:N" },
	};
	struct spec a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(spec_parse(cases[i].text, &a), -EINVAL);
		assert_non_null(
		    strstr(spec_advice(cases[i].text), cases[i].advice));
	}
	assert_int_equal(spec_parse("fd:7", &a), 0);
	assert_int_equal(spec_parse("fd:7", &b), 0);
	assert_true(spec_same(&a, &b));
	assert_int_equal(spec_parse("fd:8", &b), 0);
	assert_false(spec_same(&a, &b));
	assert_int_equal(spec_parse("unix:/a", &a), 0);
	assert_false(spec_same(&a, &b));
	assert_int_equal(spec_parse("local:/a", &b), 0);
	assert_true(spec_same(&a, &b));
	assert_int_equal(spec_parse("inet:25", &a), 0);
	assert_int_equal(spec_parse("inet:25@127.0.0.1", &b), 0);
	assert_true(spec_same(&a, &b));
	assert_int_equal(spec_parse("inet:25@127.0.0.2", &b), 0);
	assert_false(spec_same(&a, &b));
}

static void
sockets_are_named(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *host;
		uint16_t port;
	} cases[] = {
		{ "inet:8891", 0, "127.0.0.1", 8891 },
		{ "inet:8891@localhost", 0, "127.0.0.1", 8891 },
		{ "inet:8891@10.0.0.1", 0, "10.0.0.1", 8891 },
		{ "inet:8891@[10.0.0.1]", 0, "10.0.0.1", 8891 },
		{ "inet6:25", 0, "::1", 25 },
		{ "inet6:25@[2001:db8::1]", 0, "2001:db8::1", 25 },
		{ "inet:0", -EINVAL, NULL, 0 },
		{ "inet:65536", -EINVAL, NULL, 0 },
		{ "inet:4294967321", -EINVAL, NULL, 0 },
		{ "inet:-1", -EINVAL, NULL, 0 },
		{ "inet:", -EINVAL, NULL, 0 },
		{ "inet:25@", -EINVAL, NULL, 0 },
		{ "inet:25@mx.example", -EINVAL, NULL, 0 },
		{ "inet:25@::1", -EINVAL, NULL, 0 },
		{ "inet6:25@10.0.0.1", -EINVAL, NULL, 0 },
		{ "unix:relative", -EINVAL, NULL, 0 },
		{ "/a/path", -EINVAL, NULL, 0 },
		{ "", -EINVAL, NULL, 0 },
		{ "fd:x", -EINVAL, NULL, 0 },
		{ "pipe:/a", -EINVAL, NULL, 0 },
	};
	char path[200] = "unix:/";
	struct spec s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(spec_parse(cases[i].text, &s), cases[i].rc);
		if (cases[i].rc)
			continue;
		assert_string_equal(s.host, cases[i].host);
		assert_int_equal(s.port, cases[i].port);
	}
	assert_int_equal(spec_parse("fd:3", &s), 0);
	assert_int_equal(s.fd, 3);
	memset(path + 6, 'x', 107);
	assert_int_equal(spec_parse(path, &s), -ENAMETOOLONG);
	path[5 + 107] = '\0';
	assert_int_equal(spec_parse(path, &s), 0);
	assert_string_equal(s.path, path + 5);
	assert_int_equal(spec_parse("inet:1@127.9.9.9", &s), 0);
	assert_true(spec_is_loopback(&s));
	assert_int_equal(spec_parse("inet:1@0.0.0.0", &s), 0);
	assert_false(spec_is_loopback(&s));
}

static uint16_t
port_find(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static int
option_get(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) ? -1 : value;
}

/* Else each message over TCP takes 40 ms more. Whatever the number of the
 * socket that libmilter opens. */
static void
milter_socket_does_not_delay(void **state)
{
	enum { MANY = 300 };
	const struct socket_access nobody = { (uid_t)-1, (gid_t)-1, 0600 };
	int fds[MANY], found = -1;
	char text[32];
	struct spec s;

	(void)state;
	snprintf(text, sizeof(text), "inet:%u", port_find());
	assert_int_equal(spec_parse(text, &s), 0);
	assert_int_equal(callbacks_register(NULL), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	assert_int_equal(socket_open_milter(&s, &nobody), 0);
	for (int fd = 0; fd < fds[MANY - 1] + 16 && found < 0; fd++)
		if (option_get(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1)
			found = fd;
	assert_true(found > 256);
	assert_int_equal(option_get(found, IPPROTO_TCP, TCP_NODELAY), 1);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	close(found);
}

/* However strict the umask is: the MTA has to get in. */
static void
folder_lets_its_group_in(void **state)
{
	char top[] = "/tmp/folder-XXXXXX", folder[64];
	mode_t mask;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/sub", top);
	mask = umask(0077);
	assert_int_equal(socket_folder(folder, 1), 0);
	umask(mask);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(st.st_gid, 1);
	/* One that is there is left alone. */
	assert_int_equal(socket_folder(folder, 2), 0);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_gid, 1);
	rmdir(folder);
	rmdir(top);
}

static void
file_put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
files_are_read_whole(void **state)
{
	char folder[] = "/tmp/files-XXXXXX", policy[64], other[64];
	char *text = NULL;
	struct reader r;
	struct files f;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(policy, sizeof(policy), "%s/p.yaml", folder);
	snprintf(other, sizeof(other), "%s/n.txt", folder);
	file_put(policy, "version: 1\n");
	file_put(other, "");
	files_init(&f, policy);
	r = files_reader(&f);
	assert_int_equal(r.read(r.ctx, policy, 11, &text, &len), 0);
	assert_int_equal(len, 11);
	assert_string_equal(text, "version: 1\n");
	free(text);
	/* Relative to the policy's folder, and empty. */
	assert_int_equal(r.read(r.ctx, "n.txt", 100, &text, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
	text = NULL;
	assert_int_equal(r.read(r.ctx, policy, 10, &text, &len), -EFBIG);
	assert_int_equal(r.read(r.ctx, "no", 10, &text, &len), -ENOENT);
	assert_int_equal(r.read(r.ctx, folder, 10, &text, &len), -EISDIR);
	assert_int_equal(r.read(r.ctx, "/dev/zero", 10, &text, &len), -EINVAL);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(r.read(r.ctx, other, 10, &text, &len), -EINVAL);
	assert_null(text);
	unlink(other);
	unlink(policy);
	rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mailbox_is_written_as_smtp_has_it),
		cmocka_unit_test(sockets_are_named),
		cmocka_unit_test(sockets_have_advice),
		cmocka_unit_test(milter_socket_does_not_delay),
		cmocka_unit_test(folder_lets_its_group_in),
		cmocka_unit_test(files_are_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
