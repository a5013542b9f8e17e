/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.c - the limits that count: connections and the rate of messages.
 *
 * Makes the keys that are counted, and compares what the counters answer
 * with the limits of the connector. Keys are made of names and addresses, not
 * of places in a ruleset, so that a reload does not forget who is connected.
 * Keeps no count itself; how it is kept is the store's business.
 */
#include "limit.h"

#include <assert.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "ascii.h"

enum { CHUNK = 128 };

/* A hash of text without regard to case, in chunks since text may be of any
 * length. */
static XXH128_hash_t
text_hash(const char *text)
{
	XXH128_hash_t hash = { 0, 0 };
	size_t left = strlen(text);

	do {
		char lower[CHUNK + sizeof(hash)];
		size_t len = left < CHUNK ? left : CHUNK;
		size_t i;

		for (i = 0; i < len; i++)
			lower[i] = ascii_lower(text[i]);
		memcpy(lower + len, &hash, sizeof(hash));
		hash = XXH3_128bits(lower, len + sizeof(hash));
		text += len;
		left -= len;
	} while (left > 0);
	return hash;
}

static struct counter_key
key_of(const struct connector *connector)
{
	return (struct counter_key){
		.connector = text_hash(connector->name).low64,
	};
}

/* The bits of half an address, 1 and more, that a network keeps. */
static uint64_t
mask_of(uint32_t bits)
{
	return bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

/* IPv4 is counted as its IPv4-mapped address, which no IPv6 client has. */
static void
key_set_client(
    struct counter_key *key, const struct netaddr *client, uint32_t ipv6_prefix)
{
	switch (client->family) {
	case FAMILY_IPV4:
		key->source[1] = UINT64_C(0xffff) << 32 | client->lo;
		break;
	case FAMILY_IPV6:
		key->source[0] = client->hi & mask_of(ipv6_prefix);
		if (ipv6_prefix > 64)
			key->source[1] = client->lo & mask_of(ipv6_prefix - 64);
		break;
	case FAMILY_NONE:
		break;
	}
}

/* Tagged, so that no user's hash is a client's network. */
static void
key_set_user(struct counter_key *key, const char *user)
{
	XXH128_hash_t hash = text_hash(user);

	key->reserved = 1;
	key->source[0] = hash.high64;
	key->source[1] = hash.low64;
}

/* How many connections one source may hold of those that remain as the last
 * of total arrives, which is within the limit: at least one. */
static uint64_t
share_of(const struct connector_limits *limits, uint32_t total)
{
	uint64_t before = total > 0 ? total - 1 : 0;
	uint64_t left = limits->max_inbound_connection - before;
	uint64_t percent = limits->max_inbound_connection_percentage_per_source;

	return (left * percent + 99) / 100;
}

static enum reply_id
connections_meet(
    const struct connector_limits *limits, uint32_t total, uint32_t from_source)
{
	if (limits->max_inbound_connection > 0 &&
	    total > limits->max_inbound_connection)
		return REPLY_TOO_MANY_CONNECTIONS;
	if (limits->max_inbound_connection_per_source > 0 &&
	    from_source > limits->max_inbound_connection_per_source)
		return REPLY_TOO_MANY_FROM_SOURCE;
	if (limits->max_inbound_connection > 0 &&
	    limits->max_inbound_connection_percentage_per_source > 0 &&
	    from_source > share_of(limits, total))
		return REPLY_TOO_MANY_FROM_SOURCE;
	return REPLY_NONE;
}

enum reply_id
limits_connect(struct limits *limits, const struct connector *connector,
    const struct netaddr *client, uint32_t ipv6_prefix)
{
	const struct connector_limits *most = &connector->limits;
	const struct counters *counters = limits->counters;
	uint32_t total, from_source;

	assert(ipv6_prefix >= 1 && ipv6_prefix <= 128);
	limits_leave(limits);
	if (counters == NULL ||
	    (most->max_inbound_connection == 0 &&
		most->max_inbound_connection_per_source == 0))
		return REPLY_NONE;
	limits->connections = key_of(connector);
	limits->connections.type = COUNTER_CONNECTIONS;
	limits->source = key_of(connector);
	limits->source.type = COUNTER_SOURCE;
	key_set_client(&limits->source, client, ipv6_prefix);
	total = counters->open(counters->ctx, &limits->connections, 1);
	from_source = counters->open(counters->ctx, &limits->source, 1);
	limits->open = true;
	return connections_meet(most, total, from_source);
}

void
limits_leave(struct limits *limits)
{
	const struct counters *counters = limits->counters;

	if (!limits->open)
		return;
	counters->open(counters->ctx, &limits->source, -1);
	counters->open(counters->ctx, &limits->connections, -1);
	limits->open = false;
}

enum reply_id
limits_mail(const struct limits *limits, const struct connector *connector,
    const struct netaddr *client, uint32_t ipv6_prefix, const char *user,
    uint64_t ticks)
{
	const struct connector_limits *most = &connector->limits;
	const struct counters *counters = limits->counters;
	struct counter_key key;
	bool by_user, over = false;

	assert(ipv6_prefix >= 1 && ipv6_prefix <= 128);
	if (counters == NULL || most->message_rate_limit == 0 ||
	    most->message_rate_source == RATE_SOURCE_NONE)
		return REPLY_NONE;
	by_user = most->message_rate_source != RATE_SOURCE_IP_ADDRESS &&
		  user != NULL && user[0] != '\0';
	key = key_of(connector);
	key.type = COUNTER_RATE;
	if (by_user) {
		key_set_user(&key, user);
		over = counters->hit(counters->ctx, &key, ticks) >
		       most->message_rate_limit;
	}
	if (!by_user || most->message_rate_source == RATE_SOURCE_ALL) {
		key = key_of(connector);
		key.type = COUNTER_RATE;
		key_set_client(&key, client, ipv6_prefix);
		if (counters->hit(counters->ctx, &key, ticks) >
		    most->message_rate_limit)
			over = true;
	}
	return over ? REPLY_MESSAGE_RATE : REPLY_NONE;
}

static uint32_t
quota_spend(const struct limits *limits, const struct connector *connector,
    const struct netaddr *client, uint32_t ipv6_prefix,
    const struct message_quota *quota, int64_t now, unsigned change)
{
	const struct counters *counters = limits->counters;
	struct counter_key key;

	assert(ipv6_prefix >= 1 && ipv6_prefix <= 128);
	if (!counters)
		return 0;
	key = key_of(connector);
	key.type = COUNTER_QUOTA;
	key.reserved = quota->period;
	key_set_client(&key, client, ipv6_prefix);
	return counters->spend(counters->ctx, &key, now, change);
}

bool
limits_quota_left(const struct limits *limits,
    const struct connector *connector, const struct netaddr *client,
    uint32_t ipv6_prefix, const struct message_quota *quota, int64_t now)
{
	return quota_spend(limits, connector, client, ipv6_prefix, quota, now,
		   0) < quota->messages;
}

bool
limits_quota_spend(const struct limits *limits,
    const struct connector *connector, const struct netaddr *client,
    uint32_t ipv6_prefix, const struct message_quota *quota, int64_t now)
{
	return quota_spend(limits, connector, client, ipv6_prefix, quota, now,
		   1) <= quota->messages;
}
