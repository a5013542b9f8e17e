/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netsweep - segments of ranges that nest.
 *
 * Sorts by first address and, of these, by falling last address, so that a
 * range comes before those within it; then one pass with a stack of what
 * holds the address. Each range costs one turn, however deep it lies and
 * whatever expires, since what is behind it is what lies below it on the
 * stack. The same pass sees the first tie or crossing, and gives up: others
 * judge that. Sorts numbers, not structs, digit by digit from the last: all by
 * the high digits of first, then those that are alike in these, which are few
 * in most lists. That takes the same time for any order, and about twice as
 * long for the worst addresses.
 */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIGITS = sizeof(uint64_t),
	FEW = 32,  /* are sorted by exchanging; more, digit by digit */
	ROOM = 64, /* of the stack at first */
};

/* A record is a row of words. The key of an IPv4 range is all of it: first,
 * and the complement of last. The key of an IPv6 range is the high half of
 * first, and the low half stands behind; the tag tells how far it goes, if it
 * is a block, so that the range is seldom asked for. */
enum { KEY, TAG, LOW, WIDTH_IPV4 = LOW, WIDTH_IPV6 };

enum { TAG_BITS = 32, TAG_EXPIRES = 40 }; /* above the entry's index */

struct held {
	struct netaddr last;
	uint32_t pick;
	uint32_t chain;   /* of the pick: how long */
	uint32_t segment; /* the latest that has the pick */
};

/* At the bottom of the stack lies the whole space, which has no pick. */
struct sweep {
	struct netbuild *build;
	uint64_t *records, *spare;
	size_t width;
	struct held *held;
	uint32_t top, room;
};

/* ---- Order ------------------------------------------------------------- */

static uint32_t
entry_of(const uint64_t *record)
{
	return record[TAG] & UINT32_MAX;
}

static struct netrange
range_of(const struct sweep *sweep, const uint64_t *record)
{
	const struct netset_input *input = sweep->build->input;
	unsigned bits = record[TAG] >> TAG_BITS & 0xff;
	struct netrange range = {
		.first = { .family = sweep->build->family },
		.last = { .family = sweep->build->family },
	};

	if (sweep->build->family == FAMILY_IPV4) {
		range.first.lo = record[KEY] >> 32;
		range.last.lo = ~record[KEY] & UINT32_MAX;
		return range;
	}
	if (bits == NETSTEP_NO_BLOCK)
		return input->entry(input->ctx, entry_of(record)).range;
	range.first.hi = record[KEY];
	range.first.lo = record[LOW];
	range.last = netstep_block(range.first, bits);
	return range;
}

/* By key, from a digit on; keeps the order of equal ones. */
static void
sort(const struct sweep *sweep, uint64_t *records, size_t count, unsigned from)
{
	uint32_t places[DIGITS][256] = { 0 }, place, sum;
	uint64_t *in = records, *to = sweep->spare, *other;
	size_t width = sweep->width, i;
	unsigned digit, value;

	for (i = 0; i < count; i++)
		for (digit = from; digit < DIGITS; digit++)
			places[digit][records[i * width] >> digit * 8 & 255]++;
	for (digit = from; digit < DIGITS; digit++) {
		uint32_t *next = places[digit];

		if (next[records[KEY] >> digit * 8 & 255] == count)
			continue; /* all have the same */
		for (value = sum = 0; value < 256; value++) {
			place = next[value];
			next[value] = sum;
			sum += place;
		}
		for (i = 0; i < count; i++) {
			const uint64_t *row = &in[i * width];
			uint64_t *out =
			    &to[next[row[KEY] >> digit * 8 & 255]++ * width];

			out[KEY] = row[KEY];
			out[TAG] = row[TAG];
			if (width == WIDTH_IPV6)
				out[LOW] = row[LOW];
		}
		other = in;
		in = to;
		to = other;
	}
	if (in != records)
		memcpy(records, in, count * width * sizeof(*records));
}

