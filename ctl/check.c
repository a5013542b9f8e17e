/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - connectorctl check: what is wrong or doubtful in a policy.
 *
 * Prints what the engine says when it loads, compiles and checks; has no
 * rules of its own. An invalid policy is this verb's answer (1); only a file
 * that cannot be read is 2. --explain tells the story behind a warning and
 * reads no policy.
 */
#include "ctl.h"

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

/* ---- The list -------------------------------------------------------- */

struct output {
	const struct ctl *ctl;
	json_t *findings; /* NULL: text */
	FILE *text;
	int status;
};

static void
print_finding(struct output *output, const struct diagnostic *d)
{
	if (output->findings == NULL)
		ctl_print_diagnostic(output->text, d);
	else if (json_array_append_new(output->findings, finding_json(d)) < 0)
		output->status = STATUS_UNKNOWN;
}

/* Errors first; both parts in the order of their places. */
static void
print_findings(struct output *output, struct diagnostics *list)
{
	const struct diagnostic *d;

	for (int errors = 1; errors >= 0; errors--)
		for (size_t i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
			if ((d->severity == SEVERITY_ERROR) == errors)
				print_finding(output, d);
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
print_summary(const struct ctl *ctl, const struct diagnostics *list,
    const struct ruleset *ruleset)
{
	size_t all = diagnostics_count(list, SEVERITY_NOTE);
	size_t warnings = diagnostics_count(list, SEVERITY_WARNING);
	size_t notes = all - warnings;

	fprintf(ctl->out, "%s: policy %s is good", ctl->policy,
	    ruleset_id(ruleset));
	if (warnings > 0)
		fprintf(ctl->out, ", with %zu warning%s", warnings,
		    plural(warnings));
	if (notes > 0)
		fprintf(ctl->out, "%s %zu note%s",
		    warnings > 0 ? " and" : ", with", notes, plural(notes));
	fputc('\n', ctl->out);
	if (all > 0)
		fputs(
		    "connectorctl check --explain W-ID tells more\n", ctl->out);
}

static int
print(const struct ctl *ctl, struct diagnostics *list,
    const struct ruleset *ruleset, int status)
{
	struct output output = {
		.ctl = ctl,
		.text = status == STATUS_UNKNOWN ? ctl->err : ctl->out,
		.status = status,
	};

	if (ctl->format == FORMAT_JSON) {
		output.findings = json_array();
		if (output.findings == NULL)
			return ctl_complain(ctl, "out of memory");
	}
	print_findings(&output, list);
	if (output.findings != NULL)
		return ctl_print_json(ctl,
		    json_pack("{s:o}", "findings", output.findings),
		    output.status);
	if (ruleset != NULL && diagnostics_count(list, SEVERITY_ERROR) == 0)
		print_summary(ctl, list, ruleset);
	return output.status;
}

static int
run_check(const struct ctl *ctl, bool strict)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = NULL;
	int rc, status = STATUS_YES;

	if (list == NULL)
		return ctl_complain(ctl, "out of memory");
	rc = ctl_load(ctl, &ruleset, list);
	if (rc == 0)
		ruleset_check(ruleset, clock_now(), list);
	if ((rc < 0 && rc != -EINVAL) ||
	    (rc == 0 && diagnostics_count(list, SEVERITY_ERROR) > 0))
		status = STATUS_UNKNOWN; /* out of memory while checking */
	else if (rc < 0 ||
		 (strict && diagnostics_count(list, SEVERITY_WARNING) > 0))
		status = STATUS_NO;
	if (rc < 0 && diagnostics_count(list, SEVERITY_NOTE) == 0)
		ctl_complain(ctl, "%s: %s", ctl->policy, strerror(-rc));
	status = print(ctl, list, ruleset, status);
	ruleset_unref(ruleset);
	diagnostics_free(list);
	return status;
}

/* ---- The stories ----------------------------------------------------- */

static const char *
story_id(size_t i)
{
	return story_get(i)->id;
}

static json_t *
story_json(const struct story *story)
{
	return json_pack("{s:s, s:s, s:s}", "id", story->id, "title",
	    story->title, "text", story->text);
}

static int
list_stories(const struct ctl *ctl)
{
	json_t *stories = ctl->format == FORMAT_JSON ? json_array() : NULL;
	const struct story *story;
	int status = STATUS_YES;

	for (size_t i = 0; (story = story_get(i)) != NULL; i++)
		if (ctl->format == FORMAT_TEXT)
			fprintf(
			    ctl->out, "%-20s %s\n", story->id, story->title);
		else if (json_array_append_new(stories, story_json(story)) < 0)
			status = STATUS_UNKNOWN;
	if (ctl->format == FORMAT_TEXT)
		return status;
	return ctl_print_json(
	    ctl, json_pack("{s:o}", "stories", stories), status);
}

/* The id as it is written: in any case, W- may be left out. */
static int
tell_story(const struct ctl *ctl, const char *word)
{
	char id[32] = "", *at;
	const struct story *story;
	const char *meant;
	size_t i;

	snprintf(id, sizeof id, "%s%.28s",
	    strncasecmp(word, "W-", 2) == 0 ? "" : "W-", word);
	for (at = id; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	for (i = 0; (story = story_get(i)) != NULL; i++)
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
	meant = did_you_mean(id, story_id, i);
	return ctl_usage(ctl, "%s is not a warning%s%s%s", word,
	    meant != NULL ? "; did you mean " : "", meant != NULL ? meant : "",
	    meant != NULL ? "?" : "");
}

/* ---- The verb -------------------------------------------------------- */

static int
check_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "strict", no_argument, NULL, 's' },
		{ "explain", optional_argument, NULL, 'e' },
		CTL_OPTIONS,
		{ 0 },
	};
	bool strict = false, explain = false;
	const char *word = NULL;
	struct ctl ctl;
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (c == 's') {
			strict = true;
		} else if (c == 'e') {
			explain = true;
			word = optarg;
		} else if ((status = ctl_option(&ctl, c, optarg)) >= 0) {
			return status;
		}
	}
	if (explain && word == NULL && optind < argc)
		word = argv[optind++];
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: the policy is named with -p", argv[optind]);
	if (explain)
		return word != NULL ? tell_story(&ctl, word)
				    : list_stories(&ctl);
	return run_check(&ctl, strict);
}

const struct verb verb_check = {
	.name = "check",
	.synopsis = "[--strict] | --explain [W-ID]",
	.summary = "Say all that is wrong or doubtful in a policy.",
	.options = "      --strict          warnings count, notes do not\n"
		   "      --explain [W-ID]  the story behind a warning, or a "
		   "list of them\n",
	.run = check_main,
};
