/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of recordings, the comparison of headers and replies, and
 * ranges as blocks: what recorded sessions stand on, and so cannot show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conversation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE(fields) \
	"connect 192.0.2.1\nC: DATA\nS: 354\n" fields "C:\nC: .\nS: 250\n"

static int
read_text(const char *text, size_t len,
    int (*session)(void *ctx, const struct recorded_session *), void *ctx,
    char why[RECORDING_WHY_SIZE])
{
	FILE *f = len == 0 ? fopen("/dev/null", "r")
			   : fmemopen((void *)(uintptr_t)text, len, "r");
	struct line_reader lines;
	int rc;

	assert_non_null(f);
	assert_int_equal(0, line_reader_init(&lines, f, "t"));
	rc = recording_read(&lines, session, ctx, why);
	line_reader_fini(&lines);
	fclose(f);
	return rc;
}

static void
parse(const char *text,
    int (*session)(void *ctx, const struct recorded_session *), void *ctx)
{
	char why[RECORDING_WHY_SIZE];

	if (read_text(text, strlen(text), session, ctx, why) != 0)
		fail_msg("%s", why);
}

static int
take_session(void *ctx, const struct recorded_session *s)
{
	size_t *lines = ctx;

	*lines = *lines * 100 + s->line;
	return s->line == 9 ? 7 : 0;
}

/* ---- Reading --------------------------------------------------------- */

static void
refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "t:1: no session" },
		{ "# nothing\n", "t:1: no session" },
		{ "C: EHLO a\n", "t:1: C: before connect" },
		{ "connect\n", "t:1: write connect" },
		{ "connect 1.2.3.4 from 1.2.3.4:25\n", "t:1: write connect" },
		{ "connect 1.2.3.4 to\n", "t:1: write connect" },
		{ "connect 1.2.3.4 to 1.2.3.4\n", "t:1: connect to" },
		{ "connect 1.2.3.4:65536\n", "t:1: connect 1.2.3.4:65536" },
		{ "connect 1.2.3\n", "t:1: connect 1.2.3:" },
		{ "connect [::1\n", "t:1: connect [::1: write [IP]:PORT" },
		{ "connect 1.2.3.4 to unknown:25\n", "t:1: connect to" },
		{ "at noon\n", "t:1: write at" },
		{ "at 2026-02-29\n", "t:1: write at" },
		{ "connect ::1\nauth\n", "t:2: write auth NAME" },
		{ "connect ::1\nS: 220\nS: 250\n", "t:3: a reply without" },
		{ "connect ::1\nC: NOOP\nS: 25\n", "t:3: a reply begins" },
		{ "connect ::1\nC: NOOP\nS: 650\n", "t:3: a reply begins" },
		{ "connect ::1\nC: NOOP\nS: 2505\n", "t:3: a reply begins" },
		{ "connect ::1\nC: NOOP\nS: 250-a\nS: 251 b\n",
		    "t:4: one reply, two codes" },
		{ "connect ::1\nC: NOOP\nS: 250-a\n", "t:3: the last reply" },
		{ "connect ::1\nC: A\nS: 250-a\nC: B\n", "t:4: the reply" },
		{ "connect ::1\nC: A\nS: 250-a\nauth b\n", "t:4: the reply" },
		{ "connect ::1\nC: A\nS: 250-a\nconnect ::1\n",
		    "t:4: the reply" },
		{ "connect ::1\nC:\n", "t:2: an empty command" },
		{ "connect ::1\nC: DATA\nS: 354\nC: a\n",
		    "t:4: the last message" },
		{ "connect ::1\nC: DATA\nS: 354\nS: 250\n",
		    "t:4: a reply within a message" },
		{ "connect ::1\nC: DATA\nS: 354\nauth a\n",
		    "t:4: auth within a message" },
		{ "connect ::1\nstamp A: b\n", "t:2: no message" },
		{ MESSAGE("C: A: b\n") "stamp A\n", "t:8: write stamp" },
		{ MESSAGE("C: A: b\n") "strip\n", "t:8: write the name" },
		{ MESSAGE("C: A: b\n") "strip A B\n", "t:8: write the name" },
		{ MESSAGE("C: A: b\n") "strip B\n", "t:8: the message has no" },
		{ MESSAGE("C: A: b\n") "keep B\n", "t:8: the message has no" },
		{ "connect ::1\nEHLO a\n", "t:2: not understood" },
		{ "connect ::1\nc: EHLO a\n", "t:2: not understood" },
	};
	char why[RECORDING_WHY_SIZE];
	size_t lines;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		why[0] = '\0';
		assert_int_equal(
		    -EINVAL, read_text(cases[i].text, strlen(cases[i].text),
				 take_session, &lines, why));
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: %s", cases[i].why, why);
	}
	assert_int_equal(-EINVAL,
	    read_text("connect ::1\n\0", 13, take_session, &lines, why));
	assert_string_equal("t:2: a NUL byte", why);
}

