/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - compares what was recorded with what was decided.
 *
 * A recorded reply demands what it says and no more: its code, then the
 * enhanced code, then how the text ends.
 */
#include "conversation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
answer_init(struct answer *a, const char *code)
{
	memcpy(a->code, code, sizeof a->code);
	a->enhanced[0] = a->text[0] = '\0';
	a->said = false;
}

static void
copy_text(char *to, size_t size, const char *text)
{
	size_t len = text != NULL ? strnlen(text, size - 1) : 0;

	memcpy(to, len > 0 ? text : "", len);
	to[len] = '\0';
}

void
answer_set(struct answer *a, const struct reply *reply)
{
	a->said = true;
	copy_text(a->code, sizeof a->code, reply->code);
	copy_text(a->enhanced, sizeof a->enhanced, reply->enhanced);
	copy_text(a->text, sizeof a->text, reply->text);
}

int
answer_parse(const char *line, struct answer *a)
{
	size_t n;

	memset(a, 0, sizeof *a);
	a->said = true;
	if (strspn(line, "0123456789") != 3 ||
	    (line[3] != ' ' && line[3] != '-' && line[3] != '\0'))
		return -EPROTO;
	memcpy(a->code, line, 3);
	line += 3;
	line += *line != '\0';
	line += strspn(line, " ");
	n = strspn(line, "0123456789.");
	if (n >= 5 && n < sizeof a->enhanced && line[1] == '.' &&
	    (line[n] == ' ' || line[n] == '\0')) {
		memcpy(a->enhanced, line, n);
		line += n;
		line += strspn(line, " ");
	}
	snprintf(a->text, sizeof a->text, "%s", line);
	return 0;
}

static bool
code_holds(const char *recorded, const struct answer *a)
{
	if (!a->said || recorded[1] == 'x')
		return recorded[0] == a->code[0];
	return memcmp(recorded, a->code, sizeof a->code) == 0;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
		n--;
	return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* An MTA takes no reply whose classes disagree, as those of Exchange's 451
 * 5.7.3 do: there the enhanced code has the class of the code. */
static bool
enhanced_holds(const struct expect *e, const char *decided)
{
	const char *recorded = e->enhanced;
	size_t len;

	if (recorded[0] != e->code[0] && decided[0] == e->code[0]) {
		recorded++;
		decided++;
	}
	len = strlen(recorded);
	return strncmp(recorded, decided, len) == 0 &&
	       (decided[len] == '\0' || decided[len] == '.');
}

static bool
reply_holds(const struct expect *e, const struct answer *a, bool exact)
{
	if (!code_holds(e->code, a))
		return false;
	if (!exact && (!a->said || a->enhanced[0] == '\0'))
		return true;
	if (e->enhanced != NULL && !enhanced_holds(e, a->enhanced))
		return false;
	return e->text == NULL || ends_with(a->text, e->text);
}

const char *
answer_format(const struct answer *a, char buf[PRINTABLE_SIZE])
{
	snprintf(buf, PRINTABLE_SIZE, "%s%s%s%s%s", a->code,
	    a->enhanced[0] != '\0' ? " " : "", a->enhanced,
	    a->text[0] != '\0' ? " " : "", a->text);
	return buf;
}

static void
report_difference(struct play_report *r, struct reply_difference d)
{
	char recorded[PRINTABLE_SIZE], decided[PRINTABLE_SIZE];

	d.recorded = printable(d.recorded, recorded);
	d.decided = printable(d.decided, decided);
	r->differences++;
	r->difference(r->ctx, &d);
}

void
report_missing(struct play_report *r, const char *file, uint32_t line,
    const char *stage, const char *recorded, const char *decided)
{
	report_difference(r, (struct reply_difference){
				 .file = file,
				 .line = line,
				 .stage = stage,
				 .recorded = recorded,
				 .decided = decided,
			     });
}

static void
report_other_reply(struct play_report *r, const char *file, const char *stage,
    const struct expect *e, const struct answer *a)
{
	char decided[PRINTABLE_SIZE];

	answer_format(a, decided);
	report_difference(r, (struct reply_difference){
				 .file = file,
				 .line = e->line,
				 .stage = stage,
				 .recorded = e->recorded,
				 .decided = decided,
			     });
}

void
report_reply(struct play_report *r, const char *file, const char *stage,
    const struct expect *e, const struct answer *a, bool exact)
{
	if (e->line == 0)
		return;
	r->decisions++;
	if (!reply_holds(e, a, exact))
		report_other_reply(r, file, stage, e, a);
}

struct mark_report {
	struct play_report *report;
	const char *file;
};

static void
on_mark(void *ctx, const struct mark_complaint *c)
{
	const struct mark_report *m = ctx;

	report_difference(m->report, (struct reply_difference){
					 .file = m->file,
					 .line = c->mark->line,
					 .stage = stage_name(STAGE_EOM),
					 .recorded = c->recorded,
					 .decided = c->decided,
				     });
}

void
report_marks(struct play_report *r, const char *file,
    const struct recorded_message *m, const struct recorded_field *fields,
    size_t count)
{
	struct mark_report ctx = { .report = r, .file = file };

	fields_compare(m, fields, count, on_mark, &ctx);
}

void
report_refused(
    struct play_report *r, const char *file, const struct recorded_message *m)
{
	if (m->nmarks == 0)
		return;
	report_difference(r, (struct reply_difference){
				 .file = file,
				 .line = m->marks[0].line,
				 .stage = stage_name(STAGE_EOM),
				 .recorded = mark_name(m->marks[0].type),
				 .decided = "the message was not accepted",
			     });
}

const char *
step_stage(const struct step *step)
{
	switch (step->type) {
	case STEP_BANNER:
		return stage_name(STAGE_CONNECT);
	case STEP_HELO:
		return stage_name(STAGE_HELO);
	case STEP_MAIL:
		return stage_name(STAGE_MAIL);
	case STEP_RCPT:
		return stage_name(STAGE_RCPT);
	case STEP_DATA:
		return stage_name(STAGE_DATA);
	case STEP_MESSAGE:
		return stage_name(STAGE_EOM);
	case STEP_RSET:
		return stage_name(STAGE_ABORT);
	case STEP_QUIT:
	case STEP_STARTTLS:
	case STEP_OTHER:
	case STEP_AUTH:
	case STEP_TLS:
	case STEP_AT:
		break;
	}
	return "command";
}
