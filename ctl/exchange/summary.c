/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary.c - what a replay of protocol logs comes to.
 *
 * A session has one reason, so that the reasons add up: its connector if that
 * differs, and its first verdict that does. What follows from that verdict
 * within the session is not a reason of its own.
 */
#include "summary.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
summary_init(struct summary *s)
{
	*s = (struct summary){
		.reasons = calloc(SUMMARY_REASONS, sizeof *s->reasons),
	};
	return s->reasons == NULL ? -ENOMEM : 0;
}

void
summary_fini(struct summary *s)
{
	free(s->reasons);
}

void
summary_begin(struct summary *s, const struct recorded_session *session)
{
	s->session = session->connector != NULL ? session : NULL;
	s->connector[0] = s->verdict[0] = '\0';
	s->file = NULL;
}

/* How much of a reply is a reason: "550 5.7.1", or the whole of what is no
 * reply. */
static int
reason_length(const char *text)
{
	size_t len = strspn(text, "0123456789");

	if (len != 3)
		return 30;
	if (text[3] == ' ' && text[0] > '3' &&
	    isdigit((unsigned char)text[4]) && text[5] == '.')
		len += 1 + strspn(text + 4, "0123456789.");
	return (int)len;
}

void
summary_difference(struct summary *s, const struct reply_difference *d)
{
	bool connector = strcmp(d->stage, "connector") == 0;
	char *text = connector ? s->connector : s->verdict;

	if (s->session == NULL || d->recorded == NULL || text[0] != '\0')
		return;
	snprintf(text, sizeof s->verdict, "%s %.*s instead of %.*s", d->stage,
	    reason_length(d->decided), d->decided, reason_length(d->recorded),
	    d->recorded);
	text_clean(text); /* which may be cut within a character */
	if (s->file != NULL)
		return;
	s->file = d->file;
	s->line = d->line;
}

void
summary_end(struct summary *s)
{
	char text[SUMMARY_REASON_SIZE];
	size_t i = 0;

	if (s->session == NULL)
		return;
	s->sessions++;
	s->session = NULL;
	s->same += s->file == NULL;
	if (s->file == NULL)
		return;
	snprintf(text, sizeof text, "%s%s%s", s->connector,
	    s->connector[0] != '\0' && s->verdict[0] != '\0' ? ", " : "",
	    s->verdict);
	while (i < s->nreasons && strcmp(s->reasons[i].text, text) != 0)
		i++;
	if (i == SUMMARY_REASONS) {
		s->other++;
		return;
	}
	if (i == s->nreasons) {
		memcpy(s->reasons[i].text, text, sizeof text);
		s->reasons[i].file = s->file;
		s->reasons[i].line = s->line;
		s->nreasons++;
	}
	s->reasons[i].sessions++;
}

/* ---- Telling --------------------------------------------------------- */

static int
compare_reasons(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	if (x->sessions != y->sessions)
		return x->sessions > y->sessions ? -1 : 1;
	return strcmp(x->text, y->text);
}

/* The most frequent ones first. */
static void
sort_reasons(struct summary *s)
{
	qsort(s->reasons, s->nreasons, sizeof *s->reasons, compare_reasons);
}

static void
print_count(FILE *out, size_t count, const char *one, const char *many)
{
	if (count > 0)
		fprintf(out, "  %zu %s\n", count, count == 1 ? one : many);
}

void
summary_print(struct summary *s, const struct protocol_log_counts *c, FILE *out)
{
	sort_reasons(s);
	fputs("protocol logs:\n", out);
	if (s->sessions > 0)
		fprintf(out,
		    "  %zu of %zu sessions have the same connector and the "
		    "same verdicts\n",
		    s->same, s->sessions);
	for (size_t i = 0; i < s->nreasons; i++) {
		const struct reason *r = &s->reasons[i];
		char file[PRINTABLE_SIZE];

		fprintf(out, "  %zu %s: %s, first at %s:%u\n", r->sessions,
		    r->sessions == 1 ? "differs" : "differ", r->text,
		    printable(r->file, file), r->line);
	}
	if (s->other > 0)
		fprintf(out, "  %zu differ: for other reasons\n", s->other);
	if (s->same < s->sessions)
		fputs("  connectorctl explain --client IP --local IP:PORT says "
		      "why the policy decides so\n",
		    out);
	print_count(out, c->left_out,
	    "session is left out: the logs do not hold it as a whole",
	    "sessions are left out: the logs do not hold them as a whole");
	print_count(out, c->unread, "line is left out", "lines are left out");
	print_count(out, c->unfinished,
	    "session without an end is played as far as it goes",
	    "sessions without an end are played as far as they go");
	print_count(out, c->proxied,
	    "session is the inner half of another one, and not played",
	    "sessions are inner halves of others, and not played");
	print_count(out, c->foreign,
	    "refusal is not a connector's, and not compared",
	    "refusals are not a connector's, and not compared");
}

json_t *
summary_json(struct summary *s, const struct protocol_log_counts *c)
{
	json_t *reasons = json_array();

	sort_reasons(s);
	for (size_t i = 0; i < s->nreasons; i++) {
		const struct reason *r = &s->reasons[i];

		json_add(&reasons,
		    json_pack("{s:s, s:I, s:o, s:I}", "reason", r->text,
			"sessions", (json_int_t)r->sessions, "file",
			text_json(r->file), "line", (json_int_t)r->line));
	}
	return json_pack("{s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "sessions", (json_int_t)s->sessions, "same", (json_int_t)s->same,
	    "reasons", reasons, "other_reasons", (json_int_t)s->other,
	    "left_out", (json_int_t)c->left_out, "unread_lines",
	    (json_int_t)c->unread, "unfinished", (json_int_t)c->unfinished,
	    "proxied", (json_int_t)c->proxied, "foreign_refusals",
	    (json_int_t)c->foreign);
}
