/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * findings.c - what check and doctor have to say, as text and as JSON.
 */
#include "findings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static json_t *
finding_json(const struct diagnostic *d)
{
	return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:s}", "id", d->id,
	    "severity", severity_name(d->severity), "file", d->where.file,
	    "line", (json_int_t)d->where.line, "column",
	    (json_int_t)d->where.column, "message", d->message);
}

int
findings_print(struct diagnostics *list, FILE *text, json_t *array)
{
	const struct diagnostic *d;
	int rc = 0;

	for (int errors = 1; errors >= 0; errors--)
		for (size_t i = 0; (d = diagnostics_get(list, i)) != NULL;
		     i++) {
			if ((d->severity == SEVERITY_ERROR) != errors)
				continue;
			if (array == NULL)
				ctl_print_diagnostic(text, d);
			else if (json_array_append_new(array, finding_json(d)) <
				 0)
				rc = -ENOMEM;
		}
	return rc;
}

/* ---- The stories ----------------------------------------------------- */

static json_t *
story_json(const struct story *story)
{
	return json_pack("{s:s, s:s, s:s}", "id", story->id, "title",
	    story->title, "text", story->text);
}

static int
list_stories(const struct ctl *ctl, const struct stories *stories)
{
	json_t *array = ctl->format == FORMAT_JSON ? json_array() : NULL;
	const struct story *story;
	int status = STATUS_YES;

	for (size_t i = 0; (story = stories->get(i)) != NULL; i++)
		if (ctl->format == FORMAT_TEXT)
			fprintf(
			    ctl->out, "%-20s %s\n", story->id, story->title);
		else if (json_array_append_new(array, story_json(story)) < 0)
			status = STATUS_UNKNOWN;
	if (ctl->format == FORMAT_TEXT)
		return status;
	return ctl_print_json(
	    ctl, json_pack("{s:o}", "stories", array), status);
}

int
stories_tell(
    const struct ctl *ctl, const struct stories *stories, const char *word)
{
	char id[32] = "", *at;
	const struct story *story;
	const char *meant;
	size_t i;

	if (word == NULL)
		return list_stories(ctl, stories);
	snprintf(id, sizeof id, "%s%.28s",
	    strncasecmp(word, stories->prefix, strlen(stories->prefix)) == 0
		? ""
		: stories->prefix,
	    word);
	for (at = id; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	for (i = 0; (story = stories->get(i)) != NULL; i++)
		if (strcmp(story->id, id) == 0)
			break;
	if (story != NULL && ctl->format == FORMAT_JSON)
		return ctl_print_json(ctl,
		    json_pack("{s:[o]}", "stories", story_json(story)),
		    STATUS_YES);
	if (story != NULL) {
		fprintf(ctl->out, "%s: %s\n\n%s", story->id, story->title,
		    story->text);
		return STATUS_YES;
	}
	meant = did_you_mean(id, stories->id, i);
	return ctl_usage(ctl, "%s is not %s%s%s%s", word, stories->kind,
	    meant != NULL ? "; did you mean " : "", meant != NULL ? meant : "",
	    meant != NULL ? "?" : "");
}
