/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quota_file.h - keeps over a restart what clients have spent of quotas.
 *
 * A thread writes a file once a minute and at the end, by rename, so that no
 * disk delays a decision and no half of a file is ever read.
 */
#ifndef QUOTA_FILE_H
#define QUOTA_FILE_H

#include "rules.h"

/* A table with what the file has, and its seed. A file that is not there
 * counts nothing, and one that is cut or of another size is not used and
 * logged; the seed is then the given one. path may be NULL. NULL: out of
 * memory. */
struct counter_table *quota_file_table(
    const char *path, size_t keys, uint64_t seed);

struct quota_keeper;

/* Starts the thread. path and table must outlive it. */
int quota_keeper_start(
    const char *path, const struct counter_table *, struct quota_keeper **);
/* Writes once more. Takes NULL. */
void quota_keeper_stop(struct quota_keeper *);

#endif
