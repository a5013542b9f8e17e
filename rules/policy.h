/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h - the model: what an admin wrote, decoded, with places.
 *
 * The order of everything is the order in the file. All memory belongs to
 * the policy's arena. Nothing here is chosen, sorted or counted: that is
 * compile's work. policy.c holds the schema tables that fill this model.
 */
#ifndef POLICY_H
#define POLICY_H

#include "arena.h"
#include "rights.h"
#include "rules.h"

enum { POLICY_ID_SIZE = 13 }; /* 12 hex digits and NUL */

#define UNTIL_FOREVER INT64_MAX

enum domain_type {
	DOMAIN_AUTHORITATIVE,
	DOMAIN_INTERNAL_RELAY,
	DOMAIN_EXTERNAL_RELAY
};

struct accepted_domain {
	const char *name; /* lower case LDH, without "*." and final dot */
	bool subdomains;  /* was written "*.name": it and every subdomain */
	enum domain_type type;
	struct where where;
};

/* One range as written; from a network, a file or in place. */
struct range {
	struct netrange range;
	bool host_bits;      /* it was a CIDR with host bits set */
	int64_t until;       /* first second in which it takes no part any
				more (UTC), or UNTIL_FOREVER */
	const char *network; /* the name it came by, or NULL */
	const char *comment; /* or NULL */
	const char *owner;   /* or NULL */
	struct where where;  /* of the range's own text */
};

struct range_list {
	struct range *items;
	size_t count;
	struct where where; /* of the key; line 0: the key is absent */
};

struct network {
	const char *name;
	struct range_list ranges;
	struct where where;
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
	struct where where;        /* of the connector's first key */
};

struct policy {
	struct arena *arena;
	const char *file;
	char id[POLICY_ID_SIZE];
	const char *server; /* or NULL */
	enum mode mode;
	bool mta_refuses_strangers;
	struct accepted_domain *accepted_domains;
	size_t naccepted_domains;
	struct network *networks;
	size_t nnetworks;
	struct range_list ip_allow_list, ip_block_list;
	struct connector *connectors;
	size_t nconnectors;
};

#endif
