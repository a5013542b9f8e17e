/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_policy - policy text to model.
 *
 * policies/good holds policies that load without complaint. policies/bad
 * holds those that do not: each begins with comment lines
 *	# expect: LINE:COLUMN: E-ID: part of the message
 * one for every complaint, in order; LINE is FILE:LINE where the complaint
 * is about another file. The test wants exactly these.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy.h"
#include "rules.h"

#define POLICIES TEST_FOLDER "/policies/"
#define EXAMPLES TEST_FOLDER "/../contrib/examples"

enum {
	EXPECTS_MAX = 256,
	LINE_SIZE = 512,
	CASES_MAX = 512,
	FILE_MAX = 1 << 20
};

/* ---- Readers --------------------------------------------------------- */

/* Serves one text under one name, all else from a folder. */
struct shelf {
	const char *folder;
	const char *name; /* or NULL */
	const char *text;
	size_t len;
};

static int
folder_read(
    const char *folder, const char *path, size_t max, char **text, size_t *len)
{
	char full[LINE_SIZE];
	FILE *file;
	char *read;
	size_t size;

	if (max > FILE_MAX)
		max = FILE_MAX;
	read = malloc(max + 1);
	assert_non_null(read);
	(void)snprintf(full, sizeof(full), "%s/%s", folder, path);
	file = fopen(full, "rb");
	if (file == NULL) {
		free(read);
		return -errno;
	}
	size = fread(read, 1, max, file);
	if (ferror(file)) {
		free(read);
		(void)fclose(file);
		return -EISDIR;
	}
	if (size == max && fgetc(file) != EOF) {
		free(read);
		(void)fclose(file);
		return -EFBIG;
	}
	(void)fclose(file);
	read[size] = '\0';
	*text = read;
	*len = size;
	return 0;
}

static int
shelf_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct shelf *shelf = ctx;
	char *copy;

	if (shelf->name == NULL || strcmp(path, shelf->name) != 0)
		return folder_read(shelf->folder, path, max, text, len);
	if (shelf->len > max)
		return -EFBIG;
	copy = malloc(shelf->len + 1);
	assert_non_null(copy);
	memcpy(copy, shelf->text, shelf->len);
	copy[shelf->len] = '\0';
	*text = copy;
	*len = shelf->len;
	return 0;
}

struct loaded {
	int result;
	struct policy *policy;
	struct diagnostics *list;
};

static struct loaded
load(struct shelf *shelf, const char *file)
{
	const struct reader reader = { .ctx = shelf, .read = shelf_read };
	struct loaded loaded = { .list = diagnostics_new() };

	assert_non_null(loaded.list);
	loaded.result = policy_load(&reader, file, &loaded.policy, loaded.list);
	if (loaded.result == 0)
		assert_non_null(loaded.policy);
	else
		assert_null(loaded.policy);
	assert_int_equal(loaded.result == 0,
	    diagnostics_count(loaded.list, SEVERITY_ERROR) == 0);
	return loaded;
}

static struct loaded
load_text(const char *text, size_t len)
{
	struct shelf shelf = { EXAMPLES, "policy.yaml", text, len };

	return load(&shelf, "policy.yaml");
}

static void
loaded_free(struct loaded *loaded)
{
	policy_free(loaded->policy);
	diagnostics_free(loaded->list);
}

static void
print_list(struct diagnostics *list)
{
	const struct diagnostic *d;
	size_t i;

	for (i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
		print_error("  %s:%u:%u: %s: %s\n",
		    d->where.file != NULL ? d->where.file : "-",
		    (unsigned)d->where.line, (unsigned)d->where.column, d->id,
		    d->message);
}

/* ---- Folders of policies --------------------------------------------- */

static int
is_policy(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".yaml") == 0;
}

/* Calls fn with every policy of a folder, answers how many failed. */
static size_t
each_policy(const char *folder, size_t at_least,
    bool (*fn)(const char *folder, const char *file))
{
	struct dirent **entries;
	size_t failed = 0, i, count;
	int found = scandir(folder, &entries, is_policy, alphasort);

	assert_true(found >= 0 && found < CASES_MAX);
	count = (size_t)found;
	for (i = 0; i < count; i++) {
		if (!fn(folder, entries[i]->d_name))
			failed++;
		free(entries[i]);
	}
	free(entries);
	assert_true(count >= at_least);
	return failed;
}

struct expect {
	char place[LINE_SIZE]; /* FILE:LINE:COLUMN: E-ID */
	char fragment[LINE_SIZE];
};

