/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rangelist - ranges as written, in little room.
 *
 * Addresses stand in a row of 32-bit words, and in another a code for each
 * range: its family, its form, and the prefix length of a network. Where the
 * words of a range begin follows from its index if all have as many, else from
 * its place. Places and notes are runs: each goes from one index up to the
 * next run's, and is found by bisection.
 */
#include "rangelist.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "step.h"

/* CODE_IPV4 and CODE_IPV6 are networks, and their prefix length is added. */
enum {
	CODE_NAME, /* of a network: no address */
	CODE_IPV4,
	CODE_IPV4_SINGLE = CODE_IPV4 + 33,
	CODE_IPV4_PAIR, /* two addresses with a dash */
	CODE_IPV6,
	CODE_IPV6_SINGLE = CODE_IPV6 + 129,
	CODE_IPV6_PAIR,
};

enum { WORDS_IPV4 = 1, WORDS_IPV6 = 4, WORDS_MAX = 2 * WORDS_IPV6 };

enum { COLUMN_MAX = INT32_MAX };

/* From the first range on each stands one line below the other, in the same
 * column, and has as many words. */
struct list_place {
	uint32_t first;
	uint32_t word; /* where its addresses begin */
	uint32_t line;
	uint32_t column : 31, host_bits : 1;
};

struct note {
	uint32_t first;
	const char *file, *network, *comment, *owner;
	const struct client_limits *limits;
	int64_t until;
};

struct range_pack {
	uint32_t *words;
	uint8_t *codes;
	struct list_place *places;
	struct note *notes;
	uint32_t nwords, nplaces, nnotes;
	bool mixed;   /* not all have as many words */
	bool expires; /* some do */
};

static uint32_t
words_of(uint8_t code)
{
	if (code == CODE_NAME)
		return 0;
	if (code < CODE_IPV6)
		return code == CODE_IPV4_PAIR ? 2 * WORDS_IPV4 : WORDS_IPV4;
	return code == CODE_IPV6_PAIR ? 2 * WORDS_IPV6 : WORDS_IPV6;
}

/* ---- Out ------------------------------------------------------------- */

static const struct list_place *
place_of(const struct range_pack *pack, size_t i)
{
	uint32_t low = 0, n = pack->nplaces, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		low += pack->places[low + half].first <= i ? half : 0;
	}
	return &pack->places[low];
}

static const struct note *
note_of(const struct range_pack *pack, size_t i)
{
	uint32_t low = 0, n = pack->nnotes, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		low += pack->notes[low + half].first <= i ? half : 0;
	}
	return &pack->notes[low];
}

static struct netaddr
addr_unpack(const uint32_t *words, enum family family)
{
	if (family == FAMILY_IPV4)
		return (struct netaddr){ .family = family, .lo = words[0] };
	return (struct netaddr){
		.family = family,
		.hi = (uint64_t)words[0] << 32 | words[1],
		.lo = (uint64_t)words[2] << 32 | words[3],
	};
}

static const uint32_t *
words_at(const struct range_pack *pack, size_t i)
{
	uint32_t stride = words_of(pack->codes[i]);
	const struct list_place *place;

	if (!pack->mixed)
		return pack->words + i * stride;
	place = place_of(pack, i);
	return pack->words + place->word + (i - place->first) * stride;
}

struct netrange
range_clients(const struct range_list *list, size_t i)
{
	struct netrange range = { .form = NETFORM_SINGLE };
	unsigned code, bits, prefix;
	const uint32_t *words;
	bool ipv4;

	assert(i < list->count);
	code = list->pack->codes[i];
	ipv4 = code < CODE_IPV6;
	if (code == CODE_NAME)
		return range;
	words = words_at(list->pack, i);
	range.first = addr_unpack(words, ipv4 ? FAMILY_IPV4 : FAMILY_IPV6);
	if (code == CODE_IPV4_PAIR || code == CODE_IPV6_PAIR) {
		words += ipv4 ? WORDS_IPV4 : WORDS_IPV6;
		range.last = addr_unpack(words, range.first.family);
		range.form = NETFORM_RANGE;
		return range;
	}
	/* No branch between the two: either is as likely. */
	bits = netstep_bits(range.first.family);
	prefix = code - (ipv4 ? CODE_IPV4 : CODE_IPV6);
	range.form = prefix > bits ? NETFORM_SINGLE : NETFORM_CIDR;
	range.last =
	    netstep_block(range.first, prefix > bits ? 0 : bits - prefix);
	return range;
}

