/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netadvice - what is wrong with an address, and what to write instead.
 *
 * Repairs a draft until the strict reader accepts it, and proposes what was
 * read in canonical form. Names what cannot be repaired. Decides nothing: it
 * is asked only about text that has been refused.
 */
#include "repair.h"

#include <stdio.h>
#include <string.h>

/* A host name, perhaps with a port. */
static bool
is_name(const struct draft *draft)
{
	size_t i, label = 0, end = draft_find(draft, 0, ':');

	if (end < draft->len &&
	    end + 1 + draft_digits(draft, end + 1) != draft->len)
		return false;
	if (end > 0 && draft->text[end - 1] == '.')
		end--;
	for (i = 0; i < end; i++) {
		char c = draft->text[i];

		if (c == '.')
			label = i + 1;
		else if (!draft_is_letter(c) && !draft_is_digit(c) &&
			 c != '-' && c != '_')
			return false;
	}
	return label < end && draft_is_letter(draft->text[label]);
}

/* What no repair mends but what can be named. */
static const char *
recognise(const struct draft *draft)
{
	size_t slash = draft_find(draft, 0, '/');
	const char *t = draft->text;

	if (draft->len == 0)
		return "it is empty";
	if (strcmp(t, "*") == 0 || strcmp(t, "any") == 0 ||
	    strcmp(t, "all") == 0)
		return "everyone is written out: 0.0.0.0/0 for IPv4, ::/0 "
		       "for IPv6";
	if (t[0] == '!')
		return "nothing is excluded here; give the smaller range to "
		       "another connector";
	if (draft_has(draft, ',') || draft_has(draft, ';'))
		return "each range is an entry of its own";
	if (draft_has(draft, ' ') || draft_has(draft, '\n') ||
	    draft_has(draft, '\t'))
		return "spaces stand in it; are these two entries, with a "
		       "dash or a comma missing?";
	if (strspn(t, "0123456789./") == draft->len && slash < draft->len &&
	    draft_find(draft, slash, '.') < draft->len)
		return "a network has a prefix length, not a netmask";
	if ((t[0] == '0' && (t[1] | 0x20) == 'x') ||
	    draft_digits(draft, 0) == draft->len)
		return "an IPv4 address is four decimal numbers";
	if (is_name(draft))
		return "it is a name; only addresses can stand here, names "
		       "are not looked up";
	return NULL;
}

static bool
is_everyone(const struct netrange *range)
{
	uint64_t lo = range->last.lo - range->first.lo;

	return range->first.family == FAMILY_IPV4
		   ? lo == UINT32_MAX
		   : range->last.hi - range->first.hi == UINT64_MAX &&
			 lo == UINT64_MAX;
}

static void
propose(const char *problem, enum netkind kind, const struct netvalue *value,
    char why[NETADDR_WHY_SIZE])
{
	char text[NETRANGE_TEXT_SIZE], port[8] = "";
	bool wide = value->range.first.family == FAMILY_IPV6;

	(void)netrange_format(&value->range, text);
	if (kind == NETKIND_ENDPOINT)
		(void)snprintf(port, sizeof(port), ":%u", value->port);
	else
		wide = false;
	(void)snprintf(why, NETADDR_WHY_SIZE, "%s; write %s%s%s%s", problem,
	    wide ? "[" : "", text, wide ? "]" : "", port);
}

static void
blame(
    const struct netfault *fault, const char *text, char why[NETADDR_WHY_SIZE])
{
	unsigned char byte;
	size_t position;

	if (fault->at == NULL) {
		(void)snprintf(why, NETADDR_WHY_SIZE, "%s", fault->text);
		return;
	}
	byte = (unsigned char)*fault->at;
	position = (size_t)(fault->at - text) + 1;
	if (byte > ' ' && byte < 0x7f)
		(void)snprintf(why, NETADDR_WHY_SIZE, "'%c' at position %zu %s",
		    byte, position, fault->text);
	else
		(void)snprintf(why, NETADDR_WHY_SIZE,
		    "byte 0x%02x at position %zu %s", byte, position,
		    fault->text);
}

void
netaddr_advise(const char *text, enum netkind kind,
    const struct netfault *fault, char why[NETADDR_WHY_SIZE])
{
	struct draft draft = { .kind = kind, .len = strlen(text) };
	const char *problem = NULL, *named;
	struct netfault again;
	struct netvalue value;
	size_t i;

	if (draft.len > DRAFT_MAX) {
		(void)snprintf(
		    why, NETADDR_WHY_SIZE, "it is too long for an address");
		return;
	}
	memcpy(draft.text, text, draft.len);
	for (i = 0; i < netrepair_count(); i++) {
		const char *mended;

		if (!netrepair_try(&draft, i, &mended))
			continue;
		if (problem == NULL)
			problem = mended;
		if (netaddr_read(draft.text, draft.len, kind, &value, &again) !=
		    0)
			continue;
		/* A slip does not mean everyone. */
		if (value.host_bits && is_everyone(&value.range))
			break;
		propose(
		    problem != NULL ? problem : fault->text, kind, &value, why);
		return;
	}
	named = recognise(&draft);
	if (named != NULL || problem != NULL)
		(void)snprintf(why, NETADDR_WHY_SIZE, "%s",
		    named != NULL ? named : problem);
	else
		blame(fault, text, why);
}