/* Reads one "# expect:" line; false if it is none. */
static bool
expect_parse(const char *line, const char *file, struct expect *expect)
{
	static const char mark[] = "# expect: ";
	const char *rest, *id, *message;

	if (strncmp(line, mark, sizeof(mark) - 1) != 0)
		return false;
	rest = line + sizeof(mark) - 1;
	id = strstr(rest, ": E-");
	assert_non_null(id);
	message = strstr(id + 2, ": ");
	assert_non_null(message);
	(void)snprintf(expect->place, sizeof(expect->place), "%s%s%.*s",
	    rest[0] >= '0' && rest[0] <= '9' ? file : "",
	    rest[0] >= '0' && rest[0] <= '9' ? ":" : "", (int)(message - rest),
	    rest);
	(void)snprintf(expect->fragment, sizeof(expect->fragment), "%.*s",
	    (int)strcspn(message + 2, "\r\n"), message + 2);
	return true;
}

static size_t
expects_read(const char *folder, const char *file, struct expect *expects)
{
	char line[LINE_SIZE], full[LINE_SIZE];
	size_t count = 0;
	FILE *text;

	(void)snprintf(full, sizeof(full), "%s/%s", folder, file);
	text = fopen(full, "rb");
	assert_non_null(text);
	while (count < EXPECTS_MAX &&
	       fgets(line, (int)sizeof(line), text) != NULL &&
	       expect_parse(
		   strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line,
		   file, &expects[count]))
		count++;
	(void)fclose(text);
	return count;
}

static bool
expect_met(const struct expect *expect, const struct diagnostic *d)
{
	char place[LINE_SIZE];

	if (d == NULL)
		return false;
	(void)snprintf(place, sizeof(place), "%s:%u:%u: %s",
	    d->where.file != NULL ? d->where.file : "-",
	    (unsigned)d->where.line, (unsigned)d->where.column, d->id);
	return strcmp(place, expect->place) == 0 &&
	       strstr(d->message, expect->fragment) != NULL;
}

static bool
bad_policy(const char *folder, const char *file)
{
	static struct expect expects[EXPECTS_MAX];
	struct shelf shelf = { .folder = folder };
	size_t i, count = expects_read(folder, file, expects);
	struct loaded loaded = load(&shelf, file);
	bool met =
	    count > 0 && diagnostics_count(loaded.list, SEVERITY_NOTE) == count;

	for (i = 0; met && i < count; i++)
		met = expect_met(&expects[i], diagnostics_get(loaded.list, i));
	if (!met) {
		print_error("%s/%s: expected\n", folder, file);
		for (i = 0; i < count; i++)
			print_error("  %s: ...%s...\n", expects[i].place,
			    expects[i].fragment);
		print_error(" heard\n");
		print_list(loaded.list);
	}
	loaded_free(&loaded);
	return met;
}

static void
test_bad(void **state)
{
	(void)state;
	assert_int_equal(each_policy(POLICIES "bad", 180, bad_policy), 0);
}

static bool
good_policy(const char *folder, const char *file)
{
	struct shelf shelf = { .folder = folder };
	struct loaded loaded = load(&shelf, file);
	bool good = loaded.result == 0 &&
		    diagnostics_count(loaded.list, SEVERITY_NOTE) == 0;

	if (!good) {
		print_error("%s/%s: not loaded\n", folder, file);
		print_list(loaded.list);
	}
	loaded_free(&loaded);
	return good;
}

static void
test_good(void **state)
{
	(void)state;
	assert_int_equal(each_policy(POLICIES "good", 13, good_policy), 0);
}

/* ---- The model ------------------------------------------------------- */

static void
assert_range(struct range range, const char *text, const char *network,
    uint32_t line, uint32_t column)
{
	char buf[NETRANGE_TEXT_SIZE];

	assert_string_equal(netrange_format(&range.range, buf), text);
	if (network == NULL)
		assert_null(range.network);
	else
		assert_string_equal(range.network, network);
	assert_int_equal(range.where.line, line);
	assert_int_equal(range.where.column, column);
}

