/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session - the state machine: events in, decisions out.
 *
 * What is known from connect is frozen there; who the client proved to be is
 * taken anew at each MAIL. checks.c says what may be done, and here it is
 * settled what is done. The session owns a reference on its ruleset, an arena
 * for the message under way, and what it counted.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "losers.h"
#include "stamp.h"

enum { MESSAGE_ARENA = 1024 };

struct session *
session_new(struct ruleset *ruleset)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return NULL;
	session->arena = arena_new(MESSAGE_ARENA);
	if (session->arena == NULL) {
		free(session);
		return NULL;
	}
	session->ruleset = ruleset_ref(ruleset);
	message_init(&session->message, session->arena, false);
	return session;
}

void
session_free(struct session *session)
{
	if (session == NULL)
		return;
	limits_leave(&session->limits);
	arena_free(session->arena);
	ruleset_unref(session->ruleset);
	free(session);
}

void
session_listen(struct session *session, const struct session_listener *listener)
{
	session->listener = listener;
}

void
session_count(struct session *session, const struct counters *counters)
{
	limits_leave(&session->limits);
	session->limits.counters = counters;
}

/* ---- What the session is --------------------------------------------- */

const struct ruleset *
session_ruleset(const struct session *session)
{
	return session->ruleset;
}

const char *
session_connector(const struct session *session)
{
	return session->choice.rule != NULL
		   ? session->choice.rule->written->name
		   : NULL;
}

const struct netrange *
session_range(const struct session *session, struct where *where)
{
	if (session->choice.rule == NULL)
		return NULL;
	if (where != NULL)
		*where = session->range.where;
	return &session->range.range;
}

principal_set
session_principals(const struct session *session)
{
	return session->principals;
}

right_set
session_rights(const struct session *session)
{
	return session->choice.rule != NULL
		   ? rule_rights(session->choice.rule, session->principals)
		   : 0;
}

bool
session_holds(const struct session *session, enum right right)
{
	return (session_rights(session) & SET_OF(right)) != 0;
}

const char *
session_right_origin(
    const struct session *session, enum right right, struct where *where)
{
	if (!session_holds(session, right))
		return NULL;
	return rule_right_origin(
	    session->choice.rule, session->principals, right, where);
}

/* ---- Settling -------------------------------------------------------- */

/* Strangers may be let pass only where somebody else refuses them. */
bool
session_monitors(const struct session *session, enum reply_id id)
{
	const struct policy *policy = session->ruleset->policy;
	enum mode mode = session->choice.rule != NULL
			     ? session->choice.rule->mode
			     : policy->mode;

	return mode == MODE_MONITOR &&
	       reply_class(id) != REPLY_CLASS_UNDECIDED &&
	       (id != REPLY_UNABLE_TO_RELAY || policy->mta_refuses_strangers);
}

/* The connector's own words, else those of the policy's style. */
static struct reply
reply_of(const struct session *session, enum reply_id id)
{
	const struct rule *rule = session->choice.rule;
	size_t i;

	for (i = 0; rule != NULL && i < rule->written->nreplies; i++)
		if (rule->written->replies[i].id == id)
			return rule->written->replies[i].reply;
	return reply_get(id, session->ruleset->policy->replies);
}

static void
refuse(
    const struct session *session, enum reply_id id, struct decision *decision)
{
	decision->reply = reply_of(session, id);
	decision->reason = id;
	decision->verdict =
	    decision->reply.code[0] == '4' ? VERDICT_TEMPFAIL : VERDICT_REJECT;
}

/* From what was judged to what is done. */
static void
settle(
    const struct session *session, enum reply_id id, struct decision *decision)
{
	if (id == REPLY_NONE || session->local)
		return;
	refuse(session, id, decision);
	decision->monitored = session_monitors(session, id);
	if (decision->monitored)
		decision->verdict = VERDICT_ACCEPT;
	else
		decision->relay = false;
}

/* ---- Connect --------------------------------------------------------- */

static enum admission
admit(struct session *session, const struct event *event)
{
	const struct netaddr *client = &session->client;
	const struct ruleset *ruleset = session->ruleset;
	const struct policy *policy = ruleset->policy;

	if (client->family == FAMILY_NONE)
		return ADMISSION_NO_CLIENT;
	session->allow_listed = ruleset_listed(
	    ruleset->allow, &policy->ip_allow_list, client, event->now, NULL);
	session->block_listed = ruleset_listed(ruleset->block,
	    &policy->ip_block_list, client, event->now, &session->block_entry);
	session->server = ruleset_server(ruleset, client, event->now);
	if (ruleset_choose(ruleset, client, &event->connect.local, event->now,
		&session->choice) != 0)
		return ADMISSION_NO_LISTENER;
	return session->choice.rule != NULL ? ADMISSION_CHOSEN
					    : ADMISSION_NO_CONNECTOR;
}

/* 127.0.0.1 or ::1, and no other loopback address: what Postfix says for mail
 * that came by no connection. */
