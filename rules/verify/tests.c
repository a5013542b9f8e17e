/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests - runs the tests of a policy.
 */
#include "verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SAID_SIZE = 600 };

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), have = strlen(end);

	return have <= len && strcmp(text + len - have, end) == 0;
}

static bool
is_expected(const struct policy_test *test, const struct test_outcome *outcome)
{
	const struct reply *expected = &test->reply;
	const struct reply *reply = &outcome->decision.reply;

	if (outcome->verdict != test->expected)
		return false;
	return (!expected->code || strcmp(expected->code, reply->code) == 0) &&
	       (!expected->enhanced ||
		   strcmp(expected->enhanced, reply->enhanced) == 0) &&
	       (!expected->text || ends_with(reply->text, expected->text));
}

/* "550 5.7.1 Unable to relay at rcpt: the recipient's domain is not accepted
 * (connector \"one\", policy.yaml:7:5)" */
static void
decision_format(const struct test_outcome *outcome, char buf[SAID_SIZE])
{
	const struct decision *decision = &outcome->decision;
	const char *connector = session_connector(outcome->session);
	size_t used;

	if (outcome->verdict == VERDICT_ACCEPT)
		used = (size_t)snprintf(buf, SAID_SIZE, "accept");
	else
		used = (size_t)snprintf(buf, SAID_SIZE, "%s %s %.200s at %s",
		    decision->reply.code, decision->reply.enhanced,
		    decision->reply.text, stage_name(decision->stage));
	if (decision->why[0] != '\0')
		used += (size_t)snprintf(
		    buf + used, SAID_SIZE - used, ": %s", decision->why);
	if (connector)
		used += (size_t)snprintf(buf + used, SAID_SIZE - used,
		    " (connector \"%.64s\"", connector);
	if (connector && decision->where.file)
		used += (size_t)snprintf(buf + used, SAID_SIZE - used,
		    ", %.100s:%u:%u", decision->where.file,
		    (unsigned)decision->where.line,
		    (unsigned)decision->where.column);
	if (connector)
		(void)snprintf(buf + used, SAID_SIZE - used, ")");
}

int
tests_run(struct ruleset *ruleset, struct diagnostics *diagnostics)
{
	const struct policy *policy = ruleset->policy;
	int error = 0;

	for (size_t i = 0; i < policy->ntests; i++) {
		const struct policy_test *test = &policy->tests[i];
		struct test_outcome outcome;
		char said[SAID_SIZE];

		if (outcome_find(ruleset, &test->probe, &outcome) != 0)
			return -ENOMEM;
		if (!is_expected(test, &outcome)) {
			decision_format(&outcome, said);
			diagnostics_add(diagnostics, SEVERITY_ERROR, "E-TEST",
			    test->where,
			    "test failed: %.200s: expected %.100s, decided %s",
			    test->text, test->expect, said);
			error = -EINVAL;
		}
		outcome_fini(&outcome);
	}
	return error;
}
