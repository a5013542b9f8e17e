/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_keys - every key's value arrives in the model.
 *
 * Loads the policies of policies/good and texts of its own, and compares the
 * model with what was written, and with the defaults where nothing was. What
 * is refused is policies/bad's and test_policy's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "keys.h"
#include "policy.h"
#include "rules.h"

#define GOOD TEST_FOLDER "/policies/good/"

enum { FILE_MAX = 1 << 16, PATH_SIZE = 512 };

/* Serves ctx as "text", all else from the folder of good policies. */
static int
good_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	char full[PATH_SIZE];
	FILE *file;

	assert_true(max >= FILE_MAX);
	*text = malloc(FILE_MAX);
	assert_non_null(*text);
	if (strcmp(path, "text") == 0) {
		*len = strlen(ctx);
		assert_true(*len < FILE_MAX);
		memcpy(*text, ctx, *len);
		return 0;
	}
	(void)snprintf(full, sizeof(full), GOOD "%s", path);
	file = fopen(full, "rb");
	assert_non_null(file);
	*len = fread(*text, 1, FILE_MAX, file);
	assert_true(*len < FILE_MAX);
	(void)fclose(file);
	return 0;
}

static struct policy *
load(const char *file, char *text)
{
	const struct reader reader = { text, good_read };
	struct diagnostics *list = diagnostics_new();
	const struct diagnostic *d;
	struct policy *policy = NULL;
	int result = policy_load(&reader, file, &policy, list);
	size_t i;

	for (i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
		print_error("%s:%u:%u: %s\n", d->where.file,
		    (unsigned)d->where.line, (unsigned)d->where.column,
		    d->message);
	assert_int_equal(result, 0);
	diagnostics_free(list);
	return policy;
}

/* A policy of one connector with further keys. */
static struct policy *
load_with(const char *keys)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "version: 1\nconnectors:\n- name: one\n"
	    "  remote_ip_ranges: [192.0.2.1]\n%s",
	    keys);
	return load("text", text);
}

static void
test_defaults(void **state)
{
	struct policy *policy = load_with("");
	const struct connector *connector = &policy->connectors[0];
	static const struct connector_limits unlimited = {
		.message_rate_source = RATE_SOURCE_IP_ADDRESS,
	};

	(void)state;
	assert_null(policy->server);
	assert_int_equal(policy->replies, REPLY_STYLE_CLASSIC);
	assert_int_equal(policy->no_connector, NO_CONNECTOR_REJECT);
	assert_int_equal(policy->sender_scope, SENDER_SCOPE_AUTHORITATIVE);
	assert_false(policy->header_from_check);
	assert_false(policy->reply_ids);
	assert_int_equal(policy->scl.ip_allow_list, -1);
	assert_int_equal(policy->scl.bypass_anti_spam, -1);
	assert_int_equal(policy->scl.externally_secured, SCL_NONE);
	assert_int_equal(policy->stamps, (1 << STAMP_COUNT) - 1);
	assert_int_equal(policy->stamp_recipients, STAMP_RECIPIENTS_ALL);
	assert_int_equal(policy->ipv6_source_prefix, 64);
	assert_int_equal(policy->exchange_servers.remote_ip_ranges.count, 0);
	assert_int_equal(policy->exchange_servers.tls_domains.count, 0);
	assert_memory_equal(&connector->limits, &unlimited, sizeof(unlimited));
	assert_false(connector->require_tls);
	assert_false(connector->require_ehlo_domain);
	assert_false(connector->reject_reserved_top_level_recipient_domains);
	assert_false(connector->reject_reserved_second_level_recipient_domains);
	assert_false(connector->reject_single_label_recipient_domains);
	assert_int_equal(connector->tls_domains.count, 0);
	assert_int_equal(connector->tls_domains.where.line, 0);
	assert_int_equal(connector->scl, SCL_UNSET);
	assert_int_equal(connector->nreplies, 0);
	policy_free(policy);
}

