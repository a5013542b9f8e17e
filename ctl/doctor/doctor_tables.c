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
#include "step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

/* A list of networks of which the first match counts. */
struct entry {
	struct netrange range;
	size_t
	    place; /* in the list; of those on a stack: the one that counts */
	bool grants;
};

struct table {
	struct doctor *doctor;
	struct entry *entries;
	size_t count;
	bool over; /* the last address of IPv6 has been decided */
};

static void
add(struct doctor *d, struct rangeset *to, const struct netrange *range)
{
	if (rangeset_add(to, range) < 0)
		d->failed = true;
}

static void
add_all(struct doctor *d, struct rangeset *to, const struct rangeset *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(d, to, &from->items[i]);
}

/* -EINVAL: the text is no network to Postfix. */
static int
add_entry(struct table *t, const char *text, bool grants)
{
	char why[NETADDR_WHY_SIZE];
	void *entries = t->entries;
	struct netrange range;
	bool host_bits;

	if (netrange_parse(text, &range, &host_bits, why) < 0 || host_bits ||
	    range.form == NETFORM_RANGE)
		return -EINVAL;
	if (arena_grow(
		t->doctor->arena, &entries, t->count, sizeof *t->entries) < 0) {
		t->doctor->failed = true;
		return 0;
	}
	t->entries = entries;
	t->entries[t->count] = (struct entry){ range, t->count, grants };
	t->count++;
	return 0;
}

/* By address, what holds others before them. */
static int
by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = netaddr_compare(&x->range.first, &y->range.first);

	return order != 0 ? order
			  : netaddr_compare(&y->range.last, &x->range.last);
}

/* Adds what the innermost entry of the stack decides, from *at up to its end
 * or up to where the next one begins. */
static void
decide(struct table *t, const struct entry *top, struct netaddr *at,
    const struct netaddr *next, struct rangeset *granted)
{
	struct netrange part = { *at, top->range.last, NETFORM_RANGE };

	if (t->over || (next != NULL && netaddr_compare(next, at) <= 0))
		return;
	if (next != NULL)
		part.last = netstep_previous(*next);
	if (netaddr_compare(at, &part.last) > 0)
		return;
	if (top->grants)
		add(t->doctor, granted, &part);
	*at = netstep_next(part.last);
	t->over = at->hi == 0 && at->lo == 0;
}

/* Networks nest and never cross, so that those around an address are a stack;
 * of these the one that stands first in the list counts. */
static void
add_granted(struct table *t, struct rangeset *granted)
{
	struct entry *stack =
	    arena_array(t->doctor->arena, t->count + 1, sizeof *stack);
	struct netaddr at = { 0 };
	size_t depth = 0;

	if (stack == NULL) {
		t->doctor->failed = true;
		return;
	}
	if (t->count != 0)
		qsort(t->entries, t->count, sizeof *t->entries, by_address);
	for (size_t i = 0; i <= t->count; i++) {
		struct entry *e = i < t->count ? &t->entries[i] : NULL;

		while (depth > 0 &&
		       (e == NULL || !netrange_holds(&stack[depth - 1].range,
					 &e->range.first))) {
			decide(t, &stack[depth - 1], &at, NULL, granted);
			depth--;
		}
		if (e == NULL)
			break;
		if (depth > 0)
			decide(t, &stack[depth - 1], &at, &e->range.first,
			    granted);
		at = e->range.first;
		stack[depth] = *e;
		if (depth > 0 && stack[depth - 1].place < e->place) {
			stack[depth].place = stack[depth - 1].place;
			stack[depth].grants = stack[depth - 1].grants;
		}
		depth++;
	}
	rangeset_sort(granted);
}

