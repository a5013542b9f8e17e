/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_logs.c - what the readers of logs are made of: times, and lines of
 * comma-separated values.
 */
#include "csv.h"
#include "recording.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: none */
	} cases[] = {
		{ "1970-01-01T00:00:10Z", 10 },
		{ "1970-01-01T00:00:10.999Z,MX1", 10 },
		{ "1970-01-02T00:00:00+02:00 mx1", 79200 },
		{ "1970-01-01T00:00:00.123456-01:30", 5400 },
		{ "1970-01-01T00:00:00", -1 },
		{ "1970-01-01T00:00:00.1", -1 },
		{ "1970-01-01T00:00:00+0200", -1 },
		{ "1970-01-01T00:00:00+02", -1 },
		{ "1970-02-30T00:00:00Z", -1 },
		{ "1970-01-01", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t seconds = -1;
		int rc = clock_stamp(cases[i].text, &seconds);

		assert_int_equal(rc, cases[i].seconds < 0 ? -EINVAL : 0);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void
fields(void **state)
{
	static const struct {
		const char *line, *fields[3];
		int count; /* -1: it cannot be taken apart */
	} cases[] = {
		{ "", { "" }, 1 },
		{ ",", { "", "" }, 2 },
		{ "a,b c,", { "a", "b c", "" }, 3 },
		{ "a,b,c,d,e", { "a", "b", "c" }, 5 },
		{ "\"a,b\",c", { "a,b", "c" }, 2 },
		{ "\"\",\"\"\"\"", { "", "\"" }, 2 },
		{ "\"a\"\"b\"\"\"", { "a\"b\"" }, 1 },
		{ "a\"b,c", { "a\"b", "c" }, 2 },
		{ "\"a", { NULL }, -1 },
		{ "\"a\"\"", { NULL }, -1 },
		{ "\"a\"b", { NULL }, -1 },
		{ "a,\"", { NULL }, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *found[3] = { NULL };
		char line[32];
		int count;

		strcpy(line, cases[i].line);
		count = csv_split(line, strlen(line), found, 3);
		assert_int_equal(
		    count, cases[i].count < 0 ? -EINVAL : cases[i].count);
		for (int f = 0; f < count && f < 3; f++)
			assert_string_equal(found[f], cases[i].fields[f]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
