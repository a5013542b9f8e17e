/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ends - when entries of two policies end.
 */
#include "expiry.h"

#include <errno.h>
#include <stdlib.h>

/* Neighbours often end together. */
static int
ends_add(struct ends *ends, const struct range_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		int64_t until;

		if (!range_expires(list, i))
			continue;
		until = range_get(list, i).until;
		if (until <= ends->now ||
		    (ends->count > 0 && ends->items[ends->count - 1] == until))
			continue;
		if (ends->count == ends->room) {
			size_t room = ends->room == 0 ? 64 : ends->room * 2;
			int64_t *items =
			    realloc(ends->items, room * sizeof(*items));

			if (items == NULL)
				return -ENOMEM;
			ends->items = items;
			ends->room = room;
		}
		ends->items[ends->count++] = until;
	}
	return 0;
}

static int
ends_of(struct ends *ends, const struct policy *policy)
{
	int rc = 0;

	for (size_t i = 0; i < policy->nconnectors && rc == 0; i++)
		if (policy->connectors[i].enabled)
			rc = ends_add(
			    ends, &policy->connectors[i].remote_ip_ranges);
	if (rc == 0)
		rc = ends_add(ends, &policy->ip_allow_list);
	if (rc == 0)
		rc = ends_add(ends, &policy->ip_block_list);
	if (rc == 0)
		rc = ends_add(ends, &policy->exchange_servers.remote_ip_ranges);
	if (rc == 0)
		rc = ends_add(
		    ends, &policy->exchange_legacy_servers.remote_ip_ranges);
	return rc;
}

static int
compare_ends(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int
ends_find(const struct policy *a, const struct policy *b, int64_t now,
    struct ends *ends)
{
	size_t kept = 0;
	int rc;

	*ends = (struct ends){ .now = now };
	rc = ends_of(ends, a);
	if (rc == 0)
		rc = ends_of(ends, b);
	if (ends->count > 1)
		qsort(ends->items, ends->count, sizeof(*ends->items),
		    compare_ends);
	for (size_t i = 0; i < ends->count; i++)
		if (kept == 0 || ends->items[kept - 1] != ends->items[i])
			ends->items[kept++] = ends->items[i];
	ends->count = kept;
	return rc;
}
