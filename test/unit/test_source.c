/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_source - policy texts that are cut short, hostile or too large.
 *
 * What is said of each is test_policy's; here it counts that an answer comes
 * soon, and that it is a refusal with few complaints. Texts are made here,
 * since nobody wants them in a folder.
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

#include "policy.h"
#include "rules.h"

#define EXAMPLE TEST_FOLDER "/../contrib/examples/policy.yaml"

#define HEAD "version: 1\n"
#define ONE  "connectors:\n- name: one\n  remote_ip_ranges: [192.0.2.1]\n"

struct text {
	const char *bytes;
	size_t len;
};

/* Serves the text as the policy, and a short network file as all else. */
static int
text_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	static const char hosts[] = "192.0.2.9\n";
	const struct text *policy = ctx;
	struct text served = { hosts, sizeof(hosts) - 1 };

	if (strcmp(path, "policy.yaml") == 0)
		served = *policy;
	if (served.len > max)
		return -EFBIG;
	*text = malloc(served.len + 1);
	assert_non_null(*text);
	memcpy(*text, served.bytes, served.len);
	(*text)[served.len] = '\0';
	*len = served.len;
	return 0;
}

struct loaded {
	int result;
	struct policy *policy;
	struct diagnostics *list;
};

static struct loaded
load_text(const char *bytes, size_t len)
{
	struct text text = { bytes, len };
	const struct reader reader = { .ctx = &text, .read = text_read };
	struct loaded loaded = { .list = diagnostics_new() };

	assert_non_null(loaded.list);
	loaded.result =
	    policy_load(&reader, "policy.yaml", &loaded.policy, loaded.list);
	assert_int_equal(loaded.result == 0, loaded.policy != NULL);
	assert_int_equal(loaded.result == 0,
	    diagnostics_count(loaded.list, SEVERITY_ERROR) == 0);
	return loaded;
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
		print_error("  %u:%u: %s: %s\n", (unsigned)d->where.line,
		    (unsigned)d->where.column, d->id, d->message);
}

static char *
example_text(size_t *len)
{
	enum { SIZE = 1 << 16 };
	char *text = malloc(SIZE);
	FILE *file = fopen(EXAMPLE, "rb");

	assert_non_null(text);
	assert_non_null(file);
	*len = fread(text, 1, SIZE, file);
	assert_true(*len > 0 && *len < SIZE);
	(void)fclose(file);
	return text;
}

/* However a policy with an end marker is cut short, it is refused. */
static void
test_truncated(void **state)
{
	size_t len, cut;
	char *text = example_text(&len);

	(void)state;
	for (cut = 0; cut < len; cut++) {
		struct loaded loaded = load_text(text, cut);

		assert_int_not_equal(loaded.result, 0);
		loaded_free(&loaded);
	}
	free(text);
}

static void
test_byte_changed(void **state)
{
	static const char bytes[] = "\0\t\n\r \"#%&'*,-:?@[]{|}~\x80\xff";
	size_t len, at, i;
	char *text = example_text(&len);

	(void)state;
	for (at = 0; at < len; at += 3) {
		char kept = text[at];

		for (i = 0; i + 1 < sizeof(bytes); i++) {
			struct loaded loaded;

			text[at] = bytes[i];
			loaded = load_text(text, len);
			loaded_free(&loaded);
		}
		text[at] = kept;
	}
	free(text);
}

/* Texts that take libyaml quadratic time, or make much of little. Each must
 * be refused; the test's time limit says how soon. */
static void
repeat_refused(const char *head, const char *part, size_t times, const char *id)
{
	size_t lh = strlen(head), lp = strlen(part), i;
	char *text = malloc(lh + lp * times + 1);
	struct loaded loaded;
	const struct diagnostic *d;

	assert_non_null(text);
	memcpy(text, head, lh);
	for (i = 0; i < times; i++)
		memcpy(text + lh + lp * i, part, lp);
	loaded = load_text(text, lh + lp * times);
	assert_int_not_equal(loaded.result, 0);
	for (i = 0; (d = diagnostics_get(loaded.list, i)) != NULL; i++)
		if (strcmp(d->id, id) == 0)
			break;
	if (d == NULL)
		print_list(loaded.list);
	assert_non_null(d);
	assert_true(diagnostics_count(loaded.list, SEVERITY_NOTE) <= 201);
	loaded_free(&loaded);
	free(text);
}

