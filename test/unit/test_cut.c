/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies and networks files that are cut off at every byte, as a full disk
 * or a broken copy leaves them: one that says end_marker: true is refused
 * wherever it is cut, and any other wherever a value is cut in two. What still
 * loads without a marker must at least be known for what it is: the comparison
 * with the whole says who may relay now.
 */
#include "cases.h"
#include "diff.h"

#include <errno.h>
#include <stdio.h>

enum { JUNE_2026 = 1780272000 };

static const char *const policies[] = {
	TEST_FOLDER "/sessions/contract-example/policy.yaml",
	TEST_FOLDER "/policies/good/exchange-defaults.yaml",
};

static const char *const shipped[] = {
	TEST_FOLDER "/../contrib/examples/policy.yaml",
	TEST_FOLDER "/../contrib/debian/policy.yaml",
};

static char *
slurp(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text;
	long size;

	if (file == NULL)
		return NULL;
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	rewind(file);
	text = malloc((size_t)size + 1);
	assert_non_null(text);
	*len = fread(text, 1, (size_t)size, file);
	text[*len] = '\0';
	fclose(file);
	return text;
}

/* A policy in memory, and the files beside it. */
struct copy {
	const char *path;
	const char *text;
	size_t len;
	/* Stands for every file beside it, unless NULL. */
	const char *list;
	size_t list_len;
};

static int
text_give(const char *from, size_t size, size_t max, char **text, size_t *len)
{
	if (size > max)
		return -EFBIG;
	*text = calloc(1, size + 1);
	if (*text == NULL)
		return -ENOMEM;
	memcpy(*text, from, size);
	*len = size;
	return 0;
}

static int
copy_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct copy *copy = ctx;
	char beside[1024];

	if (strcmp(path, "policy.yaml") != 0 && copy->list != NULL)
		return text_give(copy->list, copy->list_len, max, text, len);
	if (strcmp(path, "policy.yaml") != 0) {
		(void)snprintf(beside, sizeof(beside), "%.*s%s",
		    (int)(strrchr(copy->path, '/') + 1 - copy->path),
		    copy->path, path);
		*text = slurp(beside, len);
		return *text != NULL ? 0 : -ENOENT;
	}
	return text_give(copy->text, copy->len, max, text, len);
}

static struct ruleset *
load_copy(struct copy *copy)
{
	const struct reader reader = { copy, copy_read };
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = NULL;

	if (ruleset_load(
		&reader, "policy.yaml", "mx.contoso.com", &ruleset, list) != 0)
		ruleset = NULL;
	diagnostics_free(list);
	return ruleset;
}

static struct ruleset *
load(const char *path, const char *text, size_t len)
{
	struct copy copy = { .path = path, .text = text, .len = len };

	return load_copy(&copy);
}

static char *
with_marker(const char *text, size_t *len)
{
	static const char version[] = "version: 1\n",
			  key[] = "end_marker: true\n", end[] = "...\n";
	const char *at = strstr(text, version);
	size_t head;
	char *marked = malloc(*len + sizeof(key) + sizeof(end));

	assert_non_null(at);
	assert_non_null(marked);
	head = (size_t)(at - text) + strlen(version);
	*len = (size_t)sprintf(
	    marked, "%.*s%s%s%s", (int)head, text, key, text + head, end);
	return marked;
}

static void
with_a_marker(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++) {
		size_t len;
		char *text = slurp(policies[i], &len);
		char *marked;
		struct ruleset *whole;

		assert_non_null(text);
		marked = with_marker(text, &len);
		whole = load(policies[i], marked, len);
		assert_non_null(whole);
		ruleset_unref(whole);
		for (size_t cut = 0; cut < len; cut++)
			assert_null(load(policies[i], marked, cut));
		free(marked);
		free(text);
	}
}

static void
as_shipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shipped); i++) {
		size_t len;
		char *text = slurp(shipped[i], &len);
		struct ruleset *whole;

		assert_non_null(text);
		whole = load(shipped[i], text, len);
		assert_non_null(whole);
		ruleset_unref(whole);
		for (size_t cut = 0; cut < len; cut++)
			assert_null(load(shipped[i], text, cut));
		free(text);
	}
}

static const char with_file[] = "version: 1\n"
				"networks: {hosts: {file: hosts.txt}}\n"
				"connectors:\n"
				"  - name: Relay\n"
				"    remote_ip_ranges: [hosts]\n"
				"    permission_groups: [AnonymousUsers]\n";

