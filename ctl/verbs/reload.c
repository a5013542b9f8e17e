/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.c - connectorctl reload: the daemon loads its policy again.
 *
 * Waits until it has, and says what came of it. A policy that is not good
 * changes nothing there, and is 2, as an invalid policy always is here.
 */
#include "control_client.h"

#include <string.h>

static int
print_text(const struct ctl *ctl, const json_t *answer, bool good)
{
	answer_print_findings(
	    good ? ctl->out : ctl->err, json_object_get(answer, "findings"));
	if (!good)
		return ctl_complain(ctl,
		    "not reloaded: policy %s stays as it was",
		    answer_text(answer, "old"));
	fprintf(ctl->out, "reloaded: policy %s, was %s: %s\n",
	    answer_text(answer, "new"), answer_text(answer, "old"),
	    answer_text(answer, "change"));
	return STATUS_YES;
}

static int
reload(const struct ctl *ctl, const char *path)
{
	json_t *answer;
	int status = control_ask(ctl, path, CONTROL_RELOAD_SECONDS,
	    json_pack("{s:s}", "verb", "reload"), &answer);
	bool good;

	if (status != STATUS_YES)
		return status;
	good = strcmp(answer_text(answer, "result"), "good") == 0;
	if (ctl->format == FORMAT_JSON)
		return ctl_print_json(
		    ctl, answer, good ? STATUS_YES : STATUS_UNKNOWN);
	status = print_text(ctl, answer, good);
	json_decref(answer);
	return status;
}

static int
reload_main(const struct verb *verb, int argc, char **argv)
{
	const char *path;
	struct ctl ctl;
	int status = control_options(&ctl, verb, argc, argv, &path);

	if (status >= 0)
		return status;
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: not an option of reload", argv[optind]);
	return reload(&ctl, path);
}

const struct verb verb_reload = {
	.name = "reload",
	.synopsis = "[--control PATH]",
	.summary =
	    "Make the daemon load its policy again, and say what changed.",
	.options = CONTROL_HELP,
	.no_policy = true,
	.run = reload_main,
};
