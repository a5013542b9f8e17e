/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_level.c - connectorctl log-level: how much the daemon logs, until it
 * ends.
 */
#include "control_client.h"

static int
log_level(const struct ctl *ctl, const char *path, const char *level)
{
	json_t *answer;
	int status = control_ask(ctl, path, CONTROL_SECONDS,
	    json_pack("{s:s, s:s}", "verb", "log-level", "level", level),
	    &answer);

	if (status != STATUS_YES)
		return status;
	if (ctl->format == FORMAT_JSON)
		return ctl_print_json(ctl, answer, STATUS_YES);
	fprintf(ctl->out, "log level %s, was %s\n",
	    answer_text(answer, "level"), answer_text(answer, "old"));
	json_decref(answer);
	return STATUS_YES;
}

static int
log_level_main(const struct verb *verb, int argc, char **argv)
{
	const char *path;
	struct ctl ctl;
	int status = control_options(&ctl, verb, argc, argv, &path);

	if (status >= 0)
		return status;
	if (optind + 1 != argc)
		return ctl_usage(
		    &ctl, "write one level: err, warning, notice, info, ...");
	return log_level(&ctl, path, argv[optind]);
}

const struct verb verb_log_level = {
	.name = "log-level",
	.synopsis = "[--control PATH] err|warning|notice|info|...",
	.summary = "Make the daemon log no less than this, until it ends.",
	.options = CONTROL_HELP,
	.no_policy = true,
	.run = log_level_main,
};
