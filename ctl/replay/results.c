/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results.c - what replay found, as text, JSON or JUnit's XML.
 *
 * A session is a testcase of JUnit, and all its differences are one failure:
 * readers of it look at the first only.
 */
#include "results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 2048, NAME_SIZE = 512 };

int
results_init(struct results *r, const struct ctl *ctl)
{
	*r = (struct results){ .ctl = ctl, .unreadable = json_array() };
	if (ctl->format == FORMAT_TEXT)
		return 0;
	if ((r->spool = tmpfile()) != NULL)
		return 0;
	ctl_complain(ctl, "a temporary file: %s", strerror(errno));
	return -1;
}

void
results_fini(struct results *r)
{
	if (r->spool != NULL)
		fclose(r->spool);
	json_decref(r->unreadable);
}

/* ---- JSON ------------------------------------------------------------- */

/* Takes the reference. */
static void
add_json(struct results *r, json_t *item)
{
	if (r->items++ > 0)
		fputc(',', r->spool);
	/* Of the spool only a bad write is remembered, and it would not be
	 * seen that an item is missing. */
	if (item == NULL ||
	    json_dumpf(item, r->spool, JSON_COMPACT | JSON_PRESERVE_ORDER) < 0)
		r->errors++;
	json_decref(item);
}

static json_t *
difference_json(const struct reply_difference *d)
{
	if (d->recorded != NULL)
		return json_pack("{s:o, s:I, s:s, s:s, s:s}", "file",
		    text_json(d->file), "line", (json_int_t)d->line, "stage",
		    d->stage, "recorded", d->recorded, "decided", d->decided);
	return json_pack("{s:o, s:I, s:s, s:s, s:s, s:s?, s:s, s:s?}", "file",
	    text_json(d->file), "line", (json_int_t)d->line, "stage", d->stage,
	    "argument", d->argument, "decided", d->decided, "connector",
	    d->connector, "other", d->other, "other_connector",
	    d->other_connector);
}

static void
open_untouched(struct results *r)
{
	fputs("],\"untouched\":[", r->spool);
	r->items = 0;
}

/* ---- JUnit ------------------------------------------------------------ */

/* XML 1.0 has no room for controls, nor for two characters that UTF-8 has. */
static void
put_xml(FILE *f, const char *raw)
{
	char copy[LINE_SIZE];
	const char *text = copy;

	snprintf(copy, sizeof copy, "%s", raw);
	for (text_clean(copy); *text != '\0'; text++) {
		if (strncmp(text, "\xef\xbf\xbe", 3) == 0 ||
		    strncmp(text, "\xef\xbf\xbf", 3) == 0) {
			fputc('?', f);
			text += 2;
			continue;
		}
		switch (*text) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			fputc(*text, f);
		}
	}
}

static void
close_testcase(struct results *r)
{
	if (r->failure)
		fputs("</failure>", r->spool);
	if (r->session)
		fputs("</testcase>\n", r->spool);
	r->failure = r->session = false;
}

static void
open_testcase(struct results *r, const char *class, const char *name)
{
	close_testcase(r);
	fputs("<testcase classname=\"", r->spool);
	put_xml(r->spool, class);
	fputs("\" name=\"", r->spool);
	put_xml(r->spool, name);
	fputs("\">", r->spool);
	r->session = true;
	r->items++;
}

static void
add_failure(struct results *r, const char *line)
{
	if (!r->failure) {
		fputs("<failure message=\"", r->spool);
		put_xml(r->spool, line);
		fputs("\">", r->spool);
		r->failures++;
	}
	r->failure = true;
	put_xml(r->spool, line);
	fputc('\n', r->spool);
}

/* ---- All of them ------------------------------------------------------- */

void
results_session(struct results *r, const struct recorded_session *s)
{
	char name[NAME_SIZE];

	if (r->ctl->format != FORMAT_JUNIT)
		return;
	snprintf(name, sizeof name, "%s:%u", s->file, s->line);
	open_testcase(r, s->file, s->title != NULL ? s->title : name);
}

static void
difference_line(const struct results *r, const struct reply_difference *d,
    char line[LINE_SIZE])
{
	static const char none[] = "no connector";

	if (d->recorded != NULL)
		snprintf(line, LINE_SIZE, "%s:%u: %s: recorded %s, decided %s",
		    d->file, d->line, d->stage, d->recorded, d->decided);
	else
		snprintf(line, LINE_SIZE,
		    "%s:%u: %s%s%s: %s (%s), by %s %s (%s)", d->file, d->line,
		    d->stage, *d->argument != '\0' ? " " : "", d->argument,
		    d->decided, d->connector != NULL ? d->connector : none,
		    r->other, d->other,
		    d->other_connector != NULL ? d->other_connector : none);
}

void
results_difference(struct results *r, const struct reply_difference *d)
{
	char line[LINE_SIZE];

	if (r->ctl->format == FORMAT_JSON) {
		add_json(r, difference_json(d));
		return;
	}
	difference_line(r, d, line);
	text_clean(line);
	if (r->ctl->format == FORMAT_JUNIT)
		add_failure(r, line);
	else
		fprintf(r->ctl->out, "%s\n", line);
}

