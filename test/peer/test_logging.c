/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logging.c - lines of log: how they look, whatever is in them, and that
 * nobody waits for them.
 *
 * The log is a process's own, so these tests run in one order, and the one
 * that starts its thread is the last.
 */
#define _GNU_SOURCE /* pipe2(), O_DIRECT */
#include "log.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BLOCKED_SECONDS = 30, LINES = 20000, PACKET_SIZE = 1 << 16 };

static char *
text_of(const struct logline *l, enum log_format format)
{
	static struct logtext t;

	logtext_begin(&t, format);
	logtext_add(&t, l);
	logtext_end(&t);
	assert_true(t.len < sizeof(t.text));
	for (size_t i = 0; i < t.len; i++)
		assert_in_range(t.text[i], 0x20, 0x7e);
	t.text[t.len] = '\0';
	return t.text;
}

static void
line_is_logfmt(void **state)
{
	struct logline l;

	(void)state;
	logline_init(&l);
	logline_add(&l, "a", "plain");
	logline_add(&l, "b", "two words");
	logline_add(&l, "c", "q\" b\\ \x1b[31m\n\xff");
	logline_add(&l, "d", NULL);
	logline_add(&l, "e", "");
	logline_add(&l, "f", "x=y");
	assert_string_equal(text_of(&l, LOG_FORMAT_LOGFMT),
	    "a=plain b=\"two words\" "
	    "c=\"q\\\" b\\\\ \\x1b[31m\\x0a\\xff\" e=\"\" f=\"x=y\"");
}