static void
refuses_long_lines(void **state)
{
	size_t len = LINE_READER_MAX + 20, lines;
	char *text = malloc(len), why[RECORDING_WHY_SIZE];

	(void)state;
	memset(text, 'x', len);
	memcpy(text, "connect ::1\nC: ", 15);
	assert_int_equal(
	    -EINVAL, read_text(text, len, take_session, &lines, why));
	assert_non_null(strstr(why, "t:2: longer than"));
	free(text);
}

/* Lines that are passed over, as those of a log are: what was wrong with one
 * of them is not said of another. */
static void
passes_over_lines(void **state)
{
	static const int results[] = { -EFBIG, 1, -EILSEQ, 1, -EILSEQ, -EILSEQ,
		1, 0 };
	size_t size = 3 * LINE_READER_MAX, len;
	char *text = malloc(size), *end, *line;
	struct line_reader lines;
	FILE *f;

	(void)state;
	memset(text, 'x', size);
	text[LINE_READER_MAX + 1] = '\0';
	end = text + 2 * LINE_READER_MAX;
	memcpy(end - 1, "\na\r\nb\0c\nd\n\0\n\0\0\ne", 16);
	assert_non_null(f = fmemopen(text, (size_t)(end + 15 - text), "r"));
	assert_int_equal(0, line_reader_init(&lines, f, "t"));
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		assert_int_equal(
		    results[i], line_reader_next(&lines, &line, &len));
	assert_int_equal(7, lines.line);
	assert_int_equal(end + 15 - text, lines.bytes);
	line_reader_fini(&lines);
	fclose(f);
	free(text);
}

static int
check_steps(void *ctx, const struct recorded_session *s)
{
	const struct step *step = s->steps;

	(void)ctx;
	assert_string_equal("t", s->file);
	assert_int_equal(0, s->client_port);
	assert_int_equal(26, s->local.port);
	assert_int_equal(FAMILY_IPV6, s->local.addr.family);
	assert_int_equal(8, s->nsteps);
	assert_int_equal(STEP_BANNER, step[0].type);
	assert_string_equal("hello", step[0].expect.text);
	assert_int_equal(STEP_HELO, step[1].type);
	assert_string_equal("a", step[1].argument);
	assert_int_equal(4, step[1].expect.line);
	assert_string_equal("2.0.0", step[1].expect.enhanced);
	assert_string_equal("two", step[1].expect.text);
	assert_string_equal("<a b@c>", step[2].argument);
	assert_string_equal("SIZE=1", step[2].params[0]);
	assert_string_equal("X", step[2].params[1]);
	assert_null(step[2].params[2]);
	assert_int_equal(10, step[2].expect.line);
	assert_int_equal(STEP_AUTH, step[3].type);
	assert_string_equal("joe", step[3].text);
	assert_string_equal("<\"> \"@c>", step[4].argument);
	assert_string_equal("5xx", step[4].expect.code);
	assert_null(step[4].expect.text);
	assert_int_equal(12, step[5].expect.line);
	assert_string_equal(".dot", step[6].message->lines[0]);
	assert_int_equal(15, step[6].expect.line);
	assert_int_equal(0, step[7].expect.line);
	return 0;
}

static void
reads_steps(void **state)
{
	(void)state;
	parse("connect 192.0.2.1:0 to [::1]:26\r\n"
	      "S: 220 hello\n"
	      "C: EHLO a\n"
	      "S: 250-one\n"
	      "S: 250 2.0.0 two \n"
	      "C: MAIL FROM: <a b@c> SIZE=1 X\n"
	      "auth joe\n"
	      "C: rcpt to:<\"> \"@c>\n"
	      "C: DATA\n"
	      "S: 250\n"
	      "S: 5xx 5.7.1\n"
	      "S: 354\n"
	      "C: ..dot\n"
	      "C: .\n"
	      "S: 250\n"
	      "C: QUIT\n",
	    check_steps, NULL);
}

/* Each session is handed over when the next one begins, those before a
 * mistake too; and who takes them may stop. */
