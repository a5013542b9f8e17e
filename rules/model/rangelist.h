/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rangelist.h - ranges as written, in little room.
 *
 * A list may hold a million ranges, and what is known of one is known of its
 * neighbours: the file, the network, that there is no comment, and that each
 * stands a line below the last. So the first address is kept in 4 bytes (IPv4)
 * or 16 (IPv6), and a byte that says how far the range goes; a range with a
 * dash has its last address, too; all else is kept once for as many neighbours
 * as it goes for. A range is put together again when it is asked for.
 */
#ifndef RANGELIST_H
#define RANGELIST_H

#include "arena.h"
#include "rules.h"

#define UNTIL_FOREVER INT64_MAX

/* One range as written; from a network, a file or in place. */
struct range {
	struct netrange range;
	bool host_bits;      /* it was a CIDR with host bits set */
	int64_t until;       /* first second in which it takes no part any
				more (UTC), or UNTIL_FOREVER */
	const char *network; /* the name it came by, or NULL */
	const char *comment; /* or NULL */
	const char *owner;   /* or NULL */
	const struct client_limits *limits; /* or NULL: states none */
	struct where where;                 /* of the range's own text */
};

struct range_pack;

struct range_list {
	const struct range_pack *pack; /* lives in an arena; may be shared */
	size_t count;
	struct where where; /* of the key; line 0: the key is absent */
};

/* The i-th, which must be there. Texts live as long as the list. */
struct range range_get(const struct range_list *, size_t i);
/* Only its addresses; whether it has an end at all. The first takes the same
 * time for any length where all ranges are of one family and one form, with a
 * dash or without. */
struct netrange range_clients(const struct range_list *, size_t i);
bool range_expires(const struct range_list *, size_t i);

/* A list in the making, by range_add() in the order of the list; all zero is
 * an empty one. */
struct range_maker {
	struct range_pack *pack;
	size_t count;
	size_t words, codes, places, notes; /* room for so many */
};

/* Texts of the range are kept by reference. -ENOMEM. */
int range_add(struct range_maker *, const struct range *);
/* Writes pack and count of the list, with memory of the arena, and leaves
 * the maker empty. -ENOMEM. */
int range_made(struct range_maker *, struct arena *, struct range_list *);
void range_maker_fini(struct range_maker *);

/* Ranges that came by no name came by this one. */
void range_list_name(struct range_list *, const char *network);
/* Whether some range states limits; where is that of the first. */
bool range_list_limited(const struct range_list *, struct where *);
/* Replaces the limits of all ranges by what map returns for them; it is asked
 * once for each run of ranges that state the same. */
int range_list_map_limits(struct range_list *,
    int (*map)(void *ctx, const struct client_limits **), void *ctx);

#endif
