/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session - the state machine: events in, decisions out.
 *
 * Each stage has one function, which reads as the table of decisions in the
 * manual does: the first check that refuses, decides. What is known from
 * connect is frozen there; AUTH is taken anew at each MAIL. The session owns
 * a reference on its ruleset and an arena for the message under way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "firewall.h"
#include "mailaddr.h"
#include "replies.h"
#include "ruleset.h"
#include "stamp.h"

enum { MESSAGE_ARENA = 1024 };

/* How far a connection got. */
enum admission {
	ADMISSION_NONE,        /* not connected */
	ADMISSION_NO_CLIENT,   /* the client's address is not told */
	ADMISSION_NO_LISTENER, /* the local address is not, and matters */
	ADMISSION_NO_CONNECTOR,
	ADMISSION_CHOSEN,
};

enum transaction {
	TRANSACTION_NONE,
	TRANSACTION_OPEN,
	TRANSACTION_MONITORED, /* MAIL passed only by monitor mode */
	TRANSACTION_REFUSED,
};

struct session {
	struct ruleset *ruleset;
	const struct session_listener *listener;
	struct arena *arena; /* of the message */

	enum admission admission;
	bool local; /* a local submission: never refused */
	struct choice choice;
	const struct range *allow_listed, *block_listed;
	principal_set principals;

	enum transaction transaction;
	struct decision refusal; /* of MAIL */
	struct firewall firewall;
};

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
	firewall_init(&session->firewall, session->arena);
	return session;
}

void
session_free(struct session *session)
{
	if (session == NULL)
		return;
	arena_free(session->arena);
	ruleset_unref(session->ruleset);
	free(session);
}

