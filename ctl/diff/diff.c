/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.c - connectorctl diff: what changed in meaning between two policies.
 *
 * The engine compares; here it is asked for, and the exit status says what a
 * pipeline wants to know. A gate passes or it does not, whatever else is
 * said.
 */
#include "diff_verb.h"
#include "recording.h"

#include <string.h>

enum gate { GATE_NONE, GATE_NO_NEW_RELAY, GATE_NO_CHANGE, GATE_COUNT };

static const char *const gate_names[GATE_COUNT] = {
	[GATE_NONE] = "",
	[GATE_NO_NEW_RELAY] = "no-new-relay",
	[GATE_NO_CHANGE] = "no-change",
};

static int
load(const struct ctl *ctl, const char *file, struct ruleset **ruleset)
{
	struct ctl one = *ctl;

	one.policy = file;
	return ctl_ruleset(&one, ruleset);
}

static int
status_of(const struct difference *difference, enum gate gate)
{
	bool bad = difference_relation(difference) != RELATION_EQUIVALENT;

	if (gate == GATE_NO_NEW_RELAY)
		bad = difference_new_relay(difference);
	return bad ? STATUS_NO : STATUS_YES;
}

static int
compare(struct diff *diff, enum gate gate)
{
	int rc = difference_find(
	    diff->older, diff->newer, diff->now, &diff->difference);
	int status;

	if (rc < 0)
		return ctl_complain(diff->ctl, "%s", strerror(-rc));
	status = status_of(diff->difference, gate);
	status = diff->ctl->format == FORMAT_JSON
		     ? diff_print_json(diff, status)
		     : diff_print_text(diff, status);
	if (gate != GATE_NONE && status != STATUS_UNKNOWN &&
	    diff->ctl->format == FORMAT_TEXT)
		fprintf(diff->ctl->out, "\nGate %s: %s.\n", gate_names[gate],
		    status == STATUS_YES ? "passed" : "not passed");
	difference_free(diff->difference);
	return status;
}

/* Both are read, so that all mistakes are said at once. */
static int
diff(struct diff *diff, enum gate gate)
{
	int old = load(diff->ctl, diff->old_file, &diff->older);
	int new = load(diff->ctl, diff->new_file, &diff->newer);
	int status = STATUS_UNKNOWN;

	if (old == STATUS_YES && new == STATUS_YES)
		status = compare(diff, gate);
	if (old == STATUS_YES)
		ruleset_unref(diff->older);
	if (new == STATUS_YES)
		ruleset_unref(diff->newer);
	return status;
}

static const char *
gate_name(size_t i)
{
	return gate_names[i + 1];
}

static int
take_gate(const struct ctl *ctl, enum gate *gate, const char *word)
{
	const char *meant;

	for (size_t i = 1; i < GATE_COUNT; i++) {
		if (strcmp(word, gate_names[i]) == 0) {
			*gate = (enum gate)i;
			return -1;
		}
	}
	meant = did_you_mean(word, gate_name, GATE_COUNT - 1);
	return ctl_usage(ctl, "--gate %s: write %s", word,
	    meant != NULL ? meant : "no-new-relay or no-change");
}

static int
take_option(
    struct ctl *ctl, struct diff *diff, enum gate *gate, int c, const char *v)
{
	switch (c) {
	case 'g':
		return take_gate(ctl, gate, v);
	case 'A':
		diff->at = true;
		if (clock_parse(v, &diff->now) == 0)
			return -1;
		return ctl_usage(ctl,
		    "--at %s: write 2026-11-21T09:00:00Z, or 2026-11-21", v);
	case 'p':
		return ctl_usage(ctl,
		    "-p: diff compares two policies; write both behind it");
	default:
		return ctl_option(ctl, c, v);
	}
}

static int
diff_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "gate", required_argument, NULL, 'g' },
		{ "at", required_argument, NULL, 'A' },
		CTL_OPTIONS,
		{ 0 },
	};
	struct ctl ctl;
	struct diff asked = { .ctl = &ctl, .now = clock_now() };
	enum gate gate = GATE_NONE;
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1)
		if ((status = take_option(&ctl, &asked, &gate, c, optarg)) >= 0)
			return status;
	if (argc - optind != 2)
		return ctl_usage(
		    &ctl, "write two policies, the old one and the new one");
	asked.old_file = argv[optind];
	asked.new_file = argv[optind + 1];
	return diff(&asked, gate);
}

const struct verb verb_diff = {
	.name = "diff",
	.synopsis = "OLD NEW [--gate no-new-relay|no-change] [--at TIME]",
	.summary = "Say what changed in meaning between two policies.",
	.options =
	    "      --gate no-new-relay  1 only if somebody may relay without "
	    "AUTH who could not\n"
	    "      --gate no-change     1 if anything differs\n"
	    "      --at TIME            2026-11-21T09:00:00Z or 2026-11-21; "
	    "default now\n",
	.no_policy = true,
	.run = diff_main,
};
