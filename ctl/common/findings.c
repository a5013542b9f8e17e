/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * findings.c - what check and doctor have to say, as text and as JSON.
 */
#include "findings.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static json_t *
finding_json(const struct diagnostic *d)
{
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:o}", "id", d->id,
	    "severity", severity_name(d->severity), "file",
	    text_json(d->where.file), "line", (json_int_t)d->where.line,
	    "column", (json_int_t)d->where.column, "message",
	    text_json(d->message));
}

void
findings_print(struct diagnostics *list, FILE *text, json_t **array)
{
	const struct diagnostic *d;

	for (int errors = 1; errors >= 0; errors--)
		for (size_t i = 0; (d = diagnostics_get(list, i)) != NULL;
		     i++) {
			if ((d->severity == SEVERITY_ERROR) != errors)
				continue;
			if (array == NULL)
				ctl_print_diagnostic(text, d);
			else
				json_add(array, finding_json(d));
		}
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

	for (size_t i = 0; (story = stories->get(i)) != NULL; i++)
		if (ctl->format == FORMAT_TEXT)
			fprintf(
			    ctl->out, "%-20s %s\n", story->id, story->title);
		else
			json_add(&array, story_json(story));
	if (ctl->format == FORMAT_TEXT)
		return STATUS_YES;
	return ctl_print_json(
	    ctl, json_pack("{s:o}", "stories", array), STATUS_YES);
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
	if (meant != NULL)
		return ctl_usage(ctl, "%s is not %s; did you mean %s?", word,
		    stories->kind, meant);
	return ctl_usage(ctl,
	    "%s is not %s; connectorctl %s --explain lists "
	    "them all",
	    word, stories->kind, ctl->verb->name);
}
