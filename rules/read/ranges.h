/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ranges.h - one entry of a list of ranges.
 *
 * A range that is not an address stands in the model as a reference: it has
 * a network's name and no family, until networks_resolve().
 */
#ifndef RANGES_H
#define RANGES_H

#include "policy.h"
#include "schema.h"

enum {
	RANGES_MAX = 4000000, /* in one policy, as they stand after names are
				 replaced */
	NAME_MAX_LENGTH = 64,
	NOTE_MAX_LENGTH = 256, /* of a comment or an owner */
};

/* One entry (struct range), of ranges_list(). */
extern const struct field range_element;
extern const struct record range_record;

/* A struct range_list, whose pack the field's offset is that of. */
decode_fn ranges_list;

/* Takes count ranges off those that the policy may still have. -EINVAL: too
 * few were left; complained of at where, and reading stops. */
int ranges_spend(struct decoder *, size_t count, struct where);
/* Whether somebody who wrote this took it for an address. */
bool range_looks_like_address(const char *text);
/* A letter, then letters, digits, "-", "_" and "."; not too long. */
bool range_is_name(const char *text);

#endif
