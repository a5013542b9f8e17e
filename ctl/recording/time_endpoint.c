/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time_endpoint.c - the words of a recording that the command line knows too:
 * the ends of a connection, and times.
 *
 * Times are UTC and of the Gregorian calendar; neither the locale nor the
 * time zone of the host takes part.
 */
#include "recording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
take_port(const char *text, int *port)
{
	int n = 0, i;

	for (i = 0; i < 5 && text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + (text[i] - '0');
	if (i == 0 || text[i] != '\0' || n > 65535)
		return -EINVAL;
	*port = n;
	return 0;
}

int
recording_endpoint(const char *text, struct netaddr *addr, int *port,
    char why[NETADDR_WHY_SIZE])
{
	const char *colon = strchr(text, ':'), *behind = NULL;
	char host[64];
	size_t len = strlen(text), skip = 0;

	if (strcmp(text, "unknown") == 0) {
		*addr = (struct netaddr){ .family = FAMILY_NONE };
		return 0;
	}
	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL || (close[1] != ':' && close[1] != '\0')) {
			snprintf(why, NETADDR_WHY_SIZE, "write [IP]:PORT");
			return -EINVAL;
		}
		skip = 1;
		len = (size_t)(close - text) - 1;
		behind = close[1] == ':' ? close + 2 : NULL;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		len = (size_t)(colon - text);
		behind = colon + 1;
	}
	if (len >= sizeof host) {
		snprintf(why, NETADDR_WHY_SIZE, "too long for an address");
		return -EINVAL;
	}
	memcpy(host, text + skip, len);
	host[len] = '\0';
	if (behind != NULL && take_port(behind, port) < 0) {
		snprintf(why, NETADDR_WHY_SIZE, "a port is 0 to 65535");
		return -EINVAL;
	}
	return netaddr_parse(host, addr, why);
}

static int64_t
days_of(int64_t year, int month, int day)
{
	/* Days of the proleptic Gregorian calendar since 1970-01-01; the year
	 * begins in March, so that the leap day is its last. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	       1 - 719468;
}

/* How far a zone is east of UTC, in seconds. */
static int
take_zone(const char *text, int64_t *east)
{
	static const char digits[] = "0123456789";

	if (text[0] == 'Z') {
		*east = 0;
		return 0;
	}
	if ((text[0] != '+' && text[0] != '-') || strspn(text + 1, digits) != 2)
		return -EINVAL;
	if (text[3] != ':' || strspn(text + 4, digits) != 2)
		return -EINVAL;
	*east = (text[1] - '0') * 36000 + (text[2] - '0') * 3600 +
		(text[4] - '0') * 600 + (text[5] - '0') * 60;
	if (text[0] == '-')
		*east = -*east;
	return 0;
}

int
clock_stamp(const char *text, int64_t *seconds)
{
	char whole[] = "dddd-dd-ddTdd:dd:ddZ";
	int64_t utc, east;

	if (strnlen(text, sizeof whole - 1) < sizeof whole - 1)
		return -EINVAL;
	memcpy(whole, text, sizeof whole - 2);
	text += sizeof whole - 2;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (clock_parse(whole, &utc) < 0 || take_zone(text, &east) < 0)
		return -EINVAL;
	*seconds = utc - east;
	return 0;
}

int
clock_parse(const char *text, int64_t *seconds)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	int n[6] = { 0 }, at = 0;
	size_t len = strlen(text);
	bool leap;

	if (len != 10 && len != sizeof form - 1)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (form[i] != 'd') {
			if (text[i] != form[i])
				return -EINVAL;
			at++;
		} else if (text[i] < '0' || text[i] > '9') {
			return -EINVAL;
		} else {
			n[at] = n[at] * 10 + (text[i] - '0');
		}
	}
	leap = n[0] % 4 == 0 && (n[0] % 100 != 0 || n[0] % 400 == 0);
	if (n[0] < 1970 || n[1] < 1 || n[1] > 12 || n[2] < 1 ||
	    n[2] > length[n[1] - 1] + (leap && n[1] == 2) || n[3] > 23 ||
	    n[4] > 59 || n[5] > 59)
		return -EINVAL;
	*seconds =
	    days_of(n[0], n[1], n[2]) * 86400 + n[3] * 3600 + n[4] * 60 + n[5];
	return 0;
}
