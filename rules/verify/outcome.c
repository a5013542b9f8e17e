/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome - what the engine decides about a session of one message.
 *
 * Feeds a session as a driver would, without counters. Decides nothing by
 * itself.
 */
#include "verify.h"

#include <errno.h>
#include <string.h>

enum { NAME_SIZE = 128 };

/* Whether the session goes on. A refusal that monitor mode let pass is one
 * here: a policy is tested before it is enforced. */
static bool
feed(struct test_outcome *outcome, struct session_event event, int64_t now)
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
feed_header(struct test_outcome *outcome, const char *header, int64_t now)
{
	struct session_event event = { .stage = STAGE_HEADER };
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
feed_message(struct test_outcome *outcome, const struct probe *probe)
{
	const int64_t now = probe->at;

	return feed(outcome, (struct session_event){ .stage = STAGE_DATA },
		   now) &&
	       (!probe->header || feed_header(outcome, probe->header, now)) &&
	       feed(outcome, (struct session_event){ .stage = STAGE_EOH },
		   now) &&
	       feed(outcome, (struct session_event){ .stage = STAGE_EOM }, now);
}

static bool
feed_connection(struct test_outcome *outcome, const struct probe *probe)
{
	struct session_event connect = { .stage = STAGE_CONNECT };
	struct session_event helo = { .stage = STAGE_HELO };

	connect.connect.client = probe->client;
	connect.connect.client_port = -1;
	connect.connect.local = probe->local;
	if (probe->local.port == 0) {
		connect.connect.local.addr.family = probe->client.family;
		connect.connect.local.port = 25;
	}
	helo.helo.name = probe->helo ? probe->helo : "client.invalid";
	return feed(outcome, connect, probe->at) &&
	       feed(outcome, helo, probe->at);
}

void
outcome_play(struct test_outcome *outcome, const struct probe *probe)
{
	struct session_event mail = { .stage = STAGE_MAIL };
	struct session_event rcpt = { .stage = STAGE_RCPT };

	mail.mail.sender = probe->from ? probe->from : "<>";
	mail.mail.auth = probe->auth;
	mail.mail.tls = probe->tls || probe->certificate;
	mail.mail.cert = probe->certificate;
	rcpt.rcpt.recipient = probe->rcpt;
	if (feed_connection(outcome, probe) && feed(outcome, mail, probe->at) &&
	    probe->rcpt && feed(outcome, rcpt, probe->at))
		(void)feed_message(outcome, probe);
}

int
outcome_find(struct ruleset *ruleset, const struct probe *probe,
    struct test_outcome *outcome)
{
	*outcome = (struct test_outcome){ .session = session_new(ruleset) };
	if (!outcome->session)
		return -ENOMEM;
	outcome_play(outcome, probe);
	return 0;
}

void
outcome_fini(struct test_outcome *outcome)
{
	session_free(outcome->session);
}
