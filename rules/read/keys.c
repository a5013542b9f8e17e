/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys - every key of a policy, as tables.
 *
 * A row is a key of connector-policy(5) and everything that is known of it:
 * how it is decoded, where the value goes, what is valid, the default, what a
 * change of it means for diff, Exchange's name for it (Set-ReceiveConnector,
 * Set-AcceptedDomain, Set-TransportConfig, learn.microsoft.com), and a line
 * for people. There is no second list of keys: the loader, diff, explain's
 * limits, the JSON Schema and the test of the manual read these tables.
 * Rules between keys are in between_keys.c.
 */
#include "keys.h"

#include <errno.h>

#include "between_keys.h"
#include "expectations.h"
#include "accepted_domains.h"
#include "client_limits.h"
#include "mailbox.h"
#include "networks.h"
#include "reply_texts.h"
#include "policy.h"
#include "mta_settings.h"
#include "stamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What most keys are: a common decoder, where its value goes, and what is
 * valid. */
/* clang-format off */
#define BOOL(type, member)             .decode = schema_bool, AT(type, member)
#define NUMBER(type, member, from, to) .decode = schema_number, AT(type, member), .min = from, .max = to
#define SIZE(type, member, from, to)   .decode = schema_size, AT(type, member), .min = from, .max = to
#define TEXT(type, member, length)     .decode = schema_text, AT(type, member), .max = length
#define WORD(type, member, of)         .decode = schema_word, AT(type, member), .words = of
#define SET(type, member, of)          .decode = schema_set, AT(type, member), .words = of
#define SCL(type, member)              NUMBER(type, member, -1, 9), .word = "none", .word_value = SCL_NONE
#define RANGES(type, member)           .decode = ranges_list, .shape = SHAPE_LIST, .element = &range_element, \
	LIST_AT(type, member.pack, member.count), .where = offsetof(struct type, member.where)
#define NAMES(type, member, of)        .decode = schema_list, .element = of, \
	LIST_AT(type, member.items, member.count), .where = offsetof(struct type, member.where)
/* clang-format on */

/* ---- Words ----------------------------------------------------------- */

static const char *
right_word(int i)
{
	return right_name((enum right)i);
}

static const char *
principal_word(int i)
{
	return principal_name((enum principal)i);
}

static const char *
group_word(int i)
{
	return group_name((enum group)i);
}

static const char *
mechanism_word(int i)
{
	return mechanism_name((enum mechanism)i);
}

static const char *
mode_word(int i)
{
	static const char *const names[] = {
		[MODE_ENFORCE] = "enforce",
		[MODE_MONITOR] = "monitor",
	};

	return names[i];
}

static const char *
rate_source_word(int i)
{
	static const char *const names[] = {
		[RATE_SOURCE_NONE] = "none",
		[RATE_SOURCE_IP_ADDRESS] = "ip_address",
		[RATE_SOURCE_USER] = "user",
		[RATE_SOURCE_ALL] = "all",
	};

	return names[i];
}

static const char *
reply_style_word(int i)
{
	static const char *const names[] = {
		[REPLY_STYLE_CLASSIC] = "classic",
		[REPLY_STYLE_MODERN] = "modern",
	};

	return names[i];
}

static const char *
no_connector_word(int i)
{
	static const char *const names[] = {
		[NO_CONNECTOR_REJECT] = "reject",
		[NO_CONNECTOR_TEMPFAIL] = "tempfail",
	};

	return names[i];
}

static const char *
sender_scope_word(int i)
{
	static const char *const names[] = {
		[SENDER_SCOPE_AUTHORITATIVE] = "authoritative",
		[SENDER_SCOPE_ACCEPTED] = "accepted",
	};

	return names[i];
}

/* The last one stands alone, and is none of the others. */
static const char *
stamps_word(int i)
{
	return i == STAMP_COUNT ? "None" : stamp_word((enum stamp)i);
}

static const char *
stamp_recipients_word(int i)
{
	static const char *const names[] = {
		[STAMP_RECIPIENTS_ALL] = "all",
		[STAMP_RECIPIENTS_ACCEPTED] = "accepted",
	};

	return names[i];
}

