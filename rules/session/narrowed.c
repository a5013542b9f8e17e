/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * narrowed - the checks of what a client is narrowed to: senders, recipients
 * and a quota of messages.
 *
 * Asked after the rights, which they only narrow. What applies to a client is
 * found at connect; here is no look-up but in its lists.
 */
#include "narrowed.h"

#include "address_list.h"

/* A list or quota that the client is narrowed to decided. */
static enum reply_id
because_of_limit(struct decision *decision, struct where where,
    enum reply_id id, const char *why)
{
	decision->right = NULL;
	decision->where = where;
	decision->why = why;
	return id;
}

enum reply_id
judge_allowed_sender(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct address_list *list = session->state.limits.senders;

	(void)judged_event;
	if (session->sender_allowed)
		return REPLY_NONE;
	return because_of_limit(
	    decision, list->where, REPLY_ALLOWED_SENDERS, "allowed_senders");
}

/* Mail to the postmaster of this host passes, RFC 5321 section 4.5.1. */
enum reply_id
judge_allowed_recipient(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct address_list *list = session->state.limits.recipients;
	const struct mailaddr *recipient = &judged_event->mailbox;

	if (!list ||
	    address_list_holds(
		list, recipient, judged_event->event->rcpt.recipient) ||
	    (recipient->class == MAILADDR_POSTMASTER && decision->ours))
		return REPLY_NONE;
	return because_of_limit(decision, list->where, REPLY_ALLOWED_RECIPIENTS,
	    "allowed_recipients");
}

/* At MAIL nothing is counted yet, since nobody may be sent to. */
enum reply_id
judge_quota_left(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct message_quota *quota = session->state.limits.quota;

	if (!quota || session->local ||
	    limits_quota_left(&session->limits, session->choice.rule->written,
		&session->client, session->ruleset->policy->ipv6_source_prefix,
		quota, judged_event->event->now))
		return REPLY_NONE;
	return because_of_limit(
	    decision, quota->where, REPLY_QUOTA, "message_quota");
}

/* A message counts with its first recipient that all else accepts. Another
 * session of the client may have spent the rest since MAIL. */
enum reply_id
judge_quota(const struct session *session,
    const struct judged_event *judged_event, struct decision *decision)
{
	const struct message_quota *quota = session->state.limits.quota;

	if (!quota || session->local || session->recipients > 0 ||
	    limits_quota_spend(&session->limits, session->choice.rule->written,
		&session->client, session->ruleset->policy->ipv6_source_prefix,
		quota, judged_event->event->now))
		return REPLY_NONE;
	return because_of_limit(
	    decision, quota->where, REPLY_QUOTA_RECIPIENT, "message_quota");
}
