/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * networks.h - ranges as they are written, and the names they go by.
 *
 * Decodes lists of ranges, the mapping of networks and the files that
 * networks may come from; afterwards puts the ranges of networks where their
 * names stand. Part of policy.c's work, in a file of its own for its length.
 */
#ifndef NETWORKS_H
#define NETWORKS_H

#include "policy.h"
#include "schema.h"

enum {
	RANGES_MAX = 4000000, /* in one policy, as they stand after names are
				 replaced */
	NAME_MAX_LENGTH = 64,
	NOTE_MAX_LENGTH = 256, /* of a comment or an owner */
};

/* What the decoder's ctx is while a policy is loaded. */
struct loading {
	struct policy *policy;
	size_t ranges_left;
	/* Reads a file, complains at where if that fails; free() the text. */
	int (*read)(struct decoder *, const char *path, struct where,
	    char **text, size_t *len);
	const struct network **by_name; /* sorted; made by networks_resolve() */
};

/* One entry of a list of ranges (struct range), for schema_list(). */
extern const struct field networks_range_element;
extern const struct record networks_range_record;
extern const struct record networks_file_record;

/* The mapping of names to networks. */
decode_fn networks_decode;

/* Replaces names by ranges in all lists, once all is decoded. -EINVAL: some
 * name is unknown. */
int networks_resolve(struct decoder *);

#endif
