/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calendar - days of the Gregorian calendar, counted from 1970-01-01.
 *
 * No clock, no zone and no locale: policies and recordings are in UTC. Both
 * directions count from a year that begins in March, so that a leap day is
 * its last.
 */
#include "calendar.h"

#include <stdbool.h>
#include <stdio.h>

enum { EPOCH = 719468, ERA_DAYS = 146097 }; /* days of 400 years */

static int64_t
day_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	       1 - EPOCH;
}

const char *
calendar_format(int64_t day, char buf[CALENDAR_TEXT_SIZE])
{
	int64_t days = day + EPOCH, era = days / ERA_DAYS;
	int64_t of_era = days % ERA_DAYS;
	int64_t year =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	int64_t of_month = of_year - (153 * month + 2) / 5 + 1;

	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	(void)snprintf(buf, CALENDAR_TEXT_SIZE, "%04d-%02d-%02d", (int)year,
	    (int)month, (int)of_month);
	return buf;
}

int64_t
calendar_parse(const char *text)
{
	static const char form[] = "dddd-dd-dd";
	char back[CALENDAR_TEXT_SIZE];
	int parts[3] = { 0 }, part = 0;
	int64_t day;

	for (unsigned i = 0; i < sizeof form - 1; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return -1;
		if (digit)
			parts[part] = parts[part] * 10 + (text[i] - '0');
		else
			part++;
	}
	if (parts[0] < 1970 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1 ||
	    parts[2] > 31)
		return -1;
	/* A day that does not exist is another one. */
	day = day_of(parts[0], parts[1], parts[2]);
	(void)calendar_format(day, back);
	for (unsigned i = 0; i < sizeof form - 1; i++)
		if (back[i] != text[i])
			return -1;
	return day;
}
