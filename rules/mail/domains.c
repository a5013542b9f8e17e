/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domset - accepted domains, sorted by name for binary search.
 *
 * A name is looked up as it is, then, less one label at a time, among the
 * entries that have subdomains. Owns only its index.
 */
#include "domains.h"

#include <stdlib.h>
#include <string.h>

struct domset {
	size_t count;
	const struct accepted_domain *sorted[];
};

static int
entry_compare(const void *left, const void *right)
{
	const struct accepted_domain *const *a = left, *const *b = right;
	int names = strcmp((*a)->name, (*b)->name);

	return names != 0 ? names : (*a)->subdomains - (*b)->subdomains;
}

struct domset *
domset_new(const struct accepted_domain *entries, size_t count)
{
	struct domset *set;
	size_t i;

	if (count > SIZE_MAX / sizeof(*set->sorted) - 1)
		return NULL;
	set = malloc(sizeof(*set) + count * sizeof(*set->sorted));
	if (set == NULL)
		return NULL;
	set->count = count;
	for (i = 0; i < count; i++)
		set->sorted[i] = &entries[i];
	if (count > 1)
		qsort(set->sorted, count, sizeof(*set->sorted), entry_compare);
	return set;
}

void
domset_free(struct domset *set)
{
	free(set);
}

/* The first entry whose name is not before this one. */
static size_t
find_place(const struct domset *set, const char *name)
{
	size_t from = 0, to = set->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(set->sorted[middle]->name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The entry of a name: of the whole domain any, of what is above it one that
 * has subdomains. */
static const struct accepted_domain *
find_entry(const struct domset *set, const char *name, bool whole)
{
	size_t i;

	for (i = find_place(set, name);
	     i < set->count && strcmp(set->sorted[i]->name, name) == 0; i++)
		if (whole || set->sorted[i]->subdomains)
			return set->sorted[i];
	return NULL;
}

const struct accepted_domain *
domset_find(const struct domset *set, const char *domain)
{
	const struct accepted_domain *found = find_entry(set, domain, true);

	while (found == NULL && (domain = strchr(domain, '.')) != NULL)
		found = find_entry(set, ++domain, false);
	return found;
}
