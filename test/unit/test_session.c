/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What recordings cannot say: events out of order, what the MTA does not
 * tell, local submissions, the values of a decision, edits as a list. The
 * rest of the session's behaviour is in sessions/.
 */
#include "cases.h"

#include <stdio.h>

static const char policy[] =
    "version: 1\n"
    "server: mx1.contoso.com\n"
    "accepted_domains: [contoso.com]\n"
    "ip_allow_list: [192.168.5.10]\n"
    "connectors:\n"
    "  - name: Internet\n"
    "    bindings: [\"0.0.0.0:25\", \"[::]:25\"]\n"
    "    remote_ip_ranges: [0.0.0.0/0, \"::/0\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "  - name: Submission\n"
    "    bindings: [\"10.1.1.1:587\"]\n"
    "    remote_ip_ranges: [0.0.0.0/0]\n"
    "    permission_groups: [ExchangeUsers]\n"
    "  - name: Relay\n"
    "    remote_ip_ranges:\n"
    "      - 192.168.5.10\n"
    "      - {range: 192.168.5.11, until: 2026-06-30}\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "  - name: Watched\n"
    "    mode: monitor\n"
    "    max_inbound_connection: 1\n"
    "    remote_ip_ranges: [10.77.0.1]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
    "        deny: [ms-Exch-SMTP-Accept-Any-Sender]\n"
    "  - name: Keeper\n"
    "    remote_ip_ranges: [10.77.0.2]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-Accept-Headers-Organization]\n"
    "  - name: Limited\n"
    "    remote_ip_ranges: [10.77.0.3]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    max_inbound_connection: 1\n"
    "    max_message_size: 99999\n"
    "    require_ehlo_domain: true\n"
    "  - name: Trusted\n"
    "    remote_ip_ranges: [192.168.7.1]\n"
    "    auth_mechanism: [ExternalAuthoritative]\n"
    "    permission_groups: [ExchangeServers]\n";

enum { NOW = 1767225600, JULY_1_2026 = 1782864000 };

struct fixture {
	struct ruleset *ruleset;
	struct session *session;
	struct decision decision;
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct diagnostics *diagnostics = diagnostics_new();
	const struct diagnostic *first;

	fixture->ruleset = ruleset_of(policy, diagnostics);
	first = diagnostics_get(diagnostics, 0);
	if (first != NULL)
		fail_msg("%u: %s", first->where.line, first->message);
	diagnostics_free(diagnostics);
	fixture->session = session_new(fixture->ruleset);
	assert_non_null(fixture->session);
	*state = fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	session_free(fixture->session);
	ruleset_unref(fixture->ruleset);
	free(fixture);
	return 0;
}

static struct session_event
connect_event(
    const char *client, int port, const char *local, uint16_t local_port)
{
	struct session_event event = { .stage = STAGE_CONNECT, .now = NOW };
	char why[NETADDR_WHY_SIZE];

	event.connect.client_port = port;
	event.connect.local.port = local_port;
	if (client != NULL)
		assert_int_equal(
		    netaddr_parse(client, &event.connect.client, why), 0);
	if (local != NULL)
		assert_int_equal(
		    netaddr_parse(local, &event.connect.local.addr, why), 0);
	return event;
}

static void
feed_connect(struct fixture *fixture, const char *client, int port,
    const char *local, uint16_t local_port)
{
	struct session_event event =
	    connect_event(client, port, local, local_port);

	session_feed(fixture->session, &event, &fixture->decision);
	assert_int_equal(fixture->decision.verdict, VERDICT_ACCEPT);
}

static void
feed_mail(struct fixture *fixture, const char *sender, const char *auth)
{
	const struct session_event event = {
		.stage = STAGE_MAIL,
		.now = NOW,
		.mail = { .sender = sender, .auth = auth },
	};

	session_feed(fixture->session, &event, &fixture->decision);
}

