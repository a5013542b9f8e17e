/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - the edition of the policy that new sessions get.
 *
 * Reads and compiles outside the lock that protects the pointer; a policy
 * with a mistake changes nothing. store_get() is for every thread, the rest
 * for the one that loads.
 */
#ifndef STORE_H
#define STORE_H

#include "policy_version.h"

#include <sys/types.h>

struct store;

/* file and tally must outlive the store. The store is empty. */
int store_new(const char *file, struct tally *, struct store **);
void store_free(struct store *);
/* Refuses files that others than root and this user may change. */
void store_guard(struct store *, uid_t user);

/* Loads the file and swaps it in. All that is wrong with it is in the list;
 * the ruleset that was there stays. A file that seems cut off is wrong, too:
 * E-CUT. */
int store_load(struct store *, struct diagnostics *);
/* A reference to the current edition, the caller's; NULL while empty. */
struct edition *store_get(struct store *);
/* When it was put there. */
int64_t store_since(struct store *);

/* A number that changes when a file does that the last load read, and what
 * it was then. */
uint64_t store_mark(const struct store *);
uint64_t store_mark_now(const struct store *);

/* Writes what the current ruleset was made of into a folder, unless that is
 * NULL, and forgets what is not needed of it any more: once after each load. */
int store_keep(struct store *, const char *folder);
/* Before the first load: reads what is there, which that load is compared
 * with and store_restore() loads where it fails. -ENOENT: there is none;
 * -EBADMSG: it is not what was written there. */
int store_recall(struct store *, const char *folder);
int store_restore(struct store *, struct diagnostics *);

#endif
