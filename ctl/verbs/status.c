/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - connectorctl status: how the daemon is.
 *
 * 0 if all is well; 1 if the last reload failed or what runs is not the file
 * but the last good policy.
 */
#include "control_client.h"

#include <string.h>

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
	bool good;

	fprintf(out, "reloads: %lld good, %lld bad%s\n",
	    (long long)answer_number(reload, "good"),
	    (long long)answer_number(reload, "bad"),
	    answer_is(reload, "running") ? ", one is running" : "");
	if (answer_is(reload, "unsaved"))
		fputs("  the policy could not be kept as the last good one\n",
		    out);
	if (!json_is_object(last))
		return;
	good = strcmp(answer_text(last, "result"), "good") == 0;
	fprintf(out, "  the last one, at %s by %s, was %s: policy %s%s%s\n",
	    answer_text(last, "time"), answer_text(last, "by"),
	    answer_text(last, "result"), answer_text(last, "new"),
	    good ? ", was " : " stays", good ? answer_text(last, "old") : "");
	if (good)
		fprintf(out, "  %s\n", answer_text(last, "change"));
	else
		answer_print_findings(out, json_object_get(last, "findings"));
}

static void
print_totals(FILE *out, const json_t *answer)
{
	const json_t *totals = json_object_get(answer, "totals");

	fprintf(out,
	    "sessions: %lld open\n"
	    "since the start: %lld sessions, %lld messages, %lld refusals; "
	    "%lld policy requests, %lld refusals\n",
	    (long long)answer_number(answer, "sessions"),
	    (long long)answer_number(totals, "sessions"),
	    (long long)answer_number(totals, "messages"),
	    (long long)answer_number(totals, "refused"),
	    (long long)answer_number(totals, "requests"),
	    (long long)answer_number(totals, "refused_requests"));
}

/* {"unable_to_relay":5,...} */
static void
print_reasons(FILE *out, const char *what, json_t *reasons)
{
	const char *name;
	json_t *number;

	if (json_object_size(reasons) == 0)
		return;
	fprintf(out, "    %s:", what);
	json_object_foreach(reasons, name, number)
		fprintf(out, " %s %lld", name,
		    (long long)json_integer_value(number));
	fputc('\n', out);
}

static const char *
connector_name(const json_t *connector)
{
	const char *name = answer_text(connector, "name");

	return name[0] == '\0'          ? "(no connector)"
	       : strcmp(name, "*") == 0 ? "(all others)"
					: name;
}

static void
print_connector(FILE *out, const json_t *c)
{
	bool there = json_object_get(c, "mode") != NULL;

	fprintf(out,
	    "connector %s%s%s: %lld open, %lld sessions, %lld messages, "
	    "%lld policy requests, %lld refused",
	    connector_name(c), there ? ", mode " : "",
	    there ? answer_text(c, "mode") : "",
	    (long long)answer_number(c, "open"),
	    (long long)answer_number(c, "sessions"),
	    (long long)answer_number(c, "messages"),
	    (long long)answer_number(c, "requests"),
	    (long long)answer_number(c, "refused"));
	if (answer_number(c, "monitored") > 0)
		fprintf(out, ", %lld would have been",
		    (long long)answer_number(c, "monitored"));
	fputc('\n', out);
	if (there)
		fprintf(out,
		    "    last used %s; %lld of %lld ranges were never used\n",
		    json_is_string(json_object_get(c, "last_used"))
			? answer_text(c, "last_used")
			: "never",
		    (long long)answer_number(c, "unused_ranges"),
		    (long long)answer_number(c, "ranges"));
	if (answer_number(c, "max_inbound_connection") > 0)
		fprintf(out, "    max_inbound_connection %lld\n",
		    (long long)answer_number(c, "max_inbound_connection"));
	print_reasons(out, "refused", json_object_get(c, "reasons"));
	print_reasons(
	    out, "monitored", json_object_get(c, "monitored_reasons"));
}

static void
print_clients(FILE *out, const json_t *answer)
{
	const json_t *all = json_object_get(answer, "refused_clients"), *client;
	size_t i;

	if (json_array_size(all) > 0)
		fputs("refused most:\n", out);
	json_array_foreach(all, i, client)
		fprintf(out, "  %s: %lld, last for %s at %s\n",
		    answer_text(client, "client"),
		    (long long)answer_number(client, "refused"),
		    answer_text(client, "reason"), answer_text(client, "last"));
}

static void
print_limits(FILE *out, const json_t *answer)
{
	const json_t *limits = json_object_get(answer, "limits");

	fprintf(out,
	    "limits: %lld open counts, %lld of this minute, room for %lld "
	    "each",
	    (long long)answer_number(limits, "open"),
	    (long long)answer_number(limits, "rates"),
	    (long long)answer_number(limits, "room"));
	if (answer_number(limits, "shared") > 0)
		fprintf(out, "; %lld are shared for want of room",
		    (long long)answer_number(limits, "shared"));
	fputc('\n', out);
}

static void
print_ranges(FILE *out, const json_t *answer)
{
	const json_t *all = json_object_get(answer, "ranges"), *range;
	size_t i;

	json_array_foreach(all, i, range) {
		fprintf(out,
		    "range %s of %s at %s:%lld: ", answer_text(range, "range"),
		    answer_text(range, "connector"), answer_text(range, "file"),
		    (long long)answer_number(range, "line"));
		if (answer_number(range, "hits") == 0)
			fputs("never used\n", out);
		else
			fprintf(out, "used %lld times, last at %s\n",
			    (long long)answer_number(range, "hits"),
			    answer_text(range, "last_used"));
	}
}

static void
print_text(FILE *out, const json_t *answer)
{
	const json_t *log = json_object_get(answer, "log");
	const json_t *all = json_object_get(answer, "connectors"), *connector;
	size_t i;

	fprintf(out, "connector-milter %s, process %lld, up ",
	    answer_text(answer, "version"),
	    (long long)answer_number(answer, "pid"));
	print_duration(out, answer_number(answer, "uptime"));
	fprintf(out, ", log level %s, %lld lines lost\n",
	    answer_text(log, "level"),
	    (long long)answer_number(log, "dropped"));
	print_policy(out, answer);
	print_reload(out, answer);
	print_totals(out, answer);
	json_array_foreach(all, i, connector)
		print_connector(out, connector);
	print_clients(out, answer);
	print_limits(out, answer);
	print_ranges(out, answer);
}

static int
status(const struct ctl *ctl, const char *path, bool ranges)
{
	json_t *answer;
	int result = control_ask(ctl, path, CONTROL_SECONDS,
	    json_pack("{s:s, s:b}", "verb", "status", "ranges", ranges),
	    &answer);

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
	static const struct option options[] = {
		{ "ranges", no_argument, NULL, 'r' },
		CONTROL_OPTIONS,
		{ 0 },
	};
	bool ranges = false;
	const char *path = CONTROL_PATH;
	struct ctl ctl;
	int c, result;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'r')
			ranges = true;
		else if ((result = control_option(&ctl, c, optarg, &path)) >= 0)
			return result;
	}
	if (optind < argc)
		return ctl_usage(
		    &ctl, "%s: not an option of status", argv[optind]);
	return status(&ctl, path, ranges);
}

const struct verb verb_status = {
	.name = "status",
	.synopsis = "[--ranges] [--control PATH]",
	.summary = "Say how the daemon is.",
	.options = "      --ranges          how often each range was used, "
		   "too\n" CONTROL_HELP,
	.no_policy = true,
	.run = status_main,
};
