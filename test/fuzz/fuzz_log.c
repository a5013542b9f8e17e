/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_log - the daemon's log, as explain --log reads it.
 *
 * The first line is the session that is asked for. Whatever the others are:
 * what is handed over is of that session, and every pair has a key.
 */
#include "fuzz.h"
#include "log_reader.h"

struct seen {
	const char *session;
	uint32_t last;
};

static int
on_line(void *ctx, const struct logged *l)
{
	struct seen *seen = ctx;
	const char *session = logged_get(l, "session");

	MUST(l->line > seen->last && l->count <= LOGGED_PAIRS);
	seen->last = l->line;
	MUST(session != NULL && strcmp(session, seen->session) == 0);
	for (size_t i = 0; i < l->count; i++) {
		MUST(l->pairs[i].key != NULL && l->pairs[i].value != NULL);
		(void)logged_cut(l->pairs[i].value);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;
	struct seen seen = { 0 };
	char session[64] = "";
	size_t len = nl != NULL ? (size_t)(nl - data) : 0;
	FILE *f;

	if (len == 0 || len >= sizeof session || size == len + 1)
		return 0;
	memcpy(session, data, len);
	seen.session = session;
	f = fmemopen((void *)(uintptr_t)(nl + 1), size - len - 1, "r");
	MUST(f != NULL);
	MUST(log_read(f, session, on_line, &seen) == 0);
	fclose(f);
	return 0;
}
