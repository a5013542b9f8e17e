/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sessions.c - connectorctl sessions: the open sessions of the daemon's
 * milter.
 */
#include "control_client.h"

#include <string.h>

static void
print_session(FILE *out, const json_t *s, const char *policy)
{
	bool old = strcmp(answer_text(s, "policy"), policy) != 0;

	fprintf(out,
	    "%s  %s  %s  since %s  at %s  %lld messages  %lld recipients  "
	    "%lld refused%s%s\n",
	    answer_text(s, "id"), answer_text(s, "client"),
	    answer_text(s, "connector"), answer_text(s, "since"),
	    answer_text(s, "stage"), (long long)answer_number(s, "messages"),
	    (long long)answer_number(s, "recipients"),
	    (long long)answer_number(s, "refused"),
	    old ? "  by the old policy " : "",
	    old ? answer_text(s, "policy") : "");
}

static int
sessions(const struct ctl *ctl, const char *path)
{
	const json_t *list, *session;
	json_t *answer;
	size_t i;
	int status = control_ask(ctl, path, CONTROL_SECONDS,
	    json_pack("{s:s}", "verb", "sessions"), &answer);

	if (status != STATUS_YES)
		return status;
	if (ctl->format == FORMAT_JSON)
		return ctl_print_json(ctl, answer, STATUS_YES);
	list = json_object_get(answer, "sessions");
	if (json_array_size(list) == 0)
		fputs("No session is open.\n", ctl->out);
	else
		fputs("session  client  connector  since  stage  counts\n",
		    ctl->out);
	json_array_foreach(list, i, session)
		print_session(ctl->out, session, answer_text(answer, "policy"));
	if (answer_number(answer, "left_out") > 0)
		fprintf(ctl->out, "and %lld more\n",
		    (long long)answer_number(answer, "left_out"));
	json_decref(answer);
	return STATUS_YES;
}

static int
sessions_main(const struct verb *verb, int argc, char **argv)
{
	const char *path;
	struct ctl ctl;
	int status = control_options(&ctl, verb, argc, argv, &path);

	if (status >= 0)
		return status;
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: not an option of sessions", argv[optind]);
	return sessions(&ctl, path);
}

const struct verb verb_sessions = {
	.name = "sessions",
	.synopsis = "[--control PATH]",
	.summary = "List the daemon's open sessions.",
	.options = CONTROL_HELP,
	.no_policy = true,
	.run = sessions_main,
};