static void
line_is_json(void **state)
{
	struct logline l;

	(void)state;
	logline_init(&l);
	assert_string_equal(text_of(&l, LOG_FORMAT_JSON), "{}");
	logline_add(&l, "a", "plain");
	logline_add(&l, "b", "q\" b\\ \x1b[31m\n\x7f");
	logline_add(&l, "c", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\xa7");
	/* Too short, too long a form, half a pair, beyond all, alone. */
	logline_add(
	    &l, "d", "\xc3 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \x80");
	assert_string_equal(text_of(&l, LOG_FORMAT_JSON),
	    "{\"a\":\"plain\","
	    "\"b\":\"q\\\" b\\\\ \\u001b[31m\\u000a\\u007f\","
	    "\"c\":\"\\u00e4 \\u20ac \\ud83d\\udce7\","
	    "\"d\":\"\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd "
	    "\\ufffd\\ufffd\\ufffd\\ufffd \\ufffd\"}");
}

/* Any bytes: one object, its strings what they were as far as they are UTF-8;
 * whole pairs only, and each comes out as it went in. */
static void
line_holds_any_bytes(void **state)
{
	char values[12][400];
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct logline l;
		struct logpair pair;
		json_t *object;
		int pairs = 0;
		size_t at = 0;

		logline_init(&l);
		for (int i = 0; i < 12; i++) {
			size_t len = (size_t)rand_r(&seed) % sizeof(*values), n;
			int most = (int[]){ 127, 255, 26 }[rand_r(&seed) % 3];
			char *value = values[pairs], key[16];
			size_t before = l.len;

			for (n = 0; n < len; n++)
				value[n] = (char)(rand_r(&seed) % most +
						  (most == 26 ? 'a' : 1));
			value[n ? n - 1 : 0] = '\0';
			snprintf(key, sizeof(key), "k%d", i);
			logline_add(&l, key, value);
			pairs += l.len > before;
		}
		text_of(&l, LOG_FORMAT_LOGFMT);
		object = json_loads(
		    text_of(&l, LOG_FORMAT_JSON), JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(object);
		assert_int_equal(json_object_size(object), pairs);
		json_decref(object);
		for (int i = 0; i < pairs; i++) {
			bool cut = strlen(values[i]) > LOGLINE_VALUE_MAX;

			if (cut)
				strcpy(values[i] + LOGLINE_VALUE_MAX, "...");
			assert_true(logline_next(&l, &at, &pair));
			assert_string_equal(pair.value, values[i]);
			assert_int_equal(pair.value_len, strlen(values[i]));
		}
		assert_false(logline_next(&l, &at, &pair));
	}
}

static void
line_is_cut(void **state)
{
	char large[1000];
	struct logline l;
	struct logpair pair;
	size_t at = 0;

	(void)state;
	memset(large, '\x01', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	logline_init(&l);
	for (int i = 0; i < 100; i++)
		logline_add(&l, "k", large);
	assert_true(l.len <= LOGLINE_SIZE);
	text_of(&l, LOG_FORMAT_LOGFMT);
	text_of(&l, LOG_FORMAT_JSON);
	assert_true(logline_next(&l, &at, &pair));
	assert_int_equal(pair.key_len, 1);
	assert_int_equal(pair.key[0], 'k');
	assert_int_equal(pair.value_len, LOGLINE_VALUE_MAX + 3);
	assert_int_equal(strlen(pair.value), pair.value_len);
	assert_string_equal(pair.value + LOGLINE_VALUE_MAX - 1, "\x01...");
}

/* ---- Sockets --------------------------------------------------------- */

static char folder[] = "/tmp/logging-XXXXXX", path[64];

static int
folder_make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int
folder_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int
reader_open(void)
{
	const struct timeval wait = { .tv_sec = BLOCKED_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	unlink(path);
	memcpy(address.sun_path, path, sizeof(path));
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	return fd;
}

static const char *
packet_read(int fd, size_t *len)
{
	static char packet[PACKET_SIZE];
	ssize_t n = recv(fd, packet, sizeof(packet) - 1, 0);

	assert_true(n > 0);
	packet[n] = '\0';
	*len = (size_t)n;
	return packet;
}

/* The value of a field of the journal's protocol, malloc()ed; NULL: none. */
static char *
field_find(const char *packet, size_t len, const char *name)
{
	const char *c = packet, *end = packet + len;

	while (c < end) {
		const char *newline = memchr(c, '\n', (size_t)(end - c));
		const char *equals;
		size_t key, size = 0;

		assert_non_null(newline);
		equals = memchr(c, '=', (size_t)(newline - c));
		key = (size_t)((equals ? equals : newline) - c);
		if (equals) {
			size = (size_t)(newline - equals - 1);
			newline = equals;
		} else {
			assert_true(end - newline > 9);
			for (int i = 8; i; i--)
				size = size << 8 | (unsigned char)newline[i];
			newline += 8;
		}
		assert_true(size < (size_t)(end - newline));
		assert_int_equal(newline[1 + size], '\n');
		if (key == strlen(name) && !memcmp(c, name, key))
			return strndup(newline + 1, size);
		c = newline + size + 2;
	}
	return NULL;
}

static void
expect_field(
    const char *packet, size_t len, const char *name, const char *value)
{
	char *found = field_find(packet, len, name);

	assert_non_null(found);
	assert_string_equal(found, value);
	free(found);
}

static void
expect_written(
    struct logsink *s, int priority, const struct logline *l, uint64_t lost)
{
	logsink_write(s, priority, 0, l);
	assert_int_equal(logsink_flush(s), lost);
}

static void
journal_has_fields(void **state)
{
	static struct logsink s;
	int fd = reader_open();
	const char *packet;
	struct logline l;
	size_t len;

	(void)state;
	logsink_open(&s, LOG_TARGET_JOURNAL, LOG_FORMAT_LOGFMT, path);
	logline_init(&l);
	logline_add(&l, "client", "192.0.2.1");
	logline_add(&l, "argument", "a\nPRIORITY=0\n\xff");
	expect_written(&s, LOG_NOTICE, &l, 0);
	packet = packet_read(fd, &len);
	expect_field(packet, len, "PRIORITY", "5");
	expect_field(packet, len, "SYSLOG_FACILITY", "2");
	expect_field(packet, len, "SYSLOG_IDENTIFIER", "connector-milter");
	expect_field(packet, len, "MESSAGE",
	    "client=192.0.2.1 argument=\"a\\x0aPRIORITY=0\\x0a\\xff\"");
	expect_field(packet, len, "CM_CLIENT", "192.0.2.1");
	expect_field(packet, len, "CM_ARGUMENT", "a\nPRIORITY=0\n\xff");
	/* The largest line. */
	logline_init(&l);
	for (int i = 0; i < 600; i++)
		logline_add(&l, "k", "\x01\x02");
	expect_written(&s, LOG_NOTICE, &l, 0);
	packet = packet_read(fd, &len);
	expect_field(packet, len, "CM_K", "\x01\x02");
	/* Gone, and there again. */
	close(fd);
	expect_written(&s, LOG_NOTICE, &l, 1);
	unlink(path);
	expect_written(&s, LOG_NOTICE, &l, 1);
	fd = reader_open();
	expect_written(&s, LOG_NOTICE, &l, 0);
	close(fd);
	logsink_close(&s);
}

static void
syslog_has_a_head(void **state)
{
	static struct logsink s;
	int fd = reader_open(), priority, day, n = 0;
	const char *packet;
	char month[4], text[64], expected[64];
	struct logline l;
	size_t len;

	(void)state;
	logsink_open(&s, LOG_TARGET_SYSLOG, LOG_FORMAT_JSON, path);
	logline_init(&l);
	logline_add(&l, "message", "a b");
	expect_written(&s, LOG_ERR, &l, 0);
	packet = packet_read(fd, &len);
	assert_int_equal(sscanf(packet, "<%d>%3s %d %*d:%*d:%*d %n", &priority,
			     month, &day, &n),
	    3);
	assert_int_equal(priority, LOG_MAIL | LOG_ERR);
	snprintf(expected, sizeof(expected), "connector-milter[%ld]: %s",
	    (long)getpid(), "{\"message\":\"a b\"}");
	snprintf(text, sizeof(text), "%s", packet + n);
	assert_string_equal(text, expected);
	close(fd);
	logsink_close(&s);
}

/* Standard error: whole lines together, and none forgotten. */
static void
stderr_has_whole_lines(void **state)
{
	static struct logsink s;
	char packet[PIPE_BUF];
	int fds[2], before = dup(STDERR_FILENO), lines = 0, packets = 0;
	struct logline l;

	(void)state;
	/* Each write is read by itself. */
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	logsink_open(&s, LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, NULL);
	logline_init(&l);
	logline_add(&l, "a", "b");
	for (int i = 0; i < 200; i++)
		logsink_write(&s, LOG_INFO, 0, &l);
	assert_int_equal(logsink_flush(&s), 0);
	for (ssize_t n; (n = read(fds[0], packet, sizeof(packet))) > 0;) {
		static const char text[] =
		    "time=1970-01-01T00:00:00Z level=info a=b\n";
		const size_t len = sizeof(text) - 1;

		packets++;
		assert_int_equal((size_t)n % len, 0);
		for (size_t at = 0; at < (size_t)n; at += len, lines++)
			assert_memory_equal(packet + at, text, len);
	}
	assert_int_equal(lines, 200);
	assert_true(packets < 10);
	close(fds[0]);
	for (int i = 0; i < 3; i++)
		logsink_write(&s, LOG_INFO, 0, &l);
	assert_int_equal(logsink_flush(&s), 3);
	assert_int_equal(logsink_flush(&s), 0);
	dup2(before, STDERR_FILENO);
	close(before);
	close(fds[1]);
	logsink_close(&s);
}

/* On a disk that is full: two lines and a part of the third have room. */
static void
stderr_has_no_line_behind_a_part(void **state)
{
	static const char line[] = "time=1970-01-01T00:00:00Z level=info a=b\n";
	const size_t len = sizeof(line) - 1;
	struct rlimit empty, full;
	static struct logsink s;
	int before = dup(STDERR_FILENO);
	char text[512] = "", wanted[512];
	struct logline l;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	signal(SIGXFSZ, SIG_IGN);
	dup2(fileno(f), STDERR_FILENO);
	logsink_open(&s, LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, NULL);
	logline_init(&l);
	logline_add(&l, "a", "b");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &empty), 0);
	full = (struct rlimit){ 2 * len + 9, empty.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	for (int i = 0; i < 5; i++)
		logsink_write(&s, LOG_INFO, 0, &l);
	assert_int_equal(logsink_flush(&s), 3);
	expect_written(&s, LOG_INFO, &l, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &empty), 0);
	expect_written(&s, LOG_INFO, &l, 0);
	expect_written(&s, LOG_INFO, &l, 0);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	snprintf(wanted, sizeof(wanted), "%s%s%.9s\n%s%s", line, line, line,
	    line, line);
	assert_string_equal(text, wanted);
	logsink_close(&s);
}

/* ---- The queue ------------------------------------------------------- */

/* Reads up to a line that has a text; counts those with another. */
static int
lines_read(int fd, const char *last, const char *counted, char **found)
{
	int count = 0;
	size_t len;

	for (;;) {
		const char *packet = packet_read(fd, &len);
		char *message = field_find(packet, len, "MESSAGE");

		assert_non_null(message);
		count += strstr(message, counted) != NULL;
		if (strstr(message, last)) {
			*found = message;
			return count;
		}
		free(message);
	}
}

/* Of a log that nobody reads a line is written at once and lost at once; each
 * that is lost is counted, and that is told when it is read again. */
static void
nobody_waits(void **state)
{
	int fd = reader_open(), seen;
	char *told, *end;

	(void)state;
	log_message(LOG_DEBUG, "too small");
	log_open(LOG_TARGET_JOURNAL, LOG_FORMAT_LOGFMT, path);
	assert_int_equal(log_start(), 0);
	assert_int_equal(log_dropped(), 0);
	alarm(BLOCKED_SECONDS);
	for (int i = 0; i < LINES; i++)
		log_message(LOG_INFO, "line number %d", i);
	assert_in_range(log_dropped(), 1, LINES - 1);
	seen = lines_read(fd, "were dropped", "line number", &told);
	end = strstr(told, "dropped=");
	assert_non_null(end);
	assert_int_equal(strtoul(end + 8, NULL, 10), log_dropped());
	free(told);
	log_message(LOG_INFO, "the last one");
	seen += lines_read(fd, "the last one", "line number", &told);
	free(told);
	assert_int_equal((uint64_t)seen + log_dropped(), LINES);

	/* The reader ends: known, counted, and told by the next one. */
	close(fd);
	seen = (int)log_dropped();
	log_message(LOG_INFO, "to nobody");
	while (log_dropped() == (uint64_t)seen)
		usleep(1000);
	fd = reader_open();
	log_message(LOG_INFO, "to somebody");
	free((lines_read(fd, "dropped=1", "to nobody", &told), told));

	assert_int_equal(log_level(), LOG_INFO);
	log_level_set(LOG_WARNING);
	log_message(LOG_INFO, "too small");
	log_message(LOG_WARNING, "large enough");
	assert_int_equal(lines_read(fd, "large enough", "too small", &told), 0);
	free(told);
	log_stop();
	alarm(0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_logfmt),
		cmocka_unit_test(line_is_json),
		cmocka_unit_test(line_holds_any_bytes),
		cmocka_unit_test(line_is_cut),
		cmocka_unit_test(journal_has_fields),
		cmocka_unit_test(syslog_has_a_head),
		cmocka_unit_test(stderr_has_whole_lines),
		cmocka_unit_test(stderr_has_no_line_behind_a_part),
		cmocka_unit_test(nobody_waits),
	};

	/* A reader that is gone is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name(
	    "logging", tests, folder_make, folder_remove);
}
