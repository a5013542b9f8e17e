/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_ranges - what is doubtful in the ranges of connectors.
 *
 * Walks what is won on every listener, and marks each range with what was
 * seen of it; the marks are told of in the order of the policy. A range is
 * called idle only if it is on every listener, and only such that what is
 * advised may be done to all of them at once.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposure.h"
#include "claim.h"

enum { RANGES_TEXT_SIZE = NETRANGE_TEXT_SIZE + 32 };

/* What was seen of a range. */
enum {
	MARK_COMPETES = 1,     /* somewhere, with clients of its family */
	MARK_WINS = 2,         /* now, or when another one has expired */
	MARK_DUPLICATE = 4,    /* of another one of its connector */
	MARK_INSIDE = 8,       /* another one of its connector, somewhere */
	MARK_MATTERS = 16,     /* somewhere it is not inside of one */
	MARK_HOLDS = 32,       /* another one of its connector is inside */
	MARK_PUBLIC = 64,      /* relays for public addresses */
	MARK_NOT_LISTED = 128, /* relays for clients not on the allow list */
	MARK_SEEN = 256        /* wins all of it somewhere, and was judged */
};

struct range_mark {
	uint32_t outer;   /* the range that it is a duplicate of or inside */
	uint32_t gateway; /* an IPv4 address that it relays for, or 0 */
	uint32_t flags;
	const struct bridge *bridge; /* that it relays for, or NULL */
};

/* How far a connector's ranges reach from the first address on, by family. */
struct reach {
	struct netaddr next;
	bool whole;
};

struct ranges {
	struct check *check;
	const struct contest *contest;
	bool families[2]; /* whose clients the contest is for; IPv6 second */
	struct range_mark *marks;
	size_t *base; /* by rule: its first mark */
	bool *competes, *catch_all;
	uint32_t *contests; /* by rule: one that it competes in */
	struct checked_range *all, *items; /* in order; those of the contest */
	size_t nall;
	uint32_t *stack;
};

/* ---- Nesting --------------------------------------------------------- */

static struct range_mark *
mark_of(const struct ranges *ranges, uint32_t rule, uint32_t index)
{
	return &ranges->marks[ranges->base[rule] + index];
}

static void
on_nested(void *ctx, const struct checked_range *item,
    const struct checked_range *outer)
{
	const struct ranges *ranges = ctx;
	struct range_mark *mark = mark_of(ranges, item->rule, item->index);
	struct range_mark *holder;
	bool same;

	mark->flags |= MARK_COMPETES;
	if (outer == NULL || outer->rule != item->rule) {
		mark->flags |= MARK_MATTERS;
		return;
	}
	holder = mark_of(ranges, outer->rule, outer->index);
	same = addr_order(&outer->first, &item->first) == 0 &&
	       addr_order(&outer->last, &item->last) == 0;
	if (same && item->until > outer->until) {
		holder->flags |= MARK_DUPLICATE;
		holder->outer = item->index;
		mark->flags |= MARK_MATTERS;
	} else if (same) {
		mark->flags |= MARK_DUPLICATE;
		mark->outer = outer->index;
	} else if (item->until > outer->until) {
		mark->flags |= MARK_MATTERS;
	} else {
		mark->flags |= MARK_INSIDE;
		mark->outer = outer->index;
		holder->flags |= MARK_HOLDS;
	}
}

/* Adds what of a connector has not expired; answers how many it was. */
static size_t
take(const struct ranges *ranges, size_t rule, struct checked_range *items)
{
	const struct range_list *list =
	    &ranges->check->ruleset->policy->connectors[rule].remote_ip_ranges;
	size_t i, count = 0;

	for (i = 0; i < list->count; i++)
		if (!check_expired(ranges->check, list, i))
			items[count++] = item_of(list, rule, i);
	return count;
}

/* Sorted once, since large contests have most of it in common. */
static void
collect_all(struct ranges *ranges)
{
	const struct policy *policy = ranges->check->ruleset->policy;
	size_t i;

	for (i = 0; i < policy->nconnectors; i++)
		if (policy->connectors[i].enabled)
			ranges->nall +=
			    take(ranges, i, &ranges->all[ranges->nall]);
	items_sort(ranges->all, ranges->nall);
}

