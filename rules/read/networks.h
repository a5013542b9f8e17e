/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * networks.h - names for lists of ranges.
 *
 * Decodes the mapping of networks and the files that they may come from;
 * afterwards puts the ranges of networks where their names stand.
 */
#ifndef NETWORKS_H
#define NETWORKS_H

#include "loading.h"
#include "ranges.h"
#include "schema.h"

extern const struct record networks_file_record;
/* A network's ranges, or its file; the pattern is that of its name. */
extern const struct field networks_element;

/* The mapping of names to networks. */
decode_fn networks_decode;

/* Replaces names by ranges in all lists, once all is decoded. -EINVAL: some
 * name is unknown. */
int networks_resolve(struct decoder *);

#endif
