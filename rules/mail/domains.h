/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domains.h - accepted domains: which entry a mailbox's domain matches.
 *
 * An entry is a domain, or a domain and all its subdomains. The most
 * specific entry wins: the exact one, then the longest suffix at a label
 * boundary. Built once, immutable.
 */
#ifndef DOMAINS_H
#define DOMAINS_H

#include "policy.h"

struct domset;

/* Keeps the entries by reference; they must outlive the set. Of entries of the
 * same name the first one is found. NULL: out of memory. */
struct domset *domset_new(const struct accepted_domain *, size_t count);
void domset_free(struct domset *);

/* domain in lower case without a final dot, as A-labels or U-labels; NULL if
 * none matches. */
const struct accepted_domain *domset_find(
    const struct domset *, const char *domain);

/* Whether some MTA could take a domain in UTF-8, which domset_find() does not
 * find, for one of these all the same: UTS 46 maps many texts to one domain. */
bool domset_may_hold(const struct domset *, const char *domain);

/* The first entry with the name of one that is in the set: itself, unless the
 * name is repeated. */
const struct accepted_domain *domset_first(
    const struct domset *, const struct accepted_domain *);

#endif