/* What competes in the contest, for clients of its families. */
static size_t
collect(struct ranges *ranges)
{
	const struct policy *policy = ranges->check->ruleset->policy;
	const struct checked_range *from = ranges->all;
	size_t i, count = 0, room = 0, taken = ranges->nall;

	for (i = 0; i < policy->nconnectors; i++)
		if (ranges->competes[i])
			room += policy->connectors[i].remote_ip_ranges.count;
	if (room < ranges->nall / 16) {
		from = ranges->items;
		for (i = 0, taken = 0; i < policy->nconnectors; i++)
			if (ranges->competes[i])
				taken += take(ranges, i, &ranges->items[taken]);
		items_sort(ranges->items, taken);
	}
	for (i = 0; i < taken; i++)
		if (ranges->competes[from[i].rule] &&
		    ranges->families[from[i].first.family == FAMILY_IPV6])
			ranges->items[count++] = from[i];
	return count;
}

/* A whole family may be written as halves. */
static void
find_catch_all(struct ranges *ranges, size_t count, struct reach (*reach)[2])
{
	const struct ruleset *ruleset = ranges->check->ruleset;
	size_t i;

	memset(reach, 0, ruleset->policy->nconnectors * sizeof(*reach));
	for (i = 0; i < count; i++) {
		const struct checked_range *item = &ranges->items[i];
		const struct netaddr *last = &item->last;
		bool ipv6 = item->first.family == FAMILY_IPV6;
		struct reach *far = &reach[item->rule][ipv6];

		if (far->whole || !rule_relays(&ruleset->rules[item->rule]) ||
		    item->first.hi > far->next.hi ||
		    (item->first.hi == far->next.hi &&
			item->first.lo > far->next.lo) ||
		    last->hi < far->next.hi ||
		    (last->hi == far->next.hi && last->lo < far->next.lo))
			continue;
		far->next.lo = last->lo + 1;
		far->next.hi = last->hi + (far->next.lo == 0);
		far->whole = ipv6 ? (far->next.hi | far->next.lo) == 0
				  : last->lo == UINT32_MAX;
		if (far->whole)
			ranges->catch_all[item->rule] = true;
	}
}

/* ---- What is won ----------------------------------------------------- */

static void
see_relay(
    struct ranges *ranges, struct slot slot, const struct netrange *clients)
{
	const struct rule *rule = &ranges->check->ruleset->rules[slot.rule];
	struct netrange written =
	    range_clients(&rule->written->remote_ip_ranges, slot.range);
	struct range_mark *mark = mark_of(ranges, slot.rule, slot.range);
	bool listed = check_allowed_meet(ranges->check, clients);

	if (ranges->catch_all[slot.rule] || (mark->flags & MARK_SEEN) != 0 ||
	    (netaddr_is_loopback(&clients->first) &&
		netaddr_is_loopback(&clients->last)))
		return;
	if (!listed && rule->base == SET_OF(PRINCIPAL_ANONYMOUS) &&
	    (rule_rights(rule, rule->base) & SET_OF(RIGHT_BYPASS_ANTI_SPAM)) ==
		0)
		mark->flags |= MARK_NOT_LISTED;
	if (!check_is_private(clients))
		mark->flags |= MARK_PUBLIC;
	if (mark->bridge == NULL)
		mark->bridge = bridge_find(&written, clients);
	if (mark->gateway == 0)
		mark->gateway = gateway_find(&written, clients);
	if (addr_order(&written.first, &clients->first) == 0 &&
	    addr_order(&written.last, &clients->last) == 0)
		mark->flags |= MARK_SEEN;
}

static int
on_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	struct ranges *ranges = ctx;
	const struct ruleset *ruleset = ranges->check->ruleset;
	const struct netset *set = ranges->contest->set;
	bool live = false;

	if (!ranges->families[clients->first.family == FAMILY_IPV6])
		return 0;
	for (; pick != NETSET_NONE; pick = netset_next(set, pick)) {
		struct slot slot =
		    contest_slot(ranges->contest, netset_entry(set, pick));
		const struct rule *rule = &ruleset->rules[slot.rule];

		if (check_expired(ranges->check,
			&rule->written->remote_ip_ranges, slot.range))
			continue;
		mark_of(ranges, slot.rule, slot.range)->flags |= MARK_WINS;
		if (!live && rule_relays(rule))
			see_relay(ranges, slot, clients);
		live = true;
	}
	return 0;
}

/* Who competes in a contest, and for clients of which families: a client
 * reaches a listener of its own family only. */
