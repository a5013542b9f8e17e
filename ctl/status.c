/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - connectorctl status: how the daemon is.
 *
 * 0 if all is well; 1 if the last reload failed or what runs is not the file
 * but the last good policy.
 */
#include "control_client.h"

static void
print_duration(FILE *out, json_int_t seconds)
{
	long long s = (long long)seconds;

	if (s >= 86400)
		fprintf(out, "%lldd", s / 86400);
	if (s >= 3600)
		fprintf(out, "%lldh", s / 3600 % 24);
	if (s >= 60)
		fprintf(out, "%lldm", s / 60 % 60);
	fprintf(out, "%llds", s % 60);
}

static void
print_policy(FILE *out, const json_t *answer)
{
	const json_t *policy = json_object_get(answer, "policy");

	fprintf(out, "policy %s of %s, since %s\n", answer_text(policy, "id"),
	    answer_text(policy, "file"), answer_text(policy, "since"));
	if (answer_is(policy, "last_good"))
		fputs("  this is the LAST GOOD policy: the file is bad\n", out);
}

static void
print_reload(FILE *out, const json_t *answer)
{
	const json_t *reload = json_object_get(answer, "reload");
	const json_t *last = json_object_get(reload, "last");

	fprintf(out, "reloads: %lld good, %lld bad%s\n",
	    (long long)answer_number(reload, "good"),
	    (long long)answer_number(reload, "bad"),
	    answer_is(reload, "running") ? ", one is running" : "");
	if (answer_is(reload, "unsaved"))
		fputs("  the policy could not be kept as the last good one\n",
		    out);
	if (!json_is_object(last))
		return;
	fprintf(out, "  the last one, at %s by %s, was %s: policy %s, was %s\n",
	    answer_text(last, "time"), answer_text(last, "by"),
	    answer_text(last, "result"), answer_text(last, "new"),
	    answer_text(last, "old"));
	if (strcmp(answer_text(last, "result"), "bad") == 0)
		answer_print_findings(out, json_object_get(last, "findings"));
}

static void
print_text(FILE *out, const json_t *answer)
{
	fprintf(out, "connector-milter %s, process %lld, up ",
	    answer_text(answer, "version"),
	    (long long)answer_number(answer, "pid"));
	print_duration(out, answer_number(answer, "uptime"));
	fprintf(out, ", log level %s\n", answer_text(answer, "log_level"));
	print_policy(out, answer);
	print_reload(out, answer);
}

static int
status(const struct ctl *ctl, const char *path)
{
	json_t *answer;
	int result = control_ask(
	    ctl, path, json_pack("{s:s}", "verb", "status"), &answer);

	if (result != STATUS_YES)
		return result;
	result = answer_is(answer, "ok") ? STATUS_YES : STATUS_NO;
	if (ctl->format == FORMAT_JSON)
		return ctl_print_json(ctl, answer, result);
	print_text(ctl->out, answer);
	json_decref(answer);
	return result;
}

static int
status_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = { CONTROL_OPTIONS, { 0 } };
	const char *path = CONTROL_PATH;
	struct ctl ctl;
	int c, result;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if ((result = control_option(&ctl, c, optarg, &path)) >= 0)
			return result;
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: not an option of status", argv[optind]);
	return status(&ctl, path);
}

const struct verb verb_status = {
	.name = "status",
	.synopsis = "[--control PATH]",
	.summary = "Say how the daemon is.",
	.options = CONTROL_HELP,
	.online = true,
	.run = status_main,
};
