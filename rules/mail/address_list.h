/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address_list.h - lists of senders and recipients that a client is narrowed
 * to.
 */
#ifndef ADDRESS_LIST_H
#define ADDRESS_LIST_H

#include "domains.h"
#include "mailbox.h"
#include "rules.h"

/* The order of items; for qsort(). */
int address_item_compare(const void *, const void *);

/* Whether a list holds a mailbox; text is the argument that was classified.
 * Only a plain mailbox and the null sender can be on one. */
bool address_list_holds(
    const struct address_list *, const struct mailaddr *, const char *text);

/* Whether all that item stands for is on the list. */
bool address_list_covers(const struct address_list *, const char *item);

/* Whether an item holds something in a domain that counts as own, and
 * something in one that does not. own says which accepted domains count. */
void address_item_domains(const char *item, const struct domset *,
    const struct accepted_domain *, size_t count,
    bool (*own)(const void *ctx, const struct accepted_domain *),
    const void *ctx, bool *in_own, bool *in_foreign);

#endif
