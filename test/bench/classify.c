/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * classify - what a look-up costs, beside a pointer chase and a bisection.
 *
 * Each address is read only when the answer before it is known, as sessions
 * come one after the other. The chase goes from line to line of a buffer of
 * the same size in an order that no prefetcher guesses: one access that
 * depends on the last, which is what memory allows at best.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64, WORDS = LINE / sizeof(uint32_t) };

struct classify {
	struct netset *set;
	size_t bytes; /* of the set */
	struct netaddr *queries;
	size_t nqueries;
	/* for the bisection */
	uint32_t *starts;    /* IPv4 */
	uint64_t *his, *los; /* IPv6 */
	uint32_t *picks;
	size_t nsegments;
	uint32_t *chain; /* the chase: at the start of each line the next */
};

static struct netset_entry
entry_get(const void *ctx, size_t i)
{
	const struct netrange *ranges = ctx;

	return (struct netset_entry){ .range = ranges[i] };
}

static int
keep(void *ctx, const struct netrange *range, uint32_t pick)
{
	struct classify *c = ctx;

	c->starts[c->nsegments] = (uint32_t)range->first.lo;
	c->his[c->nsegments] = range->first.hi;
	c->los[c->nsegments] = range->first.lo;
	c->picks[c->nsegments++] = pick;
	return 0;
}

/* A permutation in one cycle (Sattolo). */
static void
chain_make(struct classify *c)
{
	size_t lines = c->bytes / LINE, i, j;
	uint32_t *order = need(calloc(lines, sizeof(*order))), swap;
	uint64_t state = 1;

	c->chain = need(aligned_alloc(LINE, lines * LINE));
	for (i = 0; i < lines; i++)
		order[i] = (uint32_t)i;
	for (i = lines - 1; i > 0; i--) {
		j = (size_t)(next_random(&state) % i);
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
	memset(c->chain, 0, lines * LINE);
	for (i = 0; i < lines; i++)
		c->chain[i * WORDS] = order[i] * WORDS;
	free(order);
}

static void
classify_init(struct classify *c, enum family family, size_t count)
{
	struct netrange *ranges = need(calloc(count, sizeof(*ranges)));
	struct netset_input input = {
		.count = count, .entry = entry_get, .ctx = ranges
	};
	size_t none = 0, before, i;
	uint64_t state = 2;

	set_fill(ranges, count, family);
	before = heap_bytes();
	if (netset_new(&input, &c->set, NULL, &none) != 0)
		give_up("no set");
	c->bytes = heap_bytes() - before;
	c->starts = need(calloc(2 * count + 1, sizeof(*c->starts)));
	c->his = need(calloc(2 * count + 1, sizeof(*c->his)));
	c->los = need(calloc(2 * count + 1, sizeof(*c->los)));
	c->picks = need(calloc(2 * count + 1, sizeof(*c->picks)));
	(void)netset_walk(c->set, keep, c);
	c->queries = need(calloc(c->nqueries, sizeof(*c->queries)));
	for (i = 0; i < c->nqueries; i++)
		c->queries[i] =
		    set_member(&ranges[next_random(&state) % count], &state);
	free(ranges);
	chain_make(c);
}

static uint32_t
bisect(const struct classify *c, const struct netaddr *addr)
{
	bool ipv4 = addr->family == FAMILY_IPV4;
	uint32_t low = (uint32_t)addr->lo;
	size_t at = 0, n = c->nsegments, half, middle;

	for (; n > 1; n -= half) {
		half = n / 2;
		middle = at + half;
		if (ipv4 ? c->starts[middle] <= low
			 : c->his[middle] < addr->hi ||
			       (c->his[middle] == addr->hi &&
				   c->los[middle] <= addr->lo))
			at = middle;
	}
	return c->picks[at];
}

/* The pick's highest bit is never set, which no compiler knows. */
static double
time_set(const struct classify *c, uint32_t *sum)
{
	double before = now_ns();
	uint32_t pick = 0;
	size_t i;

	for (i = 0; i < c->nqueries; i++) {
		pick = netset_find(c->set, &c->queries[i + (pick >> 31)]);
		*sum += pick;
	}
	return (now_ns() - before) / (double)c->nqueries;
}

static double
time_bisect(const struct classify *c, uint32_t *sum)
{
	double before = now_ns();
	uint32_t pick = 0;
	size_t i;

	for (i = 0; i < c->nqueries; i++) {
		pick = bisect(c, &c->queries[i + (pick >> 31)]);
		*sum += pick;
	}
	return (now_ns() - before) / (double)c->nqueries;
}

static double
time_chase(const struct classify *c, uint32_t *sum)
{
	double before = now_ns();
	uint32_t at = 0;
	size_t i;

	for (i = 0; i < c->nqueries; i++)
		at = c->chain[at];
	*sum += at;
	return (now_ns() - before) / (double)c->nqueries;
}

int
bench_classify(int argc, char **argv)
{
	enum family family = family_argument(argv[0]);
	size_t count = count_argument(argv[1]);
	size_t rounds = count_argument(argv[3]), i;
	struct classify c = { .nqueries = count_argument(argv[2]) };
	uint32_t sums[3] = { 0 };
	double set, search, chase;

	(void)argc;
	classify_init(&c, family, count);
	for (i = 0; i < rounds; i++) {
		set = time_set(&c, &sums[0]);
		search = time_bisect(&c, &sums[1]);
		chase = time_chase(&c, &sums[2]);
		(void)printf("{\"netset_ns\": %.1f, \"bisection_ns\": %.1f, "
			     "\"chase_ns\": %.1f, \"bytes_per_range\": %.2f, "
			     "\"chase_end\": %u}\n",
		    set, search, chase, (double)c.bytes / (double)count,
		    sums[2]);
	}
	if (sums[0] != sums[1])
		give_up("the search tree and the bisection differ");
	netset_free(c.set);
	free(c.queries);
	free(c.starts);
	free(c.his);
	free(c.los);
	free(c.picks);
	free(c.chain);
	return 0;
}
