/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge - what a session may do: the checks of each stage.
 *
 * The three tables at the end read as the table of decisions in
 * connector-policy(5) does. A check changes nothing but the counters; it knows
 * no modes, and settle() asks the next one where a refusal is waived.
 */
#include <string.h>

#include "ascii.h"
#include "narrowed.h"
#include "session.h"

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
	(void)rule_right_origin(session->choice.rule, session->claim.principals,
	    right, &decision->where);
}

/* A property of the connector decided. */
static enum reply_id
because_of_connector(struct decision *decision, const struct session *session,
    enum reply_id id, const char *why)
{
	decision->right = NULL;
	decision->where = session->choice.rule->written->where;
	return judged(decision, id, why);
}

static bool
has(const struct session *session, enum principal principal)
{
	return (session->claim.principals & SET_OF(principal)) != 0;
}

/* ---- Mail ------------------------------------------------------------ */

static enum reply_id
judge_admission(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
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
		return judged(decision,
		    session->ruleset->policy->no_connector ==
			    NO_CONNECTOR_TEMPFAIL
			? REPLY_NO_CONNECTOR_YET
			: REPLY_NO_CONNECTOR,
		    "no connector's range holds the client on this listener");
	}
	return REPLY_NONE;
}

static enum reply_id
judge_connection(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	if (session->limit == REPLY_NONE)
		return REPLY_NONE;
	return because_of_connector(
	    decision, session, session->limit, "a limit on connections");
}

static enum reply_id
judge_ehlo(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	if (!session->choice.rule->written->require_ehlo_domain ||
	    session->ehlo_domain)
		return REPLY_NONE;
	return because_of_connector(decision, session, REPLY_EHLO_DOMAIN,
	    "HELO or EHLO gave no domain");
}

static enum reply_id
judge_form(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)session;
	if (judged_event->mailbox.class != MAILADDR_MALFORMED)
		return REPLY_NONE;
	decision->right = NULL;
	return judged(
	    decision, REPLY_BAD_SENDER, "the sender is not a mailbox");
}

/* Without TLS a client cannot even authenticate. */
static enum reply_id
judge_tls(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	if (!session->choice.rule->written->require_tls ||
	    judged_event->event->mail.tls)
		return REPLY_NONE;
	return because_of_connector(
	    decision, session, REPLY_TLS_REQUIRED, "require_tls");
}

static enum reply_id
judge_submit(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	because_of_right(decision, session, RIGHT_SUBMIT);
	if (session_holds(session, RIGHT_SUBMIT))
		return judged(decision, REPLY_NONE, "may submit");
	return judged(decision,
	    session->claim.principals == SET_OF(PRINCIPAL_ANONYMOUS)
		? REPLY_NOT_AUTHENTICATED
		: REPLY_NO_SUBMIT,
	    "the session may not submit");
}

enum whose { WHOSE_FOREIGN, WHOSE_OWN, WHOSE_UNCLEAR };

/* An address literal: foreign unless it is loopback or the listener's own. */
static enum whose
whose_literal(const struct session *session, const char *literal)
{
	char text[MAILADDR_DOMAIN_SIZE];
	size_t tag = ascii_prefix(literal, "[IPv6:");
	struct netaddr addr;

	tag = tag != 0 ? tag : 1;
	memcpy(text, literal + tag, strlen(literal + tag) + 1);
	text[strlen(text) - 1] = '\0';
	if (netaddr_parse(text, &addr, NULL) != 0 ||
	    netaddr_is_loopback(&addr) || (addr.hi == 0 && addr.lo == 0) ||
	    netaddr_compare(&addr, &session->server_addr) == 0)
		return WHOSE_UNCLEAR;
	return WHOSE_FOREIGN;
}

/* Whose a sender is. Foreign is only a domain of two or more labels that is
 * not ours, and an address literal; anything else an MTA could take for its
 * own. */
static enum whose
whose_sender(const struct session *session, const struct mailaddr *sender)
{
	const struct domset *domains = session->ruleset->domains;
	const char *name = sender->domain;
	const struct accepted_domain *domain;

	if (name[0] == '[')
		return whose_literal(session, name);
	domain = name[0] != '\0' ? domset_find(domains, name) : NULL;
	if (domain != NULL)
		return domain_protects_senders(session->ruleset->policy, domain)
			   ? WHOSE_OWN
			   : WHOSE_FOREIGN;
	if (strchr(name, '.') == NULL ||
	    (sender->utf8 && domset_may_hold(domains, name)))
		return WHOSE_UNCLEAR;
	return WHOSE_FOREIGN;
}