/* clang-format off */
static const struct words
	rights           = { "a right", right_word, right_parse, RIGHT_COUNT, NULL },
	principals       = { "a principal", principal_word, principal_parse, PRINCIPAL_COUNT, NULL },
	groups           = { "a permission group", group_word, group_parse, GROUP_COUNT, "None" },
	mechanisms       = { "an authentication mechanism", mechanism_word, mechanism_parse, MECHANISM_COUNT, "None" },
	modes            = { "a mode", mode_word, NULL, 2, NULL },
	rate_sources     = { "a source of messages", rate_source_word, NULL, 4, NULL },
	reply_styles     = { "a style of replies", reply_style_word, NULL, 2, NULL },
	no_connectors    = { "a way to refuse", no_connector_word, NULL, 2, NULL },
	sender_scopes    = { "a kind of domains", sender_scope_word, NULL, 2, NULL },
	stamp_names      = { "a stamp", stamps_word, NULL, STAMP_COUNT + 1, "None" },
	stamp_recipients = { "a kind of recipients", stamp_recipients_word, NULL, 2, NULL };
/* clang-format on */

/* ---- The end of the text ---------------------------------------------- */

/* Above the connectors, since a text that is cut off above the key does not
 * say that it should have an end. */
static int
end_marker_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	const struct policy *policy = object;

	if (policy->nconnectors > 0)
		complain(decoder->complaints, "E-CUT", decoder->key_where,
		    "end_marker stands below connectors: write it above them, "
		    "so that a text that is cut off in between lacks them");
	return schema_bool(decoder, field, object);
}

/* ---- Parts of a connector -------------------------------------------- */

static int
binding_decode(struct decoder *decoder, const struct field *field, void *object)
{
	struct binding *binding = object;
	const struct item *item = schema_item(decoder);
	char why[NETADDR_WHY_SIZE], show[SHOWN_SIZE];
	int result;

	(void)field;
	if (item == NULL)
		return -EINVAL;
	binding->where = item->where;
	result =
	    endpoint_parse(item->text, &binding->addr, &binding->port, why);
	if (result == -EINVAL)
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"%s\": %s", decoder->key, shown(item->text, show),
		    why);
	source_next(decoder->source);
	return result;
}

/* clang-format off */
static const struct field binding_element = {
	.decode = binding_decode, .size = sizeof(struct binding),
	.pattern = "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
};

static const struct field extended_right_fields[] = {
	{ .key = "principal",            WORD(extended_right, principal, &principals), .flags = FIELD_REQUIRED,
	  .exchange = "User",            .doc = "who" },
	{ .key = "allow",                SET(extended_right, allow, &rights), .flags = FIELD_FILLED | FIELD_ANY,
	  .exchange = "ExtendedRights",  .absent = "none", .doc = "rights that are added" },
	{ .key = "deny",                 SET(extended_right, deny, &rights), .flags = FIELD_FILLED | FIELD_ANY,
	  .exchange = "Deny",            .absent = "none", .doc = "rights that are taken away last" },
};
static const struct record extended_right_record = {
	.what = "an entry of extended_rights",
	.fields = extended_right_fields, .nfields = COUNT(extended_right_fields),
	.where = offsetof(struct extended_right, where),
};
static const struct field extended_right_element = {
	.decode = schema_record, .record = &extended_right_record,
	.size = sizeof(struct extended_right),
};

/* ---- A connector ----------------------------------------------------- */

