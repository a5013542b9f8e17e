/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - what a session counts, and which limit it meets.
 *
 * Exchange's MaxInboundConnection, MaxInboundConnectionPerSource,
 * MaxInboundConnectionPercentagePerSource and MessageRateLimit
 * (Set-ReceiveConnector). A source is an IPv4 address or an IPv6 network of
 * ipv6_prefix (1-128) bits. Without counters nothing is counted and nothing
 * refused. Not called limits.h: that would hide the one of the C library.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include "policy.h"

/* What a session holds of the counters. Zero: nothing. */
struct limits {
	const struct counters *counters; /* not owned; NULL: do not count */
	bool open;                       /* the two keys below are counted */
	struct counter_key connections, source;
};

/* Counts a connection, where the connector limits them; what is still
 * counted of an earlier one is given back first. REPLY_NONE, or the reply of
 * the limit that it meets; a connection that is refused is counted as long
 * as it is open, too. A percentage is one of what max_inbound_connection
 * leaves free as the connection arrives, rounded up, and at least 1; without
 * max_inbound_connection it limits nothing. */
enum reply_id limits_connect(struct limits *, const struct connector *,
    const struct netaddr *client, uint32_t ipv6_prefix);
/* Gives back what connect counted; may be called at any time. */
void limits_leave(struct limits *);
/* Counts a message, at MAIL, where the connector limits their rate. user is
 * who authenticated, without regard to case; NULL or empty: nobody, who is
 * counted by address where the source is a user. REPLY_NONE or
 * REPLY_MESSAGE_RATE; a message that is refused is counted, too. ticks are
 * those of the event. */
enum reply_id limits_mail(const struct limits *, const struct connector *,
    const struct netaddr *client, uint32_t ipv6_prefix, const char *user,
    uint64_t ticks);
/* Whether a client has messages left of a quota; and whether it had one, which
 * is then spent. now is the time of day. A message counts by connector, like
 * all else here. True without counters. */
bool limits_quota_left(const struct limits *, const struct connector *,
    const struct netaddr *client, uint32_t ipv6_prefix,
    const struct message_quota *, int64_t now);
bool limits_quota_spend(const struct limits *, const struct connector *,
    const struct netaddr *client, uint32_t ipv6_prefix,
    const struct message_quota *, int64_t now);

#endif
