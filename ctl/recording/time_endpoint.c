/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time_endpoint.c - the words of a recording that the command line knows too:
 * the ends of a connection, and times.
 *
 * Times are UTC and of the Gregorian calendar; neither the locale nor the
 * time zone of the host takes part.
 */
#include "recording.h"
#include "calendar.h"

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
	static const char form[] = "Tdd:dd:ddZ";
	int64_t day = calendar_parse(text);
	int n[3] = { 0 }, at = -1;

	if (day < 0)
		return -EINVAL;
	text += 10;
	for (size_t i = 0; *text != '\0' && i < sizeof form; i++) {
		if (form[i] != 'd' ? text[i] != form[i]
				   : text[i] < '0' || text[i] > '9')
			return -EINVAL;
		if (form[i] == 'd')
			n[at] = n[at] * 10 + (text[i] - '0');
		else
			at++;
	}
	if (n[0] > 23 || n[1] > 59 || n[2] > 59)
		return -EINVAL;
	*seconds = day * CALENDAR_DAY + n[0] * 3600 + n[1] * 60 + n[2];
	return 0;
}
