/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_policy - any text as a policy.
 *
 * The reader serves the input as the policy and one fixed text as any other
 * file. Besides not crashing: a policy is answered if and only if nothing is
 * complained of, and the same text twice gives the same id and the same
 * complaints. What is answered holds no reference and no empty list.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char hosts[] = "192.0.2.1\n192.0.2.8-192.0.2.9 # two\n\n::1\n";

struct input {
	const char *text;
	size_t len;
};

static int
input_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct input *input = ctx;
	struct input served = { hosts, sizeof(hosts) - 1 };

	if (strcmp(path, "policy.yaml") == 0)
		served = *input;
	else if (path[0] == '/')
		return -ENOENT;
	if (served.len > max)
		return -EFBIG;
	*text = malloc(served.len + 1);
	if (*text == NULL)
		return -ENOMEM;
	memcpy(*text, served.text, served.len);
	(*text)[served.len] = '\0';
	*len = served.len;
	return 0;
}

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
list_demand(const struct range_list *list)
{
	size_t i;

	demand(list->where.line == 0 || list->count > 0);
	for (i = 0; i < list->count; i++) {
		struct range range = range_get(list, i);

		demand(range.range.first.family != FAMILY_NONE);
		demand(netaddr_compare(&range.range.first, &range.range.last) <=
		       0);
		demand(range.until > 0);
		demand(range.where.file != NULL && range.where.line > 0 &&
		       range.where.column > 0);
	}
}

static void
policy_demand(const struct policy *policy)
{
	size_t i;

	demand(policy->nconnectors > 0);
	demand(strlen(policy->id) == POLICY_ID_SIZE - 1);
	list_demand(&policy->ip_allow_list);
	list_demand(&policy->ip_block_list);
	for (i = 0; i < policy->nconnectors; i++) {
		const struct connector *connector = &policy->connectors[i];

		demand(connector->name != NULL && connector->name[0] != '\0');
		demand(connector->mode == MODE_ENFORCE ||
		       connector->mode == MODE_MONITOR);
		demand(connector->remote_ip_ranges.count > 0);
		list_demand(&connector->remote_ip_ranges);
	}
	for (i = 0; i < policy->naccepted_domains; i++)
		demand(policy->accepted_domains[i].name != NULL);
}

struct answer {
	char id[POLICY_ID_SIZE];
	size_t complaints;
};

static void
load(const struct input *input, struct answer *answer)
{
	const struct reader reader = { (void *)(uintptr_t)input, input_read };
	struct diagnostics *list = diagnostics_new();
	struct policy *policy = NULL;
	const struct diagnostic *d;
	size_t i;
	int result;

	demand(list != NULL);
	result = policy_load(&reader, "policy.yaml", &policy, list);
	*answer = (struct answer){ .complaints =
				       diagnostics_count(list, SEVERITY_NOTE) };
	demand((result == 0) == (answer->complaints == 0));
	demand((result == 0) == (policy != NULL));
	for (i = 0; (d = diagnostics_get(list, i)) != NULL; i++) {
		demand(d->where.file != NULL && d->message[0] != '\0');
		demand(strpbrk(d->message, "\n\r\t\033") == NULL);
	}
	if (policy != NULL) {
		policy_demand(policy);
		memcpy(answer->id, policy->id, sizeof(answer->id));
	}
	policy_free(policy);
	diagnostics_free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { (const char *)data, size };
	struct answer first, second;

	if (data == NULL)
		input.text = "";
	load(&input, &first);
	load(&input, &second);
	demand(first.complaints == second.complaints);
	demand(strcmp(first.id, second.id) == 0);
	return 0;
}
