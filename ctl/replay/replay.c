/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c - connectorctl replay: recorded sessions against the policy.
 *
 * Each session is played as it is read: to the engine in this process, to two
 * of them, or to an MTA. It writes nothing, and only --deliver sends mail.
 * A recording that cannot be read is 2, whatever the others say.
 */
#include "ascii.h"
#include "compare.h"
#include "coverage.h"
#include "progress.h"
#include "recordings.h"
#include "results.h"
#include "via.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { STOP = 1 }; /* what on_session() answers to end it all */

struct replay {
	const struct ctl *ctl;
	const char *other; /* --compare, or NULL */
	bool covered;      /* --coverage */
	struct via via;    /* --via, --deliver; server is NULL without */
	int64_t now;

	struct engine engine, other_engine;
	struct conversation with;
	struct compare compare;
	struct coverage coverage;
	struct results results;
	struct protocol_log_sink sink;
	struct protocol_logs logs;
	struct summary summary;
	struct play_report report;
	struct progress progress;
	const struct recordings *reading; /* of a file, or NULL */
	uint64_t size;                    /* of it; 0: not known */
	bool failed, stopped;
};

static void
on_difference(void *ctx, const struct reply_difference *d)
{
	struct replay *r = ctx;

	progress_clear(&r->progress);
	results_difference(&r->results, d);
	summary_difference(&r->summary, d);
}

/* Exchange names its default connectors "Default Frontend EX1" after the
 * server EX1. A policy for several hosts has the name without the server. */
static bool
same_connector(const struct recorded_session *s, const char *decided)
{
	size_t len = strlen(decided);

	if (ascii_same(decided, s->connector))
		return true;
	return s->server[0] != '\0' && strlen(s->connector) > len &&
	       s->connector[len] == ' ' &&
	       ascii_same(s->connector + len + 1, s->server) &&
	       strncasecmp(s->connector, decided, len) == 0;
}

/* What Exchange did that no reply says: the connector that it chose, and
 * whether its permissions let the client relay. */
static void
check_choice(struct replay *r, const struct recorded_session *s)
{
	const char *connector = session_connector(r->engine.session);
	bool relay =
	    (r->engine.rights & UINT32_C(1) << RIGHT_ANY_RECIPIENT) != 0;

	r->report.decisions++;
	if (connector == NULL)
		connector = "no connector";
	if (!same_connector(s, connector))
		report_missing(&r->report, s->file, s->line, "connector",
		    s->connector, connector);
	if (s->permissions.line == 0)
		return;
	r->report.decisions++;
	if (relay != s->permissions.relay)
		report_missing(&r->report, s->file, s->permissions.line,
		    "relay", s->permissions.relay ? "allowed" : "not allowed",
		    relay ? "allowed" : "not allowed");
}

/* Without the server there is nothing more to read. */
static int
play_via(struct replay *r, const struct recorded_session *session)
{
	int rc;

	progress_clear(&r->progress);
	rc = via_play(&r->via, r->ctl, session);
	if (rc > 0)
		results_unplayed(&r->results, session,
		    unplayable_reason((enum unplayable)rc));
	if (rc != PLAYABLE)
		r->failed = true;
	return rc < 0 ? STOP : 0;
}

static int
on_session(void *ctx, const struct recorded_session *session)
{
	struct replay *r = ctx;
	int rc;

	if (r->stopped)
		return STOP;
	progress_show(&r->progress, r->report.sessions, "sessions",
	    r->reading != NULL ? r->reading->lines.bytes : 0, r->size);
	results_session(&r->results, session);
	if (r->via.server != NULL)
		return play_via(r, session);
	if (r->other == NULL)
		summary_begin(&r->summary, session);
	if (r->other != NULL)
		rc = compare_play(&r->compare, session, r->now, &r->report);
	else
		rc = conversation_play(&r->with, session, r->now, &r->report);
	if (rc == 0 && r->other == NULL && session->connector != NULL)
		check_choice(r, session);
	summary_end(&r->summary);
	if (rc < 0)
		r->failed = true;
	else if (r->covered)
		coverage_touch(&r->coverage, r->engine.session);
	return 0;
}

