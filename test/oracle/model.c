/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model - random policies, and their text.
 *
 * Ranges gather in few places, so that they nest, adjoin and share their
 * ends; most are prefixes, since others tend to cross.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define N(hi, lo) ((number)UINT64_C(hi) << 64 | UINT64_C(lo))

unsigned
random_below(struct random *random, unsigned below)
{
	/* xorshift64*, Vigna 2016 */
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (unsigned)((random->state * UINT64_C(2685821657736338717)) >>
			  33) %
	       below;
}

struct seeds
seeds_asked(int argc, char **argv, uint64_t many, uint64_t times)
{
	struct seeds seeds = { 1, many };

	if (argc > 1 && strcmp(argv[1], "--all") == 0) {
		seeds.count = many * times;
	} else if (argc > 1) {
		seeds.first = strtoull(argv[1], NULL, 10);
		seeds.count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	}
	return seeds;
}

number
local_number(bool ipv6, int local)
{
	return (ipv6 ? N(0xfd09000000000000, 0) : 10 << 24 | 9 << 16) +
	       (unsigned)local + 1;
}

unsigned
port_number(int port)
{
	static const unsigned ports[PORTS] = { 25, 587, 2525 };

	return ports[port];
}

static void
make_span(struct span *span, struct random *random, bool narrow)
{
	static const number bases[2][4] = {
		{ 0x0a010100, 0xcb007100, 0xffffff00, 0x0a00ff00 },
		{ N(0xfd00000000000001, 0), N(0x20010db800000001, 0),
		    N(0xffffffffffffffff, 0xffffffffffffff00),
		    N(0, 0xffffffffffffff80) },
	};
	static const int wide[2][6] = { { 0, 8, 16, 21, 23, 9 },
		{ 0, 16, 62, 63, 64, 65 } };
	static const int close[6] = { 8, 7, 4, 2, 1, 0 };
	int bits;
	number mask;

	*span = (struct span){ .ipv6 = random_below(random, 2) == 0 };
	bits = span->ipv6 ? 128 : 32;
	span->first = bases[span->ipv6][random_below(random, narrow ? 2 : 4)] +
		      random_below(random, 256);
	span->prefix = bits - close[random_below(random, 6)];
	if (!narrow && random_below(random, 4) == 0)
		span->prefix = wide[span->ipv6][random_below(random, 6)];
	if (random_below(random, 8) == 0) {
		span->prefix = -1;
		span->last = span->first + random_below(random, 6);
		if (!span->ipv6 && span->last > UINT32_MAX)
			span->last = UINT32_MAX;
		if (span->last < span->first)
			span->last = ~(number)0;
	} else {
		mask = span->prefix == 0
			   ? ~(number)0
			   : ((number)1 << (bits - span->prefix)) - 1;
		if (!span->ipv6)
			mask &= UINT32_MAX;
		span->first &= ~mask;
		span->last = span->first | mask;
	}
	span->expired = random_below(random, 8) == 0;
	span->today = !span->expired && random_below(random, 8) == 0;
}

static void
make_spans(struct spans *spans, struct random *random, int least, bool narrow)
{
	spans->count =
	    least + (int)random_below(random, (unsigned)(RANGES_FEW - least));
	for (int i = 0; i < spans->count; i++)
		make_span(&spans->items[i], random, narrow);
}

/* Hosts close to each other within a block, and it within another: what a
 * look-up behind them has to go back over. */
static void
make_crowd(struct spans *spans, struct random *random)
{
	bool ipv6 = random_below(random, 2) == 0;
	int bits = ipv6 ? 128 : 32;
	number at = ipv6 ? N(0xfd00000000000002, 0) : 0xcb007200;

	spans->count = RANGES_MAX - (int)random_below(random, RANGES_MAX / 2);
	for (int i = 0; i < spans->count; i++) {
		struct span *span = &spans->items[i];
		int wide = i < 2 ? 7 + i : 0;

		*span = (struct span){
			.ipv6 = ipv6,
			.prefix = bits - wide,
			.first = at,
			.last = at + ((number)1 << wide) - 1,
			.expired = random_below(random, 8) == 0,
		};
		span->today = !span->expired && random_below(random, 8) == 0;
		at += i < 1 ? 0 : 1 + random_below(random, 4);
	}
}

static bool
same_entry(const struct entry *a, const struct entry *b)
{
	return a->principal == b->principal && a->right == b->right;
}

static void
make_extended(struct node *node, struct random *random)
{
	static const enum right rights[] = { RIGHT_SUBMIT, RIGHT_ANY_RECIPIENT,
		RIGHT_ANY_RECIPIENT, RIGHT_ANY_SENDER, RIGHT_BYPASS_ANTI_SPAM };
	int count = (int)random_below(random, EXTENDED_MAX + 1);

	for (int i = 0; i < count; i++) {
		struct entry entry = {
			.principal = (enum principal)random_below(random,
			    random_below(random, 2) == 0 ? 1 : PRINCIPAL_COUNT),
			.deny = random_below(random, 3) == 0,
			.right = rights[random_below(random, 5)],
		};
		bool twice = false;

		for (int j = 0; j < node->nextended; j++)
			twice |= same_entry(&node->extended[j], &entry);
		if (!twice)
			node->extended[node->nextended++] = entry;
	}
}

