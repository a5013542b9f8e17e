/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load - a file to a ruleset of which all is true that it says of itself.
 */
#include "verify.h"

#include <errno.h>

static int
verify(struct ruleset *ruleset, struct diagnostics *diagnostics)
{
	int tests = tests_run(ruleset, diagnostics);
	int never = tests != -ENOMEM ? never_prove(ruleset, diagnostics) : 0;
	int error = tests != 0 ? tests : never;

	if (error == -ENOMEM)
		diagnostics_add(diagnostics, SEVERITY_ERROR, "E-MEMORY",
		    (struct where){ .file = ruleset->policy->file },
		    "out of memory while verifying the policy");
	return error;
}

int
ruleset_load(const struct reader *reader, const char *file, const char *server,
    struct ruleset **out, struct diagnostics *diagnostics)
{
	struct ruleset *ruleset;
	struct policy *policy;
	int error = policy_load(reader, file, &policy, diagnostics);

	if (error != 0)
		return error;
	error = ruleset_compile(policy, server, &ruleset, diagnostics);
	if (error != 0)
		return error;
	error = verify(ruleset, diagnostics);
	if (error != 0) {
		ruleset_unref(ruleset);
		return error;
	}
	*out = ruleset;
	return 0;
}
