/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_lists - what is doubtful in entries as they were written, and in
 * lists that are no connector's.
 *
 * Each entry is looked at once, where it stands: a network's in the network,
 * however many use it. The allow list is held against what relays, since
 * Exchange needs both and admins forget one.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "calendar.h"

enum { SOON = 30 * CALENDAR_DAY };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Entries --------------------------------------------------------- */

/* what: a range, or the name of a network under which the end stands. */
static void
check_until(
    struct check *check, int64_t until, struct where where, const char *what)
{
	char day[CALENDAR_TEXT_SIZE];

	if (until == UNTIL_FOREVER || until - SOON > check->now)
		return;
	(void)calendar_format((until - 1) / CALENDAR_DAY, day);
	if (check->now >= until)
		check_say(check, W_EXPIRED, SEVERITY_WARNING, where,
		    "%s took part until %s (UTC) and does not any more: "
		    "remove it, or write a later day",
		    what, day);
	else
		check_say(check, W_EXPIRING, SEVERITY_NOTE, where,
		    "%s takes part until %s (UTC) only: write a later day if "
		    "it is still needed then",
		    what, day);
}

static void
check_entry(struct check *check, const struct range *range)
{
	const struct netaddr *first = &range->range.first;
	char text[NETRANGE_TEXT_SIZE];

	(void)netrange_format(&range->range, text);
	if (range->host_bits)
		check_say(check, W_HOST_BITS, SEVERITY_WARNING, range->where,
		    "this has host bits set and means the whole network %s: "
		    "write that, or the one address without the length",
		    text);
	if (range->range.form == NETFORM_SINGLE && (first->hi | first->lo) == 0)
		check_say(check, W_BARE_ZERO, SEVERITY_WARNING, range->where,
		    "%s alone is one address, and no client has it: for "
		    "everyone write %s, else remove it",
		    text,
		    first->family == FAMILY_IPV4 ? "0.0.0.0-255.255.255.255"
						 : "\"::/0\"");
	check_until(check, range->until, range->where, text);
}

/* ---- Networks -------------------------------------------------------- */

struct use {
	const struct network *network;
	bool used;
};

struct uses {
	struct check *check;
	struct use *items; /* by address of the name, which ranges share */
	size_t count;
	const char *name; /* the last one looked for */
	struct use *use;
	size_t next; /* the entry of it that should come next */
	int64_t told;
};

static int
use_compare(const void *left, const void *right)
{
	const struct use *a = left, *b = right;
	uintptr_t v = (uintptr_t)a->network->name;
	uintptr_t w = (uintptr_t)b->network->name;

	return (v > w) - (v < w);
}

static void
use_find(struct uses *uses, const char *name)
{
	struct network network = { .name = name };
	struct use key = { .network = &network };

	if (uses->name == name)
		return;
	uses->name = name;
	uses->next = 0;
	uses->use = bsearch(
	    &key, uses->items, uses->count, sizeof(*uses->items), use_compare);
	if (uses->use != NULL)
		uses->use->used = true;
}

/* A list's entry that names a network may say an end of its own; it stands
 * with each range of the network, which come in their order. */
static void
check_named(
    struct uses *uses, const struct range_list *list, const struct range *range)
{
	const struct range_list *network;
	int64_t written;
	char text[NETRANGE_TEXT_SIZE + 16];

	use_find(uses, range->network);
	if (uses->use == NULL)
		return;
	network = &uses->use->network->ranges;
	if (uses->next == network->count)
		uses->next = 0;
	if (uses->next == 0)
		uses->told = UNTIL_FOREVER;
	written = range_get(network, uses->next++).until;
	if (range->until < written && range->until != uses->told) {
		uses->told = range->until;
		(void)snprintf(
		    text, sizeof(text), "network %.80s here", range->network);
		check_until(uses->check, range->until, list->where, text);
	}
}

static void
check_list(struct uses *uses, const struct range_list *list)
{
	size_t i;

	uses->name = NULL;
	for (i = 0; i < list->count; i++) {
		struct range range = range_get(list, i);

		if (range.network == NULL)
			check_entry(uses->check, &range);
		else
			check_named(uses, list, &range);
	}
}

