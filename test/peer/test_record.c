/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_record.c - what is recorded reads back as what was fed, whatever a
 * client sends; and the folder keeps within its limits.
 */
#include "record.h"
#include "files.h"
#include "recording.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SESSIONS = 3000, PARTS = 12, PART_SIZE = 24, WAIT_MS = 10000 };

static const char policy[] = "version: 1\n"
			     "accepted_domains: [contoso.com]\n"
			     "connectors:\n"
			     "  - name: All\n"
			     "    remote_ip_ranges: [0.0.0.0/0]\n"
			     "    permission_groups: [AnonymousUsers]\n";

static char folder[] = "/tmp/record-XXXXXX";
static struct ruleset *ruleset;

static int
text_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	(void)ctx, (void)path, (void)max;
	*len = sizeof(policy) - 1;
	*text = strdup(policy);
	return *text ? 0 : -ENOMEM;
}

static int
all_make(void **state)
{
	const struct reader reader = { .read = text_read };
	struct diagnostics *list = diagnostics_new();
	int rc = ruleset_load(&reader, "text", "mx1", &ruleset, list);

	(void)state;
	diagnostics_free(list);
	return rc || !mkdtemp(folder) ? -1 : 0;
}

/* Calls for each file of the folder. */
static size_t
files_each(void (*file)(const char *path, void *ctx), void *ctx)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t count = 0;
	char path[400];

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file(path, ctx);
		count++;
	}
	closedir(dir);
	return count;
}

static void
file_remove(const char *path, void *ctx)
{
	(void)ctx;
	unlink(path);
}

static void
file_measure(const char *path, void *ctx)
{
	uint64_t *size = ctx;
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	*size += (uint64_t)st.st_size;
}

static int
all_remove(void **state)
{
	(void)state;
	ruleset_unref(ruleset);
	files_each(file_remove, NULL);
	return rmdir(folder);
}

static struct recorder *
recorder_make(uint64_t size, bool values)
{
	const struct recorder_limits limits = { size, 7, values };
	struct recorder *r;

	assert_int_equal(recorder_open(folder, &limits, &r), 0);
	assert_int_equal(recorder_start(r), 0);
	return r;
}

/* ---- Sessions of chance ---------------------------------------------- */

static unsigned seed = 7;

static unsigned
chance(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

/* What was fed and should be read again. */
struct fed {
	enum step_type type;
	char text[PART_SIZE];
};

struct history {
	struct fed fed[SESSIONS * PARTS];
	size_t n, read;
	size_t sessions, read_sessions;
};

static void
part_make(char part[PART_SIZE])
{
	static const char bytes[] =
	    "ab@.<>\"\\: \t\r\n-#;=\x01\x7f\xff\xc3\xa4S250C";
	size_t len = chance(PART_SIZE), n = 0;

	/* Most are harmless, or no session would be. */
	if (chance(8)) {
		snprintf(part, PART_SIZE, "<a%u@b.example>", chance(1000));
		return;
	}
	while (n < len)
		part[n++] = bytes[chance(sizeof(bytes) - 1)];
	part[n] = '\0';
}

static void
feed(struct session_record *r, struct session *s, struct session_event *e)
{
	struct decision d;

	e->now = 1790000000;
	session_feed(s, e, &d);
	record_event(r, e, &d);
}

static bool
is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
}

/* A mailbox with a control byte is refused, and only a comment is left of it;
 * elsewhere such a byte is replaced. */
static void
fed_add(struct history *h, enum step_type type, const char *text)
{
	struct fed *fed = &h->fed[h->n];
	bool replaced = false;

	fed->type = type;
	snprintf(fed->text, sizeof(fed->text), "%s", text);
	for (char *c = fed->text; *c; c++)
		if (is_control(*c)) {
			*c = '?';
			replaced = true;
		}
	h->n += !replaced || type == STEP_HELO;
}

static void
message_feed(struct history *h, struct session_record *r, struct session *s)
{
	char name[PART_SIZE];
	struct session_event e = { .stage = STAGE_DATA };

	feed(r, s, &e);
	part_make(name);
	e = (struct session_event){ .stage = STAGE_HEADER };
	e.header.name = name[0] == '<' ? "Subject" : name;
	e.header.value = "b\n c";
	feed(r, s, &e);
	e = (struct session_event){ .stage = STAGE_EOM };
	feed(r, s, &e);
	fed_add(h, STEP_MESSAGE, name[0] == '<' ? "Subject" : name);
}