static void
test_example(void **state)
{
	struct shelf shelf = { .folder = EXAMPLES };
	struct loaded loaded = load(&shelf, "policy.yaml");
	const struct policy *policy = loaded.policy;

	(void)state;
	print_list(loaded.list);
	assert_int_equal(loaded.result, 0);
	assert_string_equal(policy->file, "policy.yaml");
	assert_int_equal(strlen(policy->id), 12);
	assert_string_equal(policy->server, "mx1.contoso.com");
	assert_int_equal(policy->mode, MODE_ENFORCE);
	assert_false(policy->mta_refuses_strangers);

	assert_int_equal(policy->naccepted_domains, 2);
	assert_string_equal(policy->accepted_domains[0].name, "contoso.com");
	assert_false(policy->accepted_domains[0].subdomains);
	assert_int_equal(policy->accepted_domains[0].where.line, 6);
	assert_int_equal(policy->accepted_domains[0].where.column, 5);
	assert_string_equal(
	    policy->accepted_domains[1].name, "lab.contoso.com");
	assert_true(policy->accepted_domains[1].subdomains);
	assert_int_equal(
	    policy->accepted_domains[1].type, DOMAIN_INTERNAL_RELAY);

	assert_int_equal(policy->nnetworks, 2);
	assert_string_equal(policy->networks[1].name, "app_servers");
	assert_int_equal(policy->networks[1].ranges.count, 4);
	assert_string_equal(
	    range_get(&policy->networks[1].ranges, 0).where.file,
	    "app-servers.txt");
	assert_int_equal(
	    range_get(&policy->networks[1].ranges, 0).where.line, 3);

	assert_int_equal(policy->ip_allow_list.count, 2);
	assert_int_equal(policy->ip_allow_list.where.line, 15);
	assert_range(range_get(&policy->ip_allow_list, 0),
	    "192.168.5.10-192.168.5.20", "printers", 11, 14);
	assert_range(range_get(&policy->ip_block_list, 0), "203.0.113.0/24",
	    NULL, 16, 17);

	loaded_free(&loaded);
}

static void
test_example_connectors(void **state)
{
	struct shelf shelf = { .folder = EXAMPLES };
	struct loaded loaded = load(&shelf, "policy.yaml");
	const struct policy *policy = loaded.policy;
	const struct connector *connector;

	(void)state;
	assert_int_equal(loaded.result, 0);
	assert_int_equal(policy->nconnectors, 5);
	connector = &policy->connectors[0];
	assert_string_equal(connector->name, "Default Frontend");
	assert_true(connector->enabled);
	assert_int_equal(connector->mode, MODE_ENFORCE);
	assert_int_equal(connector->where.line, 19);
	assert_int_equal(connector->where.column, 5);
	assert_int_equal(connector->nbindings, 2);
	assert_int_equal(connector->bindings[1].addr.family, FAMILY_IPV6);
	assert_int_equal(connector->bindings[1].port, 25);
	assert_int_equal(
	    connector->permission_groups, SET_OF(GROUP_ANONYMOUS_USERS));
	assert_int_equal(connector->permission_groups_where.line, 22);
	assert_int_equal(connector->permission_groups_where.column, 5);
	assert_int_equal(connector->auth_mechanism, 0);
	assert_int_equal(connector->auth_mechanism_where.line, 0);
	assert_int_equal(connector->public_addresses, 0);

	connector = &policy->connectors[2];
	assert_int_equal(connector->auth_mechanism,
	    SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE));
	assert_int_equal(connector->nbindings, 0);

	connector = &policy->connectors[3];
	assert_int_equal(connector->remote_ip_ranges.count, 3);
	assert_range(range_get(&connector->remote_ip_ranges, 1),
	    "2001:db8:5::/64", "printers", 11, 41);
	assert_range(range_get(&connector->remote_ip_ranges, 2), "192.168.7.25",
	    NULL, 37, 16);
	assert_string_equal(range_get(&connector->remote_ip_ranges, 2).comment,
	    "scanner, 3rd floor");
	assert_string_equal(range_get(&connector->remote_ip_ranges, 2).owner,
	    "facilities@contoso.com");
	/* date -u -d 2027-04-01 +%s */
	assert_int_equal(
	    range_get(&connector->remote_ip_ranges, 2).until, 1806537600);
	assert_int_equal(
	    range_get(&connector->remote_ip_ranges, 0).until, UNTIL_FOREVER);
	assert_int_equal(connector->nextended_rights, 1);
	assert_int_equal(
	    connector->extended_rights[0].principal, PRINCIPAL_ANONYMOUS);
	assert_int_equal(
	    connector->extended_rights[0].allow, SET_OF(RIGHT_ANY_RECIPIENT));
	assert_int_equal(connector->extended_rights[0].where.line, 43);

	connector = &policy->connectors[4];
	assert_int_equal(connector->remote_ip_ranges.count, 4);
	assert_int_equal(connector->remote_ip_ranges.where.line, 47);
	loaded_free(&loaded);
}

#define HEAD "version: 1\n"
#define ONE  "connectors:\n- name: one\n  remote_ip_ranges: [192.0.2.1]\n"

static struct loaded
load_good(const char *text)
{
	struct loaded loaded = load_text(text, strlen(text));

	if (loaded.result != 0)
		print_list(loaded.list);
	assert_int_equal(loaded.result, 0);
	return loaded;
}

static void
test_mode(void **state)
{
	/* The policy's mode may stand behind the connectors. */
	struct loaded loaded = load_good(HEAD
	    "connectors:\n"
	    "- name: one\n  remote_ip_ranges: [192.0.2.1]\n"
	    "- name: two\n  remote_ip_ranges: [192.0.2.2]\n  mode: enforce\n"
	    "mode: Monitor\n");

	(void)state;
	assert_int_equal(loaded.policy->mode, MODE_MONITOR);
	assert_int_equal(loaded.policy->connectors[0].mode, MODE_MONITOR);
	assert_int_equal(loaded.policy->connectors[1].mode, MODE_ENFORCE);
	loaded_free(&loaded);
}

