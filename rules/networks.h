/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * networks.h - names for lists of ranges.
 *
 * Decodes the mapping of networks and the files that they may come from;
 * afterwards puts the ranges of networks where their names stand.
 */
#ifndef NETWORKS_H
#define NETWORKS_H

#include "policy.h"
#include "ranges.h"
#include "schema.h"

/* What the decoder's ctx is while a policy is loaded. */
struct loading {
	struct policy *policy;
	size_t ranges_left;
	/* Reads a file, complains at where if that fails; free() the text. */
	int (*read)(struct decoder *, const char *path, struct where,
	    char **text, size_t *len);
	const struct network **by_name; /* sorted; made by networks_resolve() */
};

extern const struct record networks_file_record;

/* The mapping of names to networks. */
decode_fn networks_decode;

/* Replaces names by ranges in all lists, once all is decoded. -EINVAL: some
 * name is unknown. */
int networks_resolve(struct decoder *);

#endif