static void
on_unreadable(void *ctx, const char *file, const char *why)
{
	struct replay *r = ctx;

	progress_clear(&r->progress);
	results_unreadable(&r->results, file, why);
	r->failed = true;
}

static void
on_complaint(void *ctx, const char *why)
{
	on_unreadable(ctx, "protocol log", why);
}

static void
replay_file(struct replay *r, const char *file)
{
	struct recordings recordings = {
		.session = on_session,
		.ctx = r,
		.logs = &r->logs,
	};
	char why[RECORDING_WHY_SIZE];
	struct stat st;
	int rc;

	if (r->stopped)
		return;
	r->size = stat(file, &st) == 0 && S_ISREG(st.st_mode)
		      ? (uint64_t)st.st_size
		      : 0;
	r->reading = &recordings;
	rc = recordings_read(&recordings, file, why);
	r->reading = NULL;
	r->stopped = rc == STOP;
	if (rc < 0)
		on_unreadable(r, file, why);
}

static int
is_session(const struct dirent *entry)
{
	return fnmatch("*.session", entry->d_name, 0) == 0 ||
	       fnmatch("RECV*.[Ll][Oo][Gg]", entry->d_name, 0) == 0;
}

static void
replay_folder(struct replay *r, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_session, alphasort);
	char why[RECORDING_WHY_SIZE];

	if (count <= 0) {
		snprintf(why, sizeof why, "%.120s: %s", folder,
		    count < 0 ? strerror(errno)
			      : "no file NAME.session, and no RECV*.log");
		on_unreadable(r, folder, why);
		if (count == 0)
			free(entries);
		return;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];
		int n = snprintf(
		    path, sizeof path, "%s/%s", folder, entries[i]->d_name);

		snprintf(why, sizeof why, "%.120s: %s", folder,
		    strerror(ENAMETOOLONG));
		if (n < (int)sizeof path)
			replay_file(r, path);
		else
			on_unreadable(r, folder, why);
		free(entries[i]);
	}
	free(entries);
}

static void
replay_path(struct replay *r, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode))
		replay_folder(r, path);
	else
		replay_file(r, path);
}

/* ---- The verb ---------------------------------------------------------- */

static void
on_untouched(void *ctx, const struct where *where, const char *connector,
    const struct netrange *range)
{
	char text[NETRANGE_TEXT_SIZE];
	struct replay *r = ctx;

	results_untouched(&r->results, where, connector,
	    range != NULL ? netrange_format(range, text) : NULL);
}

static int
replay_all(struct replay *r, char *const *paths, int count)
{
	struct protocol_log_counts counts;
	int status = STATUS_YES;

	for (int i = 0; i < count; i++)
		replay_path(r, paths[i]);
	r->size = 0;
	if (protocol_logs_read(&r->logs, on_unreadable, r) < 0)
		r->failed = true;
	progress_clear(&r->progress);
	counts = protocol_log_counts(r->logs.log);
	if (counts.files > 0 && r->via.server == NULL)
		r->results.summary = &r->summary;
	r->results.counts = &counts;
	if (r->covered)
		coverage_walk(&r->coverage, on_untouched, r);
	if (r->report.differences > 0 || r->results.untouched > 0)
		status = STATUS_NO;
	if (r->failed)
		status = STATUS_UNKNOWN;
	return results_end(&r->results, &r->report, status);
}

/* STATUS_YES, or the exit status after a complaint. */
static int
load(const struct ctl *ctl, const char *policy, struct engine *engine)
{
	struct ctl with = *ctl;
	struct ruleset *ruleset;
	int status;

	with.policy = policy;
	status = ctl_ruleset(&with, &ruleset);
	if (status == STATUS_YES && engine_init(engine, ruleset) < 0)
		status = ctl_complain(ctl, "out of memory");
	return status;
}