static void
session_make(struct history *h, struct recorder *to)
{
	struct session *s = session_new(ruleset);
	struct session_record *r = record_new(to, "id", ruleset);
	uint64_t dropped = recorder_dropped(to);
	char text[PART_SIZE], param[PART_SIZE];
	const char *params[] = { param, NULL };
	struct session_event e = { .stage = STAGE_CONNECT };
	size_t before = h->n;

	assert_true(s && r);
	assert_int_equal(netaddr_parse("192.0.2.1", &e.connect.client,
			     (char[NETADDR_WHY_SIZE]){ 0 }),
	    0);
	e.connect.client_port = (int)chance(3) - 1;
	feed(r, s, &e);
	part_make(text);
	e = (struct session_event){ .stage = STAGE_HELO, .helo.name = text };
	feed(r, s, &e);
	fed_add(h, STEP_HELO, text);
	part_make(text);
	part_make(param);
	e = (struct session_event){ .stage = STAGE_MAIL };
	e.mail.sender = text;
	e.mail.params = params;
	e.mail.auth = chance(4) ? NULL : text;
	feed(r, s, &e);
	fed_add(h, STEP_MAIL, text);
	e = (struct session_event){ .stage = STAGE_RCPT };
	e.rcpt.recipient = chance(2) ? "<anna@contoso.com>" : text;
	feed(r, s, &e);
	fed_add(h, STEP_RCPT, e.rcpt.recipient);
	message_feed(h, r, s);
	record_end(r);
	session_free(s);
	/* Left out as a whole. */
	if (recorder_dropped(to) > dropped)
		h->n = before;
	else
		h->sessions++;
}

static int
session_compare(void *ctx, const struct recorded_session *s)
{
	struct history *h = ctx;
	static const struct fed none;
	const struct fed *fed;

	h->read_sessions++;
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step *step = &s->steps[i];
		const char *text = step->argument;

		if (step->type == STEP_MESSAGE) {
			assert_int_equal(step->message->nfields, 1);
			text = step->message->fields[0].name;
			assert_string_equal(
			    step->message->fields[0].value, "b\n c");
		} else if (step->type != STEP_HELO && step->type != STEP_MAIL &&
			   step->type != STEP_RCPT) {
			continue;
		}
		/* What was refused had no next step. */
		do
			fed = h->read < h->n ? &h->fed[h->read++] : &none;
		while (fed != &none && fed->type != step->type);
		if (strcmp(text, fed->text) != 0)
			fail_msg("line %u: %s is not %s", (unsigned)step->line,
			    text, fed->text);
	}
	return 0;
}

static void
file_compare(const char *path, void *ctx)
{
	char why[RECORDING_WHY_SIZE];
	struct line_reader lines;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	for (int c; (c = getc(file)) != EOF;)
		assert_false(is_control((char)c));
	rewind(file);
	assert_int_equal(line_reader_init(&lines, file, path), 0);
	if (recording_read(&lines, session_compare, ctx, why))
		fail_msg("%s", why);
	line_reader_fini(&lines);
	fclose(file);
}

static void
recordings_read_back(void **state)
{
	struct history *h = calloc(1, sizeof(*h));
	struct recorder *r = recorder_make(UINT64_C(1) << 40, true);

	(void)state;
	assert_non_null(h);
	for (int i = 0; i < SESSIONS; i++)
		session_make(h, r);
	recorder_stop(r);
	assert_in_range(h->sessions, SESSIONS / 4, SESSIONS - 1);
	assert_int_equal(recorder_dropped(r), SESSIONS - h->sessions);
	recorder_free(r);
	assert_int_equal(files_each(file_compare, h), 1);
	assert_true(h->read_sessions >= h->sessions);
	files_each(file_remove, NULL);
	free(h);
}

static void
file_copy(const char *path, void *ctx)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_in_range(fread(ctx, 1, 4095, file), 1, 4095);
	fclose(file);
}

/* What is replaced is said, and a command that was refused with a control byte
 * is no command of the recording. */
