/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - connectorctl check: what is wrong or doubtful in a policy.
 *
 * Prints what the engine says when it loads, compiles and checks, and when the
 * policy is cut off (truncation.c); has no rules of its own. An invalid policy
 * is this verb's answer (1); only a file that cannot be read is 2. --explain
 * tells the story behind a warning and reads no policy.
 */
#include "truncation.h"
#include "findings.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
print_summary(const struct ctl *ctl, const struct diagnostics *list,
    const struct ruleset *ruleset)
{
	size_t all = diagnostics_count(list, SEVERITY_NOTE);
	size_t warnings = diagnostics_count(list, SEVERITY_WARNING);
	size_t notes = all - warnings;
	char file[PRINTABLE_SIZE];

	fprintf(ctl->out, "%s: policy %s is good", printable(ctl->policy, file),
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
	FILE *text = status == STATUS_UNKNOWN ? ctl->err : ctl->out;
	json_t *findings = NULL;

	if (ctl->format == FORMAT_JSON)
		findings = json_array();
	findings_print(
	    list, text, ctl->format == FORMAT_JSON ? &findings : NULL);
	if (ctl->format == FORMAT_JSON)
		return ctl_print_json(
		    ctl, json_pack("{s:o}", "findings", findings), status);
	if (ruleset != NULL && diagnostics_count(list, SEVERITY_ERROR) == 0)
		print_summary(ctl, list, ruleset);
	return status;
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
	if (rc == 0)
		cut_check(ruleset, list);
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

static const char *
story_id(size_t i)
{
	return story_get(i)->id;
}

static int
check_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "strict", no_argument, NULL, 's' },
		{ "explain", optional_argument, NULL, 'e' },
		CTL_OPTIONS,
		{ 0 },
	};
	static const struct stories stories = { story_get, story_id, "W-",
		"a warning" };
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
		return stories_tell(&ctl, &stories, word);
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