void
session_listen(struct session *session, const struct session_listener *listener)
{
	session->listener = listener;
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
	if (session->choice.range == NULL)
		return NULL;
	if (where != NULL)
		*where = session->choice.range->where;
	return &session->choice.range->range;
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

static bool
holds(const struct session *session, enum right right)
{
	return (session_rights(session) & SET_OF(right)) != 0;
}

const char *
session_right_origin(
    const struct session *session, enum right right, struct where *where)
{
	if (!holds(session, right))
		return NULL;
	return rule_right_origin(
	    session->choice.rule, session->principals, right, where);
}

/* ---- Making decisions ------------------------------------------------ */

/* The judges below answer REPLY_NONE or the reply of the refusal, and write
 * into the decision because of what. */

static enum reply_id
judged(struct decision *decision, enum reply_id id, const char *why)
{
	decision->why = why;
	return id;
}

/* Names the right that was held or missing, and its place. */
static void
because_of_right(
    struct decision *decision, const struct session *session, enum right right)
{
	decision->right = right_name(right);
	(void)rule_right_origin(
	    session->choice.rule, session->principals, right, &decision->where);
}

/* Whether monitor mode lets a refusal pass. Strangers may be let pass only
 * where somebody else refuses them. */
static bool
is_monitored(const struct session *session, enum reply_id id)
{
	const struct policy *policy = session->ruleset->policy;
	enum mode mode = session->choice.rule != NULL
			     ? session->choice.rule->mode
			     : policy->mode;

	return mode == MODE_MONITOR && reply_is_permission(id) &&
	       (id != REPLY_UNABLE_TO_RELAY || policy->mta_refuses_strangers);
}

static void
refuse(struct decision *decision, enum reply_id id)
{
	decision->reply = reply_get(id);
	decision->verdict =
	    decision->reply.code[0] == '4' ? VERDICT_TEMPFAIL : VERDICT_REJECT;
}

/* From what was judged to what is done. */
static void
settle(
    const struct session *session, enum reply_id id, struct decision *decision)
{
	if (id == REPLY_NONE)
		return;
	if (session->local)
		return;
	refuse(decision, id);
	decision->monitored = is_monitored(session, id);
	if (decision->monitored)
		decision->verdict = VERDICT_ACCEPT;
}

/* ---- Connect --------------------------------------------------------- */

static enum admission
admit(struct session *session, const struct event *event)
{
	const struct netaddr *client = &event->connect.client;
	struct ruleset *ruleset = session->ruleset;
	const struct policy *policy = ruleset->policy;

	if (client->family == FAMILY_NONE)
		return ADMISSION_NO_CLIENT;
	session->allow_listed = ruleset_listed(
	    ruleset->allow, &policy->ip_allow_list, client, event->now);
	session->block_listed = ruleset_listed(
	    ruleset->block, &policy->ip_block_list, client, event->now);
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

static void
feed_connect(struct session *session, const struct event *event,
    struct decision *decision)
{
	session->choice = (struct choice){ NULL, NULL };
	session->allow_listed = session->block_listed = NULL;
	session->transaction = TRANSACTION_NONE;
	session->local = event->connect.client_port == 0 &&
			 is_this_host(&event->connect.client);
	session->admission = admit(session, event);
	session->principals = SET_OF(PRINCIPAL_ANONYMOUS);
	if (session->choice.rule != NULL) {
		session->principals = session->choice.rule->base;
		decision->where = session->choice.range->where;
	}
	if (session->listener != NULL &&
	    session->admission != ADMISSION_NO_CLIENT)
		candidates_tell(session->ruleset, event, &session->choice,
		    session->admission == ADMISSION_NO_LISTENER,
		    session->listener);
	decision->why = session->choice.rule != NULL
			    ? "the smallest range that holds the client"
			    : "no connector; said at mail";
}

/* ---- Mail ------------------------------------------------------------ */

static enum reply_id
judge_admission(const struct session *session, struct decision *decision)
{
	switch (session->admission) {
	case ADMISSION_CHOSEN:
		break;
	case ADMISSION_NONE:
		return judged(decision, REPLY_SEQUENCE, "no connect event");
	case ADMISSION_NO_CLIENT:
		return judged(decision, REPLY_NO_CLIENT,
		    "the MTA does not tell the client's address");
	case ADMISSION_NO_LISTENER:
		return judged(decision, REPLY_NO_LISTENER,
		    "bindings matter for this client, and the MTA does not "
		    "tell the local address");
	case ADMISSION_NO_CONNECTOR:
		return judged(decision, REPLY_NO_CONNECTOR,
		    "no connector's range holds the client on this listener");
	}
	return REPLY_NONE;
}

static bool
is_authenticated(const struct session *session)
{
	return (session->principals & SET_OF(PRINCIPAL_AUTHENTICATED)) != 0;
}

static enum reply_id
judge_submit(const struct session *session, struct decision *decision)
{
	because_of_right(decision, session, RIGHT_SUBMIT);
	if (holds(session, RIGHT_SUBMIT))
		return judged(decision, REPLY_NONE, "may submit");
	return judged(decision,
	    is_authenticated(session) ? REPLY_NO_SUBMIT
				      : REPLY_NOT_AUTHENTICATED,
	    "the session may not submit");
}

/* The rights that the sender is judged by. An authenticated user's address
 * is the MTA's to check, so only a deny counts against him; one for anonymous
 * is not for him. */
static right_set
sender_rights(const struct session *session)
{
	const struct rule *rule = session->choice.rule;

	if (is_authenticated(session))
		return ~(rule->denied[PRINCIPAL_AUTHENTICATED] |
			 (rule->base != SET_OF(PRINCIPAL_ANONYMOUS)
				 ? rule->denied[PRINCIPAL_EXTERNALLY_SECURED]
				 : 0));
	return session_rights(session);
}

/* The matrix of Accept-Any-Sender and Accept-Authoritative-Domain-Sender. A
 * sender that is no plain mailbox could be ours or not, so it needs both. */
static enum reply_id
judge_sender(const struct session *session, const struct mailaddr *sender,
    struct decision *decision)
{
	right_set rights = sender_rights(session);
	const struct accepted_domain *domain = NULL;
	bool plain = sender->class == MAILADDR_PLAIN;
	bool authoritative;
	enum right missing;

	if (sender->class == MAILADDR_NULL)
		return REPLY_NONE;
	if (plain)
		domain = domset_find(session->ruleset->domains, sender->domain);
	authoritative = domain != NULL && domain->type == DOMAIN_AUTHORITATIVE;
	if ((!plain || authoritative) &&
	    (rights & SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) == 0)
		missing = RIGHT_AUTHORITATIVE_DOMAIN_SENDER;
	else if ((!plain || !authoritative) &&
		 (rights & SET_OF(RIGHT_ANY_SENDER)) == 0)
		missing = RIGHT_ANY_SENDER;
	else
		return REPLY_NONE;
	because_of_right(decision, session, missing);
	return judged(decision,
	    session->principals == SET_OF(PRINCIPAL_ANONYMOUS)
		? REPLY_SENDER_ANONYMOUS
		: REPLY_SENDER,
	    authoritative ? "the sender's domain is authoritative here"
	    : plain       ? "the sender's domain is not authoritative here"
			  : "the sender is no plain mailbox");
}

static enum reply_id
judge_mail(const struct session *session, const struct event *event,
    struct decision *decision)
{
	struct mailaddr sender;
	enum reply_id id;

	mailaddr_classify(event->mail.sender, &sender);
	id = judge_admission(session, decision);
	if (id == REPLY_NONE && sender.class == MAILADDR_MALFORMED)
		id = judged(
		    decision, REPLY_BAD_SENDER, "the sender is not a mailbox");
	if (id == REPLY_NONE)
		id = judge_submit(session, decision);
	if (id == REPLY_NONE)
		id = judge_sender(session, &sender, decision);
	return id;
}

static void
feed_mail(struct session *session, const struct event *event,
    struct decision *decision)
{
	arena_reset(session->arena);
	firewall_init(&session->firewall, session->arena);
	if (session->choice.rule != NULL)
		session->principals = session->choice.rule->base;
	if (event->mail.auth != NULL && event->mail.auth[0] != '\0')
		session->principals |= SET_OF(PRINCIPAL_AUTHENTICATED);
	settle(session, judge_mail(session, event, decision), decision);
	session->transaction =
	    decision->monitored ? TRANSACTION_MONITORED : TRANSACTION_OPEN;
	if (decision->verdict != VERDICT_ACCEPT) {
		session->transaction = TRANSACTION_REFUSED;
		session->refusal = *decision;
	}
}

/* ---- Rcpt ------------------------------------------------------------ */

/* Where the MTA says where a mailbox resolves to, it must be here as well:
 * in an accepted domain, or a bare name of a local mailer. */
static bool
resolves_here(const struct session *session, const struct event *event)
{
	struct mailaddr resolved;
	const char *text = event->rcpt.resolved;

	if (text == NULL || text[0] == '\0')
		return true;
	mailaddr_classify(text, &resolved);
	if (resolved.class == MAILADDR_PLAIN)
		return domset_find(
			   session->ruleset->domains, resolved.domain) != NULL;
	return strpbrk(text, "@%!:") == NULL && event->rcpt.mailer != NULL &&
	       strcmp(event->rcpt.mailer, "local") == 0;
}

static bool
is_blocked(const struct session *session)
{
	return session->block_listed != NULL && session->allow_listed == NULL &&
	       !holds(session, RIGHT_BYPASS_ANTI_SPAM);
}

/* Whether mail to this recipient is not relaying; says why, or why not. */
static bool
is_ours(const struct session *session, const struct event *event,
    const struct mailaddr *recipient, struct decision *decision)
{
	const struct accepted_domain *domain;

	decision->why = "postmaster is always accepted";
	if (recipient->class == MAILADDR_POSTMASTER)
		return true;
	decision->why = "the recipient is no plain mailbox";
	if (recipient->class != MAILADDR_PLAIN)
		return false;
	decision->why = "the recipient's domain is not accepted";
	domain = domset_find(session->ruleset->domains, recipient->domain);
	if (domain == NULL)
		return false;
	decision->why = "the MTA resolves the recipient to a domain that is "
			"not accepted";
	if (!resolves_here(session, event))
		return false;
	decision->why = "the recipient's domain is accepted";
	decision->where = domain->where;
	return true;
}

static enum reply_id
judge_relay(const struct session *session, const struct event *event,
    const struct mailaddr *recipient, struct decision *decision)
{
	if (is_ours(session, event, recipient, decision))
		return REPLY_NONE;
	if (session->choice.rule != NULL)
		because_of_right(decision, session, RIGHT_ANY_RECIPIENT);
	if (!holds(session, RIGHT_ANY_RECIPIENT))
		return REPLY_UNABLE_TO_RELAY;
	/* Monitor mode never grants, be it that the right is there. */
	if (session->transaction == TRANSACTION_MONITORED)
		return judged(decision, REPLY_UNABLE_TO_RELAY,
		    "may relay, but MAIL passed only by monitor mode");
	decision->relay = true;
	return judged(decision, REPLY_NONE, "may relay");
}

static enum reply_id
judge_rcpt(const struct session *session, const struct event *event,
    struct decision *decision)
{
	struct mailaddr recipient;
	enum reply_id id;

	mailaddr_classify(event->rcpt.recipient, &recipient);
	if (recipient.class == MAILADDR_MALFORMED ||
	    recipient.class == MAILADDR_NULL)
		return judged(decision, REPLY_BAD_RECIPIENT,
		    "the recipient is not a mailbox");
	id = judge_relay(session, event, &recipient, decision);
	/* The block list comes before relaying, but monitor mode may let a
	 * blocked client pass, and then relaying must have been judged. */
	if (!is_blocked(session) ||
	    (id != REPLY_NONE && is_monitored(session, REPLY_BLOCKED)))
		return id;
	decision->relay = false;
	decision->right = NULL;
	decision->where = session->block_listed->where;
	return judged(decision, REPLY_BLOCKED, "on the IP block list");
}

static void
feed_rcpt(struct session *session, const struct event *event,
    struct decision *decision)
{
	switch (session->transaction) {
	case TRANSACTION_NONE:
		settle(session,
		    judged(decision, REPLY_SEQUENCE, "no mail event"),
		    decision);
		break;
	case TRANSACTION_REFUSED:
		*decision = session->refusal;
		decision->stage = STAGE_RCPT;
		break;
	case TRANSACTION_OPEN:
	case TRANSACTION_MONITORED:
		settle(session, judge_rcpt(session, event, decision), decision);
		break;
	}
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

static enum reply_id
judge_message(const struct session *session, struct decision *decision)
{
	if (session->transaction == TRANSACTION_NONE)
		return judged(decision, REPLY_SEQUENCE, "no mail event");
	if (session->firewall.failed)
		return judged(decision, REPLY_NO_MEMORY, "out of memory");
	if (session->firewall.overflow)
		return judged(decision, REPLY_HEADER_FLOOD,
		    "too many different organization headers");
	return judged(decision, REPLY_NONE, "message complete");
}

/* The firewall's strips, then the stamps. */
static int
make_edits(const struct session *session, struct decision *decision)
{
	const struct stamp_facts facts = {
		.principals = session->principals,
		.rights = session_rights(session),
		.allow_listed = session->allow_listed != NULL,
		.server = session->ruleset->server,
	};
	struct edit stamps[STAMPS_MAX], *edits;
	size_t nstamps, nstrips;

	nstamps = stamp_make(&facts, stamps);
	edits = arena_array(session->arena,
	    firewall_edits_max(&session->firewall) + nstamps, sizeof(*edits));
	if (edits == NULL)
		return -ENOMEM;
	nstrips = firewall_strip(
	    &session->firewall, header_rights(session), stamps, nstamps, edits);
	memcpy(edits + nstrips, stamps, nstamps * sizeof(*stamps));
	decision->edits = edits;
	decision->nedits = nstrips + nstamps;
	return 0;
}

static void
feed_eom(struct session *session, struct decision *decision)
{
	enum reply_id id;

	if (session->transaction == TRANSACTION_REFUSED) {
		*decision = session->refusal;
		decision->stage = STAGE_EOM;
		return;
	}
	id = judge_message(session, decision);
	session->transaction = TRANSACTION_NONE;
	if (id == REPLY_NONE && make_edits(session, decision) != 0)
		id = judged(decision, REPLY_NO_MEMORY, "out of memory");
	/* Not settled: a message that could not be cleaned goes nowhere, be
	 * it a local submission. */
	if (id != REPLY_NONE)
		refuse(decision, id);
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
	case STAGE_MAIL:
		feed_mail(session, event, decision);
		break;
	case STAGE_RCPT:
		feed_rcpt(session, event, decision);
		break;
	case STAGE_HEADER:
		firewall_header(&session->firewall, event->header.name);
		break;
	case STAGE_EOM:
		feed_eom(session, decision);
		break;
	case STAGE_ABORT:
		session->transaction = TRANSACTION_NONE;
		arena_reset(session->arena);
		firewall_init(&session->firewall, session->arena);
		break;
	case STAGE_HELO:
	case STAGE_DATA:
	case STAGE_EOH:
	case STAGE_BODY:
	case STAGE_COUNT:
		break;
	}
}
