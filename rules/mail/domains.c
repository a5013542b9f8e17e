/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domains - accepted domains, sorted by name for binary search.
 *
 * A domain with U-labels is in the index twice, under either form. A name is
 * looked up as it is, then, less one label at a time, among the entries that
 * have subdomains. Owns only its index.
 */
#include "domains.h"

#include <stdlib.h>
#include <string.h>

#include "idn.h"

struct domset {
	size_t count;
	struct named_domain {
		const char *name;
		const struct accepted_domain *entry;
	} sorted[];
};

static int
name_compare(
    const struct named_domain *named, const char *name, bool subdomains)
{
	int names = strcmp(named->name, name);

	return names != 0 ? names : named->entry->subdomains - subdomains;
}

/* Of two equal entries the first comes first: all are of one array. */
static int
entry_compare(const void *left, const void *right)
{
	const struct named_domain *a = left, *b = right;
	int order = name_compare(a, b->name, b->entry->subdomains);

	return order != 0 ? order
			  : (a->entry > b->entry) - (a->entry < b->entry);
}

struct domset *
domset_new(const struct accepted_domain *entries, size_t count)
{
	struct domset *set;
	size_t i;

	if (count > SIZE_MAX / sizeof(*set->sorted) / 2 - 1)
		return NULL;
	set = malloc(sizeof(*set) + 2 * count * sizeof(*set->sorted));
	if (set == NULL)
		return NULL;
	set->count = 0;
	for (i = 0; i < count; i++) {
		set->sorted[set->count++] =
		    (struct named_domain){ entries[i].name, &entries[i] };
		if (entries[i].unicode != NULL)
			set->sorted[set->count++] =
			    (struct named_domain){ entries[i].unicode,
				    &entries[i] };
	}
	if (set->count > 1)
		qsort(set->sorted, set->count, sizeof(*set->sorted),
		    entry_compare);
	return set;
}

void
domset_free(struct domset *set)
{
	free(set);
}

/* The first entry that is not before a name, with or without subdomains. */
static size_t
find_place(const struct domset *set, const char *name, bool subdomains)
{
	size_t from = 0, to = set->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (name_compare(&set->sorted[middle], name, subdomains) < 0)
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
	size_t i = find_place(set, name, !whole);

	return i < set->count && strcmp(set->sorted[i].name, name) == 0
		   ? set->sorted[i].entry
		   : NULL;
}

const struct accepted_domain *
domset_first(const struct domset *set, const struct accepted_domain *entry)
{
	return set->sorted[find_place(set, entry->name, entry->subdomains)]
	    .entry;
}

const struct accepted_domain *
domset_find(const struct domset *set, const char *domain)
{
	const struct accepted_domain *found = find_entry(set, domain, true);

	while (found == NULL && (domain = strchr(domain, '.')) != NULL)
		found = find_entry(set, ++domain, false);
	return found;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), want = strlen(end);

	return len >= want && memcmp(text + len - want, end, want) == 0;
}

/* Whether a name that ends in tail, less what is before it, could be this
 * one, or below it. */
static bool
named_ends(const struct named_domain *named, const char *tail)
{
	size_t len = strlen(named->name), have = strlen(tail);

	if (have <= len)
		return ends_with(named->name, tail);
	return named->entry->subdomains && ends_with(tail, named->name) &&
	       tail[have - len - 1] == '.';
}

bool
domset_may_hold(const struct domset *set, const char *domain)
{
	const char *tail = idn_settled(domain);
	size_t i;

	/* Labels of both forms could be an entry's in neither of its two. */
	if (strncmp(domain, "xn--", 4) == 0 || strstr(domain, ".xn--") != NULL)
		return true;
	for (i = 0; tail != domain && i < set->count; i++)
		if (named_ends(&set->sorted[i], tail))
			return true;
	return false;
}
