/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_order - which range lies in which.
 *
 * Sorts ranges and finds for each the smallest one that holds it, in one
 * pass. Does not know what for.
 */
#include "check.h"

#include <stdlib.h>

static int
item_compare(const void *left, const void *right)
{
	const struct checked_range *a = left, *b = right;
	int order = addr_order(&a->first, &b->first);

	if (order == 0)
		order = addr_order(&b->last, &a->last);
	if (order == 0)
		order = (a->rule > b->rule) - (a->rule < b->rule);
	return order != 0 ? order
			  : (a->index > b->index) - (a->index < b->index);
}

struct checked_range
item_of(const struct range_list *list, size_t rule, size_t i)
{
	struct netrange range = range_clients(list, i);

	return (struct checked_range){
		.first = range.first,
		.last = range.last,
		.until = range_expires(list, i) ? range_get(list, i).until
						: UNTIL_FOREVER,
		.rule = (uint32_t)rule,
		.index = (uint32_t)i,
	};
}

void
items_sort(struct checked_range *items, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (item_compare(&items[i - 1], &items[i]) > 0)
			break;
	if (i < count)
		qsort(items, count, sizeof(*items), item_compare);
}

/* One that ends before another begun later is of no more use: whatever both
 * hold from there on the later one holds, and where they cross they are of
 * one connector. So the top of the stack is always what holds the next. */
void
items_nest(const struct checked_range *items, size_t count, uint32_t *stack,
    void (*fn)(
	void *, const struct checked_range *, const struct checked_range *),
    void *ctx)
{
	size_t i, depth = 0;

	for (i = 0; i < count; i++) {
		const struct netaddr *last = &items[i].last;

		while (depth > 0 &&
		       addr_order(&items[stack[depth - 1]].last, last) < 0)
			depth--;
		fn(ctx, &items[i], depth > 0 ? &items[stack[depth - 1]] : NULL);
		stack[depth++] = (uint32_t)i;
	}
}