void
results_unreadable(struct results *r, const char *file, const char *why)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof line, "%s", why);
	fprintf(r->ctl->err, "%s\n", text_clean(line));
	if (r->ctl->format == FORMAT_JSON)
		json_add(&r->unreadable, text_json(why));
	if (r->ctl->format != FORMAT_JUNIT)
		return;
	open_testcase(r, file, "the recording can be read");
	fputs("<error message=\"", r->spool);
	put_xml(r->spool, why);
	fputs("\"/>", r->spool);
	r->errors++;
}

void
results_unplayed(
    struct results *r, const struct recorded_session *s, const char *why)
{
	char line[LINE_SIZE];

	r->unplayed++;
	snprintf(
	    line, sizeof line, "%s:%u: not played: %s", s->file, s->line, why);
	fprintf(r->ctl->err, "%s\n", text_clean(line));
	if (r->ctl->format != FORMAT_JUNIT)
		return;
	fputs("<skipped message=\"", r->spool);
	put_xml(r->spool, why);
	fputs("\"/>", r->spool);
}

void
results_untouched(struct results *r, const struct where *where,
    const char *connector, const char *range)
{
	char at[WHERE_TEXT_SIZE], line[LINE_SIZE];

	where_format(where, at);
	if (r->untouched++ == 0 && r->ctl->format == FORMAT_JSON)
		open_untouched(r);
	if (r->ctl->format == FORMAT_JSON) {
		add_json(r, json_pack("{s:s, s:s*, s:s}", "connector",
				connector, "range", range, "at", at));
		return;
	}
	snprintf(line, sizeof line, "%s: connector %s%s%s: no session", at,
	    connector, range != NULL ? ", range " : "",
	    range != NULL ? range : "");
	if (r->ctl->format == FORMAT_TEXT) {
		fprintf(r->ctl->out, "%s\n", line);
		return;
	}
	open_testcase(r, "coverage", at);
	add_failure(r, line);
}

static int
copy_spool(struct results *r)
{
	char block[BUFSIZ];
	size_t n;

	if (fflush(r->spool) != 0 || ferror(r->spool))
		return -1;
	rewind(r->spool);
	while ((n = fread(block, 1, sizeof block, r->spool)) > 0)
		fwrite(block, 1, n, r->ctl->out);
	return ferror(r->spool) ? -1 : 0;
}

static void
end_text(const struct results *r, const struct play_report *report)
{
	fprintf(r->ctl->out, "%zu session%s, %zu decision%s, %zu difference%s",
	    report->sessions, plural(report->sessions), report->decisions,
	    plural(report->decisions), report->differences,
	    plural(report->differences));
	if (r->coverage)
		fprintf(r->ctl->out, ", %zu untouched", r->untouched);
	if (r->unplayed > 0)
		fprintf(r->ctl->out, ", %zu not played", r->unplayed);
	fputc('\n', r->ctl->out);
	if (r->summary != NULL)
		summary_print(r->summary, r->counts, r->ctl->out);
}

/* What stands behind the lists: ",KEY:VALUE,...}". */
static int
end_json(struct results *r, const struct play_report *report)
{
	json_t *rest = json_object();
	FILE *out = r->ctl->out;
	char *text;
	int rc;

	if (r->summary != NULL)
		json_put(&rest, "summary", summary_json(r->summary, r->counts));
	if (r->unplayed > 0)
		json_put(
		    &rest, "not_played", json_integer((json_int_t)r->unplayed));
	if (json_array_size(r->unreadable) > 0 || r->unreadable == NULL)
		json_put(&rest, "unreadable", json_incref(r->unreadable));
	text = rest == NULL
		   ? NULL
		   : json_dumps(rest, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(rest);
	if (text == NULL || r->errors > 0) {
		free(text);
		return -1;
	}
	if (r->coverage && r->untouched == 0)
		open_untouched(r);
	fprintf(out, "{\"sessions\":%zu,\"decisions\":%zu,\"differences\":[",
	    report->sessions, report->decisions);
	rc = copy_spool(r);
	fprintf(out, "]%s%s\n", text[1] == '}' ? "" : ",", text + 1);
	free(text);
	return rc;
}

int
results_end(struct results *r, const struct play_report *report, int status)
{
	FILE *out = r->ctl->out;
	int rc = 0;

	if (r->ctl->format == FORMAT_TEXT) {
		end_text(r, report);
	} else if (r->ctl->format == FORMAT_JSON) {
		rc = end_json(r, report);
	} else {
		close_testcase(r);
		fprintf(out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<testsuites>\n<testsuite name=\"connectorctl replay\" "
		    "tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
		    r->items, r->failures, r->errors);
		rc = copy_spool(r);
		fputs("</testsuite>\n</testsuites>\n", out);
	}
	return rc < 0 ? ctl_complain(r->ctl, "the findings: %s",
			    "out of memory, or text that is not UTF-8")
		      : status;
}