static void
test_bombs(void **state)
{
	(void)state;
	repeat_refused("", "[", 1000000, "E-LIMIT");
	repeat_refused("", "{a: ", 1000000, "E-LIMIT");
	repeat_refused("", "- ", 1000000, "E-LIMIT");
	repeat_refused("", "? ", 1000000, "E-YAML");
	repeat_refused("", "%TAG !a! tag:a,2000:\n", 100000, "E-YAML");
	repeat_refused(
	    HEAD ONE "...\n", "%TAG !a! tag:a,2000:\n", 100000, "E-YAML");
	repeat_refused(
	    HEAD ONE "ip_allow_list: [", "&a 192.0.2.1,", 100000, "E-YAML");
	repeat_refused(HEAD ONE "ip_allow_list: [", "*a ,", 100000, "E-YAML");
	repeat_refused(HEAD ONE, "x: 1\n", 100000, "E-KEY");
	repeat_refused(HEAD ONE "ip_allow_list: ", "x", 10000000, "E-VALUE");
	repeat_refused(HEAD ONE "a", "a", 1000000, "E-YAML");
	repeat_refused(HEAD ONE "mode: \"", "\\\"", 1000000, "E-YAML");
	repeat_refused("", "---\n", 100000, "E-YAML");
	repeat_refused("", "\xc2\x85", 1000000, "E-YAML");
}

/* So many times a name of as many ranges: in one list, or each in a list of
 * its own, with a comment. */
static void
expansion_refused(bool one_list)
{
	enum { RANGES = 3000 };
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	struct loaded loaded;

	assert_non_null(out);
	(void)fputs(HEAD "networks: {a: [", out);
	for (i = 0; i < RANGES; i++)
		(void)fprintf(out, "10.0.%zu.%zu,", i / 256, i % 256);
	(void)fputs("]}\nconnectors:\n", out);
	if (one_list)
		(void)fputs("- name: one\n  remote_ip_ranges: [", out);
	for (i = 0; i < RANGES; i++)
		if (one_list)
			(void)fputs("a,", out);
		else
			(void)fprintf(out,
			    "- name: n%zu\n  remote_ip_ranges: "
			    "[{range: a, comment: b}]\n",
			    i);
	(void)fputs(one_list ? "]\n" : "", out);
	assert_int_equal(fclose(out), 0);
	loaded = load_text(text, size);
	assert_int_not_equal(loaded.result, 0);
	assert_int_equal(diagnostics_count(loaded.list, SEVERITY_NOTE), 1);
	assert_string_equal(diagnostics_get(loaded.list, 0)->id, "E-LIMIT");
	loaded_free(&loaded);
	free(text);
}

/* Names stand for many ranges: a small text must not become a large
 * policy. */
static void
test_expansion(void **state)
{
	(void)state;
	expansion_refused(true);
	expansion_refused(false);
}

static void
test_too_many(void **state)
{
	static const char line[] = "ip_allow_list: [";
	size_t size = 10000, used, i;
	char *text = malloc(size);
	struct loaded loaded;

	(void)state;
	assert_non_null(text);
	used = (size_t)snprintf(text, size, HEAD ONE "%s", line);
	for (i = 0; i < 300; i++)
		used += (size_t)snprintf(text + used, size - used, "1.2.3,");
	used += (size_t)snprintf(text + used, size - used, "]\n");
	loaded = load_text(text, used);
	assert_int_equal(diagnostics_count(loaded.list, SEVERITY_NOTE), 201);
	assert_string_equal(diagnostics_get(loaded.list, 200)->id, "E-LIMIT");
	loaded_free(&loaded);
	free(text);
}

/* ---- Readers that fail ----------------------------------------------- */

static int
error_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const int *error = ctx;

	(void)path;
	(void)max;
	(void)text;
	(void)len;
	return *error;
}

static void
test_unreadable(void **state)
{
	static const struct {
		int error;
		const char *id, *fragment;
	} cases[] = {
		{ -ENOENT, "E-FILE", "there is no such file" },
		{ -EACCES, "E-FILE", "permission denied" },
		{ -EISDIR, "E-FILE", "it is a folder" },
		{ -EIO, "E-FILE", "error 5" },
		{ -EFBIG, "E-LIMIT", "64 MiB" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int error = cases[i].error;
		const struct reader reader = { &error, error_read };
		struct diagnostics *list = diagnostics_new();
		struct policy *policy = NULL;
		const struct diagnostic *d;

		assert_int_equal(
		    policy_load(&reader, "/no/such.yaml", &policy, list),
		    error);
		assert_null(policy);
		assert_int_equal(diagnostics_count(list, SEVERITY_NOTE), 1);
		d = diagnostics_get(list, 0);
		assert_string_equal(d->id, cases[i].id);
		assert_string_equal(d->where.file, "/no/such.yaml");
		assert_non_null(strstr(d->message, cases[i].fragment));
		diagnostics_free(list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_byte_changed),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
