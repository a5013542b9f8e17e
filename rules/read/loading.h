/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loading.h - what the decoders of a policy share while it is loaded.
 */
#ifndef LOADING_H
#define LOADING_H

#include "policy.h"
#include "schema.h"

/* What the decoder's ctx is while a policy is loaded. */
struct loading {
	struct policy *policy;
	size_t ranges_left;
	struct range_maker ranges; /* of the list that is being read */
	/* Reads a file, complains at where if that fails; free() the text. */
	int (*read)(struct decoder *, const char *path, struct where,
	    char **text, size_t *len);
	const struct network **by_name; /* sorted; made by networks_resolve() */
};

#endif
