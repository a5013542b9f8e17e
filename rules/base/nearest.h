/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest.h - "did you mean".
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* The same but for case, underscores and dashes: RemoteIPRanges and
 * remote_ip_ranges. */
bool word_same_squashed(const char *, const char *);
/* The nearest of count names by edit distance, without regard to case; NULL
 * if none is near. name is called with ctx and 0 to count - 1. */
const char *word_nearest(const char *text,
    const char *(*name)(const void *ctx, size_t i), const void *ctx,
    size_t count);

#endif
