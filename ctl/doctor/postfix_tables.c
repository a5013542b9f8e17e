/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_tables.c - the addresses that cidr tables and lists of networks of
 * Postfix hold.
 *
 * Tables are compared by meaning: what they grant is a set of addresses, and
 * so is what the policy grants. Only text is read, and only where each line
 * of it is understood; a half-understood table is none.
 */
#include "folded.h"
#include "postfix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

/* A list of networks of which the first match counts. */
struct postfix_table {
	struct doctor *doctor;
	struct rangeset granted, decided;
	struct rangeset batch; /* the last networks, which all do the same */
	bool grants;
};

/* What was decided before stays so. */
static void
end_batch(struct postfix_table *t)
{
	struct rangeset *batch = &t->batch;
	int error;

	rangeset_sort(batch);
	error = rangeset_subtract(batch, &t->decided);
	if (!error)
		error = rangeset_unite(&t->decided, batch);
	if (!error && t->grants)
		error = rangeset_unite(&t->granted, batch);
	t->doctor->failed = t->doctor->failed || error < 0;
	rangeset_fini(batch);
	*batch = (struct rangeset){ 0 };
}

/* -EINVAL: the text is no network to Postfix. */
static int
add_network(struct postfix_table *t, const char *text, bool grants)
{
	char why[NETADDR_WHY_SIZE];
	struct netrange range;
	bool host_bits;

	if (netrange_parse(text, &range, &host_bits, why) < 0 || host_bits ||
	    range.form == NETFORM_RANGE)
		return -EINVAL;
	if (grants != t->grants)
		end_batch(t);
	t->grants = grants;
	if (rangeset_add(&t->batch, &range) < 0)
		t->doctor->failed = true;
	return 0;
}

static void
table_end(struct postfix_table *t, struct rangeset *granted)
{
	end_batch(t);
	rangeset_fini(&t->decided);
	*granted = t->granted;
}

/* ---- cidr tables ----------------------------------------------------- */

static bool
is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

int
postfix_action(const char *action)
{
	static const char *const grants[] = { "OK", "RELAY" };
	static const char *const refuses[] = { "BCC", "DEFER",
		"DEFER_IF_PERMIT", "DEFER_IF_REJECT", "DISCARD", "DUNNO",
		"FILTER", "HOLD", "INFO", "PREPEND", "REDIRECT", "REJECT",
		"WARN" };
	size_t len = strcspn(action, blanks);

	/* A number is OK, and with a text after it a reply. */
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
postfix_cidr(struct doctor *d, const char *path, struct rangeset *granted)
{
	struct postfix_table t = { .doctor = d };
	struct where where = { 0 };
	struct folded folded;
	char *text, *line;
	int error = doctor_read(d, path, &text, &where.file);

	if (error < 0)
		return error;
	folded = folded_start(text, FOLDED_POSTFIX);
	while ((line = folded_next(&folded, &where.line)) != NULL) {
		size_t key = strcspn(line, blanks);
		int grants =
		    postfix_action(line + key + strspn(line + key, blanks));

		line[key] = '\0';
		if (grants >= 0 && add_network(&t, line, grants) == 0)
			continue;
		doctor_say(d, D_UNTOLD, where,
		    "\"%.60s\" could not be compared with the policy", line);
		error = -EINVAL;
	}
	table_end(&t, granted);
	return error;
}

/* ---- Lists of networks ----------------------------------------------- */

/* "[2001:db8::]/32", "!192.0.2.7" and the like. */
static int
add_pattern(struct postfix_table *t, const char *item)
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
	return add_network(t, text, grants);
}

/* mynetworks that nobody has set holds whatever networks this host has. */
static bool
is_own_networks(const struct smtpd *s, const char *name, struct where where)
{
	const char *style = smtpd_value(s, "mynetworks_style", NULL);

	if (where.line != 0 || strcmp(name, "mynetworks") != 0 ||
	    strcmp(style, "host") == 0)
		return false;
	doctor_say(s->doctor, D_MYNETWORKS, where,
	    "mynetworks is not set, and so (mynetworks_style = %s) holds the "
	    "networks of this host; write mynetworks = 127.0.0.0/8 [::1]/128",
	    style);
	return true;
}

int
smtpd_networks(const struct smtpd *s, const char *name,
    struct rangeset *networks, struct where *where)
{
	const char *list = smtpd_value(s, name, where), *item;
	struct postfix_table t = { .doctor = s->doctor };
	int error = 0;

	if (is_own_networks(s, name, *where))
		return -EINVAL;
	while ((item = list_item(s->doctor, &list)) != NULL) {
		if (add_pattern(&t, item) == 0)
			continue;
		doctor_say(s->doctor, D_UNTOLD, *where,
		    "%s names %s, which could not be compared with the policy",
		    name, item);
		error = -EINVAL;
	}
	table_end(&t, networks);
	return error;
}
