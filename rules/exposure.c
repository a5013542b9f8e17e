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

/* An inclusive span of addresses (IPv4) or /64 networks (IPv6). */
struct span {
	uint64_t first, last;
	uint32_t rule;
	enum family family;
};

struct spans {
	const struct ruleset *ruleset;
	const struct contest *contest;
	struct span *items;
	size_t count, room;
};

/* clang-format off */
#define V4(a, b, c, d) \
	((uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (d))

/* RFC 1918, RFC 6598, loopback and link-local; in order. */
static const struct { uint64_t first, last; } private_ipv4[] = {
	{ V4(10, 0, 0, 0),    V4(10, 255, 255, 255) },
	{ V4(100, 64, 0, 0),  V4(100, 127, 255, 255) },
	{ V4(127, 0, 0, 0),   V4(127, 255, 255, 255) },
	{ V4(169, 254, 0, 0), V4(169, 254, 255, 255) },
	{ V4(172, 16, 0, 0),  V4(172, 31, 255, 255) },
	{ V4(192, 168, 0, 0), V4(192, 168, 255, 255) },
},
/* ULA (RFC 4193) and link-local, in /64 networks; in order. Of ::/64 only
 * ::1 is not public. */
private_ipv6[] = {
	{ UINT64_C(0xfc00000000000000), UINT64_C(0xfdffffffffffffff) },
	{ UINT64_C(0xfe80000000000000), UINT64_C(0xfebfffffffffffff) },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
rule_relays(const struct rule *rule)
{
	return rule->base == SET_OF(PRINCIPAL_EXTERNALLY_SECURED) ||
	       (rule_rights(rule, rule->base) & SET_OF(RIGHT_ANY_RECIPIENT)) !=
		   0;
}

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

/* Adds the public parts of a span. */
static int
span_add_public(struct spans *spans, struct span span)
{
	bool ipv4 = span.family == FAMILY_IPV4;
	size_t i, count = ipv4 ? COUNT(private_ipv4) : COUNT(private_ipv6);
	int error;

	for (i = 0; i < count; i++) {
		uint64_t first =
		    ipv4 ? private_ipv4[i].first : private_ipv6[i].first;
		uint64_t last =
		    ipv4 ? private_ipv4[i].last : private_ipv6[i].last;
		struct span before = span;

		if (span.last < first)
			break;
		if (span.first > last)
			continue;
		if (span.first < first) {
			before.last = first - 1;
			if ((error = span_add(spans, before)) != 0)
				return error;
		}
		if (span.last <= last)
			return 0;
		span.first = last + 1;
	}
	return span_add(spans, span);
}

static int
collect_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	struct spans *spans = ctx;
	const struct netset *set = spans->contest->set;
	bool ipv4 = clients->first.family == FAMILY_IPV4;
	int error = 0;

	if (netaddr_is_loopback(&clients->first) &&
	    netaddr_compare(&clients->first, &clients->last) == 0)
		return 0;
	for (; pick != NETSET_NONE && error == 0;
	     pick = netset_next(set, pick)) {
		uint32_t rule =
		    spans->contest->slots[netset_entry(set, pick)].rule;

		if (rule_relays(&spans->ruleset->rules[rule]))
			error = span_add_public(
			    spans, (struct span){
				       .family = clients->first.family,
				       .first = ipv4 ? clients->first.lo
						     : clients->first.hi,
				       .last = ipv4 ? clients->last.lo
						    : clients->last.hi,
				       .rule = rule,
				   });
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
	uint64_t counts[2];
	int error = 0;
	size_t i;

	for (i = 0; i < list->count && error == 0; i++) {
		const struct netrange *range = &list->items[i].range;
		bool ipv4 = range->first.family == FAMILY_IPV4;

		if (range->form == NETFORM_SINGLE &&
		    netaddr_is_loopback(&range->first))
			continue;
		error = span_add_public(&spans,
		    (struct span){
			.family = range->first.family,
			.first = ipv4 ? range->first.lo : range->first.hi,
			.last = ipv4 ? range->last.lo : range->last.hi,
		    });
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

int
exposure_check(const struct ruleset *ruleset, struct diagnostics *diagnostics)
{
	const struct policy *policy = ruleset->policy;
	struct spans spans = { .ruleset = ruleset };
	int error = 0, servers, legacy;
	size_t i;

	for (i = 0; i < ruleset->ncontests && error == 0; i++) {
		spans.contest = &ruleset->contests[i];
		error =
		    netset_walk(spans.contest->set, collect_interval, &spans);
	}
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
