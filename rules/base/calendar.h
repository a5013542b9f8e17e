/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calendar.h - days of the Gregorian calendar, counted from 1970-01-01.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdint.h>

enum { CALENDAR_DAY = 86400, CALENDAR_TEXT_SIZE = 24 };

/* The day that text begins with, as in 2027-03-31; -1 if it is none that
 * exists, or before 1970. Does not look at what follows the ten characters. */
int64_t calendar_parse(const char *text);
/* The day as text; returns buf. Not for days before 1970. */
const char *calendar_format(int64_t day, char buf[CALENDAR_TEXT_SIZE]);

#endif
