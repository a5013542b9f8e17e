/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_tables.c - the addresses that tables and lists of an MTA hold.
 *
 * Tables are compared by meaning: what they grant is a set of addresses, and
 * so is what the policy grants. Only text is read, and only where each line
 * of it is understood; a half-understood table is none.
 */
#include "doctor.h"
#include "folded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

/* A table being read: what was decided by the lines so far. */
struct table {
	struct doctor *doctor;
	struct spans granted, refused;
	bool unread; /* a line was not understood */
};

static void
add(struct doctor *d, struct spans *to, const struct netrange *range)
{
	if (spans_add(to, range) < 0)
		d->failed = true;
}

static void
add_all(struct doctor *d, struct spans *to, const struct spans *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(d, to, &from->items[i]);
}

/* Adds a range without what earlier lines have refused. */
static void
grant(struct table *t, const struct netrange *range)
{
	struct spans one = { 0 };

	add(t->doctor, &one, range);
	if (t->refused.count != 0 && spans_remove(&one, &t->refused) < 0)
		t->doctor->failed = true;
	add_all(t->doctor, &t->granted, &one);
	spans_fini(&one);
}

static void
refuse(struct table *t, const struct netrange *range)
{
	add(t->doctor, &t->refused, range);
	spans_settle(&t->refused);
}

void
doctor_wider(struct doctor *d, enum finding finding, const struct where *where,
    const char *what, const struct spans *granted)
{
	char text[NETRANGE_TEXT_SIZE];
	struct netrange first;

	if (spans_beyond(granted, &d->relay, &first))
		doctor_say(d, finding, *where,
		    "%s grants relay to %s, and the policy does not%s", what,
		    netrange_format(&first, text),
		    finding == D_MYNETWORKS
			? "; remove permit_mynetworks"
			: "; write the table anew: connectorctl export");
}

static void
say_line(struct doctor *d, const char *file, uint32_t line, const char *text)
{
	doctor_say(d, D_UNTOLD, (struct where){ .file = file, .line = line },
	    "\"%.60s\" could not be compared with the policy", text);
}

/* Says where it grants more, at the first such line. */
static int
table_end(struct table *t, const char *shown, struct spans *granted)
{
	struct where where = { .file = shown };

	spans_settle(&t->granted);
	doctor_wider(
	    t->doctor, D_TABLE_WIDER, &where, "the table", &t->granted);
	add_all(t->doctor, granted, &t->granted);
	spans_fini(&t->granted);
	spans_fini(&t->refused);
	return t->unread ? -EINVAL : 0;
}

/* ---- cidr tables ----------------------------------------------------- */

/* access(5): OK, any number, or what permits. */
static bool
is_grant(const char *action)
{
	size_t digits = strspn(action, "0123456789");

	return strcasecmp(action, "OK") == 0 ||
	       strncasecmp(action, "permit", 6) == 0 ||
	       (digits > 0 && action[digits] == '\0');
}

int
doctor_cidr(struct doctor *d, const char *path, struct spans *granted)
{
	struct table t = { .doctor = d };
	char *text, *line, why[NETADDR_WHY_SIZE];
	struct folded folded;
	const char *shown;
	uint32_t number;
	int rc = doctor_read(d, path, &text, &shown);

	if (rc < 0)
		return rc;
	folded = folded_start(text, FOLDED_POSTFIX);
	while ((line = folded_next(&folded, &number)) != NULL) {
		size_t key = strcspn(line, blanks);
		const char *action = line + key + strspn(line + key, blanks);
		struct netrange range;

		if (line[key] != '\0')
			line[key] = '\0';
		if (netrange_parse(line, &range, NULL, why) < 0) {
			say_line(d, shown, number, line);
			t.unread = true;
		} else if (is_grant(action)) {
			grant(&t, &range);
		} else {
			refuse(&t, &range);
		}
	}
	return table_end(&t, shown, granted);
}

/* ---- Sendmail's access map ------------------------------------------- */

