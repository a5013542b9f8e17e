/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_recording - recorded sessions, which come from tickets.
 *
 * Whatever the text: a refusal names the file and a line of it, and holds no
 * control byte; what is accepted has sessions, its steps and expectations
 * stand at lines of the text in order, and marks belong to messages that can
 * show them.
 */
#include "fuzz.h"
#include "fields.h"
#include "recording.h"

#include <errno.h>

static void
must_not_complain(void *ctx, const struct mark_complaint *c)
{
	const struct recorded_message *m = ctx;

	/* With nothing done to it a message keeps what it has. */
	MUST(c->mark->type == MARK_STRIP || c->mark->type == MARK_STAMP);
	MUST(c->mark >= m->marks && c->mark < m->marks + m->nmarks);
	MUST(strlen(c->recorded) > 0 && strlen(c->decided) > 0);
}

static void
check_message(struct recorded_message *m)
{
	MUST(m->body_line <= m->nlines);
	MUST(m->nfields <= m->nlines);
	for (size_t i = 0; i < m->nfields; i++) {
		MUST(m->fields[i].name[0] != '\0');
		MUST(strpbrk(m->fields[i].name, ": \t\n") == NULL);
	}
	fields_compare(m, m->fields, m->nfields, must_not_complain, m);
}

static void
check_step(const struct step *s, size_t lines)
{
	MUST(s->line > 0 && s->line <= lines);
	MUST(s->text != NULL);
	MUST((s->type == STEP_MESSAGE) == (s->message != NULL));
	if (s->type == STEP_MAIL || s->type == STEP_RCPT)
		MUST(s->argument != NULL && s->params != NULL);
	if (s->expect.line != 0) {
		MUST(s->expect.line >= s->line && s->expect.line <= lines);
		MUST(strlen(s->expect.code) == 3);
		MUST(s->expect.recorded != NULL);
	}
	if (s->message != NULL)
		check_message(s->message);
}

struct seen {
	size_t lines, last; /* of the text; of the last session */
};

static int
check_session(void *ctx, const struct recorded_session *s)
{
	struct seen *seen = ctx;

	MUST(s->line > seen->last && s->line <= seen->lines);
	MUST(
	    s->local.port != 0 || s->local_text != NULL || s->client_port == 0);
	for (size_t i = 0; i < s->nsteps; i++)
		check_step(&s->steps[i], seen->lines);
	seen->last = s->line;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f = size == 0 ? fopen("/dev/null", "r")
			    : fmemopen((void *)(uintptr_t)data, size, "r");
	struct seen seen = { .lines = 1 };
	char why[RECORDING_WHY_SIZE];
	struct line_reader lines;
	int rc;

	for (size_t i = 0; i < size; i++)
		seen.lines += data[i] == '\n';
	MUST(f != NULL && line_reader_init(&lines, f, "f") == 0);
	rc = recording_read(&lines, check_session, &seen, why);
	line_reader_fini(&lines);
	fclose(f);
	if (rc == 0) {
		MUST(seen.last > 0 && why[0] == '\0');
		return 0;
	}
	MUST(rc == -EINVAL && strncmp(why, "f:", 2) == 0);
	must_be_shown(why);
	MUST((size_t)strtoul(why + 2, NULL, 10) <= seen.lines);
	return 0;
}
