/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_protocol_log - Exchange's protocol logs, which come from anywhere.
 *
 * Whatever the text, read as two files: a complaint names a file and a line
 * of it and holds no control byte; a session that is handed over has ends, a
 * connector and steps in the order of their lines, and each session is handed
 * over, left out or proxied.
 */
#include "fuzz.h"
#include "protocol_log.h"

#include <errno.h>

struct seen {
	size_t lines; /* of the text */
	size_t sessions, complaints;
};

static void
check_why(const struct seen *seen, const char *why)
{
	MUST(why[0] == 'f' || why[0] == 'g');
	MUST(why[1] == ':');
	must_be_shown(why);
	MUST((size_t)strtoul(why + 2, NULL, 10) <= seen->lines);
}

static void
on_complaint(void *ctx, const char *why)
{
	struct seen *seen = ctx;

	if (++seen->complaints <= 100)
		check_why(seen, why);
	MUST(seen->complaints <= 101);
}

static void
check_step(const struct step *s, size_t lines)
{
	MUST(s->text != NULL && s->line <= lines);
	MUST(s->type != STEP_MESSAGE && s->type != STEP_TLS);
	if (s->type == STEP_MAIL || s->type == STEP_RCPT)
		MUST(s->argument != NULL && s->params != NULL);
	if (s->type == STEP_HELO)
		MUST(s->argument != NULL);
	if (s->type == STEP_AUTH)
		MUST(s->text[0] != '\0');
	if (s->expect.line == 0)
		return;
	MUST(s->expect.line <= lines && s->expect.file != NULL);
	MUST(strspn(s->expect.code, "0123456789") == 3);
	MUST(s->expect.recorded != NULL);
}

static int
on_session(void *ctx, const struct recorded_session *s)
{
	struct seen *seen = ctx;

	seen->sessions++;
	MUST(s->line > 0 && s->line <= seen->lines);
	MUST(s->connector != NULL && s->file != NULL);
	MUST(s->client.family != FAMILY_NONE);
	MUST(s->local.addr.family != FAMILY_NONE);
	MUST(s->client_port >= 0);
	for (size_t i = 0; i < s->nsteps; i++)
		check_step(&s->steps[i], seen->lines);
	return 0;
}

static void
read_file(struct protocol_log *log, struct seen *seen, const char *name,
    const uint8_t *data, size_t size)
{
	FILE *f = size == 0 ? fopen("/dev/null", "r")
			    : fmemopen((void *)(uintptr_t)data, size, "r");
	char why[RECORDING_WHY_SIZE];
	struct line_reader lines;

	MUST(f != NULL && line_reader_init(&lines, f, name) == 0);
	if (protocol_log_read(log, &lines, why) < 0)
		check_why(seen, why);
	line_reader_fini(&lines);
	fclose(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .lines = 1 };
	const struct protocol_log_sink sink = {
		.ctx = &seen,
		.session = on_session,
		.complain = on_complaint,
	};
	struct protocol_log *log = protocol_log_new(&sink);
	struct protocol_log_counts counts;
	const char *text = size > 0 ? (const char *)data : "";

	for (size_t i = 0; i < size; i++)
		seen.lines += data[i] == '\n';
	MUST(log != NULL);
	(void)protocol_log_begins(text, size);
	(void)protocol_log_first(text, size);
	read_file(log, &seen, "f", data, size);
	read_file(log, &seen, "g", data, size);
	MUST(protocol_log_end(log) == 0);
	counts = protocol_log_counts(log);
	MUST(counts.files == 2 && counts.unfinished <= seen.sessions);
	MUST((counts.unread + counts.left_out > 0) == (seen.complaints > 0));
	protocol_log_free(log);
	return 0;
}
