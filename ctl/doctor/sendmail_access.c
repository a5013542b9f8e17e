/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_access.c - the clients that Sendmail's access map lets relay.
 *
 * Reads the text that the map was made from, which has the map's name: the
 * map itself is a database. The longest key that holds a client counts,
 * wherever it stands.
 */
#include "folded.h"
#include "sendmail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

enum { LEVELS = 9 };

/* What the keys of each length, in octets or groups, grant and refuse. */
struct access {
	struct doctor *doctor;
	struct rangeset granted[LEVELS], refused[LEVELS];
};

static void
add(struct doctor *d, struct rangeset *to, const struct netrange *range)
{
	if (rangeset_add(to, range) < 0)
		d->failed = true;
}

/* "192.0.2" to its range; returns the number of octets. -EINVAL: a
 * name. */
static int
octets_parse(const char *key, struct netrange *range)
{
	static const char rest[] = ".0.0.0";
	char text[NETADDR_TEXT_SIZE + 16], why[NETADDR_WHY_SIZE];
	size_t len = strlen(key);
	int dots = 0;

	if (len > NETADDR_TEXT_SIZE || strspn(key, "0123456789.") != len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		dots += key[i] == '.';
	if (dots > 3)
		return -EINVAL;
	snprintf(
	    text, sizeof text, "%s%s/%d", key, &rest[2 * dots], 8 * (dots + 1));
	if (netrange_parse(text, range, NULL, why) < 0)
		return -EINVAL;
	return dots + 1;
}

/* "2001:db8:0:5" likewise; returns the number of groups. */
static int
groups_parse(const char *key, struct netrange *range)
{
	char text[NETADDR_TEXT_SIZE + 16], why[NETADDR_WHY_SIZE];
	size_t len = strlen(key);
	int groups = 1;

	if (len > NETADDR_TEXT_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		groups += key[i] == ':';
	if (groups > 8)
		return -EINVAL;
	snprintf(text, sizeof text, "%s%s/%d", key, groups < 8 ? "::" : "",
	    16 * groups);
	if (netrange_parse(text, range, NULL, why) < 0)
		return -EINVAL;
	return groups;
}

/* A line "TAG:KEY VALUE" of which the tag is Connect, or that has none. */
static void
take_access(struct access *a, const char *key, const char *value,
    const struct where *where)
{
	bool relays = strcasecmp(value, "RELAY") == 0;
	struct netrange range;
	int level;

	if (strncasecmp(key, "Connect:", 8) == 0)
		key += 8;
	/* The short form is never looked up; see check_form() of
	 * sendmail_relay.c. */
	if (strncasecmp(key, "IPv6:", 5) == 0 && strstr(key + 5, "::") != NULL)
		return;
	if (strncasecmp(key, "IPv6:", 5) == 0)
		level = groups_parse(key + 5, &range);
	else if (strchr(key, ':') != NULL)
		return; /* To:, From:, and what is not about clients */
	else
		level = octets_parse(key, &range);
	if (level > 0)
		add(a->doctor, relays ? &a->granted[level] : &a->refused[level],
		    &range);
	else if (relays)
		doctor_say(a->doctor, D_RELAY_DOMAINS, *where,
		    "%s RELAY grants relay by the name of a client; for a "
		    "domain to accept write To:%s RELAY",
		    key, key);
}

/* From the shortest keys to the longest. */
static void
join_levels(struct access *a, struct rangeset *table)
{
	for (int level = 0; level < LEVELS; level++) {
		rangeset_sort(&a->refused[level]);
		if (rangeset_subtract(table, &a->refused[level]) < 0)
			a->doctor->failed = true;
		rangeset_sort(&a->granted[level]);
		if (rangeset_unite(table, &a->granted[level]) < 0)
			a->doctor->failed = true;
		rangeset_fini(&a->refused[level]);
		rangeset_fini(&a->granted[level]);
	}
}

int
sendmail_access(struct doctor *d, const char *path, struct rangeset *granted)
{
	struct access access = { .doctor = d };
	struct folded folded;
	struct where where = { 0 };
	char *text, *line;
	int error = doctor_read(d, path, &text, &where.file);

	if (error < 0)
		return error;
	folded = folded_start(text, FOLDED_SENDMAIL);
	while ((line = folded_next(&folded, &where.line)) != NULL) {
		size_t key = strcspn(line, blanks);
		const char *value = line + key + strspn(line + key, blanks);

		if (line[key] == '\0')
			continue;
		line[key] = '\0';
		take_access(&access, line, value, &where);
	}
	join_levels(&access, granted);
	return 0;
}