static void
hands_over(void **state)
{
	static const char text[] = "connect ::1\nC: QUIT\nconnect ::2\n"
				   "at 2026-01-01\nconnect ::3\n";
	char why[RECORDING_WHY_SIZE];
	size_t lines = 0;

	(void)state;
	parse(text, take_session, &lines);
	assert_int_equal(10305, lines);
	lines = 0;
	assert_int_equal(
	    -EINVAL, read_text("connect ::1\nconnect ::2\n\nconnect ::x\n", 38,
			 take_session, &lines, why));
	assert_int_equal(102, lines);
	lines = 0;
	assert_int_equal(
	    7, read_text("\n\n\n\n\n\n\n\nconnect ::1\nconnect ::2\nx\n", 34,
		   take_session, &lines, why));
	assert_int_equal(9, lines);
	assert_string_equal("", why);
}

/* The memory of a session is that of its text. */
static void
refuses_long_sessions(void **state)
{
	static const char line[] = "C: NOOP xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n";
	size_t n = sizeof line - 1, len = 12, lines = 0;
	char *text = malloc(RECORDING_SESSION_SIZE + 2 * n);
	char why[RECORDING_WHY_SIZE];

	(void)state;
	memcpy(text, "connect ::1\n", 12);
	while (len <= RECORDING_SESSION_SIZE + 12) {
		memcpy(text + len, line, n);
		len += n;
	}
	assert_int_equal(
	    -EINVAL, read_text(text, len, take_session, &lines, why));
	assert_non_null(strstr(why, ": a session of more than 64 MiB"));
	assert_int_equal(0, lines);
	free(text);
}

static void
reads_times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{ "1970-01-01", 0 },
		{ "2000-02-29T23:59:59Z", 951868799 },
		{ "2026-11-21T09:00:00Z", 1795251600 },
		{ "2100-03-01", 4107542400 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = { "", "2026-11-21T09:00:00",
		"2026-11-21 09:00:00Z", "2100-02-29", "2026-00-01",
		"2026-13-01", "2026-01-32", "2026-01-01T24:00:00Z",
		"1969-12-31", "2026-1-1", "+026-01-01" };
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(0, clock_parse(cases[i].text, &seconds));
		assert_int_equal(cases[i].seconds, seconds);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(-EINVAL, clock_parse(bad[i], &seconds));
}

/* ---- Headers --------------------------------------------------------- */

static void
take_line(void *ctx, const struct mark_complaint *c)
{
	char *said = ctx;

	snprintf(said + strlen(said), 256 - strlen(said), "%u;", c->mark->line);
}

struct said {
	const char *out; /* the header as it came out */
	char text[256];  /* lines of marks that do not hold */
};

static int
compare_marks(void *ctx, const struct recorded_session *s)
{
	struct arena *arena = arena_new(0);
	struct said *said = ctx;
	struct recorded_field *fields;
	size_t count;

	assert_int_equal(0, fields_parse(arena, said->out, &fields, &count));
	fields_compare(
	    s->steps[1].message, fields, count, take_line, said->text);
	arena_free(arena);
	return 0;
}

/* What is said of a message "A: 1, a: 2, S: x" that comes out as text. The
 * marks begin at line 10. */
static void
must_say(const char *marks, const char *out, const char *want)
{
	static const char head[] = MESSAGE("C: A: 1\nC: a: 2\nC: S: x\n");
	struct said said = { .out = out };
	char text[512];

	snprintf(text, sizeof text, "%s%s", head, marks);
	parse(text, compare_marks, &said);
	if (strcmp(said.text, want) != 0)
		fail_msg(
		    "%s on %s: said %s, want %s", marks, out, said.text, want);
}

static void
compares_marks(void **state)
{
	(void)state;
	must_say("strip A\n", "S: x\n\nA: 1\n", "");
	must_say("strip A\n", "A: 2\nS: x\n", "10;");
	must_say("strip a\n", "S: x\nA: 1\n", "10;");
	/* One that was added is not one that stayed. */
	must_say("strip A\n", "A: 3\n", "");
	must_say("strip A\nstamp A: 2\n", "A: 2\n", "");
	must_say("strip A\nstamp A: 2\n", "A: 2\na: 2\n", "11;");
	must_say("strip A\nstamp A: 2\n", "A: 1\nA: 2\n", "10;11;");
	must_say("stamp B: 1\n", "B: 1\r\n", "");
	must_say("stamp B: 1\n", "B: 2\n", "10;");
	must_say("stamp B: 1\n", "S: x\n", "10;");
	must_say("stamp B: 1 2\n", "b:1\n  2\n", "");
	must_say("stamp B: 12\n", "b:1\n  2\n", "10;");
	must_say("nostamp A\n", "A: 1\na: 2\n", "");
	must_say("nostamp A\n", "", "");
	must_say("nostamp A\n", "A: 3\n", "10;");
	must_say("nostamp A\n", "A: 1\nA: 1\n", "10;");
	must_say("keep A\n", "a: 1\nA: 2\nA: 3\n", "");
	must_say("keep A\n", "A: 1\n", "10;");
	must_say("keep S\nkeep A\n", "A: 1\nA: 2\n", "10;");
}

