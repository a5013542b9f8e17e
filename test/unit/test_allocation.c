/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A common session takes no memory once it has begun, and one that gets none
 * is a temporary failure.
 *
 * Linked so that each call of malloc() and its kin is counted on its way,
 * and can be answered with nothing.
 */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

static size_t calls;
static size_t refused; /* that call, counted from now; 0: none */

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_aligned_alloc(size_t, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
void *__wrap_aligned_alloc(size_t, size_t);

static bool
is_refused(void)
{
	calls++;
	return refused != 0 && --refused == 0;
}

void *
__wrap_malloc(size_t size)
{
	if (is_refused())
		return NULL;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	if (is_refused())
		return NULL;
	return __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	if (is_refused())
		return NULL;
	return __real_realloc(old, size);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	if (is_refused())
		return NULL;
	return __real_aligned_alloc(align, size);
}

static const char policy[] =
    "version: 1\n"
    "accepted_domains: [contoso.com, \"*.lab.contoso.com\"]\n"
    "ip_allow_list: [10.0.0.0/8]\n"
    "ip_block_list: [{range: 10.9.0.0/16, until: 2026-01-01}]\n"
    "connectors:\n"
    "  - name: Relay\n"
    "    remote_ip_ranges: [10.0.0.0/8]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    message_rate_limit: 1000\n"
    "    message_rate_source: IPAddress\n"
    "    max_inbound_connection: 1000\n"
    "    max_message_size: 20 MB\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

static void
feed(struct session *session, struct session_event event)
{
	struct decision decision;

	event.now = 1795000000;
	session_feed(session, &event, &decision);
	assert_int_equal(decision.verdict, VERDICT_ACCEPT);
}

static struct session_event
connection(void)
{
	return (struct session_event){
		.stage = STAGE_CONNECT,
		.connect = {
			.client = { .family = FAMILY_IPV4, .lo = 0x0a090001 },
			.client_port = 40000,
			.local = { .addr = { .family = FAMILY_IPV4,
				       .lo = 0x0a010101 },
			    .port = 25 },
		},
	};
}

static void
message(struct session *session)
{
	static const char *const recipients[] = { "<kate@fabrikam.com>",
		"<jim@contoso.com>", "<ann@x.lab.contoso.com>" };
	static const char *const params[] = { "SIZE=20000", "BODY=8BITMIME",
		NULL };
	static const char *const fields[] = { "Received", "From", "To",
		"X-MS-Exchange-Organization-SCL",
		"X-MS-Exchange-Organization-AuthAs",
		"X-MS-Exchange-Forest-Anything" };
	size_t i;

	feed(session,
	    (struct session_event){ .stage = STAGE_MAIL,
		.mail = { .sender = "<scan@contoso.com>", .params = params } });
	for (i = 0; i < COUNT(recipients); i++)
		feed(session, (struct session_event){ .stage = STAGE_RCPT,
				  .rcpt.recipient = recipients[i] });
	feed(session, (struct session_event){ .stage = STAGE_DATA });
	for (i = 0; i < 20; i++)
		feed(session,
		    (struct session_event){ .stage = STAGE_HEADER,
			.header = { .name = fields[i % COUNT(fields)],
			    .value = "scan@contoso.com (third floor)" } });
	feed(session, (struct session_event){ .stage = STAGE_EOH });
	feed(session,
	    (struct session_event){ .stage = STAGE_BODY, .body.bytes = 20000 });
	feed(session, (struct session_event){ .stage = STAGE_EOM });
}

static void
nothing_is_taken_after_connect(void **state)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct ruleset *ruleset = ruleset_of(policy, diagnostics);
	struct counter_table *table = counter_table_new(1000, 1);
	struct counters counters = counter_table_counters(table);
	struct session *session;
	size_t before = calls, i;

	(void)state;
	if (ruleset == NULL)
		fail_msg("%s", diagnostics_get(diagnostics, 0)->message);
	session = session_new(ruleset);
	assert_true(calls > before); /* they are counted */
	session_count(session, &counters);
	feed(session, connection());
	before = calls;
	feed(session, (struct session_event){ .stage = STAGE_HELO,
			  .helo.name = "printer.contoso.com" });
	for (i = 0; i < 5; i++)
		message(session);
	assert_int_equal(calls, before);
	session_free(session);
	counter_table_free(table);
	ruleset_unref(ruleset);
	diagnostics_free(diagnostics);
}

/* So many names of the firewall, and From with as many mailboxes. */
static void
large_header(struct session *session, size_t names)
{
	struct session_event event = { .stage = STAGE_HEADER,
		.now = 1795000000 };
	char name[300], from[2000] = "";
	struct decision decision;
	size_t i;

	event.header.name = name;
	event.header.value = "1";
	for (i = 0; i < names; i++) {
		(void)snprintf(name, sizeof(name),
		    "X-MS-Exchange-Organization-%0200zu", i);
		session_feed(session, &event, &decision);
		(void)strcat(from, "a@fabrikam.com, ");
	}
	event.header.name = "From";
	event.header.value = from;
	session_feed(session, &event, &decision);
}

/* Each call in turn gives nothing; answers how often one was reached. A
 * message is then undecided, and never accepted with half of its edits. */
static size_t
refuse_each(struct ruleset *ruleset, size_t names)
{
	struct session_event mail = { .stage = STAGE_MAIL,
		.now = 1795000000,
		.mail.sender = "<scan@contoso.com>" };
	struct session_event eom = { .stage = STAGE_EOM, .now = 1795000000 };
	struct decision decision;
	struct session *session;
	size_t n;
	bool reached = true;

	for (n = 1; reached; n++) {
		refused = n;
		session = session_new(ruleset);
		if (session == NULL)
			continue;
		feed(session, connection());
		session_feed(session, &mail, &decision);
		large_header(session, names);
		session_feed(session, &eom, &decision);
		reached = refused == 0;
		refused = 0;
		assert_int_equal(decision.verdict,
		    reached ? VERDICT_TEMPFAIL : VERDICT_ACCEPT);
		assert_true(decision.nedits == 0 || !reached);
		if (reached)
			assert_string_equal(
			    reason_name(decision.reason), "no_memory");
		session_free(session);
	}
	return n - 2;
}

static void
no_memory_is_undecided(void **state)
{
	struct diagnostics *diagnostics = diagnostics_new();
	char text[sizeof(policy) + 100];
	struct ruleset *ruleset;
	size_t reached = 0;

	(void)state;
	(void)snprintf(
	    text, sizeof(text), "%sheader_from_check: true\n", policy);
	ruleset = ruleset_of(text, diagnostics);
	if (ruleset == NULL)
		fail_msg("%s", diagnostics_get(diagnostics, 0)->message);
	/* Where a block of the arena ends hangs on what is in it. */
	for (size_t names = 1; names < 100; names++)
		reached += refuse_each(ruleset, names);
	assert_true(reached > 300);
	ruleset_unref(ruleset);
	diagnostics_free(diagnostics);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_after_connect),
		cmocka_unit_test(no_memory_is_undecided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