static bool
list_loads(const char *list, size_t len)
{
	struct copy copy = { .path = "/",
		.text = with_file,
		.len = sizeof(with_file) - 1,
		.list = list,
		.list_len = len };
	struct ruleset *ruleset = load_copy(&copy);

	ruleset_unref(ruleset);
	return ruleset != NULL;
}

static void
networks_file(void **state)
{
	static const char list[] = "# end_marker: true\r\n"
				   "10.0.0.1\r\n"
				   "# more\n"
				   "10.0.0.0/24\n"
				   "...\n";
	static const char inside[] = "# end_marker: true\n...\n10.0.0.1\n",
			  twice[] = "# end_marker: true\n1.1.1.1\n...\n...\n",
			  late[] = "10.0.0.1\n# end_marker: true\n...\n",
			  unmarked[] = "10.0.0.1\n# end_marker: true\n";

	(void)state;
	assert_true(list_loads(list, sizeof(list) - 1));
	for (size_t cut = 0; cut < sizeof(list) - 1; cut++)
		assert_false(list_loads(list, cut));
	assert_false(list_loads(inside, sizeof(inside) - 1));
	assert_false(list_loads(twice, sizeof(twice) - 1));
	assert_false(list_loads(late, sizeof(late) - 1));
	assert_true(list_loads(unmarked, sizeof(unmarked) - 1));
}

static const char plain[] = "version: 1\n"
			    "connectors:\n"
			    "  - name: Relay\n"
			    "    remote_ip_ranges: [10.0.0.1]\n"
			    "    permission_groups: [AnonymousUsers]\n";

/* Each is refused in a comment, where nothing else would notice it. */
static void
hidden_characters(void **state)
{
	static const char *const hidden[] = { "\r", "\xc2\x85", "\xc2\xad",
		"\xd8\x9c", "\xe2\x80\x8b", "\xe2\x80\x8f", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x81\xa0", "\xe2\x81\xa7",
		"\xef\xbb\xbf", "\xf3\xa0\x80\xa0" };
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(hidden); i++)
		for (int pad = 0; pad < 9; pad++) {
			int len = snprintf(text, sizeof(text),
			    "10.0.0.1\n# %.*s%s10.0.0.2\n", pad, "abcdefghi",
			    hidden[i]);

			assert_false(list_loads(text, (size_t)len));
			len = snprintf(text, sizeof(text), "# %.*s%sx\n%s", pad,
			    "abcdefghi", hidden[i], plain);
			assert_null(load("/", text, (size_t)len));
		}
	assert_true(list_loads("10.0.0.1 # \xc3\xa9\xe2\x82\xac\n", 17));
}

static void
without(void **state)
{
	size_t loaded = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++) {
		size_t len;
		char *text = slurp(policies[i], &len);
		struct ruleset *whole = load(policies[i], text, len);

		assert_non_null(whole);
		for (size_t cut = 1; cut < len; cut++) {
			struct ruleset *part = load(policies[i], text, cut);
			struct difference *d;

			if (part == NULL)
				continue;
			assert_non_null(strchr("\n]}\"'", text[cut - 1]));
			assert_int_equal(
			    difference_find(whole, part, JUNE_2026, &d), 0);
			difference_free(d);
			ruleset_unref(part);
			loaded++;
		}
		ruleset_unref(whole);
		free(text);
	}
	assert_true(loaded > 0);
}

/* A cut may take away the end of an entry, and a connector that refuses. */
static void
widens(void **state)
{
	static const char text[] =
	    "version: 1\n"
	    "connectors:\n"
	    "  - name: Relay\n"
	    "    remote_ip_ranges: [10.0.0.0/24]\n"
	    "    auth_mechanism: [ExternalAuthoritative]\n"
	    "    permission_groups: [ExchangeServers]\n"
	    "  - name: Printers\n"
	    "    remote_ip_ranges: [10.0.0.9]\n"
	    "    permission_groups: [AnonymousUsers]\n";
	size_t cut = (size_t)(strstr(text, "  - name: Printers") - text);
	struct ruleset *whole = load("/", text, sizeof(text) - 1);
	struct ruleset *part = load("/", text, cut);
	struct difference *d;

	(void)state;
	assert_non_null(whole);
	assert_non_null(part);
	assert_int_equal(difference_find(whole, part, JUNE_2026, &d), 0);
	assert_true(difference_new_relay(d));
	difference_free(d);
	ruleset_unref(part);
	ruleset_unref(whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_marker),
		cmocka_unit_test(as_shipped),
		cmocka_unit_test(networks_file),
		cmocka_unit_test(hidden_characters),
		cmocka_unit_test(without),
		cmocka_unit_test(widens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
