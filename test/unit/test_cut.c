/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies that are cut off at every byte, as a full disk or a broken copy
 * leaves them: one that says end_marker: true is refused wherever it is cut,
 * and any other wherever a value is cut in two. What still loads without a
 * marker must at least be known for what it is: the comparison with the whole
 * says who may relay now.
 */
#include "cases.h"

#include <stdio.h>

enum { JUNE_2026 = 1780272000 };

static const char *const policies[] = {
	TEST_FOLDER "/../contrib/examples/policy.yaml",
	TEST_FOLDER "/sessions/contract-example/policy.yaml",
	TEST_FOLDER "/policies/good/exchange-defaults.yaml",
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
};

static int
copy_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct copy *copy = ctx;
	char beside[1024];

	if (strcmp(path, "policy.yaml") != 0) {
		(void)snprintf(beside, sizeof(beside), "%.*s%s",
		    (int)(strrchr(copy->path, '/') + 1 - copy->path),
		    copy->path, path);
		*text = slurp(beside, len);
		return *text != NULL ? 0 : -ENOENT;
	}
	if (copy->len > max)
		return -EFBIG;
	*len = copy->len;
	*text = malloc(copy->len + 1);
	if (*text == NULL)
		return -ENOMEM;
	memcpy(*text, copy->text, copy->len);
	(*text)[copy->len] = '\0';
	return 0;
}

static struct ruleset *
load(const char *path, const char *text, size_t len)
{
	struct copy copy = { path, text, len };
	const struct reader reader = { &copy, copy_read };
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = NULL;

	if (ruleset_load(
		&reader, "policy.yaml", "mx.contoso.com", &ruleset, list) != 0)
		ruleset = NULL;
	diagnostics_free(list);
	return ruleset;
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
		cmocka_unit_test(without),
		cmocka_unit_test(widens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
