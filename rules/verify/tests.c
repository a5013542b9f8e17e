/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests - runs the tests of a policy.
 *
 * A test is fed to a session as a driver would feed it, without counters.
 * Decides nothing by itself.
 */
#include "verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SAID_SIZE = 600, NAME_SIZE = 128 };

/* Whether the session goes on. A refusal that monitor mode let pass is one
 * here: a policy is tested before it is enforced. */
static bool
feed(struct outcome *outcome, struct event event, int64_t now)
{
	struct decision *decision = &outcome->decision;

	event.now = now;
	session_feed(outcome->session, &event, decision);
	outcome->verdict = decision->verdict;
	if (decision->monitored)
		outcome->verdict = decision->reply.code[0] == '4'
				       ? VERDICT_TEMPFAIL
				       : VERDICT_REJECT;
	return outcome->verdict == VERDICT_ACCEPT;
}

static bool
feed_header(struct outcome *outcome, const char *header, int64_t now)
{
	struct event event = { .stage = STAGE_HEADER };
	const char *colon = strchr(header, ':');
	size_t len = (size_t)(colon - header);
	char name[NAME_SIZE];

	if (len >= sizeof name)
		len = sizeof name - 1;
	memcpy(name, header, len);
	name[len] = '\0';
	event.header.name = name;
	event.header.value = colon + 1 + strspn(colon + 1, " ");
	return feed(outcome, event, now);
}

static bool
feed_message(struct outcome *outcome, const struct policy_test *test)
{
	const int64_t now = test->at;

	return feed(outcome, (struct event){ .stage = STAGE_DATA }, now) &&
	       (!test->header || feed_header(outcome, test->header, now)) &&
	       feed(outcome, (struct event){ .stage = STAGE_EOH }, now) &&
	       feed(outcome, (struct event){ .stage = STAGE_EOM }, now);
}

static bool
feed_connection(struct outcome *outcome, const struct policy_test *test)
{
	struct event connect = { .stage = STAGE_CONNECT };
	struct event helo = { .stage = STAGE_HELO };

	connect.connect.client = test->client;
	connect.connect.client_port = -1;
	connect.connect.local = test->local;
	if (test->local.port == 0) {
		connect.connect.local.addr.family = test->client.family;
		connect.connect.local.port = 25;
	}
	helo.helo.name = test->helo ? test->helo : "client.invalid";
	return feed(outcome, connect, test->at) &&
	       feed(outcome, helo, test->at);
}

int
outcome_find(struct ruleset *ruleset, const struct policy_test *test,
    struct outcome *outcome)
{
	struct event mail = { .stage = STAGE_MAIL };
	struct event rcpt = { .stage = STAGE_RCPT };

	*outcome = (struct outcome){ .session = session_new(ruleset) };
	if (!outcome->session)
		return -ENOMEM;
	mail.mail.sender = test->from ? test->from : "<>";
	mail.mail.auth = test->auth;
	mail.mail.tls = test->tls || test->certificate;
	mail.mail.cert = test->certificate;
	rcpt.rcpt.recipient = test->rcpt;
	if (feed_connection(outcome, test) && feed(outcome, mail, test->at) &&
	    test->rcpt && feed(outcome, rcpt, test->at))
		(void)feed_message(outcome, test);
	return 0;
}

void
outcome_fini(struct outcome *outcome)
{
	session_free(outcome->session);
}

/* ---- Comparing ------------------------------------------------------- */

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), have = strlen(end);

	return have <= len && strcmp(text + len - have, end) == 0;
}

static bool
is_expected(const struct policy_test *test, const struct outcome *outcome)
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
decision_format(const struct outcome *outcome, char buf[SAID_SIZE])
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
		struct outcome outcome;
		char said[SAID_SIZE];

		if (outcome_find(ruleset, test, &outcome) != 0)
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
