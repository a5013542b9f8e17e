/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netsweep - segments of ranges that nest.
 *
 * Sorts by first address and, of these, by falling last address, so that a
 * range comes before those within it; then one pass with a stack of what
 * holds the address. Each range costs one turn, however deep it lies and
 * whatever expires, since what is behind it is what lies below it on the
 * stack. The same pass sees the first tie or crossing, and gives up: others
 * judge that. Sorts numbers, not structs: 64 bits at a time, digit by digit
 * from the last, which takes the same time for any order and any addresses.
 */
#include "netbuild.h"

#include <errno.h>
#include <stdlib.h>

enum {
	DIGITS = sizeof(uint64_t),
	FEW = 8, /* are sorted by exchanging */
};

/* An IPv4 range is all in its key: first, and the complement of last. The
 * key of an IPv6 range is the high half of first. */
struct record {
	uint64_t key;
	uint32_t entry;
	bool expires;
};

struct held {
	struct netaddr last;
	uint32_t pick;
	uint32_t chain; /* of the pick: how long */
};

struct sweep {
	struct netbuild *build;
	struct record *records, *spare;
	struct held *held;
	uint32_t depth, room;
};

/* ---- Order ------------------------------------------------------------- */

static struct netrange
range_of(const struct sweep *sweep, const struct record *record)
{
	const struct netset_input *input = sweep->build->input;

	if (sweep->build->family == FAMILY_IPV4)
		return (struct netrange){
			.first = { .family = FAMILY_IPV4,
			    .lo = record->key >> 32 },
			.last = { .family = FAMILY_IPV4,
			    .lo = ~record->key & UINT32_MAX },
		};
	return input->entry(input->ctx, record->entry).range;
}

/* By key; keeps the order of equal ones. */
static void
sort(struct record *records, struct record *spare, size_t count)
{
	uint32_t places[DIGITS][256] = { 0 }, place, sum;
	struct record *from = records, *to = spare, *other;
	size_t i;
	unsigned digit, value;

	for (i = 0; i < count; i++)
		for (digit = 0; digit < DIGITS; digit++)
			places[digit][records[i].key >> digit * 8 & 255]++;
	for (digit = 0; digit < DIGITS; digit++) {
		uint32_t *next = places[digit];

		if (next[records[0].key >> digit * 8 & 255] == count)
			continue; /* all have the same */
		for (value = sum = 0; value < 256; value++) {
			place = next[value];
			next[value] = sum;
			sum += place;
		}
		for (i = 0; i < count; i++)
			to[next[from[i].key >> digit * 8 & 255]++] = from[i];
		other = from;
		from = to;
		to = other;
	}
	for (i = 0; from != records && i < count; i++)
		records[i] = from[i];
}

static int
range_compare(const struct netrange *a, const struct netrange *b)
{
	int order = netaddr_compare(&a->first, &b->first);

	return order != 0 ? order : netaddr_compare(&b->last, &a->last);
}

static void
sort_few(const struct sweep *sweep, struct record *records, size_t count)
{
	size_t i, at;

	for (i = 1; i < count; i++) {
		struct record record = records[i];
		struct netrange range = range_of(sweep, &record), before;

		for (at = i; at > 0; at--) {
			before = range_of(sweep, &records[at - 1]);
			if (range_compare(&before, &range) <= 0)
				break;
			records[at] = records[at - 1];
		}
		records[at] = record;
	}
}

/* IPv6 ranges whose first address has the same high half. */
static void
sort_low(const struct sweep *sweep, struct record *records, size_t count)
{
	uint64_t key = records[0].key;
	unsigned word;
	size_t i;

	for (word = 0; word < 3; word++) {
		for (i = 0; i < count; i++) {
			struct netrange range = range_of(sweep, &records[i]);

			records[i].key = word == 0   ? ~range.last.lo
					 : word == 1 ? ~range.last.hi
						     : range.first.lo;
		}
		sort(records, sweep->spare, count);
	}
	for (i = 0; i < count; i++)
		records[i].key = key;
}

static void
records_sort(const struct sweep *sweep)
{
	struct record *records = sweep->records;
	uint32_t count = sweep->build->ranges, from, to;

	sort(records, sweep->spare, count);
	for (from = 0; sweep->build->family == FAMILY_IPV6 && from < count;
	     from = to) {
		for (to = from + 1;
		     to < count && records[to].key == records[from].key; to++)
			;
		if (to - from > FEW)
			sort_low(sweep, &records[from], to - from);
		else
			sort_few(sweep, &records[from], to - from);
	}
}

