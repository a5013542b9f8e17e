/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposure - refuses open relays at load.
 *
 * Collects what relaying connectors win, takes away what is not public, and
 * counts the union: IPv4 in addresses, IPv6 in /64 networks.
 */
#include "exposure.h"

#include <errno.h>
#include <stdlib.h>

#include "claim.h"
#include "rangeset.h"

/* What each rule wins of the public addresses, IPv6 as whole /64 networks. */
struct exposure {
	const struct ruleset *ruleset;
	const struct contest *contest;
	struct rangeset *rules;
};

/* clang-format off */
#define V4(a, b, c, d) \
	{ 0, (uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (d), FAMILY_IPV4 }
#define V6(hi, lo) \
	{ UINT64_C(hi), UINT64_C(lo), FAMILY_IPV6 }

/* What is not public, in order: RFC 1918, RFC 6598, loopback, link-local and
 * ULA (RFC 4193). All but ::1 are whole /64 networks. */
static const struct netrange private_ranges[] = {
	{ V4(10, 0, 0, 0),            V4(10, 255, 255, 255), NETFORM_RANGE },
	{ V4(100, 64, 0, 0),          V4(100, 127, 255, 255), NETFORM_RANGE },
	{ V4(127, 0, 0, 0),           V4(127, 255, 255, 255), NETFORM_RANGE },
	{ V4(169, 254, 0, 0),         V4(169, 254, 255, 255), NETFORM_RANGE },
	{ V4(172, 16, 0, 0),          V4(172, 31, 255, 255), NETFORM_RANGE },
	{ V4(192, 168, 0, 0),         V4(192, 168, 255, 255), NETFORM_RANGE },
	{ V6(0, 1),                   V6(0, 1), NETFORM_RANGE },
	{ V6(0xfc00000000000000, 0),  V6(0xfdffffffffffffff, 0xffffffffffffffff), NETFORM_RANGE },
	{ V6(0xfe80000000000000, 0),  V6(0xfebfffffffffffff, 0xffffffffffffffff), NETFORM_RANGE },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int
exposure_public(const struct netrange *range,
    int (*fn)(void *ctx, const struct netrange *), void *ctx)
{
	const struct rangeset private = {
		.items = (struct netrange *)(uintptr_t)private_ranges,
		.count = COUNT(private_ranges),
	};

	return rangeset_outside(&private, range, fn, ctx);
}

static int
add_part(void *ctx, const struct netrange *part)
{
	struct netrange networks = *part;

	if (part->first.family == FAMILY_IPV6) {
		networks.first.lo = 0;
		networks.last.lo = UINT64_MAX;
	}
	return rangeset_add(ctx, &networks);
}

static int
collect_interval(void *ctx, const struct netrange *clients, uint32_t pick)
{
	const struct exposure *exposure = ctx;
	const struct netset *set = exposure->contest->set;
	int error = 0;

	for (; pick != NETSET_NONE && error == 0;
	     pick = netset_next(set, pick)) {
		uint32_t rule =
		    contest_slot(exposure->contest, netset_entry(set, pick))
			.rule;

		if (rule_relays(&exposure->ruleset->rules[rule]))
			error = exposure_public(
			    clients, add_part, &exposure->rules[rule]);
	}
	return error;
}

static uint64_t
add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* counts[0]: IPv4 addresses, counts[1]: IPv6 /64 networks. */
static void
count_set(const struct rangeset *set, uint64_t counts[2])
{
	struct address_count ipv4 = { { 0 } }, ipv6 = { { 0 } };

	rangeset_count(set, FAMILY_IPV4, &ipv4);
	rangeset_count(set, FAMILY_IPV6, &ipv6);
	counts[0] = ipv4.word[0];
	counts[1] = ipv6.word[2] != 0 ? UINT64_MAX : ipv6.word[1];
}

static bool
is_too_many(const uint64_t counts[2])
{
	return counts[0] > EXPOSURE_IPV4_MAX || counts[1] > EXPOSURE_IPV6_MAX;
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

/* The union of what all rules win. */
static int
unite(const struct exposure *exposure, struct rangeset *all)
{
	size_t count = exposure->ruleset->policy->nconnectors;
	int error = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < exposure->rules[i].count && error == 0;
		     j++)
			error = rangeset_add(all, &exposure->rules[i].items[j]);
	rangeset_sort(all);
	return error;
}

static int
check_rules(const struct exposure *exposure, struct diagnostics *diagnostics)
{
	const struct ruleset *ruleset = exposure->ruleset;
	struct rangeset all = { 0 };
	uint64_t counts[2];
	int error = unite(exposure, &all);
	bool too_many;

	count_set(&all, counts);
	rangeset_fini(&all);
	too_many = is_too_many(counts);
	for (size_t i = 0; i < ruleset->policy->nconnectors && error != -ENOMEM;
	     i++) {
		count_set(&exposure->rules[i], counts);
		if (check_rule(
			&ruleset->rules[i], counts, too_many, diagnostics) != 0)
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
	struct rangeset public = { 0 };
	struct netrange range;
	uint64_t counts[2];
	int error = 0;
	size_t i;

	for (i = 0; i < list->count && error == 0; i++) {
		range = range_clients(list, i);
		error = exposure_public(&range, add_part, &public);
	}
	if (error == 0) {
		rangeset_sort(&public);
		count_set(&public, counts);
		if (is_too_many(counts)) {
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
	rangeset_fini(&public);
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

static void
exposure_fini(struct exposure *exposure)
{
	size_t count = exposure->ruleset->policy->nconnectors;

	for (size_t i = 0; exposure->rules && i < count; i++)
		rangeset_fini(&exposure->rules[i]);
	free(exposure->rules);
}

/* Finds what the rules win; exposure_fini() in every case. */
static int
collect(struct exposure *exposure)
{
	const struct ruleset *ruleset = exposure->ruleset;
	size_t count = ruleset->policy->nconnectors;
	int error = 0;

	exposure->rules = calloc(count + 1, sizeof *exposure->rules);
	if (!exposure->rules)
		return -ENOMEM;
	for (size_t i = 0;
	     anybody_relays(ruleset) && error == 0 && i < ruleset->ncontests;
	     i++) {
		exposure->contest = &ruleset->contests[i];
		error = netset_walk(
		    exposure->contest->set, collect_interval, exposure);
	}
	for (size_t i = 0; i < count; i++)
		rangeset_sort(&exposure->rules[i]);
	return error;
}

int
exposure_count(const struct ruleset *ruleset, uint64_t *sums)
{
	struct exposure exposure = { .ruleset = ruleset };
	int error = collect(&exposure);
	uint64_t counts[2];

	for (size_t i = 0; error == 0 && i < ruleset->policy->nconnectors;
	     i++) {
		count_set(&exposure.rules[i], counts);
		sums[i] = add_saturating(counts[0], counts[1]);
	}
	exposure_fini(&exposure);
	return error;
}

int
exposure_check(const struct ruleset *ruleset, struct diagnostics *diagnostics)
{
	const struct policy *policy = ruleset->policy;
	struct exposure exposure = { .ruleset = ruleset };
	int error = collect(&exposure), servers, legacy;

	if (error == 0)
		error = check_rules(&exposure, diagnostics);
	exposure_fini(&exposure);
	servers = check_servers(&policy->exchange_servers.remote_ip_ranges,
	    "exchange_servers", diagnostics);
	legacy =
	    check_servers(&policy->exchange_legacy_servers.remote_ip_ranges,
		"exchange_legacy_servers", diagnostics);
	return error != 0 ? error : servers != 0 ? servers : legacy;
}
