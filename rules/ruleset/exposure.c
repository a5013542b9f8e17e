/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposure - refuses open relays at load.
 *
 * Collects what relaying connectors win, takes away what is not public, and
 * counts the union: IPv4 in addresses, IPv6 in /64 networks, both as numbers
 * of at most 64 bits.
 */
#include "exposure.h"

#include <errno.h>
#include <stdlib.h>

#include "step.h"
#include "claim.h"

/* An inclusive span of addresses (IPv4) or /64 networks (IPv6). */
struct span {
	uint64_t first, last;
	uint32_t rule;
	enum family family;
};

struct spans {
	const struct ruleset *ruleset;
	const struct contest *contest;
	uint32_t rule; /* whose spans are added */
	struct span *items;
	size_t count, room;
};

/* clang-format off */
#define V4(a, b, c, d) \
	{ 0, (uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (d), FAMILY_IPV4 }
#define V6(hi, lo) \
	{ UINT64_C(hi), UINT64_C(lo), FAMILY_IPV6 }

/* What is not public, in order: RFC 1918, RFC 6598, loopback, link-local and
 * ULA (RFC 4193). All but ::1 are whole /64 networks. */
static const struct { struct netaddr first, last; } private_ranges[] = {
	{ V4(10, 0, 0, 0),            V4(10, 255, 255, 255) },
	{ V4(100, 64, 0, 0),          V4(100, 127, 255, 255) },
	{ V4(127, 0, 0, 0),           V4(127, 255, 255, 255) },
	{ V4(169, 254, 0, 0),         V4(169, 254, 255, 255) },
	{ V4(172, 16, 0, 0),          V4(172, 31, 255, 255) },
	{ V4(192, 168, 0, 0),         V4(192, 168, 255, 255) },
	{ V6(0, 1),                   V6(0, 1) },
	{ V6(0xfc00000000000000, 0),  V6(0xfdffffffffffffff, 0xffffffffffffffff) },
	{ V6(0xfe80000000000000, 0),  V6(0xfebfffffffffffff, 0xffffffffffffffff) },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
span_add(struct spans *spans, struct span span)
{
	if (spans->count == spans->room) {
		size_t room = spans->room == 0 ? 64 : spans->room * 2;
		struct span *items =
		    realloc(spans->items, room * sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		spans->items = items;
		spans->room = room;
	}
	spans->items[spans->count++] = span;
	return 0;
}

static int
tell_part(const struct netaddr *first, const struct netaddr *last,
    int (*fn)(void *ctx, const struct netrange *), void *ctx)
{
	struct netrange part = { .first = *first, .last = *last };

	part.form = netset_form(&part);
	return fn(ctx, &part);
}

int
exposure_public(const struct netrange *range,
    int (*fn)(void *ctx, const struct netrange *), void *ctx)
{
	struct netaddr first = range->first, before;
	size_t i;
	int result;

	for (i = 0; i < COUNT(private_ranges); i++) {
		const struct netaddr *from = &private_ranges[i].first;
		const struct netaddr *to = &private_ranges[i].last;

		if (from->family != first.family ||
		    netaddr_compare(to, &first) < 0)
			continue;
		if (netaddr_compare(from, &range->last) > 0)
			break;
		if (netaddr_compare(from, &first) > 0) {
			before = netstep_previous(*from);
			result = tell_part(&first, &before, fn, ctx);
			if (result != 0)
				return result;
		}
		if (netaddr_compare(to, &range->last) >= 0)
			return 0;
		first = netstep_next(*to);
	}
	return tell_part(&first, &range->last, fn, ctx);
}

static int
add_part(void *ctx, const struct netrange *part)
{
	struct spans *spans = ctx;
	bool ipv4 = part->first.family == FAMILY_IPV4;

	return span_add(
	    spans, (struct span){
		       .family = part->first.family,
		       .first = ipv4 ? part->first.lo : part->first.hi,
		       .last = ipv4 ? part->last.lo : part->last.hi,
		       .rule = spans->rule,
		   });
}

static int
collect_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	struct spans *spans = ctx;
	const struct netset *set = spans->contest->set;
	int error = 0;

	for (; pick != NETSET_NONE && error == 0;
	     pick = netset_next(set, pick)) {
		spans->rule =
		    contest_slot(spans->contest, netset_entry(set, pick)).rule;
		if (rule_relays(&spans->ruleset->rules[spans->rule]))
			error = exposure_public(clients, add_part, spans);
	}
	return error;
}

static int
compare_span(const struct span *a, const struct span *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->last > b->last) - (a->last < b->last);
}

static int
compare_all(const void *left, const void *right)
{
	return compare_span(left, right);
}

static int
compare_by_rule(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return compare_span(a, b);
}

static uint64_t
add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The size of the union of sorted spans, in counts[0] for IPv4 and counts[1]
 * for IPv6. */
static void
count_union(const struct span *items, size_t count, uint64_t counts[2])
{
	enum family family = FAMILY_NONE;
	uint64_t next = 0; /* the first not yet counted */
	bool full = false; /* no next: counted up to the top */
	size_t i;

	counts[0] = counts[1] = 0;
	for (i = 0; i < count; i++) {
		const struct span *span = &items[i];
		uint64_t first = span->first;

		if (span->family != family) {
			family = span->family;
			next = 0;
			full = false;
		}
		if (full || span->last < next)
			continue;
		if (first < next)
			first = next;
		counts[family == FAMILY_IPV6] =
		    add_saturating(counts[family == FAMILY_IPV6],
			add_saturating(span->last - first, 1));
		full = span->last == UINT64_MAX;
		next = span->last + 1;
	}
}

static int
check_rule(const struct rule *rule, const uint64_t counts[2], bool too_many,
    struct diagnostics *diagnostics)
{
	const struct connector *connector = rule->written;
	uint64_t sum = add_saturating(counts[0], counts[1]);

	if (sum == 0 || sum <= connector->public_addresses ||
	    (connector->public_addresses == 0 && !too_many))
		return 0;
	if (connector->public_addresses == 0)
		diagnostics_add(diagnostics, SEVERITY_ERROR, "E-OPEN-RELAY",
		    connector->where,
		    "connector \"%s\" lets the Internet relay: it wins %llu "
		    "public IPv4 addresses and %llu public IPv6 /64 networks "
		    "without AUTH, beyond the %u of each that a policy may; "
		    "narrow remote_ip_ranges, or, if this is meant, write "
		    "public_addresses: %llu",
		    connector->name, (unsigned long long)counts[0],
		    (unsigned long long)counts[1], (unsigned)EXPOSURE_IPV4_MAX,
		    (unsigned long long)sum);
	else
		diagnostics_add(diagnostics, SEVERITY_ERROR, "E-OPEN-RELAY",
		    connector->where,
		    "connector \"%s\" states public_addresses: %llu but wins "
		    "%llu public IPv4 addresses and %llu public IPv6 /64 "
		    "networks: narrow remote_ip_ranges, or raise the number",
		    connector->name,
		    (unsigned long long)connector->public_addresses,
		    (unsigned long long)counts[0],
		    (unsigned long long)counts[1]);
	return -EINVAL;
}

static int
check_spans(const struct ruleset *ruleset, struct spans *spans,
    struct diagnostics *diagnostics)
{
	uint64_t counts[2];
	size_t i, end;
	bool too_many;
	int error = 0;

	if (spans->count == 0)
		return 0;
	qsort(spans->items, spans->count, sizeof(*spans->items), compare_all);
	count_union(spans->items, spans->count, counts);
	too_many =
	    counts[0] > EXPOSURE_IPV4_MAX || counts[1] > EXPOSURE_IPV6_MAX;
	qsort(
	    spans->items, spans->count, sizeof(*spans->items), compare_by_rule);
	for (i = 0; i < spans->count; i = end) {
		const struct rule *rule = &ruleset->rules[spans->items[i].rule];

		for (end = i; end < spans->count &&
			      spans->items[end].rule == spans->items[i].rule;
		     end++)
			;
		count_union(&spans->items[i], end - i, counts);
		if (check_rule(rule, counts, too_many, diagnostics) != 0)
			error = -EINVAL;
	}
	return error;
}

/* Hosts that are named as Exchange servers may relay wherever that group is
 * served, so there is no number that would make a large list right. */
static int
check_servers(const struct range_list *list, const char *key,
    struct diagnostics *diagnostics)
{
	struct spans spans = { 0 };
	struct netrange range;
	uint64_t counts[2];
	int error = 0;
	size_t i;

	for (i = 0; i < list->count && error == 0; i++) {
		range = range_clients(list, i);
		error = exposure_public(&range, add_part, &spans);
	}
	if (error == 0 && spans.count != 0) {
		qsort(spans.items, spans.count, sizeof(*spans.items),
		    compare_all);
		count_union(spans.items, spans.count, counts);
		if (counts[0] > EXPOSURE_IPV4_MAX ||
		    counts[1] > EXPOSURE_IPV6_MAX) {
			diagnostics_add(diagnostics, SEVERITY_ERROR,
			    "E-OPEN-RELAY", list->where,
			    "%s names %llu public IPv4 addresses and %llu "
			    "public IPv6 /64 networks as Exchange servers, "
			    "which may relay: write the servers' own "
			    "addresses, or tls_domains",
			    key, (unsigned long long)counts[0],
			    (unsigned long long)counts[1]);
			error = -EINVAL;
		}
	}
	free(spans.items);
	return error;
}

static bool
anybody_relays(const struct ruleset *ruleset)
{
	size_t i;

	for (i = 0; i < ruleset->policy->nconnectors; i++)
		if (rule_relays(&ruleset->rules[i]))
			return true;
	return false;
}

static int
collect_spans(const struct ruleset *ruleset, struct spans *spans)
{
	int error = 0;
	size_t i;

	if (!anybody_relays(ruleset))
		return 0;
	for (i = 0; i < ruleset->ncontests && error == 0; i++) {
		spans->contest = &ruleset->contests[i];
		error =
		    netset_walk(spans->contest->set, collect_interval, spans);
	}
	return error;
}

int
exposure_count(const struct ruleset *ruleset, uint64_t *sums)
{
	struct spans spans = { .ruleset = ruleset };
	int error = collect_spans(ruleset, &spans);
	uint64_t counts[2];
	size_t i, end;

	for (i = 0; error == 0 && i < ruleset->policy->nconnectors; i++)
		sums[i] = 0;
	if (error == 0 && spans.count != 0)
		qsort(spans.items, spans.count, sizeof(*spans.items),
		    compare_by_rule);
	for (i = 0; error == 0 && i < spans.count; i = end) {
		for (end = i; end < spans.count &&
			      spans.items[end].rule == spans.items[i].rule;
		     end++)
			;
		count_union(&spans.items[i], end - i, counts);
		sums[spans.items[i].rule] =
		    add_saturating(counts[0], counts[1]);
	}
	free(spans.items);
	return error;
}

int
exposure_check(const struct ruleset *ruleset, struct diagnostics *diagnostics)
{
	const struct policy *policy = ruleset->policy;
	struct spans spans = { .ruleset = ruleset };
	int error = collect_spans(ruleset, &spans), servers, legacy;

	if (error == 0)
		error = check_spans(ruleset, &spans, diagnostics);
	free(spans.items);
	servers = check_servers(&policy->exchange_servers.remote_ip_ranges,
	    "exchange_servers", diagnostics);
	legacy =
	    check_servers(&policy->exchange_legacy_servers.remote_ip_ranges,
		"exchange_legacy_servers", diagnostics);
	return error != 0 ? error : servers != 0 ? servers : legacy;
}
