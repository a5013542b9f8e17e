/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rangelist - ranges as written, in little room.
 *
 * Addresses stand in a row of 32-bit words. Where their row begins follows
 * from the index if all are of one family, else from the place. Places and
 * notes are runs: each goes from one index up to the next run's, and is
 * found by bisection.
 */
#include "rangelist.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a byte says of a range: its form, and these. A range without family
 * is a network's name. */
enum {
	KIND_FORM = 3,
	KIND_IPV4 = 4,
	KIND_IPV6 = 8,
	KIND_HOST_BITS = 16,
	KIND_EXPIRES = 32,
	KIND_FAMILY = KIND_IPV4 | KIND_IPV6,
};

enum { WORDS_IPV4 = 2, WORDS_IPV6 = 8 };

/* From the first range on each stands one line below the other, in the same
 * column, and is of the same family. */
struct place {
	uint32_t first;
	uint32_t word; /* where its addresses begin */
	uint32_t line, column;
};

struct note {
	uint32_t first;
	const char *file, *network, *comment, *owner;
	int64_t until;
};

struct range_pack {
	uint32_t *words;
	uint8_t *kinds;
	struct place *places;
	struct note *notes;
	uint32_t nwords, nplaces, nnotes;
	bool mixed; /* of more than one family */
};

static uint32_t
words_of(uint8_t kind)
{
	return (kind & KIND_IPV4) != 0   ? WORDS_IPV4
	       : (kind & KIND_IPV6) != 0 ? WORDS_IPV6
					 : 0;
}

/* ---- Out ------------------------------------------------------------- */

static const struct place *
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

struct netrange
range_clients(const struct range_list *list, size_t i)
{
	const struct range_pack *pack = list->pack;
	struct netrange range = { .form = NETFORM_SINGLE };
	const struct place *place;
	const uint32_t *words;
	uint32_t stride;
	uint8_t kind;

	assert(i < list->count);
	kind = pack->kinds[i];
	range.form = kind & KIND_FORM;
	stride = words_of(kind);
	if (stride == 0)
		return range;
	words = pack->words + i * stride;
	if (pack->mixed) {
		place = place_of(pack, i);
		words = pack->words + place->word + (i - place->first) * stride;
	}
	if ((kind & KIND_IPV4) != 0) {
		range.first = addr_unpack(words, FAMILY_IPV4);
		range.last = addr_unpack(words + 1, FAMILY_IPV4);
	} else {
		range.first = addr_unpack(words, FAMILY_IPV6);
		range.last = addr_unpack(words + 4, FAMILY_IPV6);
	}
	return range;
}

bool
range_expires(const struct range_list *list, size_t i)
{
	assert(i < list->count);
	return (list->pack->kinds[i] & KIND_EXPIRES) != 0;
}

struct range
range_get(const struct range_list *list, size_t i)
{
	const struct place *place = place_of(list->pack, i);
	const struct note *note = note_of(list->pack, i);

	return (struct range){
		.range = range_clients(list, i),
		.host_bits = (list->pack->kinds[i] & KIND_HOST_BITS) != 0,
		.until = note->until,
		.network = note->network,
		.comment = note->comment,
		.owner = note->owner,
		.where = {
			.file = note->file,
			.line = place->line + (uint32_t)(i - place->first),
			.column = place->column,
		},
	};
}

/* ---- In -------------------------------------------------------------- */

static uint8_t
kind_of(const struct range *range)
{
	unsigned kind = (unsigned)range->range.form;

	if (range->range.first.family == FAMILY_IPV4)
		kind |= KIND_IPV4;
	else if (range->range.first.family == FAMILY_IPV6)
		kind |= KIND_IPV6;
	if (range->host_bits)
		kind |= KIND_HOST_BITS;
	if (range->until != UNTIL_FOREVER)
		kind |= KIND_EXPIRES;
	return (uint8_t)kind;
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
	void *words, *kinds, *places, *notes;
	int error;

	if (pack == NULL)
		pack = maker->pack = calloc(1, sizeof(*pack));
	if (pack == NULL)
		return -ENOMEM;
	words = pack->words;
	kinds = pack->kinds;
	places = pack->places;
	notes = pack->notes;
	error = grow(&words, &maker->words, pack->nwords, WORDS_IPV6,
	    sizeof(*pack->words));
	if (error == 0)
		error = grow(&kinds, &maker->kinds, maker->count, 1, 1);
	if (error == 0)
		error = grow(&places, &maker->places, pack->nplaces, 1,
		    sizeof(*pack->places));
	if (error == 0)
		error = grow(&notes, &maker->notes, pack->nnotes, 1,
		    sizeof(*pack->notes));
	pack->words = words;
	pack->kinds = kinds;
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
		pack->nwords += WORDS_IPV4 / 2;
		return;
	}
	words[0] = (uint32_t)(addr->hi >> 32);
	words[1] = (uint32_t)addr->hi;
	words[2] = (uint32_t)(addr->lo >> 32);
	words[3] = (uint32_t)addr->lo;
	pack->nwords += WORDS_IPV6 / 2;
}

static void
place_add(struct range_maker *maker, const struct where *where, uint8_t kind)
{
	struct range_pack *pack = maker->pack;
	const struct place *last = &pack->places[pack->nplaces];
	uint32_t i = (uint32_t)maker->count;
	bool same_family =
	    i > 0 && ((pack->kinds[i - 1] ^ kind) & KIND_FAMILY) == 0;

	pack->mixed = pack->mixed || (i > 0 && !same_family);
	if (same_family && last[-1].column == where->column &&
	    where->line - last[-1].line == i - last[-1].first)
		return;
	pack->places[pack->nplaces++] = (struct place){
		.first = i,
		.word = pack->nwords,
		.line = where->line,
		.column = where->column,
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
	    last[-1].owner == range->owner && last[-1].until == range->until)
		return;
	pack->notes[pack->nnotes++] = (struct note){
		.first = (uint32_t)maker->count,
		.file = range->where.file,
		.network = range->network,
		.comment = range->comment,
		.owner = range->owner,
		.until = range->until,
	};
}

int
range_add(struct range_maker *maker, const struct range *range)
{
	uint8_t kind = kind_of(range);
	int error = maker_grow(maker);

	if (error != 0)
		return error;
	place_add(maker, &range->where, kind);
	note_add(maker, range);
	maker->pack->kinds[maker->count++] = kind;
	if ((kind & KIND_FAMILY) != 0) {
		addr_pack(maker->pack, &range->range.first);
		addr_pack(maker->pack, &range->range.last);
	}
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
	void *words, *kinds, *places, *notes;

	if (from != NULL) {
		pack = arena_alloc(arena, sizeof(*pack));
		if (pack == NULL ||
		    keep(arena, from->words, from->nwords, sizeof(*from->words),
			&words) != 0 ||
		    keep(arena, from->kinds, maker->count, 1, &kinds) != 0 ||
		    keep(arena, from->places, from->nplaces,
			sizeof(*from->places), &places) != 0 ||
		    keep(arena, from->notes, from->nnotes, sizeof(*from->notes),
			&notes) != 0)
			return -ENOMEM;
		*pack = *from;
		pack->words = words;
		pack->kinds = kinds;
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
		free(maker->pack->kinds);
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
