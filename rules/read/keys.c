/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys - every key of a policy, as tables.
 *
 * A row here is a key of connector-policy(5), and all that it needs: how it
 * is decoded, where it goes, its range, what goes without it, and Exchange's
 * name for it (Set-ReceiveConnector, Set-AcceptedDomain, Set-TransportConfig,
 * learn.microsoft.com). The JSON Schema is printed from these tables, and the
 * manual is held to them. Rules between keys are in between_keys.c.
 */
#include "keys.h"

#include <errno.h>

#include "between_keys.h"
#include "accepted_domains.h"
#include "mailbox.h"
#include "networks.h"
#include "reply_texts.h"
#include "policy.h"
#include "mta_settings.h"
#include "stamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
	{ .key = "principal", .decode = schema_word, .flags = FIELD_REQUIRED,
	  AT(extended_right, principal), .words = &principals,
	  .exchange = "User", .doc = "who" },
	{ .key = "allow", .decode = schema_set, .flags = FIELD_FILLED | FIELD_ANY,
	  AT(extended_right, allow), .words = &rights, .absent = "none",
	  .exchange = "ExtendedRights", .doc = "rights that are added" },
	{ .key = "deny", .decode = schema_set, .flags = FIELD_FILLED | FIELD_ANY,
	  AT(extended_right, deny), .words = &rights, .absent = "none",
	  .exchange = "Deny", .doc = "rights that are taken away last" },
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
	{ .key = "name", .decode = schema_text, .flags = FIELD_REQUIRED,
	  AT(connector, name), .max = NAME_MAX_LENGTH, .exchange = "Name",
	  .doc = "unique without regard to case" },
	{ .key = "comment", .decode = schema_text, AT(connector, comment),
	  .max = NOTE_MAX_LENGTH, .absent = "none",
	  .exchange = "Comment", .doc = "what it is for" },
	{ .key = "enabled", .decode = schema_bool, AT(connector, enabled),
	  .preset = true, .exchange = "Enabled",
	  .doc = "false: it takes no part" },
	{ .key = "mode", .decode = schema_word, AT(connector, mode),
	  .preset = MODE_OF_POLICY, .words = &modes, .absent = "that of the policy",
	  .doc = "enforce, or monitor: log but refuse nothing" },
	{ .key = "bindings", .decode = schema_list, .flags = FIELD_FILLED,
	  LIST_AT(connector, bindings, nbindings),
	  .element = &binding_element, .absent = "every listener",
	  .exchange = "Bindings", .doc = "the local addresses and ports that it is for" },
	{ .key = "remote_ip_ranges", .decode = ranges_list, .shape = SHAPE_LIST,
	  .flags = FIELD_REQUIRED | FIELD_FILLED,
	  LIST_AT(connector, remote_ip_ranges.pack, remote_ip_ranges.count),
	  .where = offsetof(struct connector, remote_ip_ranges.where),
	  .element = &range_element, .exchange = "RemoteIPRanges",
	  .doc = "the clients that it is for" },

	/* Authentication and permissions. */
	{ .key = "auth_mechanism", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(connector, auth_mechanism),
	  .where = offsetof(struct connector, auth_mechanism_where),
	  .words = &mechanisms, .absent = "none", .exchange = "AuthMechanism",
	  .doc = "how clients prove who they are" },
	{ .key = "permission_groups", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(connector, permission_groups),
	  .where = offsetof(struct connector, permission_groups_where),
	  .words = &groups, .absent = "none", .exchange = "PermissionGroups",
	  .doc = "whom it serves, each with a fixed set of rights" },
	{ .key = "extended_rights", .decode = schema_list,
	  LIST_AT(connector, extended_rights, nextended_rights),
	  .element = &extended_right_element, .absent = "none",
	  .exchange = "Add-ADPermission",
	  .doc = "single rights, allowed and denied" },
	{ .key = "require_tls", .decode = schema_bool, AT(connector, require_tls),
	  .exchange = "RequireTLS", .doc = "true: no mail without TLS" },
	{ .key = "tls_domains", .decode = schema_list, .flags = FIELD_FILLED,
	  LIST_AT(connector, tls_domains.items, tls_domains.count),
	  .where = offsetof(struct connector, tls_domains.where),
	  .element = &domains_tls_name, .absent = "none",
	  .exchange = "TLSReceiveDomainSecureList",
	  .doc = "a verified certificate with one of these names makes a partner" },
	{ .key = "public_addresses", .decode = schema_number,
	  AT(connector, public_addresses), .min = 1, .max = UINT64_MAX,
	  .absent = "not stated",
	  .doc = "how many public addresses may relay, if many do" },

	/* Limits. */
	{ .key = "max_message_size", .decode = schema_size,
	  AT(connector, limits.max_message_size), .min = 65536, .max = INT32_MAX,
	  .absent = "no limit", .exchange = "MaxMessageSize",
	  .doc = "of a message, declared and real: bytes, or as in 36MB" },
	{ .key = "max_header_size", .decode = schema_size,
	  AT(connector, limits.max_header_size), .min = 1, .max = INT32_MAX,
	  .absent = "no limit", .exchange = "MaxHeaderSize",
	  .doc = "of a message's header: bytes, or as in 256KB" },
	{ .key = "max_recipients_per_message", .decode = schema_number,
	  AT(connector, limits.max_recipients_per_message), .min = 1, .max = 512000,
	  .absent = "no limit", .exchange = "MaxRecipientsPerMessage",
	  .doc = "more are refused; those before stay valid" },
	{ .key = "max_hop_count", .decode = schema_number,
	  AT(connector, limits.max_hop_count), .min = 1, .max = 500,
	  .absent = "no limit", .exchange = "MaxHopCount",
	  .doc = "fields Received of a message" },
	{ .key = "max_local_hop_count", .decode = schema_number,
	  AT(connector, limits.max_local_hop_count), .min = 0, .max = 50,
	  .absent = "no limit", .exchange = "MaxLocalHopCount",
	  .doc = "fields Received by this server; 0: no limit" },
	{ .key = "message_rate_limit", .decode = schema_number,
	  AT(connector, limits.message_rate_limit), .min = 1, .max = INT32_MAX,
	  .word = "unlimited", .absent = "unlimited",
	  .exchange = "MessageRateLimit", .doc = "messages a minute" },
	{ .key = "message_rate_source", .decode = schema_word,
	  AT(connector, limits.message_rate_source),
	  .preset = RATE_SOURCE_IP_ADDRESS, .words = &rate_sources,
	  .exchange = "MessageRateSource",
	  .doc = "of whom message_rate_limit counts the messages" },
	{ .key = "max_inbound_connection", .decode = schema_number,
	  AT(connector, limits.max_inbound_connection), .min = 1, .max = INT32_MAX,
	  .word = "unlimited", .absent = "unlimited",
	  .exchange = "MaxInboundConnection", .doc = "open connections" },
	{ .key = "max_inbound_connection_per_source", .decode = schema_number,
	  AT(connector, limits.max_inbound_connection_per_source),
	  .min = 1, .max = 10000, .word = "unlimited", .absent = "unlimited",
	  .exchange = "MaxInboundConnectionPerSource",
	  .doc = "open connections of one client" },
	{ .key = "max_inbound_connection_percentage_per_source",
	  .decode = schema_number,
	  AT(connector, limits.max_inbound_connection_percentage_per_source),
	  .min = 1, .max = 100, .absent = "no limit",
	  .exchange = "MaxInboundConnectionPercentagePerSource",
	  .doc = "of the connections that are left, for one client" },

	/* What is refused. */
	{ .key = "require_ehlo_domain", .decode = schema_bool,
	  AT(connector, require_ehlo_domain), .exchange = "RequireEHLODomain",
	  .doc = "true: no mail from clients that name no domain in EHLO" },
	{ .key = "reject_reserved_top_level_recipient_domains",
	  .decode = schema_bool,
	  AT(connector, reject_reserved_top_level_recipient_domains),
	  .exchange = "RejectReservedTopLevelRecipientDomains",
	  .doc = "true: no recipients in .test, .example, .invalid, .localhost" },
	{ .key = "reject_reserved_second_level_recipient_domains",
	  .decode = schema_bool,
	  AT(connector, reject_reserved_second_level_recipient_domains),
	  .exchange = "RejectReservedSecondLevelRecipientDomains",
	  .doc = "true: no recipients in example.com, example.net, example.org" },
	{ .key = "reject_single_label_recipient_domains",
	  .decode = schema_bool,
	  AT(connector, reject_single_label_recipient_domains),
	  .exchange = "RejectSingleLabelRecipientDomains",
	  .doc = "true: no recipients in domains without a dot" },

	/* What is said and stamped. */
	{ .key = "scl", .decode = schema_number, AT(connector, scl),
	  .min = -1, .max = 9, .word = "none", .word_value = SCL_NONE,
	  .preset = SCL_UNSET, .absent = "that of the policy",
	  .doc = "of its mail, whoever sends it: -1 to 9, or none" },
	{ .key = "replies", .decode = overrides_decode, .shape = SHAPE_NAMES,
	  LIST_AT(connector, replies, nreplies),
	  .words = &overrides_words, .element = &overrides_element,
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
	{ .key = "remote_ip_ranges", .decode = ranges_list, .shape = SHAPE_LIST,
	  .flags = FIELD_FILLED | FIELD_ANY,
	  LIST_AT(servers, remote_ip_ranges.pack, remote_ip_ranges.count),
	  .where = offsetof(struct servers, remote_ip_ranges.where),
	  .element = &range_element, .absent = "none",
	  .doc = "their addresses" },
	{ .key = "tls_domains", .decode = schema_list,
	  .flags = FIELD_FILLED | FIELD_ANY,
	  LIST_AT(servers, tls_domains.items, tls_domains.count),
	  .where = offsetof(struct servers, tls_domains.where),
	  .element = &domains_tls_name, .absent = "none",
	  .doc = "names on their verified certificates" },
};
static const struct record servers_record = {
	.what = "a set of servers",
	.fields = servers_fields, .nfields = COUNT(servers_fields),
};