static bool
is_this_host(const struct netaddr *addr)
{
	return addr->hi == 0 &&
	       addr->lo == (addr->family == FAMILY_IPV4 ? 0x7f000001 : 1);
}

static principal_set
base_principals(const struct session *session)
{
	return session->choice.rule != NULL
		   ? rule_principals(session->choice.rule, session->server)
		   : SET_OF(PRINCIPAL_ANONYMOUS);
}

/* Forgets all that an earlier connect left. */
static void
session_reset(struct session *session)
{
	limits_leave(&session->limits);
	session->choice = (struct choice){ NULL, 0 };
	session->allow_listed = session->block_listed = false;
	session->server = 0;
	session->limit = REPLY_NONE;
	session->ehlo_domain = false;
	session->transaction = TRANSACTION_NONE;
}

static void
feed_connect(struct session *session, const struct event *event,
    struct decision *decision)
{
	session_reset(session);
	session->client = event->connect.client;
	session->server_addr = event->connect.local.addr;
	session->local = event->connect.client_port == 0 &&
			 event->connect.local.port == 0 &&
			 is_this_host(&session->client);
	session->admission = admit(session, event);
	session->principals = base_principals(session);
	if (session->choice.rule != NULL) {
		session->range = choice_range(&session->choice);
		decision->where = session->range.where;
	}
	if (session->choice.rule != NULL && !session->local)
		session->limit = limits_connect(&session->limits,
		    session->choice.rule->written, &session->client,
		    session->ruleset->policy->ipv6_source_prefix);
	if (session->listener != NULL &&
	    session->admission != ADMISSION_NO_CLIENT)
		candidates_tell(session->ruleset, event, &session->choice,
		    session->admission == ADMISSION_NO_LISTENER,
		    session->listener);
	decision->why = session->choice.rule != NULL
			    ? "the smallest range that holds the client"
			    : "no connector; said at mail";
}

static void
feed_helo(struct session *session, const struct event *event)
{
	const char *name = event->helo.name;
	char domain[MAILADDR_DOMAIN_SIZE];

	session->ehlo_domain =
	    name != NULL && domain_normalise(name, strlen(name), domain) == 0;
}

/* ---- Mail ------------------------------------------------------------ */

/* Whether a name is on a list; "*.name" is it and every subdomain, as
 * everywhere in a policy. A certificate for "*.name" is for names that are
 * not known, so it is listed under exactly this. */
static bool
is_listed(const struct name_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const char *item = list->items[i];
		size_t have = strlen(name), len = strlen(item);

		if (strcmp(name, item) == 0)
			return true;
		if (item[0] == '*' && name[0] != '*' &&
		    (strcmp(name, item + 2) == 0 ||
			(have >= len &&
			    strcmp(name + have - len + 1, item + 1) == 0)))
			return true;
	}
	return false;
}

/* The name on a verified certificate, as lists have it; "" where there is
 * none that could be on one. */
static void
take_certificate(struct session *session, const struct event *event)
{
	const char *cert = event->mail.cert != NULL ? event->mail.cert : "";
	size_t wild = strncmp(cert, "*.", 2) == 0 ? 2 : 0;

	if (domain_normalise(cert + wild, strlen(cert + wild),
		session->certificate + wild) == 0)
		memcpy(session->certificate, "*.", wild);
	else
		session->certificate[0] = '\0';
}

/* Who the client proved to be. */
static void
take_principals(struct session *session, const struct event *event)
{
	const struct policy *policy = session->ruleset->policy;
	const char *name = session->certificate;
	principal_set server = 0;

	take_certificate(session, event);
	session->principals = base_principals(session);
	if (session->choice.rule == NULL)
		return;
	if (session->principals == SET_OF(PRINCIPAL_ANONYMOUS)) {
		if (is_listed(&policy->exchange_servers.tls_domains, name))
			server |= SET_OF(PRINCIPAL_EXCHANGE_SERVER);
		if (is_listed(
			&policy->exchange_legacy_servers.tls_domains, name))
			server |= SET_OF(PRINCIPAL_LEGACY_SERVER);
		session->principals =
		    rule_principals(session->choice.rule, server);
	}
	if (is_listed(&session->choice.rule->written->tls_domains, name))
		session->principals |= SET_OF(PRINCIPAL_PARTNER);
	if (event->mail.auth != NULL && event->mail.auth[0] != '\0')
		session->principals |= SET_OF(PRINCIPAL_AUTHENTICATED);
}

static void
message_begin(struct session *session)
{
	arena_reset(session->arena);
	message_init(&session->message, session->arena,
	    session->ruleset->policy->header_from_check);
	session->recipients = 0;
	session->accepted_domain = false;
}

static void
feed_mail(struct session *session, const struct event *event,
    struct decision *decision)
{
	struct mailaddr sender;
	enum reply_id id;

