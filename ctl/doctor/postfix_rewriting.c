/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_rewriting.c - regexp and pcre tables that make a domain of a local
 * part.
 *
 * Where a recipient of an accepted domain is delivered is Postfix's business.
 * A domain that the client has written into the local part is not: with that
 * it chooses any destination.
 */
#include "folded.h"
#include "postfix.h"

#include <stdlib.h>
#include <string.h>

/* The end of a pattern "/.../" at text, with its flags; "" if there is none. */
static const char *
pattern_end(const char *text)
{
	const char *at = text;

	do {
		at += *at == '\\' && at[1] != '\0' ? 2 : 1;
	} while (*at != '\0' && *at != *text);
	return at + strcspn(at, " \t");
}

/* The place at which group number n opens; NULL: there is none. */
static const char *
group_place(const char *text, const char *end, long n)
{
	for (; text < end; text++) {
		if (*text == '\\')
			text++;
		else if (*text == '(' && text[1] != '?' && --n == 0)
			return text;
	}
	return NULL;
}

static bool
has_at(const char *text, const char *end)
{
	for (; text < end; text++)
		if (*text == '@')
			return true;
	return false;
}

/* The number of the group that a result ends in as its whole domain: "@$2",
 * "@${2}", "@$(2)"; 0: it ends in none. */
static long
domain_group(const char *result)
{
	const char *at = strstr(result, "@$");
	char *end;
	long n;

	if (!at)
		return 0;
	at += 2 + (at[2] == '{' || at[2] == '(');
	n = strtol(at, &end, 10);
	end += *end == '}' || *end == ')';
	return strchr(", \t", *end) ? n : 0;
}

/* A rule whose result has as its domain what the pattern takes from before
 * the last @. */
static bool
is_open(const char *rule)
{
	const char *end, *group;
	long n;

	if (strncmp(rule, "if", 2) == 0 || strncmp(rule, "endif", 5) == 0)
		return false;
	end = pattern_end(rule);
	n = domain_group(end);
	group = n > 0 ? group_place(rule, end, n) : NULL;
	return group && (has_at(group, end) || !has_at(rule, end));
}

static void
check_table(struct postfix *p, const char *name, const char *table)
{
	struct where where = { 0 };
	struct folded folded;
	char *text, *line;

	if (strncmp(table, "regexp:/", 8) != 0 &&
	    strncmp(table, "pcre:/", 6) != 0)
		return;
	if (doctor_read(p->doctor, strchr(table, ':') + 1, &text, &where.file) <
	    0)
		return;
	folded = folded_start(text, FOLDED_POSTFIX);
	while ((line = folded_next(&folded, &where.line)) != NULL)
		if (is_open(line))
			doctor_say(p->doctor, D_REWRITE, where,
			    "\"%.60s\" in %s takes the domain from the "
			    "recipient's local part: anybody sends to any "
			    "domain; write the domain out",
			    line, name);
}

void
postfix_check_rewriting(struct postfix *p)
{
	static const char *const names[] = { "canonical_maps",
		"recipient_canonical_maps", "virtual_alias_maps" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *list = postfix_value(p, NULL, names[i], NULL),
			   *item;

		while ((item = list_item(p->doctor, &list)) != NULL)
			check_table(p, names[i], item);
	}
}