static void
enter_contest(struct ranges *ranges, size_t contest)
{
	const struct ruleset *ruleset = ranges->check->ruleset;
	const struct view *view = NULL;
	size_t i;

	ranges->contest = &ruleset->contests[contest];
	ranges->families[0] = ranges->families[1] = false;
	for (i = 0; i < ruleset->nviews; i++) {
		if (ruleset->views[i].contest != contest)
			continue;
		view = &ruleset->views[i];
		if (view->type == VIEW_ANY)
			ranges->families[0] = ranges->families[1] = true;
		else
			ranges->families[view->addr.family == FAMILY_IPV6] =
			    true;
	}
	for (i = 0; i < ruleset->policy->nconnectors; i++) {
		ranges->competes[i] =
		    view != NULL &&
		    connector_competes(&ruleset->policy->connectors[i], view);
		if (ranges->competes[i])
			ranges->contests[i] = (uint32_t)contest;
	}
}

/* ---- Telling --------------------------------------------------------- */

static void
tell_idle(const struct ranges *ranges, size_t rule, const struct range *range)
{
	const struct ruleset *ruleset = ranges->check->ruleset;
	const struct contest *contest =
	    &ruleset->contests[ranges->contests[rule]];
	uint32_t pick = netset_find(contest->set, &range->range.first);
	struct choice choice =
	    contest_choice(ruleset, contest, pick, ranges->check->now);
	struct range other;
	char text[NETRANGE_TEXT_SIZE], winner[NETRANGE_TEXT_SIZE];

	if (choice.rule == NULL)
		return;
	other = choice_range(&choice);
	check_say(ranges->check, W_SHADOWED, SEVERITY_WARNING, range->where,
	    "%s of connector \"%s\" wins no client, since smaller ranges "
	    "cover all of it (the first is %s of \"%s\", %s:%u:%u): remove it, "
	    "or what covers it",
	    netrange_format(&range->range, text),
	    ruleset->rules[rule].written->name,
	    netrange_format(&other.range, winner), choice.rule->written->name,
	    other.where.file, (unsigned)other.where.line,
	    (unsigned)other.where.column);
}

static void
tell_nested(const struct ranges *ranges, const struct connector *connector,
    const struct range *range, const struct range_mark *mark)
{
	struct range other =
	    range_get(&connector->remote_ip_ranges, mark->outer);
	char text[NETRANGE_TEXT_SIZE], outer[NETRANGE_TEXT_SIZE];

	(void)netrange_format(&range->range, text);
	(void)netrange_format(&other.range, outer);
	if ((mark->flags & MARK_DUPLICATE) != 0)
		check_say(ranges->check, W_DUPLICATE, SEVERITY_WARNING,
		    range->where,
		    "%s stands twice in connector \"%s\" (the other is in "
		    "%s:%u:%u%s): remove this one",
		    text, connector->name, other.where.file,
		    (unsigned)other.where.line, (unsigned)other.where.column,
		    other.until > range->until ? ", and ends later" : "");
	else
		check_say(ranges->check, W_SHADOWED,
		    range->until == UNTIL_FOREVER ? SEVERITY_NOTE
						  : SEVERITY_WARNING,
		    range->where,
		    "%s lies inside %s of the same connector \"%s\" (%s:%u:%u) "
		    "and changes nothing%s: remove one of the two",
		    text, outer, connector->name, other.where.file,
		    (unsigned)other.where.line, (unsigned)other.where.column,
		    range->until == UNTIL_FOREVER
			? ""
			: ", even when its `until` is over");
}

static void
tell_relay(const struct ranges *ranges, const struct connector *connector,
    const struct range *range, const struct range_mark *mark)
{
	struct netaddr gateway = { .family = FAMILY_IPV4, .lo = mark->gateway };
	char text[NETRANGE_TEXT_SIZE], addr[NETADDR_TEXT_SIZE];

	(void)netrange_format(&range->range, text);
	if (mark->bridge != NULL) {
		check_say(ranges->check, W_BRIDGE, SEVERITY_WARNING,
		    range->where,
		    "%s of relay connector \"%s\" lies in or holds the network "
		    "that %s makes (gateway %s): a published port or a "
		    "container may bring anybody from there; write the "
		    "addresses of the hosts that need to relay",
		    text, connector->name, mark->bridge->name,
		    netaddr_format(&mark->bridge->gateway, addr));
	} else if (mark->gateway != 0) {
		check_say(ranges->check, W_GATEWAY, SEVERITY_WARNING,
		    range->where,
		    "%s of relay connector \"%s\" holds %s, likely a router: "
		    "whoever comes through it with its address may relay; "
		    "write the addresses of the hosts that need to, or give "
		    "the router to a connector that does not relay",
		    text, connector->name, netaddr_format(&gateway, addr));
	}
}