/* The matrix of Accept-Any-Sender and Accept-Authoritative-Domain-Sender. A
 * sender that could be ours or not needs both. */
static enum reply_id
judge_sender(const struct session *session, const struct mailaddr *sender,
    struct decision *decision)
{
	static const char *const why[] = {
		[WHOSE_FOREIGN] =
		    "the sender's domain is not authoritative here",
		[WHOSE_OWN] = "the sender's domain is authoritative here",
		[WHOSE_UNCLEAR] = "the sender could be one of this host",
	};
	right_set rights = session->claim.senders;
	enum right missing;
	enum whose whose;

	if (sender->class == MAILADDR_NULL)
		return REPLY_NONE;
	whose = whose_sender(session, sender);
	if (whose != WHOSE_FOREIGN &&
	    (rights & SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) == 0)
		missing = RIGHT_AUTHORITATIVE_DOMAIN_SENDER;
	else if (whose != WHOSE_OWN && (rights & SET_OF(RIGHT_ANY_SENDER)) == 0)
		missing = RIGHT_ANY_SENDER;
	else
		return REPLY_NONE;
	because_of_right(decision, session, missing);
	return judged(decision,
	    session->claim.principals == SET_OF(PRINCIPAL_ANONYMOUS)
		? REPLY_SENDER_ANONYMOUS
		: REPLY_SENDER,
	    why[whose]);
}

/* The value of SIZE, RFC 1870; 0 where none is declared. */
static uint64_t
declared_size(const char *const *params)
{
	static const char word[] = "SIZE=";
	const size_t len = sizeof(word) - 1;
	uint64_t size = 0;
	const char *c;

	for (; params != NULL && *params != NULL; params++) {
		if (strlen(*params) <= len || !ascii_same_n(*params, word, len))
			continue;
		size = 0;
		for (c = *params + len; *c >= '0' && *c <= '9'; c++)
			size = size > UINT64_MAX / 10 - 1
				   ? UINT64_MAX / 10
				   : size * 10 + (uint64_t)(*c - '0');
	}
	return size;
}

static enum reply_id
judge_size(
    const struct session *session, uint64_t size, struct decision *decision)
{
	uint64_t limit = session->choice.rule->written->limits.max_message_size;

	if (limit == 0 || size <= limit ||
	    session_holds(session, RIGHT_BYPASS_MESSAGE_SIZE_LIMIT))
		return REPLY_NONE;
	because_of_right(decision, session, RIGHT_BYPASS_MESSAGE_SIZE_LIMIT);
	return judged(decision, REPLY_MESSAGE_SIZE, "max_message_size");
}

static enum reply_id
judge_mail_from(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	return judge_sender(session, &judged_event->mailbox, decision);
}

static enum reply_id
judge_declared(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	return judge_size(
	    session, declared_size(judged_event->event->mail.params), decision);
}

static enum reply_id
judge_rate(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct policy *policy = session->ruleset->policy;
	const struct session_event *event = judged_event->event;

	if (session->local ||
	    limits_mail(&session->limits, session->choice.rule->written,
		&session->client, policy->ipv6_source_prefix, event->mail.auth,
		event->ticks) == REPLY_NONE)
		return REPLY_NONE;
	return because_of_connector(
	    decision, session, REPLY_MESSAGE_RATE, "message_rate_limit");
}

/* ---- Rcpt ------------------------------------------------------------ */

/* Whether a bare postmaster is this host's, where the MTA says what it makes
 * of it: a name, or a mailbox of an accepted domain or of this host. */
static bool
is_own_postmaster(const struct session *session, const char *resolved)
{
	struct mailaddr addr;

	if (resolved == NULL || strpbrk(resolved, "@%!:") == NULL)
		return true;
	mailaddr_classify(resolved, &addr);
	return addr.class == MAILADDR_PLAIN &&
	       (domset_find(session->ruleset->domains, addr.domain) != NULL ||
		   ascii_same(addr.domain, session->ruleset->server));
}

