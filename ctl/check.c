/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - connectorctl check: what is wrong with a policy.
 *
 * Prints what the engine says when it loads and compiles; has no rules of its
 * own. An invalid policy is this verb's answer (1); only a file that cannot
 * be read is 2.
 */
#include "ctl.h"

#include <errno.h>
#include <string.h>

static json_t *
finding_json(const struct diagnostic *d)
{
	return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:s}", "id", d->id,
	    "severity", severity_name(d->severity), "file", d->where.file,
	    "line", (json_int_t)d->where.line, "column",
	    (json_int_t)d->where.column, "message", d->message);
}

static int
print_json(const struct ctl *ctl, struct diagnostics *list, int status)
{
	json_t *findings = json_array();
	const struct diagnostic *d;

	for (size_t i = 0; (d = diagnostics_get(list, i)) != NULL; i++) {
		if (json_array_append_new(findings, finding_json(d)) < 0)
			status = STATUS_UNKNOWN;
	}
	return ctl_print_json(
	    ctl, json_pack("{s:o}", "findings", findings), status);
}

static int
print_text(const struct ctl *ctl, struct diagnostics *list,
    const struct ruleset *ruleset, int status)
{
	const struct diagnostic *d;

	for (size_t i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
		ctl_print_diagnostic(
		    status == STATUS_UNKNOWN ? ctl->err : ctl->out, d);
	if (ruleset != NULL)
		fprintf(ctl->out, "%s: policy %s is good\n", ctl->policy,
		    ruleset_id(ruleset));
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
	if (rc < 0 && rc != -EINVAL)
		status = STATUS_UNKNOWN;
	else if (rc < 0 ||
		 (strict && diagnostics_count(list, SEVERITY_WARNING) > 0))
		status = STATUS_NO;
	if (rc < 0 && diagnostics_count(list, SEVERITY_NOTE) == 0)
		ctl_complain(ctl, "%s: %s", ctl->policy, strerror(-rc));
	if (ctl->format == FORMAT_JSON)
		status = print_json(ctl, list, status);
	else
		status = print_text(ctl, list, ruleset, status);
	ruleset_unref(ruleset);
	diagnostics_free(list);
	return status;
}

static int
check_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "strict", no_argument, NULL, 's' },
		CTL_OPTIONS,
		{ 0 },
	};
	bool strict = false;
	struct ctl ctl;
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (c == 's')
			strict = true;
		else if ((status = ctl_option(&ctl, c, optarg)) >= 0)
			return status;
	}
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: the policy is named with -p", argv[optind]);
	return run_check(&ctl, strict);
}

const struct verb verb_check = {
	.name = "check",
	.synopsis = "[--strict]",
	.summary = "Say all that is wrong with a policy.",
	.options = "      --strict          warnings count\n",
	.run = check_main,
};
