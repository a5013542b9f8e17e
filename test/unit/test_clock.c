/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of day is set while sessions are open: by an hour, a year, past
 * 2038, and back. Limits count by the clock that never goes back, and an open
 * session keeps the entry that it began with.
 */
#include "cases.h"

enum { NOW = 1795000000, HOUR = 3600, YEAR = 365 * 24 * HOUR };

static const char policy[] =
    "version: 1\n"
    "accepted_domains: [contoso.com]\n"
    "connectors:\n"
    "  - name: Default\n"
    "    remote_ip_ranges: [\"0.0.0.0/0\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "  - name: Relay\n"
    "    remote_ip_ranges: [{range: 10.0.0.1, until: 2027-03-31}]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    message_rate_limit: 3\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

static const int64_t jumps[] = { 0, HOUR, -HOUR, YEAR, -YEAR,
	INT64_C(2147483648) - NOW, -(int64_t)NOW };

static enum verdict
feed(struct session *session, struct session_event event, int64_t now,
    uint64_t ticks)
{
	struct decision decision;

	event.now = now;
	event.ticks = ticks;
	session_feed(session, &event, &decision);
	return decision.verdict;
}

/* MAIL and RCPT; the worst of both. */
static enum verdict
relay(struct session *session, int64_t now, uint64_t ticks)
{
	const struct session_event mail = { .stage = STAGE_MAIL,
		.mail.sender = "<scan@contoso.com>" };
	const struct session_event rcpt = { .stage = STAGE_RCPT,
		.rcpt.recipient = "<kate@fabrikam.com>" };
	const struct session_event end = { .stage = STAGE_ABORT };
	enum verdict verdict = feed(session, mail, now, ticks);

	if (verdict == VERDICT_ACCEPT)
		verdict = feed(session, rcpt, now, ticks);
	(void)feed(session, end, now, ticks);
	return verdict;
}

static void
time_of_day_is_set(void **state)
{
	const struct session_event connect = { .stage = STAGE_CONNECT,
		.connect = {
		    .client = { .family = FAMILY_IPV4, .lo = 0x0a000001 },
		    .client_port = 40000,
		} };
	const struct session_event helo = { .stage = STAGE_HELO,
		.helo.name = "a.example" };
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = ruleset_of(policy, list);

	(void)state;
	assert_non_null(ruleset);
	for (size_t i = 0; i < COUNT(jumps); i++) {
		struct counter_table *table = counter_table_new(64, 1);
		struct counters counters = counter_table_counters(table);
		struct session *session = session_new(ruleset);
		int64_t then = NOW + jumps[i];

		session_count(session, &counters);
		feed(session, connect, NOW, 1000);
		feed(session, helo, NOW, 1000);
		assert_int_equal(relay(session, NOW, 1000), VERDICT_ACCEPT);
		for (int n = 0; n < 2; n++)
			assert_int_equal(
			    relay(session, then, 2000), VERDICT_ACCEPT);
		/* The fourth of this minute, whatever the time of day. */
		assert_int_equal(relay(session, then, 3000), VERDICT_TEMPFAIL);
		assert_int_equal(relay(session, NOW, 3000), VERDICT_TEMPFAIL);
		assert_int_equal(relay(session, then, 62000), VERDICT_ACCEPT);
		session_free(session);
		counter_table_free(table);
	}
	ruleset_unref(ruleset);
	diagnostics_free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_of_day_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