static const struct field connector_fields[] = {
	{ .key = "name",                 TEXT(connector, name, NAME_MAX_LENGTH), .flags = FIELD_REQUIRED, .diff = DIFF_NONE,
	  .exchange = "Name",            .doc = "unique without regard to case" },
	{ .key = "comment",              TEXT(connector, comment, NOTE_MAX_LENGTH), .diff = DIFF_NONE,
	  .exchange = "Comment",         .absent = "none", .doc = "what it is for" },
	{ .key = "enabled",              BOOL(connector, enabled), .preset = true, .diff = DIFF_NONE,
	  .exchange = "Enabled",         .doc = "false: it takes no part" },
	{ .key = "mode",                 WORD(connector, mode, &modes), .preset = MODE_OF_POLICY, .diff = DIFF_LENIENT,
	                                 .absent = "that of the policy",
	                                 .doc = "enforce, or monitor: log but refuse nothing" },
	{ .key = "bindings",             .decode = schema_list, LIST_AT(connector, bindings, nbindings),
	                                 .flags = FIELD_FILLED, .element = &binding_element, .diff = DIFF_NONE,
	  .exchange = "Bindings",        .absent = "every listener",
	                                 .doc = "the local addresses and ports that it is for" },
	{ .key = "remote_ip_ranges",     RANGES(connector, remote_ip_ranges), .flags = FIELD_REQUIRED | FIELD_FILLED, .diff = DIFF_NONE,
	  .exchange = "RemoteIPRanges",  .doc = "the clients that it is for" },

	/* Authentication and permissions. */
	{ .key = "auth_mechanism",       SET(connector, auth_mechanism, &mechanisms), .flags = FIELD_FILLED,
	                                 .where = offsetof(struct connector, auth_mechanism_where), .diff = DIFF_NONE,
	  .exchange = "AuthMechanism",   .absent = "none", .doc = "how clients prove who they are" },
	{ .key = "permission_groups",    SET(connector, permission_groups, &groups), .flags = FIELD_FILLED,
	                                 .where = offsetof(struct connector, permission_groups_where), .diff = DIFF_NONE,
	  .exchange = "PermissionGroups", .absent = "none", .doc = "whom it serves, each with a fixed set of rights" },
	{ .key = "extended_rights",      .decode = schema_list, LIST_AT(connector, extended_rights, nextended_rights),
	                                 .element = &extended_right_element, .diff = DIFF_NONE,
	  .exchange = "Add-ADPermission", .absent = "none", .doc = "single rights, allowed and denied" },
	{ .key = "require_tls",          BOOL(connector, require_tls), .diff = DIFF_STRICT,
	  .exchange = "RequireTLS",      .doc = "true: no mail without TLS" },
	{ .key = "tls_domains",          NAMES(connector, tls_domains, &domains_tls_name), .flags = FIELD_FILLED, .diff = DIFF_NONE,
	  .exchange = "TLSReceiveDomainSecureList", .absent = "none",
	                                 .doc = "a verified certificate with one of these names makes a partner" },
	{ .key = "public_addresses",     NUMBER(connector, public_addresses, 1, UINT64_MAX), .diff = DIFF_NONE,
	                                 .absent = "not stated", .doc = "how many public addresses may relay, if many do" },

	/* Limits. */
	{ .key = "max_message_size",     SIZE(connector, limits.max_message_size, 65536, INT32_MAX), .diff = DIFF_LIMIT,
	  .exchange = "MaxMessageSize",  .absent = "no limit",
	                                 .doc = "of a message, declared and real: bytes, or as in 36MB" },
	{ .key = "max_header_size",      SIZE(connector, limits.max_header_size, 1, INT32_MAX), .diff = DIFF_LIMIT,
	  .exchange = "MaxHeaderSize",   .absent = "no limit", .doc = "of a message's header: bytes, or as in 256KB" },
	{ .key = "max_recipients_per_message", NUMBER(connector, limits.max_recipients_per_message, 1, 512000),
	                                 .diff = DIFF_LIMIT,
	  .exchange = "MaxRecipientsPerMessage", .absent = "no limit", .doc = "more are refused; those before stay valid" },
	{ .key = "max_hop_count",        NUMBER(connector, limits.max_hop_count, 1, 500), .diff = DIFF_LIMIT,
	  .exchange = "MaxHopCount",     .absent = "no limit", .doc = "fields Received of a message" },
	{ .key = "max_local_hop_count",  NUMBER(connector, limits.max_local_hop_count, 0, 50), .diff = DIFF_LIMIT,
	  .exchange = "MaxLocalHopCount", .absent = "no limit", .doc = "fields Received by this server; 0: no limit" },
	{ .key = "message_rate_limit",   NUMBER(connector, limits.message_rate_limit, 1, INT32_MAX), .word = "unlimited",
	                                 .diff = DIFF_LIMIT,
	  .exchange = "MessageRateLimit", .absent = "unlimited", .doc = "messages a minute" },
	{ .key = "message_rate_source",  WORD(connector, limits.message_rate_source, &rate_sources),
	                                 .preset = RATE_SOURCE_IP_ADDRESS,
	  .exchange = "MessageRateSource", .doc = "of whom message_rate_limit counts the messages" },
	{ .key = "max_inbound_connection", NUMBER(connector, limits.max_inbound_connection, 1, INT32_MAX),
	                                 .word = "unlimited", .diff = DIFF_LIMIT,
	  .exchange = "MaxInboundConnection", .absent = "unlimited", .doc = "open connections" },
	{ .key = "max_inbound_connection_per_source", NUMBER(connector, limits.max_inbound_connection_per_source, 1, 10000),
	                                 .word = "unlimited", .diff = DIFF_LIMIT,
	  .exchange = "MaxInboundConnectionPerSource", .absent = "unlimited", .doc = "open connections of one client" },
	{ .key = "max_inbound_connection_percentage_per_source",
	                                 NUMBER(connector, limits.max_inbound_connection_percentage_per_source, 1, 100),
	                                 .diff = DIFF_LIMIT,
	  .exchange = "MaxInboundConnectionPercentagePerSource", .absent = "no limit",
	                                 .doc = "of the connections that are left, for one client" },

	/* What narrows a client; not Exchange's. */
	CLIENT_LIMITS_ROWS(connector, narrowed),

	/* What is refused. */
	{ .key = "require_ehlo_domain",  BOOL(connector, require_ehlo_domain), .diff = DIFF_STRICT,
	  .exchange = "RequireEHLODomain", .doc = "true: no mail from clients that name no domain in EHLO" },
	{ .key = "reject_reserved_top_level_recipient_domains",
	                                 BOOL(connector, reject_reserved_top_level_recipient_domains), .diff = DIFF_STRICT,
	  .exchange = "RejectReservedTopLevelRecipientDomains",
	                                 .doc = "true: no recipients in .test, .example, .invalid, .localhost" },
	{ .key = "reject_reserved_second_level_recipient_domains",
	                                 BOOL(connector, reject_reserved_second_level_recipient_domains),
	                                 .diff = DIFF_STRICT,
	  .exchange = "RejectReservedSecondLevelRecipientDomains",
	                                 .doc = "true: no recipients in example.com, example.net, example.org" },
	{ .key = "reject_single_label_recipient_domains", BOOL(connector, reject_single_label_recipient_domains),
	                                 .diff = DIFF_STRICT,
	  .exchange = "RejectSingleLabelRecipientDomains", .doc = "true: no recipients in domains without a dot" },

	/* What is said and stamped. */
	{ .key = "scl",                  NUMBER(connector, scl, -1, 9), .word = "none", .word_value = SCL_NONE,
	                                 .preset = SCL_UNSET,
	                                 .absent = "that of the policy",
	                                 .doc = "of its mail, whoever sends it: -1 to 9, or none" },
	{ .key = "replies",              .decode = overrides_decode, .shape = SHAPE_NAMES,
	                                 LIST_AT(connector, replies, nreplies), .words = &overrides_words,
	                                 .element = &overrides_element, .diff = DIFF_NONE,
	                                 .absent = "the texts of the policy's style",
	                                 .doc = "replies of its own, as in unable_to_relay: 550 5.7.1 Ask the help desk" },
};
static const struct record connector_record = {
	.what = "a connector",
	.fields = connector_fields, .nfields = COUNT(connector_fields),
	.where = offsetof(struct connector, where),
	.check = contradictions_connector,
};
static const struct field connector_element = {
	.decode = schema_record, .record = &connector_record,
	.size = sizeof(struct connector),
};