	message_begin(session);
	take_principals(session, event);
	mailaddr_classify(event->mail.sender, &sender);
	session->null_sender = sender.class == MAILADDR_NULL;
	id = judge_mail(session, event, &sender, decision);
	settle(session, id, decision);
	/* What a property alone would have refused holds its rights. */
	session->transaction =
	    decision->monitored && reply_class(id) == REPLY_CLASS_RIGHT
		? TRANSACTION_MONITORED
		: TRANSACTION_OPEN;
	if (decision->verdict != VERDICT_ACCEPT) {
		session->transaction = TRANSACTION_REFUSED;
		session->refusal = *decision;
	}
}

/* ---- Rcpt ------------------------------------------------------------ */

static void
feed_rcpt(struct session *session, const struct event *event,
    struct decision *decision)
{
	switch (session->transaction) {
	case TRANSACTION_NONE:
		decision->why = "no mail event";
		settle(session, REPLY_SEQUENCE, decision);
		return;
	case TRANSACTION_REFUSED:
		*decision = session->refusal;
		decision->stage = STAGE_RCPT;
		return;
	case TRANSACTION_OPEN:
	case TRANSACTION_MONITORED:
		settle(session, judge_rcpt(session, event, decision), decision);
		break;
	}
	if (decision->verdict != VERDICT_ACCEPT)
		return;
	session->recipients += session->recipients != UINT32_MAX;
	session->accepted_domain = session->accepted_domain || decision->ours;
}

/* ---- End of message -------------------------------------------------- */

/* A local submission that no connector holds loses foreign stamps, but not
 * its own trace: it has passed no server. */
static right_set
header_rights(const struct session *session)
{
	if (session->choice.rule == NULL)
		return SET_OF(RIGHT_HEADERS_ROUTING);
	return session_rights(session);
}

static size_t
make_stamps(const struct session *session, struct edit stamps[STAMPS_MAX])
{
	const struct policy *policy = session->ruleset->policy;
	const struct stamp_facts facts = {
		.principals = session->principals,
		.rights = session_rights(session),
		.allow_listed = session->allow_listed,
		.server = session->ruleset->server,
		.auth_domain = session->certificate,
		.chosen = policy->stamps,
		.scl = &policy->scl,
		.connector_scl = session->choice.rule != NULL
				     ? session->choice.rule->written->scl
				     : SCL_UNSET,
	};

	if (policy->stamp_recipients == STAMP_RECIPIENTS_ACCEPTED &&
	    !session->accepted_domain)
		return 0;
	return stamp_make(&facts, stamps);
}

/* The firewall's strips, then the stamps. */
static int
make_edits(const struct session *session, struct decision *decision)
{
	const struct firewall *firewall = &session->message.firewall;
	struct edit stamps[STAMPS_MAX], *edits;
	size_t nstamps = make_stamps(session, stamps), nstrips;

	edits = arena_array(session->arena,
	    firewall_edits_max(firewall) + nstamps, sizeof(*edits));
	if (edits == NULL)
		return -ENOMEM;
	nstrips = firewall_strip(
	    firewall, header_rights(session), stamps, nstamps, edits);
	memcpy(edits + nstrips, stamps, nstamps * sizeof(*stamps));
	decision->edits = edits;
	decision->nedits = nstrips + nstamps;
	return 0;
}

static void
feed_eom(struct session *session, struct decision *decision)
{
	enum reply_id id;
	bool cannot;

	if (session->transaction == TRANSACTION_REFUSED) {
		*decision = session->refusal;
		decision->stage = STAGE_EOM;
		return;
	}
	id = judge_message(session, decision);
	cannot = id != REPLY_NONE && reply_class(id) == REPLY_CLASS_UNDECIDED;
	settle(session, id, decision);
	session->transaction = TRANSACTION_NONE;
	if (cannot) {
		/* What could not be cleaned goes nowhere, be it a local
		 * submission. */
		refuse(session, id, decision);
	} else if (decision->verdict == VERDICT_ACCEPT &&
		   make_edits(session, decision) != 0) {
		decision->why = "out of memory";
		refuse(session, REPLY_NO_MEMORY, decision);
	}
}

/* ---- Feeding --------------------------------------------------------- */

void
session_feed(struct session *session, const struct event *event,
    struct decision *decision)
{
	*decision = (struct decision){
		.stage = event->stage,
		.verdict = VERDICT_ACCEPT,
		.why = "",
	};
	switch (event->stage) {
	case STAGE_CONNECT:
		feed_connect(session, event, decision);
		break;
	case STAGE_HELO:
		feed_helo(session, event);
		break;
	case STAGE_MAIL:
		feed_mail(session, event, decision);
		break;
	case STAGE_RCPT:
		feed_rcpt(session, event, decision);
		break;
	case STAGE_HEADER:
		message_header(&session->message, event->header.name,
		    event->header.value, session->ruleset->server);
		break;
	case STAGE_BODY:
		message_body(&session->message, event->body.bytes);
		break;
	case STAGE_EOM:
		feed_eom(session, decision);
		break;
	case STAGE_ABORT:
		session->transaction = TRANSACTION_NONE;
		message_begin(session);
		break;
	case STAGE_DATA:
	case STAGE_EOH:
	case STAGE_COUNT:
		break;
	}
}