static int
prepare(struct replay *r)
{
	int status;

	r->report.ctx = r;
	r->report.difference = on_difference;
	r->via.live.report = &r->report;
	progress_init(&r->progress);
	r->sink = (struct protocol_log_sink){
		.ctx = r,
		.session = on_session,
		.complain = on_complaint,
	};
	if (protocol_logs_init(&r->logs, &r->sink) < 0 ||
	    summary_init(&r->summary) < 0)
		return ctl_complain(r->ctl, "out of memory");
	if (results_init(&r->results, r->ctl) < 0)
		return STATUS_UNKNOWN;
	r->results.other = r->other;
	r->results.coverage = r->covered;
	if (r->via.server != NULL)
		return via_open(&r->via, r->ctl);
	status = load(r->ctl, r->ctl->policy, &r->engine);
	if (status == STATUS_YES && r->other != NULL)
		status = load(r->ctl, r->other, &r->other_engine);
	if (status != STATUS_YES)
		return status;
	r->with = engine_conversation(&r->engine);
	if ((r->other != NULL &&
		compare_init(&r->compare, &r->engine, &r->other_engine) < 0) ||
	    (r->covered && coverage_init(&r->coverage, r->engine.ruleset) < 0))
		return ctl_complain(r->ctl, "out of memory");
	return STATUS_YES;
}

static int
replay(struct replay *r, char *const *paths, int count)
{
	int status = prepare(r);

	if (status == STATUS_YES)
		status = replay_all(r, paths, count);
	results_fini(&r->results);
	summary_fini(&r->summary);
	protocol_logs_fini(&r->logs);
	coverage_fini(&r->coverage);
	compare_fini(&r->compare);
	engine_fini(&r->other_engine);
	engine_fini(&r->engine);
	return status;
}

/* -1: go on; else the exit status. */
static int
take_option(struct replay *r, struct ctl *ctl, int option, const char *value)
{
	switch (option) {
	case 'A':
		if (clock_parse(value, &r->now) == 0)
			return -1;
		return ctl_usage(ctl,
		    "--at %s: write 2026-11-21T09:00:00Z, or 2026-11-21",
		    value);
	case 'C':
		r->other = value;
		return -1;
	case 'V':
		r->covered = true;
		return -1;
	case 'S':
		r->via.server = value;
		return -1;
	case 'D':
		r->via.live.delivers = true;
		return -1;
	case 'F':
		if (strcmp(value, "junit") != 0)
			break;
		ctl->format = FORMAT_JUNIT;
		return -1;
	default:
		break;
	}
	return ctl_option(ctl, option, value);
}

/* What does not go together. -1: all does; else the exit status. */
static int
check_options(const struct replay *r, const struct ctl *ctl)
{
	bool via = r->via.server != NULL;

	if (via && (r->covered || r->other != NULL))
		return ctl_usage(ctl,
		    "--via asks an MTA and no policy: it goes neither with "
		    "--compare nor with --coverage");
	if (r->via.live.delivers && !via)
		return ctl_usage(ctl, "--deliver goes with --via");
	return -1;
}

static int
replay_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "at", required_argument, NULL, 'A' },
		{ "compare", required_argument, NULL, 'C' },
		{ "coverage", no_argument, NULL, 'V' },
		{ "via", required_argument, NULL, 'S' },
		{ "deliver", no_argument, NULL, 'D' },
		CTL_OPTIONS,
		{ 0 },
	};
	struct ctl ctl;
	struct replay r = { .ctl = &ctl, .now = clock_now() };
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if ((status = take_option(&r, &ctl, c, optarg)) >= 0)
			return status;
	}
	if (optind >= argc)
		return ctl_usage(&ctl, "which recordings? write FILE or DIR");
	if ((status = check_options(&r, &ctl)) >= 0)
		return status;
	return replay(&r, argv + optind, argc - optind);
}

const struct verb verb_replay = {
	.name = "replay",
	.synopsis = "[--compare OTHER] [--coverage] [--at TIME] FILE...|DIR\n"
		    "       connectorctl replay --via HOST:PORT [--deliver] "
		    "FILE...|DIR",
	.summary = "Play recorded sessions against the policy, or an MTA.",
	.options =
	    "      --compare OTHER   another policy: where do the two differ?\n"
	    "      --coverage        which connectors and ranges no session "
	    "reached\n"
	    "      --via HOST:PORT   ask an MTA, by XCLIENT, up to RCPT and "
	    "RSET\n"
	    "      --deliver         send the messages, too: to loopback only\n"
	    "      --at TIME         the clock where a recording says none; "
	    "default now\n"
	    "      --format junit    a testcase a session\n",
	.run = replay_main,
};