/* "192.0.2" or "192.0.2.7" to its range; a host's or domain's name: -EINVAL. */
static int
octets_parse(const char *key, struct netrange *range)
{
	static const char rest[] = ".0.0.0";
	char text[NETADDR_TEXT_SIZE + 16], why[NETADDR_WHY_SIZE];
	unsigned dots = 0;
	size_t len = strlen(key);

	if (len == 0 || len > NETADDR_TEXT_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		dots += key[i] == '.';
	if (strspn(key, "0123456789.") != len || dots > 3)
		return -EINVAL;
	snprintf(
	    text, sizeof text, "%s%s/%u", key, &rest[2 * dots], 8 * (dots + 1));
	return netrange_parse(text, range, NULL, why);
}

/* "2001:db8:0:5", the groups that a network has. */
static int
groups_parse(const char *key, struct netrange *range)
{
	char text[NETADDR_TEXT_SIZE + 16], why[NETADDR_WHY_SIZE];
	unsigned groups = 1;
	size_t len = strlen(key);

	if (len == 0 || len > NETADDR_TEXT_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		groups += key[i] == ':';
	if (groups > 8)
		return -EINVAL;
	snprintf(text, sizeof text, "%s%s/%u", key, groups < 8 ? "::" : "",
	    16 * groups);
	return netrange_parse(text, range, NULL, why);
}

/* A line "TAG:KEY VALUE" of which the tag is Connect, or that has none. */
static void
take_access(struct table *t, const char *key, const char *value,
    const struct where *where)
{
	struct netrange range;
	int rc;

	if (strncasecmp(key, "Connect:", 8) == 0)
		key += 8;
	if (strncasecmp(key, "IPv6:", 5) == 0)
		rc = groups_parse(key + 5, &range);
	else if (strchr(key, ':') != NULL)
		return; /* To:, From:, and what is not about clients */
	else
		rc = octets_parse(key, &range);
	if (strcasecmp(value, "RELAY") != 0) {
		if (rc == 0)
			refuse(t, &range);
		return;
	}
	if (rc == 0)
		grant(t, &range);
	else
		doctor_say(t->doctor, D_RELAY_DOMAINS, *where,
		    "%s RELAY grants relay by the name of a client; for a "
		    "domain to accept write To:%s RELAY",
		    key, key);
}

/* A more specific line wins over a wider one wherever it stands: what is
 * refused is taken out at the end. */
int
doctor_access(struct doctor *d, const char *path, struct spans *granted)
{
	struct table t = { .doctor = d };
	struct folded folded;
	struct where where = { 0 };
	char *text, *line;
	int rc = doctor_read(d, path, &text, &where.file);

	if (rc < 0)
		return rc;
	folded = folded_start(text, FOLDED_SENDMAIL);
	while ((line = folded_next(&folded, &where.line)) != NULL) {
		size_t key = strcspn(line, blanks);
		const char *value = line + key + strspn(line + key, blanks);

		if (line[key] == '\0')
			continue;
		line[key] = '\0';
		take_access(&t, line, value, &where);
	}
	return table_end(&t, where.file, granted);
}

/* ---- Lists of networks ----------------------------------------------- */

/* "[2001:db8::]/32" and the like. */
static int
pattern_parse(const char *item, struct netrange *range)
{
	char text[NETRANGE_TEXT_SIZE], why[NETADDR_WHY_SIZE];
	size_t n = 0;

	for (; *item != '\0'; item++) {
		if (n == sizeof text - 1)
			return -EINVAL;
		if (*item != '[' && *item != ']')
			text[n++] = *item;
	}
	text[n] = '\0';
	return netrange_parse(text, range, NULL, why);
}

/* What Postfix takes mynetworks to be where it is not set. */
static int
default_networks(struct doctor *d, struct postfix *p, struct spans *networks,
    const struct where *where)
{
	static const char *const loopback[] = { "127.0.0.0/8", "::1" };
	const char *style = postfix_value(p, NULL, "mynetworks_style", NULL);
	struct netrange range;

	for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
		if (pattern_parse(loopback[i], &range) == 0)
			add(d, networks, &range);
	if (strcmp(style, "host") == 0)
		return doctor_own(d, networks) < 0 ? -EINVAL : 0;
	doctor_say(d, D_MYNETWORKS, *where,
	    "mynetworks is not set, and so (mynetworks_style = %s) holds the "
	    "networks of this host; write mynetworks = 127.0.0.0/8 [::1]/128",
	    style);
	return -EINVAL;
}

int
doctor_networks(struct doctor *d, struct postfix *p,
    const struct postfix_service *s, const char *name, struct spans *networks,
    struct where *where)
{
	const char *list = postfix_value(p, s, name, where), *item;
	struct table t = { .doctor = d };
	bool set = where->line != 0;
	int rc = 0;

	while ((item = postfix_item(p, &list)) != NULL) {
		bool not_it = *item == '!';
		struct netrange range;

		if (pattern_parse(item + not_it, &range) == 0) {
			if (not_it)
				refuse(&t, &range);
			else
				grant(&t, &range);
			continue;
		}
		doctor_say(d, D_UNTOLD, *where,
		    "%s names %s, which could not be compared with the policy",
		    name, item);
		rc = -EINVAL;
	}
	if (!set && strcmp(name, "mynetworks") == 0)
		rc = default_networks(d, p, &t.granted, where);
	add_all(d, networks, &t.granted);
	spans_settle(networks);
	spans_fini(&t.granted);
	spans_fini(&t.refused);
	return rc;
}