/* ---- Parts of a policy ----------------------------------------------- */

static const struct field servers_fields[] = {
	{ .key = "remote_ip_ranges",     RANGES(servers, remote_ip_ranges), .flags = FIELD_FILLED | FIELD_ANY, .diff = DIFF_NONE,
	                                 .absent = "none", .doc = "their addresses" },
	{ .key = "tls_domains",          NAMES(servers, tls_domains, &domains_server_name), .flags = FIELD_FILLED | FIELD_ANY, .diff = DIFF_NONE,
	                                 .absent = "none", .doc = "names on their verified certificates" },
};
static const struct record servers_record = {
	.what = "a set of servers",
	.fields = servers_fields, .nfields = COUNT(servers_fields),
};

static const struct field scl_fields[] = {
	{ .key = "ip_allow_list",        SCL(scl_choice, ip_allow_list), .preset = -1,
	                                 .doc = "for anonymous clients on ip_allow_list" },
	{ .key = "bypass_anti_spam",     SCL(scl_choice, bypass_anti_spam), .preset = -1,
	                                 .doc = "for ms-Exch-Bypass-Anti-Spam, but externally secured clients" },
	{ .key = "externally_secured",   SCL(scl_choice, externally_secured), .preset = SCL_NONE,
	                                 .doc = "for externally secured clients" },
};
static const struct record scl_record = {
	.what = "the choice of scl",
	.fields = scl_fields, .nfields = COUNT(scl_fields),
};