bool
range_expires(const struct range_list *list, size_t i)
{
	assert(i < list->count);
	return list->pack->expires &&
	       note_of(list->pack, i)->until != UNTIL_FOREVER;
}

struct range
range_get(const struct range_list *list, size_t i)
{
	const struct list_place *place = place_of(list->pack, i);
	const struct note *note = note_of(list->pack, i);

	return (struct range){
		.range = range_clients(list, i),
		.host_bits = place->host_bits,
		.until = note->until,
		.network = note->network,
		.comment = note->comment,
		.owner = note->owner,
		.limits = note->limits,
		.where = {
			.file = note->file,
			.line = place->line + (uint32_t)(i - place->first),
			.column = place->column,
		},
	};
}

/* ---- In -------------------------------------------------------------- */

static uint8_t
code_of(const struct netrange *range)
{
	bool ipv4 = range->first.family == FAMILY_IPV4;
	unsigned bits;

	if (range->first.family == FAMILY_NONE)
		return CODE_NAME;
	if (range->form == NETFORM_SINGLE)
		return ipv4 ? CODE_IPV4_SINGLE : CODE_IPV6_SINGLE;
	if (range->form == NETFORM_RANGE)
		return ipv4 ? CODE_IPV4_PAIR : CODE_IPV6_PAIR;
	bits = netstep_block_bits(range);
	assert(bits != NETSTEP_NO_BLOCK);
	return (uint8_t)(ipv4 ? CODE_IPV4 + 32 - bits : CODE_IPV6 + 128 - bits);
}