static void
make_bindings(struct node *node, struct random *random)
{
	int count = (int)random_below(random, BINDINGS_MAX + 1);

	if (random_below(random, 2) == 0)
		return;
	for (int i = 0; i < count; i++) {
		struct place place = { random_below(random, 2) == 0,
			(int)random_below(random, LOCALS) - 1,
			(int)random_below(random, PORTS - 1) };
		bool twice = false;

		for (int j = 0; j < node->nbindings; j++)
			twice |= node->bindings[j].ipv6 == place.ipv6 &&
				 node->bindings[j].local == place.local &&
				 node->bindings[j].port == place.port;
		if (!twice)
			node->bindings[node->nbindings++] = place;
	}
}

/* A policy with more connectors than a machine word has bits; in every other
 * one, more than those compete at each listener. */
static void
make_pads(struct model *model, struct random *random)
{
	const bool bound = random_below(random, 2) == 0;

	for (model->count = 0; model->count < PADS; model->count++) {
		struct node *node = &model->nodes[model->count];
		number first =
		    (number)10 << 24 | 77 << 16 | (number)model->count << 8;

		node->enabled = random_below(random, 8) != 0;
		node->groups = 1 + random_below(random, 31);
		if (bound)
			make_bindings(node, random);
		node->ranges.count = 1;
		node->ranges.items[0] = (struct span){
			.first = first,
			.last = first + 255,
			.prefix = 24,
		};
		make_extended(node, random);
	}
}

void
model_make(struct model *model, struct random *random)
{
	int first;

	*model = (struct model){ 0 };
	if (random_below(random, 24) == 0)
		make_pads(model, random);
	first = model->count;
	model->count += 1 + (int)random_below(random, CONNECTORS_FEW);
	for (int i = first; i < model->count; i++) {
		struct node *node = &model->nodes[i];

		node->enabled = i == 0 || random_below(random, 8) != 0;
		node->monitor = random_below(random, 4) == 0;
		node->external = random_below(random, 4) == 0;
		node->partner = random_below(random, 4) == 0;
		node->groups = 1 + random_below(random, 31);
		if (node->external)
			node->groups |= 1 << 2;
		if (node->partner)
			node->groups |= 1 << 4;
		make_bindings(node, random);
		make_spans(&node->ranges, random, 1, false);
		make_extended(node, random);
	}
	if (random_below(random, 16) == 0)
		make_crowd(&model->nodes[first].ranges, random);
	make_spans(&model->exchange, random, 0, true);
	make_spans(&model->legacy, random, 0, true);
	model->exchange_named = random_below(random, 3) == 0;
	model->legacy_named = random_below(random, 3) == 0;
	make_spans(&model->allow, random, 0, false);
	make_spans(&model->block, random, 0, false);
}

/* ---- Changes --------------------------------------------------------- */

/* Takes one away, adds one, or makes one another; answers whether the first,
 * and which it was. */
static bool
change_spans(struct spans *spans, struct random *random, int least, bool narrow,
    struct span *removed)
{
	int i = (int)random_below(random, RANGES_MAX);
	unsigned what = random_below(random, 3);

	if (what == 0 && spans->count > least) {
		i %= spans->count;
		*removed = spans->items[i];
		spans->items[i] = spans->items[--spans->count];
		return true;
	}
	if (what == 1 && spans->count < RANGES_MAX)
		make_span(&spans->items[spans->count++], random, narrow);
	else if (spans->count > 0)
		make_span(&spans->items[i % spans->count], random, narrow);
	return false;
}

void
model_change(
    struct model *model, struct random *random, int *node, struct span *removed)
{
	int i = (int)random_below(random, (unsigned)model->count);
	struct node *at = &model->nodes[i];
	struct spans *lists[] = { &model->exchange, &model->legacy,
		&model->allow, &model->block };
	unsigned list = random_below(random, 4);

	*node = -1;
	switch (random_below(random, 11)) {
	case 0:
		at->enabled = i == 0 || !at->enabled;
		break;
	case 1:
		at->groups ^= 1U << random_below(random, 5);
		at->groups |= at->groups == 0;
		at->groups |= at->external ? 1U << 2 : 0;
		at->groups |= at->partner ? 1U << 4 : 0;
		break;
	case 2:
		at->nextended = 0;
		make_extended(at, random);
		break;
	case 3:
		at->nbindings = 0;
		make_bindings(at, random);
		break;
	case 4:
		at->external = !at->external;
		at->groups |= at->external ? 1U << 2 : 0;
		break;
	case 5:
		at->partner = !at->partner;
		at->groups |= at->partner ? 1U << 4 : 0;
		break;
	case 10:
		if (list < 2)
			model->exchange_named = !model->exchange_named;
		else
			model->legacy_named = !model->legacy_named;
		break;
	case 6:
		(void)change_spans(lists[list], random, 0, list < 2, removed);
		break;
	default:
		if (change_spans(&at->ranges, random, 1, false, removed))
			*node = i;
		break;
	}
}