/* Whether mail to this recipient is not relaying; says why, or why not. Where
 * the MTA delivers a mailbox of an accepted domain is its own business. */
static bool
is_ours(const struct session *session, const struct session_event *event,
    const struct mailaddr *recipient, struct decision *decision)
{
	const struct accepted_domain *domain;

	if (recipient->class == MAILADDR_POSTMASTER) {
		decision->ours =
		    is_own_postmaster(session, event->rcpt.resolved);
		decision->why = decision->ours
				    ? "postmaster is always accepted"
				    : "the MTA resolves postmaster to a domain "
				      "that is not accepted";
		return decision->ours;
	}
	decision->why = "the recipient is no plain mailbox";
	if (recipient->class != MAILADDR_PLAIN)
		return false;
	decision->why = "the recipient's domain is not accepted";
	domain = domset_find(session->ruleset->domains, recipient->domain);
	if (domain == NULL)
		return false;
	decision->why = "the recipient's domain is accepted";
	decision->where = domain->where;
	return decision->ours = true;
}

static enum reply_id
judge_mailbox(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	if (session->transaction == TRANSACTION_NONE)
		return judged(decision, REPLY_SEQUENCE, "no mail event");
	if (judged_event->mailbox.class != MAILADDR_MALFORMED &&
	    judged_event->mailbox.class != MAILADDR_NULL)
		return REPLY_NONE;
	return judged(
	    decision, REPLY_BAD_RECIPIENT, "the recipient is not a mailbox");
}

static enum reply_id
judge_blocked(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	if (!session->claim.blocked)
		return REPLY_NONE;
	decision->where = range_get(
	    &session->ruleset->policy->ip_block_list, session->block_entry)
			      .where;
	return judged(decision, REPLY_BLOCKED, "on the IP block list");
}

/* Who may relay is the claim's to say. Monitor mode never grants, even if the
 * right is held. */
static enum reply_id
judge_relay(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	if (is_ours(
		session, judged_event->event, &judged_event->mailbox, decision))
		return REPLY_NONE;
	if (session->choice.rule != NULL)
		because_of_right(decision, session, RIGHT_ANY_RECIPIENT);
	if (!session_holds(session, RIGHT_ANY_RECIPIENT))
		return REPLY_UNABLE_TO_RELAY;
	if (session->claim.blocked)
		return judged(decision, REPLY_UNABLE_TO_RELAY,
		    "holds the right, but is on the IP block list");
	if (session->transaction == TRANSACTION_MONITORED ||
	    !session_holds(session, RIGHT_SUBMIT))
		return judged(decision, REPLY_UNABLE_TO_RELAY,
		    "may relay, but MAIL passed only by monitor mode");
	/* Where a list of the client excludes the sender, or all foreign
	 * recipients, another check refuses; monitor mode grants nothing. */
	decision->relay = session->claim.relay && session->sender_allowed;
	return judged(decision, REPLY_NONE, "may relay");
}

static bool
ends_in_label(const char *domain, const char *label)
{
	size_t len = strlen(domain), want = strlen(label);

	return len >= want && strcmp(domain + len - want, label) == 0 &&
	       (len == want || domain[len - want - 1] == '.');
}

/* The names of RFC 2606, sections 2 and 3. */
static enum reply_id
reserved_reply(const struct connector *connector, const char *domain)
{
	static const char *const top[] = { "test", "example", "invalid",
		"localhost" };
	static const char *const second[] = { "example.com", "example.net",
		"example.org" };
	size_t i;

	for (i = 0; i < sizeof(top) / sizeof(top[0]); i++)
		if (connector->reject_reserved_top_level_recipient_domains &&
		    ends_in_label(domain, top[i]))
			return REPLY_RESERVED_TOP_LEVEL;
	for (i = 0; i < sizeof(second) / sizeof(second[0]); i++)
		if (connector->reject_reserved_second_level_recipient_domains &&
		    ends_in_label(domain, second[i]))
			return REPLY_RESERVED_SECOND_LEVEL;
	if (connector->reject_single_label_recipient_domains &&
	    strchr(domain, '.') == NULL)
		return REPLY_SINGLE_LABEL;
	return REPLY_NONE;
}

