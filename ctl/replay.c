/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c - connectorctl replay: recorded sessions against the policy.
 *
 * Each session is fed to the engine in this process; nothing is sent and
 * nothing is written. A recording that cannot be read is 2, whatever the
 * others say.
 */
#include "ctl.h"
#include "engine.h"
#include "recordings.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct replay {
	const struct ctl *ctl;
	struct conversation with;
	struct engine engine;
	struct report report;
	json_t *differences; /* or NULL: text */
	int64_t now;
	bool failed;
};

static void
on_difference(void *ctx, const struct difference *d)
{
	struct replay *r = ctx;

	if (r->differences == NULL)
		fprintf(r->ctl->out, "%s:%u: %s: recorded %s, decided %s\n",
		    d->file, d->line, d->stage, d->recorded, d->decided);
	else if (json_array_append_new(r->differences,
		     json_pack("{s:s, s:I, s:s, s:s, s:s}", "file", d->file,
			 "line", (json_int_t)d->line, "stage", d->stage,
			 "recorded", d->recorded, "decided", d->decided)) < 0)
		r->failed = true;
}

static int
on_session(void *ctx, const struct recorded_session *session)
{
	struct replay *r = ctx;

	if (conversation_play(&r->with, session, r->now, &r->report) < 0)
		r->failed = true;
	return 0;
}

static void
replay_file(struct replay *r, const char *file)
{
	struct recordings recordings = { .session = on_session, .ctx = r };
	char why[RECORDING_WHY_SIZE];

	if (recordings_read(&recordings, file, why) < 0) {
		fprintf(r->ctl->err, "%s\n", why);
		r->failed = true;
	}
}

static int
is_session(const struct dirent *entry)
{
	static const char suffix[] = ".session";
	size_t n = strlen(entry->d_name), m = sizeof suffix - 1;

	return n > m && strcmp(entry->d_name + n - m, suffix) == 0;
}

static void
replay_folder(struct replay *r, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_session, alphasort);

	if (count <= 0) {
		ctl_complain(r->ctl, "%s: %s", folder,
		    count < 0 ? strerror(errno) : "no file NAME.session");
		r->failed = true;
		if (count == 0)
			free(entries);
		return;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];
		int n = snprintf(
		    path, sizeof path, "%s/%s", folder, entries[i]->d_name);

		if (n < (int)sizeof path)
			replay_file(r, path);
		else
			r->failed = true;
		free(entries[i]);
	}
	free(entries);
}

static void
replay_path(struct replay *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		replay_folder(r, path);
	else
		replay_file(r, path);
}

static int
finish(struct replay *r)
{
	const struct report *report = &r->report;
	int status = report->differences > 0 ? STATUS_NO : STATUS_YES;

	if (r->failed)
		status = STATUS_UNKNOWN;
	if (r->ctl->format == FORMAT_JSON)
		return ctl_print_json(r->ctl,
		    json_pack("{s:I, s:I, s:O}", "sessions",
			(json_int_t)report->sessions, "decisions",
			(json_int_t)report->decisions, "differences",
			r->differences),
		    status);
	fprintf(r->ctl->out, "%zu sessions, %zu decisions, %zu differences\n",
	    report->sessions, report->decisions, report->differences);
	return status;
}

static int
replay(struct replay *r, char *const *paths, int count)
{
	struct ruleset *ruleset;
	int status = ctl_ruleset(r->ctl, &ruleset);

	if (status != STATUS_YES)
		return status;
	if (engine_init(&r->engine, ruleset) < 0)
		return ctl_complain(r->ctl, "out of memory");
	r->with = engine_conversation(&r->engine);
	if (r->ctl->format == FORMAT_JSON &&
	    (r->differences = json_array()) == NULL) {
		status = ctl_complain(r->ctl, "out of memory");
	} else {
		for (int i = 0; i < count; i++)
			replay_path(r, paths[i]);
		status = finish(r);
	}
	json_decref(r->differences);
	engine_fini(&r->engine);
	return status;
}

static int
replay_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "at", required_argument, NULL, 'A' },
		CTL_OPTIONS,
		{ 0 },
	};
	struct ctl ctl;
	struct replay r = { .ctl = &ctl, .now = clock_now() };
	int c, status = -1;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (c != 'A')
			status = ctl_option(&ctl, c, optarg);
		else if (clock_parse(optarg, &r.now) < 0)
			status = ctl_usage(&ctl,
			    "--at %s: write 2026-11-21T09:00:00Z, or "
			    "2026-11-21",
			    optarg);
		if (status >= 0)
			return status;
	}
	if (optind >= argc)
		return ctl_usage(&ctl, "which recordings? write FILE or DIR");
	r.report.ctx = &r;
	r.report.difference = on_difference;
	return replay(&r, argv + optind, argc - optind);
}

const struct verb verb_replay = {
	.name = "replay",
	.synopsis = "[--at TIME] FILE...|DIR",
	.summary = "Play recorded sessions against the policy.",
	.options =
	    "      --at TIME         the clock where a recording says none; "
	    "default now\n",
	.run = replay_main,
};