static void
test_network_entry(void **state)
{
	/* What stands at a network's name goes for each of its ranges, and
	 * the earlier end wins. */
	struct loaded loaded = load_good(HEAD
	    "connectors:\n- name: one\n  remote_ip_ranges:\n"
	    "  - range: labs\n    until: 2027-01-31\n    comment: all\n"
	    "networks:\n  labs:\n  - range: 192.0.2.1\n    until: 2026-12-31\n"
	    "  - range: 192.0.2.2/24\n    until: 2028-02-29\n"
	    "    comment: own\n    owner: me\n");
	const struct range_list *list =
	    &loaded.policy->connectors[0].remote_ip_ranges;

	(void)state;
	assert_int_equal(list->count, 2);
	assert_range(range_get(list, 0), "192.0.2.1", "labs", 10, 12);
	assert_int_equal(range_get(list, 0).until, 1798761600); /* 2027-01-01 */
	assert_string_equal(range_get(list, 0).comment, "all");
	assert_null(range_get(list, 0).owner);
	assert_int_equal(range_get(list, 1).until, 1801440000); /* 2027-02-01 */
	assert_true(range_get(list, 1).host_bits);
	assert_string_equal(range_get(list, 1).comment, "own");
	/* The network itself is as it was written. */
	assert_int_equal(range_get(&loaded.policy->networks[0].ranges, 1).until,
	    1835481600); /* 2028-03-01 */
	loaded_free(&loaded);
}

static void
test_until(void **state)
{
	/* date -u -d "DAY + 1 day" +%s */
	static const struct {
		const char *day;
		int64_t until;
	} days[] = {
		{ "1970-01-01", 86400 },
		{ "1972-02-29", 68256000 },
		{ "1999-12-31", 946684800 },
		{ "2000-02-29", 951868800 },
		{ "2026-11-22", 1795392000 },
		{ "2100-02-28", 4107542400 },
		{ "2400-02-29", 13574649600 },
		{ "9999-12-31", 253402300800 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct loaded loaded;
		char text[256];

		(void)snprintf(text, sizeof(text),
		    HEAD ONE "ip_allow_list: [{range: 192.0.2.9, until: %s}]\n",
		    days[i].day);
		loaded = load_good(text);
		assert_int_equal(
		    range_get(&loaded.policy->ip_allow_list, 0).until,
		    days[i].until);
		loaded_free(&loaded);
	}
}

static void
test_id(void **state)
{
	static const char a[] = HEAD ONE, b[] = HEAD ONE "# more\n";
	struct loaded first = load_good(a), again = load_good(a),
		      other = load_good(b);

	(void)state;
	assert_string_equal(first.policy->id, again.policy->id);
	assert_string_not_equal(first.policy->id, other.policy->id);
	loaded_free(&first);
	loaded_free(&again);
	loaded_free(&other);
}

/* The text of networks files counts, and where one ends and the next
 * begins. */
static int
pair_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	static const char policy[] =
	    HEAD ONE "networks: {a: {file: a}, b: {file: b}}\n";
	const char *const *files = ctx;
	const char *served = path[0] == 'a' && path[1] == '\0'   ? files[0]
			     : path[0] == 'b' && path[1] == '\0' ? files[1]
								 : policy;

	assert_true(strlen(served) <= max);
	*len = strlen(served);
	*text = strdup(served);
	return *text != NULL ? 0 : -ENOMEM;
}

static void
pair_id(const char *a, const char *b, char id[POLICY_ID_SIZE])
{
	const char *files[] = { a, b };
	const struct reader reader = { (void *)files, pair_read };
	struct diagnostics *list = diagnostics_new();
	struct policy *policy;

	assert_int_equal(policy_load(&reader, "p", &policy, list), 0);
	memcpy(id, policy->id, POLICY_ID_SIZE);
	policy_free(policy);
	diagnostics_free(list);
}

static void
test_id_of_files(void **state)
{
	char ids[3][POLICY_ID_SIZE];

	(void)state;
	pair_id("192.0.2.7\n192.0.2.8\n", "192.0.2.9\n", ids[0]);
	pair_id("192.0.2.7\n", "192.0.2.8\n192.0.2.9\n", ids[1]);
	pair_id("192.0.2.7\n192.0.2.8\n", "192.0.2.6\n", ids[2]);
	assert_string_not_equal(ids[0], ids[1]);
	assert_string_not_equal(ids[0], ids[2]);
	assert_string_not_equal(ids[1], ids[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_example_connectors),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_network_entry),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_id_of_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