/* Empty networks leave no trace where they are used. */
static void
check_unused(struct uses *uses)
{
	size_t i;

	for (i = 0; i < uses->count; i++)
		if (!uses->items[i].used &&
		    uses->items[i].network->ranges.count != 0)
			check_say(uses->check, W_UNUSED_NETWORK,
			    SEVERITY_WARNING, uses->items[i].network->where,
			    "network %s is not used: name it in "
			    "remote_ip_ranges of a connector or in a list, or "
			    "remove it",
			    uses->items[i].network->name);
}

/* ---- Lists that are no connector's ------------------------------------ */

struct nesting {
	struct check *check;
	const struct range_list *list;
	const char *key;
};

static void
on_nested(void *ctx, const struct checked_range *item,
    const struct checked_range *outer)
{
	const struct nesting *nesting = ctx;
	struct range range, other;
	char text[NETRANGE_TEXT_SIZE], wider[NETRANGE_TEXT_SIZE];

	if (outer == NULL)
		return;
	range = range_get(nesting->list, item->index);
	other = range_get(nesting->list, outer->index);
	(void)netrange_format(&range.range, text);
	(void)netrange_format(&other.range, wider);
	if (addr_order(&range.range.first, &other.range.first) == 0 &&
	    addr_order(&range.range.last, &other.range.last) == 0)
		check_say(nesting->check, W_DUPLICATE, SEVERITY_WARNING,
		    range.until <= other.until ? range.where : other.where,
		    "%s stands twice in %s (%s:%u:%u and %s:%u:%u): remove one",
		    text, nesting->key, other.where.file,
		    (unsigned)other.where.line, (unsigned)other.where.column,
		    range.where.file, (unsigned)range.where.line,
		    (unsigned)range.where.column);
	else if (range.until <= other.until)
		check_say(nesting->check, W_SHADOWED, SEVERITY_NOTE,
		    range.where,
		    "%s lies inside %s of the same list %s (%s:%u:%u) and "
		    "changes "
		    "nothing: remove one of the two",
		    text, wider, nesting->key, other.where.file,
		    (unsigned)other.where.line, (unsigned)other.where.column);
}

static int
check_nesting(
    struct check *check, const struct range_list *list, const char *key)
{
	struct nesting nesting = { .check = check, .list = list, .key = key };
	struct checked_range *items =
	    arena_array(check->arena, list->count, sizeof(*items));
	uint32_t *stack =
	    arena_array(check->arena, list->count, sizeof(*stack));
	size_t i, count = 0;

	if (items == NULL || stack == NULL)
		return -ENOMEM;
	for (i = 0; i < list->count; i++)
		if (!check_expired(check, list, i))
			items[count++] = item_of(list, 0, i);
	items_sort(items, count);
	items_nest(items, count, stack, on_nested, &nesting);
	return 0;
}

static void
check_domains(struct check *check)
{
	const struct ruleset *ruleset = check->ruleset;
	const struct policy *policy = ruleset->policy;

	for (size_t i = 0; i < policy->naccepted_domains; i++) {
		const struct accepted_domain *entry =
		    &policy->accepted_domains[i];
		const struct accepted_domain *first =
		    domset_first(ruleset->domains, entry);

		if (first != entry)
			check_say(check, W_DUPLICATE, SEVERITY_WARNING,
			    entry->where,
			    "accepted_domains: %s%s is repeated (first used in "
			    "%s:%u:%u); remove one of the two",
			    entry->subdomains ? "*." : "", entry->name,
			    first->where.file, (unsigned)first->where.line,
			    (unsigned)first->where.column);
	}
}

int
check_lists(struct check *check)
{
	const struct policy *policy = check->ruleset->policy;
	const struct {
		const struct range_list *list;
		const char *key;
	} lists[] = {
		{ &policy->ip_allow_list, "ip_allow_list" },
		{ &policy->ip_block_list, "ip_block_list" },
		{ &policy->exchange_servers.remote_ip_ranges,
		    "exchange_servers" },
		{ &policy->exchange_legacy_servers.remote_ip_ranges,
		    "exchange_legacy_servers" },
	};
	struct uses uses = { .check = check, .count = policy->nnetworks };
	int error = 0;
	size_t i, j;

	uses.items = arena_array(check->arena, uses.count, sizeof(*uses.items));
	if (uses.items == NULL)
		return -ENOMEM;
	for (i = 0; i < uses.count; i++) {
		const struct range_list *list = &policy->networks[i].ranges;

		uses.items[i].network = &policy->networks[i];
		for (j = 0; j < list->count; j++) {
			struct range range = range_get(list, j);

			check_entry(check, &range);
		}
	}
	if (uses.count > 1)
		qsort(uses.items, uses.count, sizeof(*uses.items), use_compare);
	for (i = 0; i < policy->nconnectors; i++)
		check_list(&uses, &policy->connectors[i].remote_ip_ranges);
	for (i = 0; i < COUNT(lists) && error == 0; i++) {
		check_list(&uses, lists[i].list);
		error = check_nesting(check, lists[i].list, lists[i].key);
	}
	for (i = 0; i < policy->nnever; i++)
		check_list(&uses, &policy->never[i].ranges);
	check_unused(&uses);
	check_domains(check);
	return error;
}