static void
feed_rcpt(struct fixture *fixture, const char *recipient, const char *resolved,
    const char *mailer)
{
	const struct session_event event = {
		.stage = STAGE_RCPT,
		.now = NOW,
		.rcpt = {
			.recipient = recipient,
			.resolved = resolved,
			.mailer = mailer,
		},
	};

	session_feed(fixture->session, &event, &fixture->decision);
}

static void
feed(struct fixture *fixture, enum stage stage)
{
	const struct session_event event = { .stage = stage, .now = NOW };

	session_feed(fixture->session, &event, &fixture->decision);
}

static void
feed_header(struct fixture *fixture, const char *name)
{
	const struct session_event event = {
		.stage = STAGE_HEADER,
		.now = NOW,
		.header = { .name = name, .value = "x" },
	};

	session_feed(fixture->session, &event, &fixture->decision);
	assert_int_equal(fixture->decision.verdict, VERDICT_ACCEPT);
}

static void
expect(const struct fixture *fixture, enum verdict verdict, const char *code,
    const char *enhanced)
{
	assert_int_equal(fixture->decision.verdict, verdict);
	if (code != NULL) {
		assert_string_equal(fixture->decision.reply.code, code);
		assert_string_equal(fixture->decision.reply.enhanced, enhanced);
	}
}

static void
out_of_order(void **state)
{
	struct fixture *fixture = *state;

	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	feed_connect(fixture, "203.0.113.9", 1024, "10.1.1.1", 25);
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed(fixture, STAGE_ABORT);
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
}