static void
test_limits(void **state)
{
	struct policy *policy = load("exchange-defaults.yaml", NULL);
	const struct connector_limits *limits = &policy->connectors[0].limits;

	(void)state;
	assert_int_equal(policy->replies, REPLY_STYLE_MODERN);
	assert_int_equal(limits->max_message_size, 37748736);
	assert_int_equal(limits->max_header_size, 262144);
	assert_int_equal(limits->max_recipients_per_message, 200);
	assert_int_equal(limits->max_hop_count, 60);
	assert_int_equal(limits->max_local_hop_count, 5);
	assert_int_equal(limits->message_rate_limit, 0);
	assert_int_equal(limits->message_rate_source, RATE_SOURCE_IP_ADDRESS);
	assert_int_equal(limits->max_inbound_connection, 5000);
	assert_int_equal(limits->max_inbound_connection_per_source, 20);
	assert_int_equal(
	    limits->max_inbound_connection_percentage_per_source, 2);
	assert_false(policy->connectors[0].require_tls);

	limits = &policy->connectors[1].limits;
	assert_int_equal(limits->message_rate_limit, 5);
	assert_int_equal(limits->message_rate_source, RATE_SOURCE_USER);
	assert_true(policy->connectors[1].require_tls);
	policy_free(policy);
}

static void
test_limit_ends(void **state)
{
	struct policy *policy = load_with(
	    "  max_recipients_per_message: 512000\n  max_hop_count: 500\n"
	    "  max_local_hop_count: 50\n  message_rate_limit: 2147483647\n"
	    "  message_rate_source: ALL\n"
	    "  max_inbound_connection: 2147483647\n"
	    "  max_inbound_connection_per_source: 10000\n"
	    "  max_inbound_connection_percentage_per_source: 100\n"
	    "  max_message_size: 65536\n  max_header_size: 64kb\n"
	    "ipv6_source_prefix: 128\n");
	const struct connector_limits *limits = &policy->connectors[0].limits;

	(void)state;
	assert_int_equal(limits->max_recipients_per_message, 512000);
	assert_int_equal(limits->max_hop_count, 500);
	assert_int_equal(limits->max_local_hop_count, 50);
	assert_int_equal(limits->message_rate_limit, 2147483647);
	assert_int_equal(limits->message_rate_source, RATE_SOURCE_ALL);
	assert_int_equal(limits->max_inbound_connection, 2147483647);
	assert_int_equal(limits->max_inbound_connection_per_source, 10000);
	assert_int_equal(
	    limits->max_inbound_connection_percentage_per_source, 100);
	assert_int_equal(limits->max_message_size, 65536);
	assert_int_equal(limits->max_header_size, 65536);
	assert_int_equal(policy->ipv6_source_prefix, 128);
	policy_free(policy);

	policy = load_with("  max_local_hop_count: 0\n  message_rate_limit: 1\n"
			   "  message_rate_source: None\n");
	limits = &policy->connectors[0].limits;
	assert_int_equal(limits->max_local_hop_count, 0);
	assert_int_equal(limits->message_rate_limit, 1);
	assert_int_equal(limits->message_rate_source, RATE_SOURCE_NONE);
	policy_free(policy);
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "65536", 65536 },
		{ "65536B", 65536 },
		{ "64KB", 65536 },
		{ "\"64 KB\"", 65536 },
		{ "36MB", 37748736 },
		{ "36 mb", 37748736 },
		{ "1GB", 1073741824 },
		{ "2147483647", 2147483647 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct policy *policy;
		char keys[64];

		(void)snprintf(keys, sizeof(keys), "  max_message_size: %s\n",
		    sizes[i].text);
		policy = load_with(keys);
		assert_int_equal(policy->connectors[0].limits.max_message_size,
		    sizes[i].bytes);
		policy_free(policy);
	}
}

/* Each of these alone, so that no two can be confused. */
static void
test_truths(void **state)
{
	static const struct {
		const char *keys;
		size_t offset;
	} truths[] = {
		{ "  auth_mechanism: [Tls]\n  require_tls: true\n",
		    offsetof(struct connector, require_tls) },
		{ "  require_ehlo_domain: true\n",
		    offsetof(struct connector, require_ehlo_domain) },
		{ "  reject_reserved_top_level_recipient_domains: true\n",
		    offsetof(struct connector,
			reject_reserved_top_level_recipient_domains) },
		{ "  reject_reserved_second_level_recipient_domains: true\n",
		    offsetof(struct connector,
			reject_reserved_second_level_recipient_domains) },
		{ "  reject_single_label_recipient_domains: true\n",
		    offsetof(struct connector,
			reject_single_label_recipient_domains) },
	};
	enum { TRUTHS = sizeof(truths) / sizeof(truths[0]) };
	size_t i, j;

	(void)state;
	for (i = 0; i < TRUTHS; i++) {
		struct policy *policy = load_with(truths[i].keys);
		const char *at = (const char *)&policy->connectors[0];
		bool value;

		for (j = 0; j < TRUTHS; j++) {
			memcpy(&value, at + truths[j].offset, sizeof(value));
			assert_int_equal(value, i == j);
		}
		policy_free(policy);
	}
}

