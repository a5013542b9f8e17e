/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * missed_text - says an edit of a policy to people.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "amend.h"
#include "calendar.h"

enum { SAID_SIZE = 256 };

static const char *say(struct arena *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* NULL: out of memory. */
static const char *
say(struct arena *arena, const char *format, ...)
{
	char text[SAID_SIZE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return arena_text(arena, text, strlen(text));
}

/* What keeps the client out of an entry. */
static const char *
say_why(
    const struct probe *probe, struct arena *arena, const struct range *entry)
{
	const struct netaddr *client = &probe->client;
	char addr[NETADDR_TEXT_SIZE], date[CALENDAR_TEXT_SIZE];

	if (entry->range.first.family == FAMILY_NONE)
		return say(arena, "has no %s address",
		    client->family == FAMILY_IPV4 ? "IPv4" : "IPv6");
	if (netaddr_compare(&entry->range.last, client) < 0)
		return say(arena, "ends at %s",
		    netaddr_format(&entry->range.last, addr));
	if (netaddr_compare(client, &entry->range.first) < 0)
		return say(arena, "begins at %s",
		    netaddr_format(&entry->range.first, addr));
	if (probe->at >= entry->until)
		return say(arena, "ended on %s",
		    calendar_format(entry->until / CALENDAR_DAY - 1, date));
	return say(arena, "another connector's range is more specific");
}

static const char *
say_ranges(const struct ruleset *ruleset, struct arena *arena,
    const struct amendment *amendment, const struct range *entry)
{
	char addr[NETADDR_TEXT_SIZE], range[NETRANGE_TEXT_SIZE];
	struct netrange extended = entry->range;

	(void)netaddr_format(&amendment->client, addr);
	switch (amendment->type) {
	case AMEND_MOVE:
		return say(arena, "move %s here from %s", addr,
		    ruleset->policy->connectors[amendment->from].name);
	case AMEND_EXTEND:
		if (netaddr_compare(&amendment->client, &extended.first) < 0)
			extended.first = amendment->client;
		else
			extended.last = amendment->client;
		extended.form = NETFORM_RANGE;
		return say(arena, "extend it to %s",
		    netrange_format(&extended, range));
	case AMEND_UNBLOCK:
		if (netaddr_compare(&extended.first, &extended.last) == 0)
			return say(arena, "remove %s", addr);
		return say(arena, "take %s out of it", addr);
	case AMEND_ADD:
	case AMEND_ALLOW:
	case AMEND_ACCEPT:
		break;
	}
	return say(arena, "add %s", addr);
}

static void
tell_ranges(const struct ruleset *ruleset, const struct probe *probe,
    struct arena *arena, const struct amendment *amendment,
    struct missed *missed)
{
	const struct policy *policy = ruleset->policy;
	bool unblock = amendment->type == AMEND_UNBLOCK;
	const struct range_list *list =
	    unblock
		? &policy->ip_block_list
		: &policy->connectors[amendment->connector].remote_ip_ranges;
	struct range entry = { .where = list->where };

	if (amendment->entry != ENTRY_NONE)
		entry = range_get(list, amendment->entry);
	missed->range = entry.range;
	missed->where = entry.where;
	missed->because =
	    unblock ? "is on the IP block list" : say_why(probe, arena, &entry);
	missed->edit = say_ranges(ruleset, arena, amendment, &entry);
	if (!unblock)
		missed->connector =
		    policy->connectors[amendment->connector].name;
}

static void
tell_others(const struct ruleset *ruleset, struct arena *arena,
    const struct amendment *amendment, struct missed *missed)
{
	const struct policy *policy = ruleset->policy;

	if (amendment->type == AMEND_ACCEPT) {
		missed->because = say(
		    arena, "%s is not an accepted domain", amendment->domain);
		missed->edit = say(arena, "accept %s", amendment->domain);
		missed->where = policy->naccepted_domains > 0
				    ? policy->accepted_domains[0].where
				    : (struct where){ .file = policy->file };
		return;
	}
	missed->connector = policy->connectors[amendment->connector].name;
	missed->because = say(arena, "%s lacks %s",
	    principal_name(amendment->principal), right_name(amendment->right));
	missed->edit = say(arena, "allow %s to %s",
	    right_name(amendment->right), principal_name(amendment->principal));
	missed->where = policy->connectors[amendment->connector].where;
}

void
amendment_tell(const struct ruleset *ruleset, const struct probe *probe,
    const struct amendment *amendment, struct arena *arena,
    struct missed *missed)
{
	if (amendment->type == AMEND_ALLOW || amendment->type == AMEND_ACCEPT)
		tell_others(ruleset, arena, amendment, missed);
	else
		tell_ranges(ruleset, probe, arena, amendment, missed);
}