static void
untold(void **state)
{
	struct fixture *fixture = *state;

	/* no client */
	feed_connect(fixture, NULL, -1, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	/* no local address: a stranger could be on either listener */
	feed_connect(fixture, "203.0.113.9", 1024, NULL, 0);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	/* ... and at port 587 one address is not known to be the other */
	feed_connect(fixture, "192.168.5.10", 1024, "0.0.0.0", 587);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	/* at port 25 nobody asks for the address */
	feed_connect(fixture, "203.0.113.9", 1024, NULL, 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_string_equal(session_connector(fixture->session), "Internet");
}

static void
listeners(void **state)
{
	struct fixture *fixture = *state;

	/* those who name the exact address and port compete alone */
	feed_connect(fixture, "192.168.5.10", 1024, "10.1.1.1", 587);
	assert_string_equal(session_connector(fixture->session), "Submission");
	feed_connect(fixture, "192.168.5.10", 1024, "10.1.1.2", 587);
	assert_string_equal(session_connector(fixture->session), "Relay");
	feed_connect(fixture, "192.168.5.10", 1024, "10.1.1.1", 25);
	assert_string_equal(session_connector(fixture->session), "Relay");
	feed_connect(fixture, "203.0.113.9", 1024, "10.1.1.1", 2525);
	assert_null(session_connector(fixture->session));
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	/* a refused MAIL is not forgotten */
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	assert_int_equal(fixture->decision.nedits, 0);
}

static void
local_submission(void **state)
{
	struct fixture *fixture = *state;

	feed_connect(fixture, "127.0.0.1", 0, NULL, 0);
	feed_mail(fixture, "<root>", NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_false(fixture->decision.relay);
	feed_header(fixture, "Received");
	feed_header(fixture, "X-MS-Exchange-Organization-SCL");
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_int_equal(fixture->decision.edits[0].type, EDIT_STRIP);
	assert_string_equal(
	    fixture->decision.edits[0].name, "X-MS-Exchange-Organization-SCL");
	assert_int_equal(fixture->decision.edits[1].type, EDIT_STAMP);
	/* IPv6 is as local */
	feed_connect(fixture, "::1", 0, NULL, 0);
	feed_mail(fixture, "<root>", NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	/* with a listener's port it came by SMTP, from a port not known */
	feed_connect(fixture, "127.0.0.1", 0, "10.1.1.1", 2525);
	assert_null(session_connector(fixture->session));
	assert_null(session_range(fixture->session, NULL));
	feed_mail(fixture, "<root>", NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	feed_connect(fixture, "127.0.0.1", 0, "127.0.0.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	/* the same address with a port is a client like any other */
	feed_connect(fixture, "127.0.0.1", 1024, "127.0.0.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
}

/* Where the MTA delivers a mailbox of ours is its business; what it makes of
 * a bare postmaster must be ours. */
static void
resolved(void **state)
{
	struct fixture *fixture = *state;

	feed_connect(fixture, "203.0.113.9", 1024, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_rcpt(fixture, "<u@contoso.com>", "u@fabrikam.com", "esmtp");
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<u@contoso.com>", "u", "cyrusv2");
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<u%contoso.com>", "u@contoso.com", "local");
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	feed_rcpt(fixture, "<postmaster>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<postmaster>", "postmaster", "local");
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<postmaster>", "postmaster@contoso.com", "smtp");
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<postmaster>", "postmaster@mx1.contoso.com", "");
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<postmaster>", "postmaster@fabrikam.com", "local");
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	feed_rcpt(fixture, "<postmaster>", "postmaster%fabrikam.com", "local");
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
}

static void
grants(void **state)
{
	struct fixture *fixture = *state;

	feed_connect(fixture, "192.168.5.10", 1024, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_true(fixture->decision.relay);
	assert_string_equal(
	    fixture->decision.right, "ms-Exch-SMTP-Accept-Any-Recipient");
	assert_int_equal(fixture->decision.where.line, 20);
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_false(fixture->decision.relay);
	assert_int_equal(fixture->decision.where.line, 3);
	/* AUTH is taken anew at each MAIL */
	feed_connect(fixture, "203.0.113.9", 1024, "10.1.1.1", 587);
	feed_mail(fixture, "<s@fabrikam.com>", "alice");
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_true(fixture->decision.relay);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_REJECT, "530", "5.7.1");
}

static void
expiry(void **state)
{
	struct fixture *fixture = *state;
	struct session_event event =
	    connect_event("192.168.5.11", 1024, "10.1.1.1", 25);

	event.now = JULY_1_2026 - 1;
	session_feed(fixture->session, &event, &fixture->decision);
	assert_string_equal(session_connector(fixture->session), "Relay");
	/* an open session keeps what it began with */
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	event.now = JULY_1_2026;
	session_feed(fixture->session, &event, &fixture->decision);
	assert_string_equal(session_connector(fixture->session), "Internet");
}

/* Each different spelling of a name is stripped by its own count; spellings
 * that differ in case are one name. */
static void
firewall(void **state)
{
	struct fixture *fixture = *state;
	const struct edit *edits;

	feed_connect(fixture, "192.168.5.10", 1024, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_header(fixture, "Received");
	feed_header(fixture, "X-MS-Exchange-Organization-SCL");
	feed_header(fixture, "Subject");
	feed_header(fixture, "x-ms-exchange-organization-scl");
	feed_header(fixture, "X-MS-EXCHANGE-ORGANIZATION-SCL");
	feed_header(fixture, "X-MS-Exchange-Organization-SCL ");
	feed_header(fixture, "X-MS-Exchange-Organization-SCL\t");
	feed_header(fixture, "X-MS-Exchange-Organization-");
	feed_header(fixture, "X-MS-Exchange-Organization");
	feed_header(fixture, "X-MS-Exchange-Forest-RulesExecuted");
	feed_header(fixture, "X-MS-Exchange-CrossTenant-Id");
	feed_header(fixture, "");
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	edits = fixture->decision.edits;
	assert_int_equal(fixture->decision.nedits, 5 + 4);
	assert_string_equal(edits[0].name, "X-MS-Exchange-Organization-SCL");
	assert_int_equal(edits[0].count, 3);
	assert_string_equal(edits[1].name, "X-MS-Exchange-Organization-SCL ");
	assert_int_equal(edits[1].count, 1);
	assert_string_equal(edits[2].name, "X-MS-Exchange-Organization-SCL\t");
	assert_string_equal(edits[3].name, "X-MS-Exchange-Organization-");
	assert_string_equal(
	    edits[4].name, "X-MS-Exchange-Forest-RulesExecuted");
	assert_int_equal(edits[5].type, EDIT_STAMP);
	assert_string_equal(edits[5].name, "X-MS-Exchange-Organization-AuthAs");
	assert_string_equal(edits[5].value, "Anonymous");
	assert_string_equal(edits[6].value, "mx1.contoso.com");
	assert_string_equal(edits[7].name, "X-MS-Exchange-Organization-SCL");
	assert_string_equal(edits[7].value, "-1");
	assert_string_equal(edits[8].value, "IPOnAllowList");
	/* the next message starts anew */
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed(fixture, STAGE_EOM);
	assert_int_equal(fixture->decision.nedits, 4);
}

/* Neither many different names nor many fields of one. */
static void
flood(void **state)
{
	struct fixture *fixture = *state;
	char name[64];
	int i;

	feed_connect(fixture, "203.0.113.9", 1024, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	for (i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name),
		    "X-MS-Exchange-Organization-%d", i % 100);
		feed_header(fixture, name);
	}
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	for (i = 0; i < 101; i++) {
		(void)snprintf(
		    name, sizeof(name), "X-MS-Exchange-Organization-%d", i);
		feed_header(fixture, name);
	}
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_REJECT, "554", "5.6.0");
	assert_int_equal(fixture->decision.nedits, 0);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	for (i = 0; i < 2002; i++)
		feed_header(fixture, "X-MS-Exchange-Organization-SCL");
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_REJECT, "554", "5.6.0");
}

/* 127.0.0.1 alone is this host, and only a port of 0 makes it a local
 * submission. */
static void
not_this_host(void **state)
{
	struct fixture *fixture = *state;

	static const char *const clients[] = { "127.9.9.9", "::2",
		"2001:db8::1" };
	size_t i;

	for (i = 0; i < COUNT(clients); i++) {
		feed_connect(fixture, clients[i], 0, "127.0.0.1", 25);
		feed_mail(fixture, "<s@fabrikam.com>", NULL);
		feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
		expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	}
}

/* Monitor mode never grants, be it that the right is held. */
static void
monitor_grants_nothing(void **state)
{
	struct fixture *fixture = *state;

	feed_connect(fixture, "10.77.0.1", 1024, "10.1.1.1", 25);
	assert_string_equal(session_connector(fixture->session), "Watched");
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, "550", "5.7.1");
	assert_true(fixture->decision.monitored);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	assert_false(fixture->decision.relay);
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	/* what is no mailbox is nobody's, watched or not */
	feed_mail(fixture, "<s@contoso.com", NULL);
	expect(fixture, VERDICT_REJECT, "553", "5.1.7");
	/* the sender that may is granted as ever */
	feed_mail(fixture, "<s@contoso.com>", NULL);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_true(fixture->decision.relay);
}

/* A limit that monitor mode lets pass hides no right that is missing behind
 * it, and takes none away. */
static void
waived_limit(void **state)
{
	struct fixture *fixture = *state;
	struct session *second = session_new(fixture->ruleset);
	struct session *first = fixture->session;
	struct counter_table *table = counter_table_new(16, 1);
	struct counters counters = counter_table_counters(table);

	session_count(first, &counters);
	session_count(second, &counters);
	feed_connect(fixture, "10.77.0.1", 1024, "10.1.1.1", 25);
	fixture->session = second;
	feed_connect(fixture, "10.77.0.1", 1025, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, "421", "4.3.2");
	assert_true(fixture->decision.monitored);
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	assert_false(fixture->decision.relay);
	feed_mail(fixture, "<s@contoso.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, "421", "4.3.2");
	feed_rcpt(fixture, "<kate@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_true(fixture->decision.relay);
	fixture->session = first;
	session_free(second);
	session_count(first, NULL);
	counter_table_free(table);
}

/* Who holds Accept-Headers-Organization keeps what is no stamp of ours, but
 * nobody else says who sent a message. */
static void
identity_is_ours(void **state)
{
	struct fixture *fixture = *state;
	size_t i;

	feed_connect(fixture, "10.77.0.2", 1024, "10.1.1.1", 25);
	assert_string_equal(session_connector(fixture->session), "Keeper");
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	feed_header(fixture, "X-MS-Exchange-Organization-AuthAs");
	feed_header(fixture, "x-ms-exchange-organization-authmechanism");
	feed_header(fixture, "X-MS-Exchange-Organization-SCL");
	feed_header(fixture, "X-MS-Exchange-Organization-Original-Sender");
	feed(fixture, STAGE_EOM);
	assert_int_equal(fixture->decision.nedits, 4);
	assert_string_equal(fixture->decision.edits[0].name,
	    "X-MS-Exchange-Organization-AuthAs");
	assert_string_equal(fixture->decision.edits[1].name,
	    "x-ms-exchange-organization-authmechanism");
	for (i = 2; i < 4; i++)
		assert_int_equal(fixture->decision.edits[i].type, EDIT_STAMP);
}

/* Why a connector refuses before it looks at rights, or at the size that is
 * declared. An MTA may ask with an empty login, or with no name. */
static void
limited(void **state)
{
	static const struct {
		const char *params[3];
		enum verdict verdict;
	} sizes[] = {
		{ { "SIZE=99999", NULL, NULL }, VERDICT_ACCEPT },
		{ { "SIZE=100000", NULL, NULL }, VERDICT_REJECT },
		{ { "BODY=8BITMIME", "size=100000", NULL }, VERDICT_REJECT },
		{ { "SIZE", NULL, NULL }, VERDICT_ACCEPT },
		{ { "SIZE=", NULL, NULL }, VERDICT_ACCEPT },
		{ { "SIZE=99x99", NULL, NULL }, VERDICT_ACCEPT },
		{ { "SIZE=99999999999999999999999", NULL, NULL },
		    VERDICT_REJECT },
	};
	struct fixture *fixture = *state;
	struct session_event helo = { .stage = STAGE_HELO };
	struct session_event mail = { .stage = STAGE_MAIL, .now = NOW };
	size_t i;

	feed_connect(fixture, "10.77.0.3", 1024, "10.1.1.1", 25);
	session_feed(fixture->session, &helo, &fixture->decision);
	feed_mail(fixture, "<s@fabrikam.com>", "");
	expect(fixture, VERDICT_REJECT, "501", "5.0.0");
	assert_int_equal(
	    session_principals(fixture->session), 1 << PRINCIPAL_ANONYMOUS);
	helo.helo.name = "client.example";
	session_feed(fixture->session, &helo, &fixture->decision);
	mail.mail.sender = "<s@fabrikam.com>";
	mail.mail.cert = "no domain!";
	for (i = 0; i < COUNT(sizes); i++) {
		mail.mail.params = sizes[i].params;
		session_feed(fixture->session, &mail, &fixture->decision);
		assert_int_equal(fixture->decision.verdict, sizes[i].verdict);
	}
}

/* Nothing of one connection is left in the next one of the same session. */
static void
connected_again(void **state)
{
	struct fixture *fixture = *state;

	feed_connect(fixture, "192.168.7.1", 1024, "10.1.1.1", 25);
	feed_mail(fixture, "<s@contoso.com>", "user");
	feed_rcpt(fixture, "<u@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_header(fixture, "X-MS-Exchange-Organization-SCL");
	feed_connect(fixture, "203.0.113.9", 1024, "10.1.1.1", 25);
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_TEMPFAIL, "451", "4.3.0");
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed_rcpt(fixture, "<u@fabrikam.com>", NULL, NULL);
	expect(fixture, VERDICT_REJECT, "550", "5.7.1");
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	feed(fixture, STAGE_EOM);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_int_equal(fixture->decision.nedits, 2);
	assert_int_equal(fixture->decision.edits[0].type, EDIT_STAMP);
	assert_string_equal(fixture->decision.edits[0].value, "Anonymous");
}

/* The second connection is told at MAIL, and again at RCPT. */
static void
one_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct counter_table *table = counter_table_new(100, 1);
	struct counters counters = counter_table_counters(table);
	struct session *first = session_new(fixture->ruleset);
	struct session_event event =
	    connect_event("10.77.0.3", 1024, "10.1.1.1", 25);

	assert_non_null(table);
	session_count(first, &counters);
	session_feed(first, &event, &fixture->decision);
	session_count(fixture->session, &counters);
	feed_connect(fixture, "10.77.0.3", 1025, "10.1.1.1", 25);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_TEMPFAIL, "421", "4.3.2");
	feed_rcpt(fixture, "<u@contoso.com>", NULL, NULL);
	expect(fixture, VERDICT_TEMPFAIL, "421", "4.3.2");
	/* Who counts no more gives back what was counted. */
	session_count(first, NULL);
	feed_connect(fixture, "10.77.0.3", 1026, "10.1.1.1", 25);
	feed(fixture, STAGE_HELO);
	feed_mail(fixture, "<s@fabrikam.com>", NULL);
	expect(fixture, VERDICT_REJECT, "501", "5.0.0");
	session_free(first);
	session_free(fixture->session);
	fixture->session = NULL;
	counter_table_free(table);
}

static void
candidate_count(void *ctx, const struct candidate *candidate)
{
	(void)candidate;
	++*(unsigned *)ctx;
}

/* What is asked of a session by those who tell people. */
static void
told(void **state)
{
	struct fixture *fixture = *state;
	unsigned candidates = 0;
	const struct session_listener listener = { &candidates,
		candidate_count };
	struct where where = { .line = 0 };

	session_listen(fixture->session, &listener);
	feed_connect(fixture, NULL, -1, "10.1.1.1", 25);
	assert_int_equal(candidates, 0);
	assert_null(session_range(fixture->session, &where));
	assert_null(
	    session_right_origin(fixture->session, RIGHT_SUBMIT, &where));
	feed_connect(fixture, "192.168.5.10", 1024, "10.1.1.1", 25);
	assert_true(candidates > 0);
	assert_non_null(session_range(fixture->session, NULL));
	assert_non_null(session_range(fixture->session, &where));
	assert_int_equal(where.line, 16);
	assert_string_equal(
	    session_right_origin(fixture->session, RIGHT_ANY_RECIPIENT, &where),
	    "extended_rights");
	assert_null(session_right_origin(
	    fixture->session, RIGHT_HEADERS_FOREST, &where));
}

/* A session keeps its ruleset when everybody else has let go of it. */
static void
pinned(void **state)
{
	struct fixture *fixture = *state;

	ruleset_unref(fixture->ruleset);
	feed_connect(fixture, "192.168.7.1", 1024, "10.1.1.1", 25);
	feed_mail(fixture, "<s@contoso.com>", NULL);
	expect(fixture, VERDICT_ACCEPT, NULL, NULL);
	assert_string_equal(session_connector(fixture->session), "Trusted");
	fixture->ruleset = ruleset_ref(
	    (struct ruleset *)(uintptr_t)session_ruleset(fixture->session));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(out_of_order),
		CASE(untold),
		CASE(listeners),
		CASE(local_submission),
		CASE(resolved),
		CASE(grants),
		CASE(expiry),
		CASE(firewall),
		CASE(flood),
		CASE(not_this_host),
		CASE(monitor_grants_nothing),
		CASE(waived_limit),
		CASE(identity_is_ours),
		CASE(limited),
		CASE(connected_again),
		CASE(one_at_a_time),
		CASE(told),
		CASE(pinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