/* The first range of a connector with a flag, how many more, and whether one
 * is of IPv4. */
static bool
first_with(const struct ranges *ranges, size_t rule, unsigned flag,
    struct range *first, char more[RANGES_TEXT_SIZE], bool *ipv4)
{
	const struct range_list *list =
	    &ranges->check->ruleset->policy->connectors[rule].remote_ip_ranges;
	char text[NETRANGE_TEXT_SIZE];
	size_t i, count = 0;

	*ipv4 = false;
	for (i = 0; i < list->count; i++) {
		if ((ranges->marks[ranges->base[rule] + i].flags & flag) == 0)
			continue;
		*ipv4 =
		    *ipv4 || range_clients(list, i).first.family == FAMILY_IPV4;
		if (count++ == 0)
			*first = range_get(list, i);
	}
	if (count == 0)
		return false;
	(void)netrange_format(&first->range, text);
	if (count == 1)
		(void)snprintf(more, RANGES_TEXT_SIZE, "%s", text);
	else
		(void)snprintf(
		    more, RANGES_TEXT_SIZE, "%s and %zu more", text, count - 1);
	return true;
}

/* In IPv6 the hosts of a site have public addresses, too: only a note. */
static void
tell_sums(const struct ranges *ranges, size_t rule, uint64_t public)
{
	struct check *check = ranges->check;
	const struct rule *compiled = &check->ruleset->rules[rule];
	const struct connector *connector = compiled->written;
	struct range first;
	char text[RANGES_TEXT_SIZE];
	struct where where;
	bool ipv4;

	if (ranges->catch_all[rule]) {
		(void)rule_right_origin(
		    compiled, compiled->base, RIGHT_ANY_RECIPIENT, &where);
		check_say(check, W_CATCH_ALL, SEVERITY_WARNING, where,
		    "connector \"%s\" is for everyone and may relay: so may "
		    "each client that no smaller range takes away; give the "
		    "right to a connector of its own, with the addresses of "
		    "the hosts that need it",
		    connector->name);
		return;
	}
	if (first_with(ranges, rule, MARK_PUBLIC, &first, text, &ipv4) &&
	    connector->public_addresses == 0)
		check_say(check, W_PUBLIC,
		    ipv4 ? SEVERITY_WARNING : SEVERITY_NOTE, first.where,
		    "relay connector \"%s\" lets public addresses relay: %s "
		    "(%llu in all, IPv6 in /64 networks); narrow "
		    "remote_ip_ranges, let these hosts log in, or, if this is "
		    "meant, write public_addresses: %llu",
		    connector->name, text, (unsigned long long)public,
		    (unsigned long long)public);
	if (check->ruleset->policy->ip_allow_list.count != 0 &&
	    first_with(ranges, rule, MARK_NOT_LISTED, &first, text, &ipv4))
		check_say(check, W_RELAY_NOT_ALLOWED, SEVERITY_NOTE,
		    first.where,
		    "%s of relay connector \"%s\" may relay but is not, or "
		    "not all, on ip_allow_list: its mail gets no SCL -1, and "
		    "a filter behind may take it for spam; if that is not "
		    "meant, add it there",
		    text, connector->name);
}

/* Whether a connector wins anything; says if it does not. */
static bool
tell_unreachable(const struct ranges *ranges, size_t rule)
{
	const struct connector *connector =
	    ranges->check->ruleset->rules[rule].written;
	const struct range_list *list = &connector->remote_ip_ranges;
	const struct range_mark *marks = &ranges->marks[ranges->base[rule]];
	bool expired = true, competes = false;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if ((marks[i].flags & MARK_WINS) != 0)
			return false;
		expired = expired && check_expired(ranges->check, list, i);
		competes = competes || (marks[i].flags & MARK_COMPETES) != 0;
	}
	check_say(ranges->check, W_UNREACHABLE, SEVERITY_WARNING,
	    connector->where,
	    "connector \"%s\" wins no client on any listener: %s",
	    connector->name,
	    expired
		? "all its ranges have expired; remove it, or write later ends"
	    : !competes ? "its bindings are of one family and its ranges of "
			  "the other; add a binding, such as \"[::]:25\""
			: "smaller ranges of others cover all of its own; "
			  "remove it, or what covers them");
	return true;
}