/* ---- The policy ------------------------------------------------------ */

static const struct field policy_fields[] = {
	{ .key = "version",              .decode = schema_number, .flags = FIELD_REQUIRED, .min = 1, .max = 1,
	                                 .diff = DIFF_NONE,
	                                 .doc = "of this format: 1" },
	{ .key = "end_marker",           .decode = end_marker_decode, AT(policy, end_marker), .shape = SHAPE_BOOL,
	                                 .diff = DIFF_NONE,
	                                 .doc = "true: the text ends with a line ..., and one that is cut off is refused" },
	{ .key = "server",               .decode = domains_host, AT(policy, server), .max = MAILADDR_DOMAIN_SIZE,
	                                 .pattern = domains_host_pattern, .diff = DIFF_NONE,
	                                 .absent = "this host's name", .doc = "the name in stamps and messages" },
	{ .key = "mode",                 WORD(policy, mode, &modes), .diff = DIFF_LENIENT,
	                                 .doc = "enforce, or monitor: log but refuse nothing" },
	{ .key = "mta_refuses_strangers", BOOL(policy, mta_refuses_strangers), .diff = DIFF_LENIENT,
	                                 .doc = "true: the MTA itself refuses to relay for the unlisted" },
	{ .key = "accepted_domains",     .decode = domains_decode, .shape = SHAPE_LIST,
	                                 LIST_AT(policy, accepted_domains, naccepted_domains), .element = &domains_element,
	                                 .diff = DIFF_NONE,
	  .exchange = "New-AcceptedDomain", .absent = "none", .doc = "mail to these is not relaying" },
	{ .key = "networks",             .decode = networks_decode, .shape = SHAPE_NAMES, .element = &networks_element,
	                                 .diff = DIFF_NONE,
	                                 .absent = "none", .doc = "named lists of ranges" },
	{ .key = "ip_allow_list",        RANGES(policy, ip_allow_list), .flags = FIELD_FILLED, .diff = DIFF_NONE,
	  .exchange = "Add-IPAllowListEntry", .absent = "nobody", .doc = "anonymous clients whose mail gets SCL -1" },
	{ .key = "ip_block_list",        RANGES(policy, ip_block_list), .flags = FIELD_FILLED, .diff = DIFF_NONE,
	  .exchange = "Add-IPBlockListEntry", .absent = "nobody", .doc = "clients that are refused at RCPT" },
	{ .key = "exchange_servers",     .decode = schema_record, AT(policy, exchange_servers), .record = &servers_record,
	                                 .diff = DIFF_NONE,
	  .exchange = "Exchange Servers", .absent = "none",
	                                 .doc = "hosts that are real Exchange servers: principal exchange_server" },
	{ .key = "exchange_legacy_servers", .decode = schema_record, AT(policy, exchange_legacy_servers),
	                                 .record = &servers_record, .diff = DIFF_NONE,
	  .exchange = "ExchangeLegacyInterop", .absent = "none",
	                                 .doc = "hosts that are Exchange 2003 servers: principal legacy_server" },
	{ .key = "connectors",           .decode = schema_list, LIST_AT(policy, connectors, nconnectors),
	                                 .flags = FIELD_REQUIRED | FIELD_FILLED, .element = &connector_element,
	                                 .diff = DIFF_NONE,
	  .exchange = "New-ReceiveConnector", .doc = "who may do what" },

	/* What must be true of it. */
	{ .key = "tests",                .decode = schema_list, LIST_AT(policy, tests, ntests), .flags = FIELD_FILLED,
	                                 .element = &test_element, .diff = DIFF_NONE,
	                                 .absent = "none", .doc = "sessions, and what must be decided about each" },
	{ .key = "never",                .decode = schema_list, LIST_AT(policy, never, nnever), .flags = FIELD_FILLED,
	                                 .element = &never_element, .diff = DIFF_NONE,
	                                 .absent = "none", .doc = "what no client of a set may do; proven when the policy is loaded" },

	/* Contested points. */
	{ .key = "no_connector",         WORD(policy, no_connector, &no_connectors),
	                                 .doc = "what clients hear that no connector is for" },
	{ .key = "authoritative_domain_sender", WORD(policy, sender_scope, &sender_scopes),
	                                 .doc = "whose senders need ms-Exch-SMTP-Accept-Authoritative-Domain-Sender" },
	{ .key = "header_from_check",    BOOL(policy, header_from_check), .diff = DIFF_STRICT,
	                                 .doc = "true: the field From is held to the same rules as the sender" },
	{ .key = "ipv6_source_prefix",   NUMBER(policy, ipv6_source_prefix, 1, 128), .preset = 64,
	                                 .doc = "so many bits of an IPv6 address are one client to limits" },

	/* What is said and stamped. */
	{ .key = "replies",              WORD(policy, replies, &reply_styles),
	                                 .doc = "classic: Exchange 2007 to 2013; modern: 2016 and 2019" },
	{ .key = "reply_ids",            BOOL(policy, reply_ids),
	                                 .doc = "true: a refusal ends with the id of its line in the log" },
	{ .key = "scl",                  .decode = schema_record, AT(policy, scl), .record = &scl_record,
	                                 .absent = "the defaults of its keys", .doc = "which SCL mail gets, and why" },
	{ .key = "stamps",               SET(policy, stamps, &stamp_names), .flags = FIELD_FILLED,
	                                 .preset = (1 << STAMP_COUNT) - 1,
	                                 .absent = "all",
	                                 .doc = "the headers X-MS-Exchange-Organization-* that are stamped" },
	{ .key = "stamp_recipients",     WORD(policy, stamp_recipients, &stamp_recipients),
	                                 .doc = "accepted: not on mail to foreign recipients alone" },
};
static const struct record policy_keys = {
	.what = "a policy",
	.fields = policy_fields, .nfields = COUNT(policy_fields),
};
/* clang-format on */

const struct field keys_policy = {
	.decode = schema_record,
	.record = &policy_keys,
};

static const struct record *const records[] = {
	&policy_keys,
	&connector_record,
	&domains_record,
	&extended_right_record,
	&range_record,
	&networks_file_record,
	&servers_record,
	&scl_record,
	&test_record,
	NULL,
};

const struct schema keys_schema = {
	.records = records,
	.elsewhere = refusals_elsewhere,
	.nelsewhere = REFUSALS_ELSEWHERE_COUNT,
	.manual = "connector-policy(5)",
};

const struct record *
policy_record(void)
{
	return &policy_keys;
}

const struct record *
connector_keys(void)
{
	return &connector_record;
}
