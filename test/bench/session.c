/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session - what a whole session costs the engine, beside a hash of its bytes.
 *
 * Connect, HELO, MAIL, two recipients, DATA, fifteen header fields, a body
 * and the end of the message, which is stamped. Sessions differ in client and
 * sender. The hash (XXH3) goes over each argument once, as it comes.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static const char policy[] =
    "version: 1\n"
    "server: mx1.contoso.com\n"
    "accepted_domains:\n"
    "  - contoso.com\n"
    "  - domain: \"*.lab.contoso.com\"\n"
    "ip_allow_list: [10.0.0.0/8]\n"
    "connectors:\n"
    "  - name: Default Frontend\n"
    "    remote_ip_ranges: [0.0.0.0/0, \"::/0\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "  - name: Anonymous Relay\n"
    "    remote_ip_ranges: [10.0.0.0/8]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

static const char *const fields[][2] = {
	{ "Received", "from printer.contoso.com (printer.contoso.com "
		      "[10.1.2.3]) by mx1.contoso.com (Postfix) with ESMTP id "
		      "4ABCDEF012; Sun, 22 Nov 2026 09:00:00 +0000 (UTC)" },
	{ "From", "Scanner <scanner@contoso.com>" },
	{ "To", "Kate <kate@fabrikam.com>" },
	{ "Cc", "Jim <jim@contoso.com>" },
	{ "Subject", "Scan from the third floor" },
	{ "Date", "Sun, 22 Nov 2026 09:00:00 +0000" },
	{ "Message-ID", "<20261122090000.4ABCDEF012@printer.contoso.com>" },
	{ "MIME-Version", "1.0" },
	{ "Content-Type", "multipart/mixed; boundary=\"=_4ABCDEF012\"" },
	{ "X-Mailer", "Scanner 4.2" },
	{ "X-Priority", "3" },
	{ "X-MS-Exchange-Organization-SCL", "9" },
	{ "X-MS-Exchange-Organization-AuthAs", "Internal" },
	{ "Reply-To", "noreply@contoso.com" },
	{ "Auto-Submitted", "auto-generated" },
};

static const char *const recipients[] = { "<kate@fabrikam.com>",
	"<jim@contoso.com>" };

enum { COUNT = sizeof(fields) / sizeof(fields[0]) };

static struct session_event
event_of(enum stage stage)
{
	return (struct session_event){ .stage = stage, .now = 1795000000 };
}

static void
feed(struct session *session, const struct session_event *event)
{
	struct decision decision;

	session_feed(session, event, &decision);
	if (decision.verdict != VERDICT_ACCEPT)
		give_up("a session of the benchmark is refused");
}

static struct netaddr
client_of(uint64_t number)
{
	return (struct netaddr){ .family = FAMILY_IPV4,
		.lo = UINT64_C(10) << 24 | (number & 0xffffff) };
}

static void
sender_of(uint64_t number, char text[64])
{
	(void)snprintf(
	    text, 64, "<scanner%02u@contoso.com>", (unsigned)(number % 100));
}

static void
message_play(struct session *session)
{
	struct session_event event = event_of(STAGE_DATA);
	size_t i;

	feed(session, &event);
	event = event_of(STAGE_HEADER);
	for (i = 0; i < COUNT; i++) {
		event.header.name = fields[i][0];
		event.header.value = fields[i][1];
		feed(session, &event);
	}
	event = event_of(STAGE_EOH);
	feed(session, &event);
	event = event_of(STAGE_BODY);
	event.body.bytes = 20000;
	feed(session, &event);
	event = event_of(STAGE_EOM);
	feed(session, &event);
}

void
session_play(struct session *session, uint64_t number, bool whole)
{
	struct session_event event = event_of(STAGE_CONNECT);
	char sender[64];
	size_t i;

	event.connect.client = client_of(number);
	event.connect.client_port = 40000;
	event.connect.local = (struct listener){
		.addr = { .family = FAMILY_IPV4, .lo = 0x0a010101 },
		.port = 25,
	};
	feed(session, &event);
	event = event_of(STAGE_HELO);
	event.helo.name = "printer.contoso.com";
	feed(session, &event);
	sender_of(number, sender);
	event = event_of(STAGE_MAIL);
	event.mail.sender = sender;
	feed(session, &event);
	for (i = 0; i < 2; i++) {
		event = event_of(STAGE_RCPT);
		event.rcpt.recipient = recipients[i];
		feed(session, &event);
	}
	if (whole)
		message_play(session);
}

static uint64_t
hash_text(const char *text)
{
	return XXH3_64bits(text, strlen(text));
}

uint64_t
session_hash(uint64_t number)
{
	struct netaddr client = client_of(number);
	uint64_t hash = XXH3_64bits(&client.lo, sizeof(client.lo));
	char sender[64];
	size_t i;

	sender_of(number, sender);
	hash ^= hash_text("printer.contoso.com") ^ hash_text(sender);
	for (i = 0; i < 2; i++)
		hash ^= hash_text(recipients[i]);
	for (i = 0; i < COUNT; i++)
		hash ^= hash_text(fields[i][0]) ^ hash_text(fields[i][1]);
	return hash;
}

void
policy_session(struct texts *texts)
{
	FILE *out = text_open(texts, "policy.yaml");

	(void)fputs(policy, out);
	text_close(texts, out);
}

/* Whole sessions one after the other. */
static void
play_all(struct ruleset *ruleset, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct session *session = need(session_new(ruleset));

		session_play(session, i, true);
		session_free(session);
	}
}

/* Without a clock, for those who count instructions. */
int
bench_play(int argc, char **argv)
{
	struct texts texts = { 0 };
	struct ruleset *ruleset;

	(void)argc;
	policy_session(&texts);
	ruleset = ruleset_of(&texts);
	play_all(ruleset, count_argument(argv[0]));
	ruleset_unref(ruleset);
	texts_fini(&texts);
	return 0;
}

int
bench_session(int argc, char **argv)
{
	size_t count = count_argument(argv[0]);
	size_t rounds = count_argument(argv[1]), i, round;
	struct texts texts = { 0 };
	struct ruleset *ruleset;
	uint64_t sum = 0;

	(void)argc;
	policy_session(&texts);
	ruleset = ruleset_of(&texts);
	for (round = 0; round < rounds; round++) {
		double before = now_ns(), play, hash;

		play_all(ruleset, count);
		play = now_ns() - before;
		before = now_ns();
		for (i = 0; i < count; i++)
			sum ^= session_hash(i);
		hash = now_ns() - before;
		(void)printf("{\"session_ns\": %.1f, \"hash_ns\": %.1f, "
			     "\"hash\": %u}\n",
		    play / (double)count, hash / (double)count, (unsigned)sum);
	}
	ruleset_unref(ruleset);
	texts_fini(&texts);
	return 0;
}
