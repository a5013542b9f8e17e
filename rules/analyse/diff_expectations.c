/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_expectations - which tests and which lines of never are others.
 *
 * They decide nothing, so that they are no change of meaning; but who reviews
 * a policy wants to see that a test has gone. Order says nothing.
 */
#include "diff_keys.h"
#include "diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What one policy says of one session or set of clients. */
struct expectation {
	const char *text;
	const char *value;
};

struct expectations {
	struct expectation *items;
	size_t count;
};

static int
compare(const void *left, const void *right)
{
	const struct expectation *a = left, *b = right;
	int order = strcmp(a->text, b->text);

	return order != 0 ? order : strcmp(a->value, b->value);
}

static int
gone_or_new(struct settings *settings, const char *key,
    const struct expectation *older, const struct expectation *newer)
{
	const struct setting setting = {
		.key = key,
		.item = older ? older->text : newer->text,
		.older = older ? older->value : NULL,
		.newer = newer ? newer->value : NULL,
		.relation = RELATION_EQUIVALENT,
	};

	return settings_add(settings, &setting);
}

/* A text with one other value in each is one change. */
static int
merge(struct settings *settings, const char *key,
    const struct expectations *older, const struct expectations *newer)
{
	size_t i = 0, j = 0;
	int error = 0;

	while (error == 0 && (i < older->count || j < newer->count)) {
		const struct expectation *was =
		    i < older->count ? &older->items[i] : NULL;
		const struct expectation *is =
		    j < newer->count ? &newer->items[j] : NULL;
		int order = !was ? 1 : !is ? -1 : strcmp(was->text, is->text);

		i += order <= 0;
		j += order >= 0;
		if (order != 0 || strcmp(was->value, is->value) != 0)
			error = gone_or_new(settings, key,
			    order <= 0 ? was : NULL, order >= 0 ? is : NULL);
	}
	return error;
}

/* Makes the list of one policy; free() its items. */
static int
collect(const struct policy *policy, bool tests, struct expectations *list)
{
	list->count = tests ? policy->ntests : policy->nnever;
	list->items = calloc(list->count + 1, sizeof *list->items);
	if (!list->items)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		list->items[i] = tests
				     ? (struct expectation){
					       policy->tests[i].text,
					       policy->tests[i].expect,
				       }
				     : (struct expectation){
					       policy->never[i].text,
					       "listed",
				       };
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, compare);
	return 0;
}

static int
key_compare(struct settings *settings, const char *key, bool tests,
    const struct policy *older, const struct policy *newer)
{
	struct expectations was = { 0 }, is = { 0 };
	int error = collect(older, tests, &was);

	if (error == 0)
		error = collect(newer, tests, &is);
	if (error == 0)
		error = merge(settings, key, &was, &is);
	free(was.items);
	free(is.items);
	return error;
}

int
settings_expectations(struct settings *settings, const struct policy *older,
    const struct policy *newer)
{
	int error = key_compare(settings, "tests", true, older, newer);

	return error != 0 ? error
			  : key_compare(settings, "never", false, older, newer);
}