#define SCL_FIELD .decode = schema_number, \
	.min = -1, .max = 9, .word = "none", .word_value = SCL_NONE

static const struct field scl_fields[] = {
	{ .key = "ip_allow_list", SCL_FIELD, AT(scl_choice, ip_allow_list),
	  .preset = -1, .doc = "for anonymous clients on ip_allow_list" },
	{ .key = "bypass_anti_spam", SCL_FIELD, AT(scl_choice, bypass_anti_spam),
	  .preset = -1, .doc = "for ms-Exch-Bypass-Anti-Spam, but externally secured clients" },
	{ .key = "externally_secured", SCL_FIELD, AT(scl_choice, externally_secured),
	  .preset = SCL_NONE, .doc = "for externally secured clients" },
};
static const struct record scl_record = {
	.what = "the choice of scl",
	.fields = scl_fields, .nfields = COUNT(scl_fields),
};

/* ---- The policy ------------------------------------------------------ */

static const struct field policy_fields[] = {
	{ .key = "version", .decode = schema_number, .flags = FIELD_REQUIRED,
	  .min = 1, .max = 1, .doc = "of this format: 1" },
	{ .key = "end_marker", .decode = end_marker_decode, .shape = SHAPE_BOOL,
	  AT(policy, end_marker),
	  .doc = "true: the text ends with a line ..., and one that is cut off is refused" },
	{ .key = "server", .decode = domains_host, AT(policy, server),
	  .max = MAILADDR_DOMAIN_SIZE, .pattern = domains_host_pattern,
	  .absent = "this host's name",
	  .doc = "the name in stamps and messages" },
	{ .key = "mode", .decode = schema_word, AT(policy, mode),
	  .words = &modes, .doc = "enforce, or monitor: log but refuse nothing" },
	{ .key = "mta_refuses_strangers", .decode = schema_bool,
	  AT(policy, mta_refuses_strangers),
	  .doc = "true: the MTA itself refuses to relay for the unlisted" },
	{ .key = "accepted_domains", .decode = domains_decode, .shape = SHAPE_LIST,
	  LIST_AT(policy, accepted_domains, naccepted_domains),
	  .element = &domains_element, .absent = "none",
	  .exchange = "New-AcceptedDomain", .doc = "mail to these is not relaying" },
	{ .key = "networks", .decode = networks_decode, .shape = SHAPE_NAMES,
	  .element = &networks_element, .absent = "none",
	  .doc = "named lists of ranges" },
	{ .key = "ip_allow_list", .decode = ranges_list, .shape = SHAPE_LIST,
	  .flags = FIELD_FILLED,
	  LIST_AT(policy, ip_allow_list.pack, ip_allow_list.count),
	  .where = offsetof(struct policy, ip_allow_list.where),
	  .element = &range_element, .absent = "nobody",
	  .exchange = "Add-IPAllowListEntry",
	  .doc = "anonymous clients whose mail gets SCL -1" },
	{ .key = "ip_block_list", .decode = ranges_list, .shape = SHAPE_LIST,
	  .flags = FIELD_FILLED,
	  LIST_AT(policy, ip_block_list.pack, ip_block_list.count),
	  .where = offsetof(struct policy, ip_block_list.where),
	  .element = &range_element, .absent = "nobody",
	  .exchange = "Add-IPBlockListEntry",
	  .doc = "clients that are refused at RCPT" },
	{ .key = "exchange_servers", .decode = schema_record,
	  AT(policy, exchange_servers), .record = &servers_record,
	  .absent = "none", .exchange = "Exchange Servers",
	  .doc = "hosts that are real Exchange servers: principal exchange_server" },
	{ .key = "exchange_legacy_servers", .decode = schema_record,
	  AT(policy, exchange_legacy_servers), .record = &servers_record,
	  .absent = "none", .exchange = "ExchangeLegacyInterop",
	  .doc = "hosts that are Exchange 2003 servers: principal legacy_server" },
	{ .key = "connectors", .decode = schema_list,
	  .flags = FIELD_REQUIRED | FIELD_FILLED,
	  LIST_AT(policy, connectors, nconnectors),
	  .element = &connector_element, .exchange = "New-ReceiveConnector",
	  .doc = "who may do what" },

	/* Contested points. */
	{ .key = "no_connector", .decode = schema_word, AT(policy, no_connector),
	  .words = &no_connectors,
	  .doc = "what clients hear that no connector is for" },
	{ .key = "authoritative_domain_sender", .decode = schema_word,
	  AT(policy, sender_scope), .words = &sender_scopes,
	  .doc = "whose senders need ms-Exch-SMTP-Accept-Authoritative-Domain-Sender" },
	{ .key = "header_from_check", .decode = schema_bool,
	  AT(policy, header_from_check),
	  .doc = "true: the field From is held to the same rules as the sender" },
	{ .key = "ipv6_source_prefix", .decode = schema_number,
	  AT(policy, ipv6_source_prefix), .preset = 64, .min = 1, .max = 128,
	  .doc = "so many bits of an IPv6 address are one client to limits" },

	/* What is said and stamped. */
	{ .key = "replies", .decode = schema_word, AT(policy, replies),
	  .words = &reply_styles,
	  .doc = "classic: Exchange 2007 to 2013; modern: 2016 and 2019" },
	{ .key = "reply_ids", .decode = schema_bool, AT(policy, reply_ids),
	  .doc = "true: a refusal ends with the id of its line in the log" },
	{ .key = "scl", .decode = schema_record, AT(policy, scl),
	  .record = &scl_record, .absent = "the defaults of its keys",
	  .doc = "which SCL mail gets, and why" },
	{ .key = "stamps", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(policy, stamps), .words = &stamp_names,
	  .preset = (1 << STAMP_COUNT) - 1, .absent = "all",
	  .doc = "the headers X-MS-Exchange-Organization-* that are stamped" },
	{ .key = "stamp_recipients", .decode = schema_word,
	  AT(policy, stamp_recipients), .words = &stamp_recipients,
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