static void
controls_are_replaced(void **state)
{
	struct recorder *to = recorder_make(UINT64_C(1) << 30, true);
	struct session_record *r = record_new(to, "id", ruleset);
	struct session *s = session_new(ruleset);
	struct session_event e = { .stage = STAGE_CONNECT };
	char *text = calloc(1, 4096);

	(void)state;
	assert_true(r && s && text);
	e.connect.client = (struct netaddr){ 0, 0xc0000201, FAMILY_IPV4 };
	e.connect.client_port = -1;
	feed(r, s, &e);
	e = (struct session_event){ .stage = STAGE_HELO,
		.helo.name = "a\x01z" };
	feed(r, s, &e);
	e = (struct session_event){ .stage = STAGE_MAIL };
	e.mail.sender = "<a\x7f@b.example>";
	feed(r, s, &e);
	e.mail.sender = "<a@b.example>";
	feed(r, s, &e);
	record_end(r);
	session_free(s);
	recorder_stop(to);
	recorder_free(to);
	assert_int_equal(files_each(file_copy, text), 1);
	assert_non_null(
	    strstr(text, "C: EHLO a?z\nS: 250\n"
			 "# control bytes above were replaced by \"?\"\n"));
	assert_non_null(
	    strstr(text, "\n# C: MAIL FROM:<a?@b.example>\n# S: 553 5.1.7 "));
	assert_non_null(strstr(text, "\nC: MAIL FROM:<a@b.example>\nS: 250\n"));
	files_each(file_remove, NULL);
	free(text);
}

/* ---- The folder ------------------------------------------------------ */

static void
put(struct recorder *r, size_t len)
{
	struct recorder_text *text = recorder_text_resize(r, NULL, len);

	assert_non_null(text);
	memset(text->bytes, '#', len);
	text->bytes[len - 1] = '\n';
	text->len = len;
	recorder_put(r, text);
}

static void
old_files_go(void **state)
{
	enum { SIZE = 1 << 20, TEXT = 1000 };
	const struct timespec times[2] = { { .tv_sec = 1000 },
		{ .tv_sec = 1000 } };
	static const char *const names[] = { "20200101T000000Z-0.session",
		"mine.session", "20200101T000000Z-0.session.gz" };
	struct recorder *r;
	uint64_t size = 0;
	char path[100];
	size_t files;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		int fd = open(path, O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		assert_int_equal(futimens(fd, times), 0);
		close(fd);
	}
	r = recorder_make(SIZE, false);
	for (int i = 0; i < 5 * SIZE / TEXT; i++)
		put(r, TEXT);
	recorder_stop(r);
	assert_int_equal(recorder_dropped(r), 0);
	recorder_free(r);
	files = files_each(file_measure, &size);
	assert_in_range(size, SIZE / 2, SIZE + SIZE / 16 + TEXT);
	/* Others' files are not ours to remove. */
	assert_in_range(files, 10, 2 + 17);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		assert_int_equal(access(path, F_OK), i ? 0 : -1);
	}
	files_each(file_remove, NULL);
}

/* It could not be replayed. */
static void
nothing_is_no_file(void **state)
{
	struct recorder *r = recorder_make(UINT64_C(1) << 30, false);

	(void)state;
	recorder_stop(r);
	recorder_free(r);
	assert_int_equal(files_each(file_remove, NULL), 0);
}

/* Memory is bounded, whoever waits for the disk; a session that the disk has
 * no room for is dropped, and leaves no half. */
static void
too_much_is_dropped(void **state)
{
	struct rlimit old, limit;
	struct recorder *r = recorder_make(UINT64_C(1) << 40, false);
	struct recorder_text *held = NULL, *more;
	uint64_t size = 0;

	(void)state;
	while ((more = recorder_text_resize(r, NULL, 1 << 20))) {
		more->next = held;
		held = more;
		size += 1 << 20;
	}
	assert_in_range(size, 1 << 20, 64 << 20);
	while ((more = held)) {
		held = held->next;
		recorder_text_free(r, more);
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 10000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 10; i++)
		put(r, 3000);
	recorder_stop(r);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(recorder_dropped(r), 7);
	recorder_free(r);
	size = 0;
	assert_int_equal(files_each(file_measure, &size), 1);
	assert_int_equal(size, 9000);
	files_each(file_remove, NULL);
}

static void
folder_has_to_be_there(void **state)
{
	const struct recorder_limits limits = { 1 << 20, 7, false };
	struct recorder *r;

	(void)state;
	assert_int_equal(recorder_open("/nonexistent", &limits, &r), -ENOENT);
	assert_int_equal(recorder_open("/dev/null", &limits, &r), -ENOTDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_read_back),
		cmocka_unit_test(controls_are_replaced),
		cmocka_unit_test(old_files_go),
		cmocka_unit_test(nothing_is_no_file),
		cmocka_unit_test(too_much_is_dropped),
		cmocka_unit_test(folder_has_to_be_there),
	};

	return cmocka_run_group_tests_name(
	    "record", tests, all_make, all_remove);
}