static void
assert_domain(const struct accepted_domain *domain, const char *name,
    bool subdomains, enum domain_type type, const char *file, uint32_t line)
{
	assert_string_equal(domain->name, name);
	assert_int_equal(domain->subdomains, subdomains);
	assert_int_equal(domain->type, type);
	assert_string_equal(domain->where.file, file);
	assert_int_equal(domain->where.line, line);
}

static void
test_switches(void **state)
{
	struct policy *policy = load("switches.yaml", NULL);
	const struct accepted_domain *domains = policy->accepted_domains;

	(void)state;
	assert_int_equal(policy->no_connector, NO_CONNECTOR_TEMPFAIL);
	assert_int_equal(policy->sender_scope, SENDER_SCOPE_ACCEPTED);
	assert_true(policy->header_from_check);
	assert_true(policy->reply_ids);
	assert_int_equal(policy->ipv6_source_prefix, 56);
	assert_int_equal(policy->scl.ip_allow_list, 0);
	assert_int_equal(policy->scl.bypass_anti_spam, SCL_NONE);
	assert_int_equal(policy->scl.externally_secured, -1);
	assert_int_equal(policy->stamps, (1 << STAMP_COUNT) - 1);
	assert_int_equal(policy->stamp_recipients, STAMP_RECIPIENTS_ACCEPTED);

	assert_int_equal(policy->naccepted_domains, 4);
	assert_domain(&domains[0], "contoso.com", false, DOMAIN_AUTHORITATIVE,
	    "switches.yaml", 11);
	assert_domain(&domains[1], "fabrikam.com", false, DOMAIN_INTERNAL_RELAY,
	    "domains.txt", 2);
	assert_domain(&domains[2], "fabrikam.com", true, DOMAIN_INTERNAL_RELAY,
	    "domains.txt", 3);
	assert_int_equal(domains[2].where.column, 3);
	assert_domain(&domains[3], "tailspin.example", false,
	    DOMAIN_INTERNAL_RELAY, "domains.txt", 4);
	policy_free(policy);
}

static void
test_servers(void **state)
{
	struct policy *policy = load("switches.yaml", NULL);
	const struct servers *servers = &policy->exchange_servers;
	const struct range_list *list = &servers->remote_ip_ranges;
	struct netrange range;
	char text[NETRANGE_TEXT_SIZE];

	(void)state;
	/* The network's two ranges stand where its name was. */
	assert_int_equal(list->count, 3);
	range = range_clients(list, 1);
	assert_string_equal(netrange_format(&range, text), "2001:db8:64::/64");
	assert_string_equal(range_get(list, 1).network, "hub");
	range = range_clients(list, 2);
	assert_string_equal(netrange_format(&range, text), "192.0.2.80");
	assert_int_equal(servers->remote_ip_ranges.where.line, 17);
	assert_int_equal(servers->tls_domains.count, 2);
	assert_string_equal(
	    servers->tls_domains.items[0], "*.exchange.contoso.com");
	assert_string_equal(servers->tls_domains.items[1], "edge.contoso.com");
	assert_int_equal(servers->tls_domains.where.line, 18);

	servers = &policy->exchange_legacy_servers;
	assert_int_equal(servers->remote_ip_ranges.count, 0);
	assert_int_equal(servers->remote_ip_ranges.where.line, 0);
	assert_int_equal(servers->tls_domains.count, 1);
	assert_string_equal(servers->tls_domains.items[0], "old.contoso.com");
	policy_free(policy);
}

static void
test_connectors(void **state)
{
	struct policy *policy = load("switches.yaml", NULL);
	const struct connector *connector = &policy->connectors[0];

	(void)state;
	assert_true(connector->require_tls);
	assert_int_equal(connector->tls_domains.count, 2);
	assert_string_equal(
	    connector->tls_domains.items[0], "mail.fabrikam.com");
	assert_string_equal(
	    connector->tls_domains.items[1], "*.tailspin.example");
	assert_int_equal(connector->tls_domains.where.line, 27);
	assert_int_equal(connector->tls_domains.where.column, 5);
	assert_int_equal(connector->scl, 9);
	assert_int_equal(connector->limits.max_message_size, 0);

	connector = &policy->connectors[1];
	assert_int_equal(connector->scl, SCL_NONE);
	assert_int_equal(connector->limits.max_message_size, 2147483647);
	assert_int_equal(connector->limits.max_header_size, 1);
	assert_int_equal(connector->limits.max_inbound_connection, 0);
	assert_int_equal(
	    connector->limits.max_inbound_connection_per_source, 0);
	assert_int_equal(connector->nreplies, 0);
	policy_free(policy);
}