/* ---- The allow list -------------------------------------------------- */

static int
on_allowed(void *ctx, const struct netrange *clients, uint32_t pick)
{
	struct check *check = ctx;
	const struct netset *set = check->ruleset->allow;
	const struct range_list *list = &check->ruleset->policy->ip_allow_list;

	for (; pick != NETSET_NONE; pick = netset_next(set, pick))
		if (!check_expired(check, list, netset_entry(set, pick)))
			break;
	if (pick != NETSET_NONE)
		check->allowed[check->nallowed++].range = *clients;
	return 0;
}

static int
count_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	size_t *count = ctx;

	(void)clients;
	(void)pick;
	++*count;
	return 0;
}

/* With room for one more, which holds the sum. */
int
check_allowed_collect(struct check *check)
{
	size_t room = 0;

	(void)netset_walk(check->ruleset->allow, count_interval, &room);
	check->allowed =
	    arena_array(check->arena, room + 1, sizeof(*check->allowed));
	if (check->allowed == NULL)
		return -ENOMEM;
	return netset_walk(check->ruleset->allow, on_allowed, check);
}

/* The first that does not end before an address. */
static size_t
allowed_from(const struct check *check, const struct netaddr *addr)
{
	size_t low = 0, high = check->nallowed;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_order(&check->allowed[middle].range.last, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The same, quickly where one asks in order. */
static size_t
allowed_near(struct check *check, const struct netaddr *addr)
{
	size_t at = check->allowed_at;

	if (at > 0 && addr_order(&check->allowed[at - 1].range.last, addr) >= 0)
		at = allowed_from(check, addr);
	while (at < check->nallowed &&
	       addr_order(&check->allowed[at].range.last, addr) < 0)
		at++;
	check->allowed_at = at;
	return at;
}

bool
check_allowed_meet(struct check *check, const struct netrange *clients)
{
	struct netaddr next = clients->first;
	bool all = true;
	size_t i;

	for (i = allowed_near(check, &clients->first); i < check->nallowed;
	     i++) {
		struct allowed *allowed = &check->allowed[i];

		if (addr_order(&allowed->range.first, &clients->last) > 0)
			break;
		allowed->relays = true;
		all = all && addr_order(&allowed->range.first, &next) <= 0;
		if (addr_order(&allowed->range.last, &clients->last) >= 0)
			return all;
		next = allowed->range.last;
		next.lo++;
		next.hi += next.lo == 0;
	}
	return false;
}

/* What lists a private address and lets it not relay was likely meant to do
 * both; a public one may well be a sender that is trusted, and no more. */
void
check_allowed(struct check *check)
{
	const struct range_list *list = &check->ruleset->policy->ip_allow_list;
	size_t i, sum = 0;

	for (i = 0; i <= check->nallowed; i++) {
		check->allowed[i].before = sum;
		sum += i < check->nallowed && check->allowed[i].relays;
	}
	if (sum == check->nallowed)
		return;
	for (i = 0; i < list->count; i++) {
		struct range range = range_get(list, i);
		size_t from = allowed_from(check, &range.range.first);
		size_t to = allowed_from(check, &range.range.last);
		char text[NETRANGE_TEXT_SIZE];

		if (to < check->nallowed &&
		    addr_order(&check->allowed[to].range.first,
			&range.range.last) <= 0)
			to++;
		if (check->now >= range.until ||
		    check->allowed[from].before != check->allowed[to].before)
			continue;
		check_say(check, W_ALLOW_NO_RELAY,
		    check_is_private(&range.range) ? SEVERITY_WARNING
						   : SEVERITY_NOTE,
		    range.where,
		    "%s is on ip_allow_list, which gives no right: no client "
		    "of it may relay; if it should, add it to "
		    "remote_ip_ranges of a connector that relays",
		    netrange_format(&range.range, text));
	}
}