static int
range_compare(const struct netrange *a, const struct netrange *b)
{
	int order = netaddr_compare(&a->first, &b->first);

	return order != 0 ? order : netaddr_compare(&b->last, &a->last);
}

/* The ranges are asked for only where they begin together. */
static int
record_compare(const struct sweep *sweep, const uint64_t *a, const uint64_t *b)
{
	struct netrange v, w;

	if (a[KEY] != b[KEY])
		return a[KEY] < b[KEY] ? -1 : 1;
	if (sweep->width == WIDTH_IPV4)
		return 0;
	if (a[LOW] != b[LOW])
		return a[LOW] < b[LOW] ? -1 : 1;
	v = range_of(sweep, a);
	w = range_of(sweep, b);
	return netaddr_compare(&w.last, &v.last);
}

static void
sort_few(const struct sweep *sweep, uint64_t *records, size_t count)
{
	size_t width = sweep->width, size = width * sizeof(*records), i, at;

	for (i = 1; i < count; i++) {
		uint64_t *record = &records[i * width], row[WIDTH_IPV6];

		memcpy(row, record, size);
		for (at = i; at > 0; at--, record -= width) {
			if (record_compare(sweep, record - width, row) <= 0)
				break;
			memcpy(record, record - width, size);
		}
		memcpy(record, row, size);
	}
}

/* IPv6 ranges whose first address has the same high half. */
static void
sort_low(const struct sweep *sweep, uint64_t *records, size_t count)
{
	uint64_t key = records[KEY], *record,
		 *end = records + count * WIDTH_IPV6;
	struct netrange range;
	unsigned word;

	for (word = 0; word < 3; word++) {
		for (record = records; record < end; record += WIDTH_IPV6) {
			record[KEY] = key;
			range = range_of(sweep, record);
			record[KEY] = word == 0   ? ~range.last.lo
				      : word == 1 ? ~range.last.hi
						  : range.first.lo;
		}
		sort(sweep, records, count, 0);
	}
	for (record = records; record < end; record += WIDTH_IPV6)
		record[KEY] = key;
}

/* Sorts those whose keys are equal from a digit on. Equal keys are equal
 * ranges for IPv4. */
static void
groups_sort(
    const struct sweep *sweep, uint64_t *records, size_t count, unsigned digit)
{
	uint64_t *group = records, *end = records + count * sweep->width, *next;
	size_t n;

	for (; group < end; group = next) {
		next = group;
		do
			next += sweep->width;
		while (next < end && (*next ^ *group) >> digit * 8 == 0);
		n = (size_t)(next - group) / sweep->width;
		if (n <= FEW) {
			sort_few(sweep, group, n);
		} else if (digit > 0) {
			sort(sweep, group, n, 0);
			groups_sort(sweep, group, n, 0);
		} else if (sweep->build->family == FAMILY_IPV6) {
			sort_low(sweep, group, n);
		}
	}
}

/* Few have the same in the highest digits, which are sorted by first. */
static void
records_sort(const struct sweep *sweep)
{
	unsigned digit = sweep->build->family == FAMILY_IPV4 ? 4 : 3;

	sort(sweep, sweep->records, sweep->build->ranges, digit);
	groups_sort(sweep, sweep->records, sweep->build->ranges, digit);
}

/* From the last in the input to the first: of equal ranges the first comes
 * to lie on top, and wins. */
static void
records_take(const struct sweep *sweep)
{
	const struct netset_input *input = sweep->build->input;
	uint64_t *record = sweep->records;
	size_t i;

	for (i = input->count; i-- > 0;) {
		struct netset_entry entry = input->entry(input->ctx, i);
		const struct netrange *range = &entry.range;

		if (range->first.family != sweep->build->family)
			continue;
		record[TAG] = i | (uint64_t)entry.expires << TAG_EXPIRES;
		if (range->first.family == FAMILY_IPV4) {
			record[KEY] = range->first.lo << 32 |
				      (~range->last.lo & UINT32_MAX);
		} else {
			record[KEY] = range->first.hi;
			record[TAG] |= (uint64_t)netstep_block_bits(range)
				       << TAG_BITS;
			record[LOW] = range->first.lo;
		}
		record += sweep->width;
	}
}

