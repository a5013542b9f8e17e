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

#include "address_list.h"
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
	return session->claim.principals;
}

right_set
session_rights(const struct session *session)
{
	return session->claim.rights;
}

struct client_limits
session_client_limits(const struct session *session)
{
	return session->state.limits;
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
	    session->choice.rule, session->claim.principals, right, where);
}

/* ---- Settling -------------------------------------------------------- */

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

/* Whether a refusal is let pass. Nothing malformed, flooding or undecidable
 * is, but for a local submission whose listener is not known. Strangers may
 * be let pass only where the MTA refuses them. */
static bool
is_waived(const struct session *session, enum reply_id id)
{
	const struct policy *policy = session->ruleset->policy;
	enum mode mode = session->choice.rule != NULL
			     ? session->choice.rule->mode
			     : policy->mode;

	if (reply_class(id) == REPLY_CLASS_UNDECIDED)
		return session->local && id == REPLY_NO_LISTENER;
	if (session->local)
		return true;
	return mode == MODE_MONITOR &&
	       (id != REPLY_UNABLE_TO_RELAY || policy->mta_refuses_strangers);
}

/* From what is judged to what is done, and the only home of monitor mode. The
 * first refusal that is not waived decides; else the first that was waived is
 * what the decision tells of. *denied: a right was found missing. */
static void
settle(const struct session *session, const struct judge *judges,
    const struct judged_event *event, struct decision *decision, bool *denied)
{
	struct decision waived = { 0 };
	enum reply_id id, first = REPLY_NONE;

	*denied = false;
	for (; judges->check; judges++) {
		if (judges->connector && !session->choice.rule)
			continue;
		id = judges->check(session, event, decision);
		if (id == REPLY_NONE)
			continue;
		if (!is_waived(session, id)) {
			refuse(session, id, decision);
			decision->relay = false;
			return;
		}
		if (reply_class(id) == REPLY_CLASS_RIGHT) {
			*denied = true;
			decision->relay = false;
		}
		if (first != REPLY_NONE)
			continue;
		first = id;
		waived = *decision;
	}
	if (first == REPLY_NONE)
		return;
	waived.ours = decision->ours;
	waived.relay = decision->relay;
	*decision = waived;
	if (session->local)
		return;
	refuse(session, first, decision);
	decision->verdict = VERDICT_ACCEPT;
	decision->monitored = true;
}

/* ---- Connect --------------------------------------------------------- */

static enum admission
admit(struct session *session, const struct session_event *event)
{
	const struct netaddr *client = &session->client;
	const struct ruleset *ruleset = session->ruleset;
	const struct policy *policy = ruleset->policy;

	if (client->family == FAMILY_NONE)
		return ADMISSION_NO_CLIENT;
	session->state.allow_listed = ruleset_listed(
	    ruleset->allow, &policy->ip_allow_list, client, event->now, NULL);
	session->state.block_listed = ruleset_listed(ruleset->block,
	    &policy->ip_block_list, client, event->now, &session->block_entry);
	session->state.server = ruleset_server(ruleset, client, event->now);
	if (ruleset_choose(ruleset, client, &event->connect.local, event->now,
		&session->choice) != 0)
		return ADMISSION_NO_LISTENER;
	session->state.rule = session->choice.rule;
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

/* Forgets all that an earlier connect left. */
static void
session_reset(struct session *session)
{
	limits_leave(&session->limits);
	session->choice = (struct choice){ NULL, 0 };
	session->state = (struct client_state){ 0 };
	session->limit = REPLY_NONE;
	session->ehlo_domain = false;
	session->transaction = TRANSACTION_NONE;
}

static void
feed_connect(struct session *session, const struct session_event *event,
    struct decision *decision)
{
	const struct credentials none = { 0 };

	session_reset(session);
	session->client = event->connect.client;
	session->server_addr = event->connect.local.addr;
	session->local = event->connect.client_port == 0 &&
			 event->connect.local.port == 0 &&
			 is_this_host(&session->client);
	session->admission = admit(session, event);
	if (session->choice.rule != NULL) {
		session->range = choice_range(&session->choice);
		session->state.limits =
		    rule_limits(session->choice.rule, session->range.limits);
		decision->where = session->range.where;
	}
	session->claim = claim_find(session->ruleset, &session->state, &none);
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
feed_helo(struct session *session, const struct session_event *event)
{
	const char *name = event->helo.name;
	char domain[MAILADDR_DOMAIN_SIZE];

	session->ehlo_domain =
	    name != NULL && domain_normalise(name, strlen(name), domain) == 0;
}

/* ---- Mail ------------------------------------------------------------ */

/* The name on a verified certificate, as lists have it; "" where there is
 * none that could be on one. */
static void
take_certificate(struct session *session, const struct session_event *event)
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
take_credentials(struct session *session, const struct session_event *event)
{
	const char *auth = event->mail.auth;
	struct credentials credentials;

	take_certificate(session, event);
	credentials = claim_credentials(session->ruleset, &session->state,
	    session->certificate, auth && auth[0] != '\0');
	session->claim =
	    claim_find(session->ruleset, &session->state, &credentials);
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
feed_mail(struct session *session, const struct session_event *event,
    struct decision *decision)
{
	struct judged_event judged = { .event = event };
	bool denied;

	message_begin(session);
	take_credentials(session, event);
	mailaddr_classify(event->mail.sender, &judged.mailbox);
	session->null_sender = judged.mailbox.class == MAILADDR_NULL;
	session->sender_allowed =
	    !session->state.limits.senders ||
	    address_list_holds(session->state.limits.senders, &judged.mailbox,
		event->mail.sender);
	settle(session, mail_judges, &judged, decision, &denied);
	/* What properties alone would have refused holds its rights. */
	session->transaction =
	    denied ? TRANSACTION_MONITORED : TRANSACTION_OPEN;
	if (decision->verdict != VERDICT_ACCEPT) {
		session->transaction = TRANSACTION_REFUSED;
		session->refusal = *decision;
	}
}

/* ---- Rcpt ------------------------------------------------------------ */

static void
feed_rcpt(struct session *session, const struct session_event *event,
    struct decision *decision)
{
	struct judged_event judged = { .event = event };
	bool denied;

	if (session->transaction == TRANSACTION_REFUSED) {
		*decision = session->refusal;
		decision->stage = STAGE_RCPT;
		return;
	}
	mailaddr_classify(event->rcpt.recipient, &judged.mailbox);
	settle(session, rcpt_judges, &judged, decision, &denied);
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
		.principals = session->claim.principals,
		.rights = session_rights(session),
		.allow_listed = session->state.allow_listed,
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
feed_eom(struct session *session, const struct session_event *event,
    struct decision *decision)
{
	const struct judged_event judged = { .event = event };
	bool denied;

	if (session->transaction == TRANSACTION_REFUSED) {
		*decision = session->refusal;
		decision->stage = STAGE_EOM;
		return;
	}
	settle(session, message_judges, &judged, decision, &denied);
	session->transaction = TRANSACTION_NONE;
	if (decision->verdict == VERDICT_ACCEPT &&
	    make_edits(session, decision) != 0) {
		decision->why = "out of memory";
		decision->monitored = false;
		refuse(session, REPLY_NO_MEMORY, decision);
	}
}

/* ---- Feeding --------------------------------------------------------- */

void
session_feed(struct session *session, const struct session_event *event,
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
		feed_eom(session, event, decision);
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
