/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy that the package installs loads as it is, and however its
 * commented entries are uncommented: by hand or by an editor, one or all.
 */
#include <stdio.h>
#include <string.h>

#include "cases.h"

enum { TEXT_SIZE = 1 << 14, ENTRIES_MAX = 8 };

/* What takes the place of "#", and whether the spaces after it go. */
static const struct way {
	const char *instead;
	size_t spaces;
} ways[] = { { "", 0 }, { "", 1 }, { "", 9 }, { " ", 0 }, { "  ", 9 } };

static void
loads(const char *text)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = ruleset_of(text, list);
	const struct diagnostic *d;

	for (size_t i = 0; (d = diagnostics_get(list, i)); i++)
		print_error("%s:%u: %s\n", d->where.file,
		    (unsigned)d->where.line, d->message);
	if (!ruleset)
		fail_msg("%s", text);
	ruleset_unref(ruleset);
	diagnostics_free(list);
}

/* Uncomments the entries of a set of bits; returns how many entries there
 * are. */
static unsigned
uncomment(const char *shipped, unsigned set, const struct way *way, char *out)
{
	unsigned entries = 0;
	const char *line = shipped;

	*out = '\0';
	while (*line != '\0') {
		const char *end = strchr(line, '\n') + 1, *dash = line + 1;

		dash += strspn(dash, " ");
		if (*line == '#' && strncmp(dash, "- ", 2) == 0 &&
		    (set >> entries++ & 1) != 0) {
			size_t spaces = strspn(line + 1, " ");

			strcat(out, way->instead);
			line +=
			    1 + (way->spaces < spaces ? way->spaces : spaces);
		}
		strncat(out, line, (size_t)(end - line));
		line = end;
	}
	assert_true(entries <= ENTRIES_MAX);
	return entries;
}

static void
uncommented(void **state)
{
	char shipped[TEXT_SIZE] = "", text[TEXT_SIZE + 256];
	FILE *file = fopen(TEST_FOLDER "/../contrib/debian/policy.yaml", "r");
	unsigned entries;

	(void)state;
	assert_non_null(file);
	assert_true(fread(shipped, 1, TEXT_SIZE - 1, file) > 0);
	fclose(file);
	entries = uncomment(shipped, 0, &ways[0], text);
	assert_true(entries >= 2);
	for (unsigned set = 0; set < 1U << entries; set++)
		for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
			uncomment(shipped, set, &ways[w], text);
			loads(text);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uncommented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