/* From the last in the input to the first: of equal ranges the first comes
 * to lie on top, and wins. */
static void
records_take(const struct sweep *sweep)
{
	const struct netset_input *input = sweep->build->input;
	struct record *record = sweep->records;
	size_t i;

	for (i = input->count; i-- > 0;) {
		struct netset_entry entry = input->entry(input->ctx, i);

		if (entry.range.first.family != sweep->build->family)
			continue;
		record->entry = (uint32_t)i;
		record->expires = entry.expires;
		record->key = entry.range.first.hi;
		if (entry.range.first.family == FAMILY_IPV4)
			record->key = entry.range.first.lo << 32 |
				      (~entry.range.last.lo & UINT32_MAX);
		record++;
	}
}

/* ---- The sweep --------------------------------------------------------- */

/* What the innermost range lay in goes on behind it. */
static void
pop(struct sweep *sweep)
{
	struct netaddr last = sweep->held[--sweep->depth].last;
	struct netaddr top = netstep_last(last.family);
	uint32_t pick =
	    sweep->depth > 0 ? sweep->held[sweep->depth - 1].pick : NETSET_NONE;

	if (netaddr_compare(&last, &top) == 0)
		return;
	last = netstep_next(last);
	netbuild_segment(sweep->build, &last, pick);
}

static int
push(struct sweep *sweep, const struct netrange *range,
    const struct record *record)
{
	const struct held *below;
	uint32_t pick = record->entry + 1, chain = 1;
	int rc = 0;

	if (sweep->depth == sweep->room) {
		uint32_t room = sweep->room == 0 ? 64 : sweep->room * 2;
		struct held *held = realloc(sweep->held, room * sizeof(*held));

		if (held == NULL)
			return -ENOMEM;
		sweep->held = held;
		sweep->room = room;
	}
	if (sweep->depth > 0 && record->expires) {
		below = &sweep->held[sweep->depth - 1];
		chain += below->chain;
		rc = netbuild_link(
		    sweep->build, record->entry, below->pick, &pick);
	}
	if (rc == 0 && chain > sweep->build->steps)
		rc = -E2BIG;
	if (rc != 0)
		return rc;
	sweep->build->steps -= chain;
	sweep->held[sweep->depth++] =
	    (struct held){ .last = range->last, .pick = pick, .chain = chain };
	netbuild_segment(sweep->build, &range->first, pick);
	return 0;
}

static int
records_sweep(struct sweep *sweep)
{
	const struct netset_input *input = sweep->build->input;
	struct netaddr zero = { .family = sweep->build->family };
	struct netrange before = { .first = zero }, range;
	uint32_t i;
	int rc = 0;

	netbuild_segment(sweep->build, &zero, NETSET_NONE);
	for (i = 0; i < sweep->build->ranges && rc == 0; i++) {
		const struct record *record = &sweep->records[i];

		range = range_of(sweep, record);
		while (sweep->depth > 0 &&
		       netaddr_compare(&sweep->held[sweep->depth - 1].last,
			   &range.first) < 0)
			pop(sweep);
		if (sweep->depth > 0 &&
		    netaddr_compare(
			&sweep->held[sweep->depth - 1].last, &range.last) < 0)
			return -EDOM;
		if (i > 0 && range_compare(&before, &range) == 0 &&
		    input->entry(input->ctx, record[-1].entry).owner !=
			input->entry(input->ctx, record->entry).owner)
			return -EDOM;
		before = range;
		rc = push(sweep, &range, record);
	}
	while (sweep->depth > 0)
		pop(sweep);
	return rc;
}

int
netsweep(struct netbuild *build)
{
	struct sweep sweep = {
		.build = build,
		.records = calloc(build->ranges, sizeof(*sweep.records)),
		.spare = calloc(build->ranges, sizeof(*sweep.spare)),
	};
	int rc = -ENOMEM;

	if (sweep.records != NULL && sweep.spare != NULL) {
		records_take(&sweep);
		records_sort(&sweep);
		free(sweep.spare);
		sweep.spare = NULL;
		rc = records_sweep(&sweep);
	}
	free(sweep.records);
	free(sweep.spare);
	free(sweep.held);
	return rc;
}