static void
tell_rule(const struct ranges *ranges, size_t rule, uint64_t public)
{
	const struct connector *connector =
	    ranges->check->ruleset->rules[rule].written;
	const struct range_list *list = &connector->remote_ip_ranges;
	bool idle;
	char text[NETRANGE_TEXT_SIZE];
	size_t i;

	if (!connector->enabled)
		return;
	idle = tell_unreachable(ranges, rule);
	for (i = 0; i < list->count; i++) {
		const struct range_mark *mark =
		    &ranges->marks[ranges->base[rule] + i];
		struct range range;

		if (check_expired(ranges->check, list, i))
			continue;
		range = range_get(list, i);
		if ((mark->flags & MARK_DUPLICATE) != 0 ||
		    ((mark->flags & MARK_INSIDE) != 0 &&
			(mark->flags & MARK_MATTERS) == 0))
			tell_nested(ranges, connector, &range, mark);
		else if (!idle && (mark->flags & MARK_COMPETES) == 0)
			check_say(ranges->check, W_UNREACHABLE,
			    SEVERITY_WARNING, range.where,
			    "%s of connector \"%s\" wins no client: none of "
			    "its bindings is %s; add one, or remove the range",
			    netrange_format(&range.range, text),
			    connector->name,
			    range.range.first.family == FAMILY_IPV6 ? "IPv6"
								    : "IPv4");
		else if (!idle && (mark->flags & (MARK_WINS | MARK_HOLDS)) == 0)
			tell_idle(ranges, rule, &range);
		tell_relay(ranges, connector, &range, mark);
	}
	tell_sums(ranges, rule, public);
}

/* ---- The whole ------------------------------------------------------- */

static int
ranges_init(struct ranges *ranges)
{
	const struct policy *policy = ranges->check->ruleset->policy;
	struct arena *arena = ranges->check->arena;
	size_t i, n = policy->nconnectors, total = 0;

	ranges->base = arena_array(arena, n, sizeof(*ranges->base));
	ranges->competes = arena_array(arena, n, sizeof(*ranges->competes));
	ranges->catch_all = arena_array(arena, n, sizeof(*ranges->catch_all));
	ranges->contests = arena_array(arena, n, sizeof(*ranges->contests));
	if (ranges->base == NULL || ranges->competes == NULL ||
	    ranges->catch_all == NULL || ranges->contests == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		ranges->base[i] = total;
		total += policy->connectors[i].remote_ip_ranges.count;
	}
	ranges->marks = arena_array(arena, total, sizeof(*ranges->marks));
	ranges->all = arena_array(arena, total, sizeof(*ranges->all));
	ranges->items = arena_array(arena, total, sizeof(*ranges->items));
	ranges->stack = arena_array(arena, total, sizeof(*ranges->stack));
	return ranges->marks == NULL || ranges->all == NULL ||
		       ranges->items == NULL || ranges->stack == NULL
		   ? -ENOMEM
		   : 0;
}

static bool
has_public(const struct ranges *ranges)
{
	size_t i;

	for (i = 0; i < ranges->nall; i++)
		if ((mark_of(ranges, ranges->all[i].rule, ranges->all[i].index)
			    ->flags &
			MARK_PUBLIC) != 0)
			return true;
	return false;
}

int
check_ranges(struct check *check)
{
	const struct ruleset *ruleset = check->ruleset;
	size_t i, count, n = ruleset->policy->nconnectors;
	struct ranges ranges = { .check = check };
	uint64_t *sums = arena_array(check->arena, n, sizeof(*sums));
	struct reach(*reach)[2] = arena_array(check->arena, n, sizeof(*reach));

	if (sums == NULL || reach == NULL || ranges_init(&ranges) != 0)
		return -ENOMEM;
	collect_all(&ranges);
	for (i = 0; i < ruleset->ncontests; i++) {
		enter_contest(&ranges, i);
		count = collect(&ranges);
		find_catch_all(&ranges, count, reach);
		items_nest(
		    ranges.items, count, ranges.stack, on_nested, &ranges);
		(void)netset_walk(ranges.contest->set, on_interval, &ranges);
	}
	if (has_public(&ranges) && exposure_count(ruleset, sums) != 0)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		tell_rule(&ranges, i, sums[i]);
	return 0;
}