static void
assert_override(const struct reply_override *override, enum reply_id id,
    const char *code, const char *enhanced, const char *text, uint32_t line)
{
	assert_int_equal(override->id, id);
	assert_string_equal(override->reply.code, code);
	assert_string_equal(override->reply.enhanced, enhanced);
	assert_string_equal(override->reply.text, text);
	assert_int_equal(override->where.line, line);
}

static void
test_replies(void **state)
{
	struct policy *policy = load("switches.yaml", NULL);
	const struct connector *connector = &policy->connectors[0];

	(void)state;
	assert_int_equal(connector->nreplies, 3);
	assert_override(&connector->replies[0], REPLY_UNABLE_TO_RELAY, "550",
	    "5.7.1", "Ask the help desk", 30);
	assert_override(&connector->replies[1], REPLY_NOT_AUTHENTICATED, "530",
	    "5.7.1", "Log in: first", 31);
	assert_override(&connector->replies[2], REPLY_RECIPIENTS, "452",
	    "4.5.3", "Enough", 32);
	policy_free(policy);
}

/* Every reply that has a key can be changed by it, but that of no
 * connector. */
static void
test_reply_keys(void **state)
{
	size_t seen = 0;
	int id;

	(void)state;
	for (id = REPLY_NONE + 1; id < REPLY_COUNT; id++) {
		const char *key = reply_key((enum reply_id)id);
		struct policy *policy;
		char keys[128];

		if (key == NULL)
			continue;
		(void)snprintf(keys, sizeof(keys),
		    "  replies: {%s: 450 4.7.1 Own}\n", key);
		policy = load_with(keys);
		assert_int_equal(policy->connectors[0].nreplies, 1);
		assert_override(&policy->connectors[0].replies[0],
		    (enum reply_id)id, "450", "4.7.1", "Own", 5);
		policy_free(policy);
		seen++;
	}
	assert_true(seen >= 15);
}

static void
test_stamps(void **state)
{
	static const char *const names[] = { "AuthAs", "AuthSource",
		"AuthMechanism", "AuthDomain", "SCL", "Antispam-Report" };
	struct policy *policy = load("stamps-none.yaml", NULL);
	size_t i;

	(void)state;
	assert_int_equal(policy->stamps, 0);
	policy_free(policy);
	for (i = 0; i < STAMP_COUNT; i++) {
		char keys[64];

		(void)snprintf(keys, sizeof(keys), "stamps: [%s]\n", names[i]);
		policy = load_with(keys);
		assert_int_equal(policy->stamps, 1 << i);
		policy_free(policy);
	}
}

static void
test_scl(void **state)
{
	int scl;

	(void)state;
	for (scl = -1; scl <= 9; scl++) {
		struct policy *policy;
		char keys[64];

		(void)snprintf(keys, sizeof(keys),
		    "  scl: %d\nscl: {externally_secured: %d}\n", scl, scl);
		policy = load_with(keys);
		assert_int_equal(policy->connectors[0].scl, scl);
		assert_int_equal(policy->scl.externally_secured, scl);
		assert_int_equal(policy->scl.ip_allow_list, -1);
		assert_int_equal(policy->scl.bypass_anti_spam, -1);
		policy_free(policy);
	}
}

/* What diff_keys.c does not compare by the shape of its value says DIFF_NONE,
 * and so does a list, whose elements it does not know. */
static void
record_is_compared(const struct record *record)
{
	for (size_t i = 0; i < record->nfields; i++) {
		const struct field *field = &record->fields[i];

		if (field->diff == DIFF_NONE)
			continue;
		switch (schema_shape(field)) {
		case SHAPE_RECORD:
			record_is_compared(field->record);
			break;
		case SHAPE_BOOL:
		case SHAPE_NUMBER:
		case SHAPE_SIZE:
		case SHAPE_WORD:
		case SHAPE_SET:
			assert_true(field->size > 0);
			break;
		case SHAPE_TEXT:
		case SHAPE_LIST:
		case SHAPE_NAMES:
			fail_msg("%s: %s needs .diff = DIFF_NONE", record->what,
			    field->key);
		}
	}
}

static void
test_diff(void **state)
{
	(void)state;
	record_is_compared(policy_record());
	record_is_compared(connector_keys());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limit_ends),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_truths),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_connectors),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_reply_keys),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_scl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
