/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_import.h - what each form that import reads is held to.
 *
 * Whatever the bytes: a reader ends, and what comes out is either nothing,
 * with an error that is said, or a policy that loads.
 */
#ifndef FUZZ_IMPORT_H
#define FUZZ_IMPORT_H

#include "fuzz.h"
#include "import.h"

#include <stdlib.h>
#include <string.h>

static void
check_import(const uint8_t *data, size_t size,
    int (*reader)(struct import *, const struct import_text *))
{
	struct import_text text = { 0 };
	struct ruleset *ruleset = NULL, *again = NULL;
	struct diagnostics *list = diagnostics_new();
	char *bytes = malloc(size + 1), *policy = NULL;
	struct import im;
	size_t len = 0;

	MUST(list && bytes && import_init(&im, NULL) == 0);
	memcpy(bytes, data, size);
	if (import_decode(&im, "f", bytes, size, &text) == 0)
		reader(&im, &text);
	if (import_finish(&im, &policy, &len, &ruleset) == 0) {
		MUST(!im.fatal);
		MUST(import_load(policy, len, &again, list) == 0);
	} else {
		MUST(!policy && !ruleset);
		MUST(diagnostics_count(im.findings, SEVERITY_ERROR) > 0 ||
		     im.memory);
	}
	ruleset_unref(ruleset);
	ruleset_unref(again);
	diagnostics_free(list);
	free(policy);
	free(text.text);
	free(bytes);
	import_fini(&im);
}

#endif