void
doctor_wider(struct doctor *d, enum finding finding, const struct where *where,
    const char *what, const struct rangeset *granted)
{
	char text[NETRANGE_TEXT_SIZE];
	struct netrange first;

	if (rangeset_exceeds(granted, &d->relay, &first))
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

/* ---- cidr tables ----------------------------------------------------- */

static bool
is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

int
doctor_action(const char *action)
{
	static const char *const grants[] = { "OK", "RELAY" };
	static const char *const refuses[] = { "BCC", "DEFER",
		"DEFER_IF_PERMIT", "DEFER_IF_REJECT", "DISCARD", "DUNNO",
		"FILTER", "HOLD", "INFO", "PREPEND", "REDIRECT", "REJECT",
		"WARN" };
	size_t len = strcspn(action, blanks);

	/* A number is OK, and with a text behind it a reply. */
	if (len > 0 && strspn(action, "0123456789") == len)
		return action[len] == '\0';
	for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
		if (is_word(action, len, grants[i]))
			return 1;
	for (size_t i = 0; i < sizeof refuses / sizeof *refuses; i++)
		if (is_word(action, len, refuses[i]))
			return 0;
	return strncasecmp(action, "permit", 6) == 0 ? 1 : -EINVAL;
}

int
doctor_cidr(struct doctor *d, const char *path, struct rangeset *granted)
{
	struct table t = { .doctor = d };
	struct folded folded;
	char *text, *line;
	const char *shown;
	uint32_t number;
	int rc = doctor_read(d, path, &text, &shown);

	if (rc < 0)
		return rc;
	folded = folded_start(text, FOLDED_POSTFIX);
	while ((line = folded_next(&folded, &number)) != NULL) {
		size_t key = strcspn(line, blanks);
		int grants =
		    doctor_action(line + key + strspn(line + key, blanks));

		line[key] = '\0';
		if (grants >= 0 && add_entry(&t, line, grants) == 0)
			continue;
		say_line(d, shown, number, line);
		rc = -EINVAL;
	}
	add_granted(&t, granted);
	return rc;
}

/* ---- Sendmail's access map ------------------------------------------- */

enum { LEVELS = 9 };

/* The longest key that holds a client counts, wherever it stands: what the
 * keys of each length, in octets or groups, grant and refuse. */
struct access {
	struct doctor *doctor;
	struct rangeset granted[LEVELS], refused[LEVELS];
};

/* "192.0.2" to its range; answers how many octets there are. -EINVAL: a
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

/* "2001:db8:0:5" likewise; answers how many groups there are. */
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
	/* The short form is never looked up; see check_access(). */
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
		add_all(a->doctor, table, &a->granted[level]);
		rangeset_sort(table);
		rangeset_fini(&a->refused[level]);
		rangeset_fini(&a->granted[level]);
	}
}

int
doctor_access(struct doctor *d, const char *path, struct rangeset *granted)
{
	struct access access = { .doctor = d };
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
		take_access(&access, line, value, &where);
	}
	join_levels(&access, granted);
	return 0;
}

/* ---- Lists of networks ----------------------------------------------- */

/* "[2001:db8::]/32", "!192.0.2.7" and the like. */
static int
add_pattern(struct table *t, const char *item)
{
	char text[NETRANGE_TEXT_SIZE];
	bool grants = *item != '!';
	size_t n = 0;

	for (item += !grants; *item != '\0'; item++) {
		if (n == sizeof text - 1)
			return -EINVAL;
		if (*item != '[' && *item != ']')
			text[n++] = *item;
	}
	text[n] = '\0';
	return add_entry(t, text, grants);
}

/* What Postfix takes mynetworks to be where it is not set. */
static int
default_networks(struct doctor *d, struct postfix *p, struct table *t,
    struct rangeset *networks, const struct where *where)
{
	const char *style = postfix_value(p, NULL, "mynetworks_style", NULL);

	add_pattern(t, "127.0.0.0/8");
	add_pattern(t, "[::1]/128");
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
    const struct postfix_service *s, const char *name,
    struct rangeset *networks, struct where *where)
{
	const char *list = postfix_value(p, s, name, where), *item;
	struct table t = { .doctor = d };
	int rc = 0;

	while ((item = postfix_item(p, &list)) != NULL) {
		if (add_pattern(&t, item) == 0)
			continue;
		doctor_say(d, D_UNTOLD, *where,
		    "%s names %s, which could not be compared with the policy",
		    name, item);
		rc = -EINVAL;
	}
	if (where->line == 0 && strcmp(name, "mynetworks") == 0)
		rc = default_networks(d, p, &t, networks, where);
	add_granted(&t, networks);
	return rc;
}