static int
apply_edits(void *ctx, const struct recorded_session *s)
{
	static const struct edit edits[] = {
		{ .type = EDIT_STRIP, .name = "A", .count = 2 },
		{ .type = EDIT_STAMP, .name = "A", .value = "9" },
	};
	static const struct edit one = {
		.type = EDIT_STRIP,
		.name = "a",
		.count = 1,
	};
	const struct recorded_message *m = s->steps[1].message;
	struct arena *arena = arena_new(0);
	struct recorded_field *fields;
	size_t count;

	(void)ctx;
	assert_int_equal(0, fields_apply(arena, m, edits, 2, &fields, &count));
	assert_int_equal(2, count);
	assert_string_equal("S", fields[0].name);
	assert_string_equal("x\n y\n\tz", fields[0].value);
	assert_string_equal("9", fields[1].value);
	/* A strip of fewer fields leaves the others. */
	assert_int_equal(0, fields_apply(arena, m, &one, 1, &fields, &count));
	assert_int_equal(2, count);
	assert_string_equal("2", fields[1].value);
	arena_free(arena);
	return 0;
}

static void
applies_edits(void **state)
{
	(void)state;
	parse(MESSAGE("C: A: 1\nC: S: x\nC:  y\nC: \tz\nC: a: 2\n"),
	    apply_edits, NULL);
}

/* ---- Replies --------------------------------------------------------- */

static void
take_difference(void *ctx, const struct reply_difference *d)
{
	(void)ctx;
	(void)d;
}

struct given {
	const char *reply;
	struct play_report report;
};

static int
compare_reply(void *ctx, const struct recorded_session *s)
{
	struct given *given = ctx;
	struct answer a;

	assert_int_equal(0, answer_parse(given->reply, &a));
	report_reply(
	    &given->report, "t", "rcpt", &s->steps[0].expect, &a, true);
	return 0;
}

static void
compares_replies(void **state)
{
	static const struct {
		const char *recorded, *given;
		bool same;
	} cases[] = {
		{ "550", "550 5.7.1 Unable to relay", true },
		{ "5xx", "554 5.7.1 Relay access denied", true },
		{ "5xx", "450 4.7.1 later", false },
		{ "550 5.7.1", "550 5.7.1 Unable to relay", true },
		{ "550 5.7.1", "550 5.7.2 Unable to relay", false },
		{ "550 5.7.1", "550 Unable to relay", false },
		{ "550 5.7.1 Unable to relay",
		    "550 5.7.1 <a@b>... Unable to relay", true },
		{ "550 5.7.1 Unable to relay", "550 5.7.1 Unable to relay x",
		    false },
		{ "550 Unable to relay", "550 5.7.1 Unable to relay", true },
		{ "250", "251", false },
		{ "250 2.1.5", "250 2.1.5 Ok", true },
		{ "250", "250-last", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct given given = {
			.reply = cases[i].given,
			.report.difference = take_difference,
		};
		char text[256];

		snprintf(text, sizeof text,
		    "connect ::1\nC: RCPT TO:<a@b>\n"
		    "S: %s\n",
		    cases[i].recorded);
		parse(text, compare_reply, &given);
		assert_int_equal(1, given.report.decisions);
		if ((given.report.differences == 0) != cases[i].same)
			fail_msg("%s, %s", cases[i].recorded, cases[i].given);
	}
	assert_int_equal(-EPROTO, answer_parse("25", &(struct answer){ 0 }));
	assert_int_equal(
	    -EPROTO, answer_parse("2505 x", &(struct answer){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_long_lines),
		cmocka_unit_test(passes_over_lines),
		cmocka_unit_test(refuses_long_sessions),
		cmocka_unit_test(hands_over),
		cmocka_unit_test(reads_steps),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(compares_marks),
		cmocka_unit_test(applies_edits),
		cmocka_unit_test(compares_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
