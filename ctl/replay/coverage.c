/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage.c - which connectors and ranges sessions have reached.
 */
#include "coverage.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>

int
coverage_init(struct coverage *c, const struct ruleset *ruleset)
{
	const struct policy *policy = ruleset->policy;
	size_t n = policy->nconnectors, bits = 0;

	*c = (struct coverage){
		.ruleset = ruleset,
		.first = calloc(n + 1, sizeof *c->first),
		.connectors = calloc(n + 1, sizeof *c->connectors),
	};
	for (size_t i = 0; i < n && c->first != NULL; i++) {
		c->first[i] = bits;
		bits += policy->connectors[i].remote_ip_ranges.count;
	}
	c->ranges = calloc(bits / 8 + 1, 1);
	if (c->first != NULL && c->connectors != NULL && c->ranges != NULL)
		return 0;
	coverage_fini(c);
	return -ENOMEM;
}

void
coverage_fini(struct coverage *c)
{
	free(c->first);
	free(c->ranges);
	free(c->connectors);
}

void
coverage_touch(struct coverage *c, const struct session *session)
{
	const struct choice *choice = &session->choice;
	size_t connector, bit;

	if (choice->rule == NULL)
		return;
	connector = (size_t)(choice->rule - c->ruleset->rules);
	bit = c->first[connector] + choice->range;
	c->connectors[connector] = true;
	c->ranges[bit / 8] |= (unsigned char)(1U << bit % 8);
}

void
coverage_walk(const struct coverage *c,
    void (*untouched)(void *ctx, const struct where *, const char *connector,
	const struct netrange *range),
    void *ctx)
{
	const struct policy *policy = c->ruleset->policy;

	for (size_t i = 0; i < policy->nconnectors; i++) {
		const struct connector *connector = &policy->connectors[i];
		const struct range_list *list = &connector->remote_ip_ranges;

		if (!connector->enabled)
			continue;
		if (!c->connectors[i]) {
			untouched(
			    ctx, &connector->where, connector->name, NULL);
			continue;
		}
		for (size_t j = 0; j < list->count; j++) {
			size_t bit = c->first[i] + j;
			struct range range;

			if ((c->ranges[bit / 8] >> bit % 8 & 1) != 0)
				continue;
			range = range_get(list, j);
			untouched(
			    ctx, &range.where, connector->name, &range.range);
		}
	}
}