/* ---- The sweep --------------------------------------------------------- */

/* Behind the innermost range goes on what it lay in, if that does not end
 * there, too. */
static void
pop(struct sweep *sweep)
{
	struct netaddr last = sweep->held[sweep->top].last;
	struct held *below = &sweep->held[--sweep->top];

	if (netaddr_compare(&below->last, &last) == 0 ||
	    netbuild_is_near(sweep->build, below->segment))
		return;
	last = netstep_next(last);
	below->segment = netbuild_segment(
	    sweep->build, &last, NETSTEP_NO_BLOCK, below->pick);
}

static int
push(struct sweep *sweep, const struct netrange *range, const uint64_t *record)
{
	const struct held *below = &sweep->held[sweep->top];
	uint32_t entry = entry_of(record), pick = entry + 1, chain = 1;
	int rc = 0;

	if (below->pick != NETSET_NONE && record[TAG] >> TAG_EXPIRES != 0) {
		chain += below->chain;
		rc = netbuild_link(sweep->build, entry, below->pick, &pick);
	}
	if (rc == 0 && chain > sweep->build->steps)
		rc = -E2BIG;
	if (rc != 0)
		return rc;
	if (sweep->top + 1 == sweep->room) {
		uint32_t room = sweep->room * 2;
		struct held *held = realloc(sweep->held, room * sizeof(*held));

		if (held == NULL)
			return -ENOMEM;
		sweep->held = held;
		sweep->room = room;
	}
	sweep->build->steps -= chain;
	sweep->held[++sweep->top] = (struct held){
		.last = range->last,
		.pick = pick,
		.chain = chain,
		.segment = netbuild_segment(sweep->build, &range->first,
		    netstep_block_bits(range), pick),
	};
	return 0;
}

static bool
same_owner(const struct netset_input *input, uint32_t a, uint32_t b)
{
	return input->entry(input->ctx, a).owner ==
	       input->entry(input->ctx, b).owner;
}

static int
records_sweep(struct sweep *sweep)
{
	const struct netset_input *input = sweep->build->input;
	struct netaddr zero = { .family = sweep->build->family };
	struct netrange before = { .first = zero }, range;
	size_t i;
	int rc = 0;

	sweep->held[0] = (struct held){
		.last = netstep_last(sweep->build->family),
		.segment = netbuild_segment(
		    sweep->build, &zero, NETSTEP_NO_BLOCK, NETSET_NONE),
	};
	for (i = 0; i < sweep->build->ranges && rc == 0; i++) {
		const uint64_t *record = &sweep->records[i * sweep->width];

		range = range_of(sweep, record);
		while (netaddr_compare(
			   &sweep->held[sweep->top].last, &range.first) < 0)
			pop(sweep);
		if (netaddr_compare(
			&sweep->held[sweep->top].last, &range.last) < 0)
			return -EDOM;
		if (i > 0 && range_compare(&before, &range) == 0 &&
		    !same_owner(input, entry_of(record - sweep->width),
			entry_of(record)))
			return -EDOM;
		before = range;
		rc = push(sweep, &range, record);
	}
	while (sweep->top > 0)
		pop(sweep);
	return rc;
}

int
netsweep(struct netbuild *build)
{
	size_t width = build->family == FAMILY_IPV4 ? WIDTH_IPV4 : WIDTH_IPV6;
	struct sweep sweep = {
		.build = build,
		.records = calloc(build->ranges, width * sizeof(uint64_t)),
		.spare = calloc(build->ranges, width * sizeof(uint64_t)),
		.width = width,
		.held = calloc(ROOM, sizeof(*sweep.held)),
		.room = ROOM,
	};
	int rc = -ENOMEM;

	if (sweep.records != NULL && sweep.spare != NULL &&
	    sweep.held != NULL) {
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
