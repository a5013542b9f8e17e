/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calendar against gmtime_r(3), day by day from 1970 to 2500, and days
 * that do not exist.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calendar.h"
#include "cases.h"

static void
agrees_with_gmtime(void **state)
{
	/* Where time_t has 32 bits, gmtime_r() ends in January 2038. */
	const int64_t days =
	    sizeof(time_t) > 4 ? 531 * 366 : INT32_MAX / CALENDAR_DAY;

	(void)state;
	for (int64_t day = 0; day < days; day++) {
		time_t seconds = (time_t)(day * CALENDAR_DAY);
		char text[CALENDAR_TEXT_SIZE], want[64];
		struct tm tm;

		assert_non_null(gmtime_r(&seconds, &tm));
		snprintf(want, sizeof want, "%04d-%02d-%02d", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday);
		assert_string_equal(want, calendar_format(day, text));
		strcat(want, "T");
		assert_int_equal(day, calendar_parse(want));
	}
}

static void
refuses(void **state)
{
	static const char *const cases[] = { "", "2027", "2027-03-3",
		"2027-3-31", "2027-02-29", "2100-02-29", "2027-04-31",
		"2027-00-01", "2027-13-01", "2027-01-00", "2027-01-32",
		"1969-12-31", "2027/01/01", "20270101..", "+027-01-01",
		"2027-01-0\xef" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (calendar_parse(cases[i]) != -1)
			fail_msg("\"%s\"", cases[i]);
	assert_true(calendar_parse("2028-02-29") > 0);
	assert_true(calendar_parse("2000-02-29") > 0);
	assert_int_equal(0, calendar_parse("1970-01-01"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_gmtime),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