static void
spans_sleep(struct spans *spans)
{
	for (int i = 0; i < spans->count; i++)
		spans->items[i].expired |= spans->items[i].today;
}

void
model_sleep(struct model *model)
{
	for (int i = 0; i < model->count; i++)
		spans_sleep(&model->nodes[i].ranges);
	spans_sleep(&model->exchange);
	spans_sleep(&model->legacy);
	spans_sleep(&model->allow);
	spans_sleep(&model->block);
}

/* ---- As text --------------------------------------------------------- */

static void
print_number(bool ipv6, number n, FILE *out)
{
	for (int i = ipv6 ? 8 : 4; i-- > 0;)
		if (ipv6)
			fprintf(out, "%x%s", (unsigned)(n >> (16 * i)) & 0xffff,
			    i > 0 ? ":" : "");
		else
			fprintf(out, "%u%s", (unsigned)(n >> (8 * i)) & 0xff,
			    i > 0 ? "." : "");
}

static void
print_spans(const struct spans *spans, FILE *out)
{
	fputs("[", out);
	for (int i = 0; i < spans->count; i++) {
		const struct span *span = &spans->items[i];

		fputs(i > 0 ? ",\n      {range: \"" : "{range: \"", out);
		print_number(span->ipv6, span->first, out);
		if (span->prefix >= 0) {
			fprintf(out, "/%d", span->prefix);
		} else {
			fputs("-", out);
			print_number(span->ipv6, span->last, out);
		}
		fputs("\"", out);
		if (span->expired || span->today)
			fprintf(
			    out, ", until: 2026-06-%d", span->today ? 15 : 14);
		fputs("}", out);
	}
	fputs("]\n", out);
}

static void
print_bindings(const struct node *node, FILE *out)
{
	if (node->nbindings == 0)
		return;
	fputs("    bindings: [", out);
	for (int i = 0; i < node->nbindings; i++) {
		const struct place *place = &node->bindings[i];

		fprintf(
		    out, "%s\"%s", i > 0 ? ", " : "", place->ipv6 ? "[" : "");
		print_number(place->ipv6,
		    place->local < 0 ? 0
				     : local_number(place->ipv6, place->local),
		    out);
		fprintf(out, "%s:%u\"", place->ipv6 ? "]" : "",
		    port_number(place->port));
	}
	fputs("]\n", out);
}

static void
print_node(const struct node *node, int i, FILE *out)
{
	bool comma = false;

	fprintf(out,
	    "  - name: c%d\n    enabled: %s\n"
	    "    public_addresses: 18446744073709551615\n",
	    i, node->enabled ? "true" : "false");
	if (node->monitor)
		fputs(
		    "    mode: monitor\n    require_ehlo_domain: true\n", out);
	print_bindings(node, out);
	fputs("    remote_ip_ranges: ", out);
	print_spans(&node->ranges, out);
	if (node->external || node->partner)
		fprintf(out, "    auth_mechanism: [%s%s%s]\n",
		    node->external ? "ExternalAuthoritative" : "",
		    node->external && node->partner ? ", " : "",
		    node->partner ? "Tls" : "");
	if (node->partner)
		fputs("    tls_domains: [partner.example, all.example]\n", out);
	fputs("    permission_groups: [", out);
	for (int g = 0; g < 5; g++) {
		if ((node->groups & 1U << g) == 0)
			continue;
		fprintf(out, "%s%s", comma ? ", " : "", group_words[g]);
		comma = true;
	}
	fputs("]\n", out);
	if (node->nextended > 0)
		fputs("    extended_rights:\n", out);
	for (int e = 0; e < node->nextended; e++)
		fprintf(out, "      - {principal: %s, %s: [%s]}\n",
		    principal_name(node->extended[e].principal),
		    node->extended[e].deny ? "deny" : "allow",
		    right_name(node->extended[e].right));
}

static void
print_list(const char *key, const struct spans *spans, FILE *out)
{
	if (spans->count == 0)
		return;
	fprintf(out, "%s: ", key);
	print_spans(spans, out);
}

void
model_print(const struct model *model, FILE *out)
{
	fputs("version: 1\naccepted_domains: [contoso.com]\n", out);
	if (model->exchange.count > 0 || model->exchange_named)
		fputs("exchange_servers:\n", out);
	if (model->exchange_named)
		fputs("  tls_domains: [hub.example, all.example]\n", out);
	print_list("  remote_ip_ranges", &model->exchange, out);
	if (model->legacy.count > 0 || model->legacy_named)
		fputs("exchange_legacy_servers:\n", out);
	if (model->legacy_named)
		fputs("  tls_domains: [old.example, all.example]\n", out);
	print_list("  remote_ip_ranges", &model->legacy, out);
	print_list("ip_allow_list", &model->allow, out);
	print_list("ip_block_list", &model->block, out);
	fputs("connectors:\n", out);
	for (int i = 0; i < model->count; i++)
		print_node(&model->nodes[i], i, out);
}
