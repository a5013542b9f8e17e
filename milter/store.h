/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - the ruleset that new sessions get.
 *
 * Reads and compiles outside the lock that protects the pointer; a policy
 * with a mistake changes nothing.
 */
#ifndef STORE_H
#define STORE_H

#include "rules.h"

struct store;

/* file must outlive the store. The store is empty. */
int store_new(const char *file, struct store **);
void store_free(struct store *);

/* Loads the file and swaps it in. All that is wrong with it is in the list;
 * the ruleset that was there stays. */
int store_load(struct store *, struct diagnostics *);
/* A reference to the current ruleset, the caller's; NULL while empty. */
struct ruleset *store_get(struct store *);

#endif
