/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h - the model: what an admin wrote, decoded, with places.
 *
 * The order of everything is the order in the file. All memory belongs to
 * the policy's arena. Nothing here is chosen, sorted or counted: that is
 * compile's work. load.c holds the schema tables that fill this model.
 */
#ifndef POLICY_H
#define POLICY_H

#include "arena.h"
#include "rangelist.h"
#include "replies.h"
#include "rights.h"
#include "rules.h"

enum { POLICY_ID_SIZE = 13 }; /* 12 hex digits and NUL */

enum domain_type {
	DOMAIN_AUTHORITATIVE,
	DOMAIN_INTERNAL_RELAY,
	DOMAIN_EXTERNAL_RELAY
};

struct accepted_domain {
	const char *name;    /* lower case LDH, without "*." and final dot */
	const char *unicode; /* the same with U-labels; NULL: it has none */
	bool subdomains;     /* was written "*.name": it and every subdomain */
	enum domain_type type;
	struct where where;
};

struct network {
	const char *name;
	struct range_list ranges;
	struct client_limits narrowed; /* what it states */
	struct where where;
	const char *unmarked; /* its file, if that has no end marker */
};

struct binding {
	struct netaddr addr; /* 0.0.0.0 or :: is the wildcard of its family */
	uint16_t port;
	struct where where;
};

/* One entry of extended_rights: rights of one principal. */
struct extended_right {
	enum principal principal;
	right_set allow, deny;
	struct where where; /* of the entry */
};

enum mode { MODE_ENFORCE, MODE_MONITOR };

/* MessageRateSource. */
enum rate_source {
	RATE_SOURCE_NONE,
	RATE_SOURCE_IP_ADDRESS,
	RATE_SOURCE_USER, /* who authenticated; others by address */
	RATE_SOURCE_ALL,  /* both the user and the address */
};

/* An SCL of -1 to 9, or none. */
enum { SCL_NONE = 10, SCL_UNSET = 11 };

/* The limits of a connector, under Exchange's names; 0: not enforced. */
struct connector_limits {
	uint64_t max_message_size; /* bytes */
	uint64_t max_header_size;  /* bytes */
	uint32_t max_recipients_per_message;
	uint32_t max_hop_count;
	uint32_t max_local_hop_count;
	uint32_t message_rate_limit; /* messages a minute */
	enum rate_source message_rate_source;
	uint32_t max_inbound_connection;
	uint32_t max_inbound_connection_per_source;
	uint32_t max_inbound_connection_percentage_per_source;
};

/* A reply of a connector's own. */
struct reply_override {
	enum reply_id id;
	struct reply reply;
	struct where where;
};

/* A list of names on client certificates: lower case, "*." allowed. */
struct name_list {
	const char **items;
	size_t count;
	struct where where; /* of the key; line 0: the key is absent */
};

struct connector {
	const char *name;
	const char *comment; /* or NULL */
	bool enabled;
	enum mode mode; /* its own, else the policy's */
	struct binding *bindings;
	size_t nbindings; /* 0: every listener */
	struct range_list remote_ip_ranges;
	mechanism_set auth_mechanism;
	struct where auth_mechanism_where;
	group_set permission_groups;
	struct where permission_groups_where; /* of the key */
	struct extended_right *extended_rights;
	size_t nextended_rights;
	uint64_t public_addresses; /* 0: not stated */
	struct connector_limits limits;
	struct client_limits narrowed; /* what it states */
	bool require_tls;
	bool require_ehlo_domain;
	bool reject_reserved_top_level_recipient_domains;
	bool reject_reserved_second_level_recipient_domains;
	bool reject_single_label_recipient_domains;
	struct name_list tls_domains; /* whose certificates make a partner */
	int scl;                      /* -1 to 9, SCL_NONE, SCL_UNSET */
	struct reply_override *replies;
	size_t nreplies;
	struct where where; /* of the connector's first key */
};

/* Hosts that are real Exchange servers, by address or by certificate. */
struct servers {
	struct range_list remote_ip_ranges;
	struct name_list tls_domains;
};

/* Which SCL a message gets, and why: each -1 to 9 or SCL_NONE. */
struct scl_choice {
	int ip_allow_list;      /* -1 */
	int bypass_anti_spam;   /* -1 */
	int externally_secured; /* SCL_NONE */
};

/* The headers that are stamped, as a set of 1 << enum stamp. */
enum stamp {
	STAMP_AUTH_AS,
	STAMP_AUTH_SOURCE,
	STAMP_AUTH_MECHANISM,
	STAMP_AUTH_DOMAIN,
	STAMP_SCL,
	STAMP_ANTISPAM_REPORT,
	STAMP_COUNT
};

enum stamp_recipients { STAMP_RECIPIENTS_ALL, STAMP_RECIPIENTS_ACCEPTED };

enum no_connector { NO_CONNECTOR_REJECT, NO_CONNECTOR_TEMPFAIL };

/* Whose senders need Accept-Authoritative-Domain-Sender. */
enum sender_scope { SENDER_SCOPE_AUTHORITATIVE, SENDER_SCOPE_ACCEPTED };

/* A session, and what must be decided about it. */
struct policy_test {
	struct probe probe;
	enum verdict expected;
	/* Parts that the reply must have; NULL: not stated. The text is how
	 * the reply's text ends. */
	struct reply reply;
	const char *expect; /* as it was written */
	const char *text;   /* the session in one line */
	struct where where; /* of the first key */
};

enum never_subject { NEVER_EVERYONE, NEVER_PUBLIC, NEVER_RANGES };

enum never_predicate {
	NEVER_RELAYS,
	NEVER_EXTERNALLY_SECURED,
	NEVER_HOLDS, /* a right, and may use it */
	NEVER_SENDS_AS_OWN_DOMAIN,
	NEVER_KEEPS_ORGANIZATION_HEADERS,
};

/* An entry of `never`: what no client of a set may do without a login and a
 * certificate. */
struct never {
	enum never_subject subject;
	struct range_list ranges; /* NEVER_RANGES */
	enum never_predicate predicate;
	enum right right; /* NEVER_HOLDS */
	const char *text; /* with single spaces */
	struct where where;
};

struct policy {
	struct arena *arena;
	const char *file;
	char id[POLICY_ID_SIZE];
	const char *server; /* or NULL */
	enum mode mode;
	bool end_marker; /* the text must end with a line "..." */
	bool mta_refuses_strangers;
	bool header_from_check;
	enum reply_style replies;
	bool reply_ids;
	enum no_connector no_connector;
	enum sender_scope sender_scope; /* key authoritative_domain_sender */
	struct scl_choice scl;
	uint32_t stamps; /* all by default; 0: stamps: [None] */
	enum stamp_recipients stamp_recipients;
	uint32_t ipv6_source_prefix; /* limits count IPv6 by this: 64 */
	struct servers exchange_servers, exchange_legacy_servers;
	struct accepted_domain *accepted_domains;
	size_t naccepted_domains;
	struct network *networks;
	size_t nnetworks;
	struct range_list ip_allow_list, ip_block_list;
	const struct address_list *address_lists; /* all, the last first */
	size_t naddress_lists;
	const struct client_limits **entry_limits; /* number n at n - 1 */
	size_t nentry_limits;
	struct connector *connectors;
	size_t nconnectors;
	struct policy_test *tests;
	size_t ntests;
	struct never *never;
	size_t nnever;
};

#endif
