/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * competitors - which connectors compete in which view.
 *
 * Asks each connector for its views rather than each view for all connectors,
 * since a policy may have a thousand of both. A row begins with its number of
 * words, so that rows can be sorted without more. The same as
 * connector_competes() says of one.
 */
#include "listeners.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct view
view_of_binding(const struct binding *binding)
{
	bool wildcard = (binding->addr.hi | binding->addr.lo) == 0;

	return (struct view){
		.type = wildcard ? VIEW_PORT : VIEW_EXACT,
		.addr = binding->addr,
		.port = binding->port,
	};
}

static uint64_t *
row_of(const struct competitors *competitors, size_t view)
{
	return competitors->bits + view * competitors->words;
}

static void
put(const struct competitors *competitors, size_t view, size_t connector)
{
	row_of(competitors, view)[1 + connector / 64] |= UINT64_C(1)
							 << connector % 64;
}

int
competitors_find(const struct ruleset *ruleset, struct competitors *found)
{
	const struct policy *policy = ruleset->policy;
	size_t i, j;

	found->words = 2 + policy->nconnectors / 64;
	found->bits = calloc(ruleset->nviews, found->words * sizeof(uint64_t));
	if (found->bits == NULL)
		return -ENOMEM;
	for (i = 0; i < ruleset->nviews; i++)
		row_of(found, i)[0] = found->words;
	for (i = 0; i < policy->nconnectors; i++) {
		const struct connector *connector = &policy->connectors[i];

		if (!connector->enabled)
			continue;
		for (j = 0; j < connector->nbindings; j++) {
			struct view key =
			    view_of_binding(&connector->bindings[j]);
			const struct view *view = bsearch(&key, ruleset->views,
			    ruleset->nviews, sizeof(key), view_compare);

			assert(view != NULL);
			put(found, (size_t)(view - ruleset->views), i);
		}
		for (j = 0; connector->nbindings == 0 && j < ruleset->nviews;
		     j++)
			if (ruleset->views[j].type != VIEW_EXACT)
				put(found, j, i);
	}
	return 0;
}

size_t
competitors_next(const struct competitors *competitors, size_t view, size_t i)
{
	const uint64_t *row = row_of(competitors, view);
	uint64_t rest;

	for (; 1 + i / 64 < competitors->words; i = (i / 64 + 1) * 64) {
		rest = row[1 + i / 64] >> i % 64;
		if (rest == 0)
			continue;
		for (; (rest & 1) == 0; rest >>= 1)
			i++;
		return i;
	}
	return SIZE_MAX;
}

static int
bits_compare(const uint64_t *a, const uint64_t *b)
{
	return memcmp(a, b, (size_t)a[0] * sizeof(*a));
}

/* Equal ones in the order of their views. */
static int
row_compare(const void *left, const void *right)
{
	const uint64_t *const *a = left, *const *b = right;
	int order = bits_compare(*a, *b);

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

int
competitors_share(
    const struct competitors *competitors, struct ruleset *ruleset)
{
	size_t i, n = ruleset->nviews, first = 0;
	const uint64_t **sorted = calloc(n, sizeof(*sorted));

	if (sorted == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		sorted[i] = row_of(competitors, i);
	qsort(sorted, n, sizeof(*sorted), row_compare);
	for (i = 0; i < n; i++) {
		size_t view = (size_t)(sorted[i] - competitors->bits);

		if (i == 0 || bits_compare(sorted[i - 1], sorted[i]) != 0)
			first = view;
		ruleset->views[view / competitors->words].contest =
		    (uint32_t)(first / competitors->words);
	}
	free(sorted);
	return 0;
}