/* What a connector refuses whatever the rights. */
static enum reply_id
judge_domain(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct mailaddr *recipient = &judged_event->mailbox;
	enum reply_id id;

	if (recipient->class != MAILADDR_PLAIN)
		return REPLY_NONE;
	id = reserved_reply(session->choice.rule->written, recipient->domain);
	if (id == REPLY_NONE)
		return REPLY_NONE;
	return because_of_connector(
	    decision, session, id, "the recipient's domain is reserved");
}

/* Between the servers of an organization recipients are not counted. */
static enum reply_id
judge_recipients(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	uint32_t limit;

	(void)judged_event;
	if (has(session, PRINCIPAL_EXCHANGE_SERVER))
		return REPLY_NONE;
	limit =
	    session->choice.rule->written->limits.max_recipients_per_message;
	if (limit == 0 || session->recipients < limit)
		return REPLY_NONE;
	return because_of_connector(
	    decision, session, REPLY_RECIPIENTS, "max_recipients_per_message");
}

/* ---- Message --------------------------------------------------------- */

/* "Message size limits": a server of the organization says how large the
 * message was before headers were added. */
static uint64_t
counted_size(const struct session *session)
{
	uint64_t size = message_size(&session->message);

	if (session_holds(session, RIGHT_HEADERS_ORGANIZATION) &&
	    session->message.original_size < size)
		size = session->message.original_size;
	return size;
}

static enum reply_id
judge_hops(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct connector_limits *limits =
	    &session->choice.rule->written->limits;

	(void)judged_event;
	if (limits->max_hop_count != 0 &&
	    session->message.hops > limits->max_hop_count)
		return because_of_connector(
		    decision, session, REPLY_HOP_COUNT, "max_hop_count");
	if (limits->max_local_hop_count != 0 &&
	    session->message.local_hops > limits->max_local_hop_count)
		return because_of_connector(
		    decision, session, REPLY_HOP_COUNT, "max_local_hop_count");
	return REPLY_NONE;
}

static enum reply_id
judge_from(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	enum reply_id id = REPLY_NONE;
	size_t i;

	(void)judged_event;
	if (!session->ruleset->policy->header_from_check ||
	    session->null_sender)
		return REPLY_NONE;
	for (i = 0; i < session->message.nfrom && id == REPLY_NONE; i++)
		id = judge_sender(session, &session->message.from[i], decision);
	return id;
}

static enum reply_id
judge_complete(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	if (session->transaction == TRANSACTION_NONE)
		return judged(decision, REPLY_SEQUENCE, "no mail event");
	if (session->message.failed || session->message.firewall.failed)
		return judged(decision, REPLY_NO_MEMORY, "out of memory");
	decision->why = "message complete";
	return REPLY_NONE;
}

static enum reply_id
judge_flood(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	if (!session->message.firewall.overflow)
		return REPLY_NONE;
	decision->right = NULL;
	return judged(decision, REPLY_HEADER_FLOOD,
	    "too many header fields that would be removed");
}

static enum reply_id
judge_real_size(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	(void)judged_event;
	return judge_size(session, counted_size(session), decision);
}

static enum reply_id
judge_header_size(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	uint64_t limit = session->choice.rule->written->limits.max_header_size;

	(void)judged_event;
	if (limit == 0 || session->message.header_size <= limit)
		return REPLY_NONE;
	return because_of_connector(
	    decision, session, REPLY_HEADER_SIZE, "max_header_size");
}

/* ---- The stages ------------------------------------------------------ */

const struct judge mail_judges[] = {
	{ judge_admission, false },
	{ judge_connection, true },
	{ judge_ehlo, true },
	{ judge_form, false },
	{ judge_tls, true },
	{ judge_submit, true },
	{ judge_mail_from, true },
	{ judge_allowed_sender, true },
	{ judge_declared, true },
	{ judge_rate, true },
	{ judge_quota_left, true },
	{ NULL, false },
};

const struct judge rcpt_judges[] = {
	{ judge_mailbox, false },
	{ judge_blocked, false },
	{ judge_relay, false },
	{ judge_allowed_recipient, true },
	{ judge_domain, true },
	{ judge_recipients, true },
	{ judge_quota, true },
	{ NULL, false },
};

const struct judge message_judges[] = {
	{ judge_complete, false },
	{ judge_hops, true },
	{ judge_flood, false },
	{ judge_real_size, true },
	{ judge_header_size, true },
	{ judge_from, true },
	{ NULL, false },
};