/* Makes room for more elements than count. */
static int
grow(void **array, size_t *room, size_t count, size_t more, size_t size)
{
	size_t wanted = *room == 0 ? 16 : *room * 2;
	void *grown;

	if (count + more <= *room)
		return 0;
	if (wanted < count + more)
		wanted = count + more;
	grown = realloc(*array, wanted * size);
	if (grown == NULL)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

static int
maker_grow(struct range_maker *maker)
{
	struct range_pack *pack = maker->pack;
	void *words, *codes, *places, *notes;
	int error;

	if (pack == NULL)
		pack = maker->pack = calloc(1, sizeof(*pack));
	if (pack == NULL)
		return -ENOMEM;
	words = pack->words;
	codes = pack->codes;
	places = pack->places;
	notes = pack->notes;
	error = grow(&words, &maker->words, pack->nwords, WORDS_MAX,
	    sizeof(*pack->words));
	if (error == 0)
		error = grow(&codes, &maker->codes, maker->count, 1, 1);
	if (error == 0)
		error = grow(&places, &maker->places, pack->nplaces, 1,
		    sizeof(*pack->places));
	if (error == 0)
		error = grow(&notes, &maker->notes, pack->nnotes, 1,
		    sizeof(*pack->notes));
	pack->words = words;
	pack->codes = codes;
	pack->places = places;
	pack->notes = notes;
	return error;
}

static void
addr_pack(struct range_pack *pack, const struct netaddr *addr)
{
	uint32_t *words = &pack->words[pack->nwords];

	if (addr->family == FAMILY_IPV4) {
		words[0] = (uint32_t)addr->lo;
		pack->nwords += WORDS_IPV4;
		return;
	}
	words[0] = (uint32_t)(addr->hi >> 32);
	words[1] = (uint32_t)addr->hi;
	words[2] = (uint32_t)(addr->lo >> 32);
	words[3] = (uint32_t)addr->lo;
	pack->nwords += WORDS_IPV6;
}

static void
place_add(struct range_maker *maker, const struct range *range, uint8_t code)
{
	struct range_pack *pack = maker->pack;
	const struct list_place *last = &pack->places[pack->nplaces];
	uint32_t i = (uint32_t)maker->count;
	bool same = i > 0 && words_of(pack->codes[i - 1]) == words_of(code);

	pack->mixed = pack->mixed || (i > 0 && !same);
	if (same && last[-1].column == range->where.column &&
	    last[-1].host_bits == range->host_bits &&
	    range->where.line - last[-1].line == i - last[-1].first)
		return;
	pack->places[pack->nplaces++] = (struct list_place){
		.first = i,
		.word = pack->nwords,
		.line = range->where.line,
		.column = range->where.column & COLUMN_MAX,
		.host_bits = range->host_bits,
	};
}

static void
note_add(struct range_maker *maker, const struct range *range)
{
	struct range_pack *pack = maker->pack;
	const struct note *last = &pack->notes[pack->nnotes];

	if (pack->nnotes > 0 && last[-1].file == range->where.file &&
	    last[-1].network == range->network &&
	    last[-1].comment == range->comment &&
	    last[-1].owner == range->owner &&
	    last[-1].limits == range->limits && last[-1].until == range->until)
		return;
	pack->expires = pack->expires || range->until != UNTIL_FOREVER;
	pack->notes[pack->nnotes++] = (struct note){
		.first = (uint32_t)maker->count,
		.file = range->where.file,
		.network = range->network,
		.comment = range->comment,
		.owner = range->owner,
		.limits = range->limits,
		.until = range->until,
	};
}

int
range_add(struct range_maker *maker, const struct range *range)
{
	uint8_t code = code_of(&range->range);
	int error = maker_grow(maker);

	if (error != 0)
		return error;
	place_add(maker, range, code);
	note_add(maker, range);
	maker->pack->codes[maker->count++] = code;
	if (code != CODE_NAME)
		addr_pack(maker->pack, &range->range.first);
	if (code == CODE_IPV4_PAIR || code == CODE_IPV6_PAIR)
		addr_pack(maker->pack, &range->range.last);
	return 0;
}

static int
keep(struct arena *arena, void *array, size_t count, size_t size, void **kept)
{
	*kept = arena_array(arena, count, size);
	if (*kept == NULL)
		return -ENOMEM;
	memcpy(*kept, array, count * size);
	return 0;
}

int
range_made(
    struct range_maker *maker, struct arena *arena, struct range_list *list)
{
	const struct range_pack *from = maker->pack;
	struct range_pack *pack = NULL;
	void *words, *codes, *places, *notes;

	if (from != NULL) {
		pack = arena_alloc(arena, sizeof(*pack));
		if (pack == NULL ||
		    keep(arena, from->words, from->nwords, sizeof(*from->words),
			&words) != 0 ||
		    keep(arena, from->codes, maker->count, 1, &codes) != 0 ||
		    keep(arena, from->places, from->nplaces,
			sizeof(*from->places), &places) != 0 ||
		    keep(arena, from->notes, from->nnotes, sizeof(*from->notes),
			&notes) != 0)
			return -ENOMEM;
		*pack = *from;
		pack->words = words;
		pack->codes = codes;
		pack->places = places;
		pack->notes = notes;
	}
	list->pack = pack;
	list->count = maker->count;
	range_maker_fini(maker);
	return 0;
}

void
range_maker_fini(struct range_maker *maker)
{
	if (maker->pack != NULL) {
		free(maker->pack->words);
		free(maker->pack->codes);
		free(maker->pack->places);
		free(maker->pack->notes);
	}
	free(maker->pack);
	*maker = (struct range_maker){ 0 };
}

void
range_list_name(struct range_list *list, const char *network)
{
	uint32_t i;

	for (i = 0; list->pack != NULL && i < list->pack->nnotes; i++)
		if (list->pack->notes[i].network == NULL)
			list->pack->notes[i].network = network;
}

bool
range_list_limited(const struct range_list *list, struct where *where)
{
	uint32_t i;

	for (i = 0; list->pack && i < list->pack->nnotes; i++) {
		if (!list->pack->notes[i].limits)
			continue;
		*where = range_get(list, list->pack->notes[i].first).where;
		return true;
	}
	return false;
}

int
range_list_map_limits(struct range_list *list,
    int (*map)(void *ctx, const struct client_limits **), void *ctx)
{
	int error = 0;
	uint32_t i;

	for (i = 0; list->pack && i < list->pack->nnotes && error == 0; i++)
		error = map(ctx, &list->pack->notes[i].limits);
	return error;
}

struct client_limits
client_limits_nearest(
    const struct client_limits *near, const struct client_limits *far)
{
	return (struct client_limits){
		.senders = near->senders ? near->senders : far->senders,
		.recipients =
		    near->recipients ? near->recipients : far->recipients,
		.quota = near->quota ? near->quota : far->quota,
		.number = near->number,
	};
}
