/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c - connectorctl replay: recorded sessions against the policy.
 *
 * Each session is fed to the engine in this process; nothing is sent and
 * nothing is written. A recording that cannot be read is 2, whatever the
 * others say.
 */
#include "conversation.h"
#include "ctl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { COUNTERS = 4096 }; /* keys that recordings may count */

/* ---- The engine as a partner in conversation -------------------------- */

struct engine {
	struct ruleset *ruleset;
	struct session *session;
	struct arena *arena; /* of one message's outcome */
	struct counters counters;
};

static void
feed(struct engine *e, struct event event,
    const struct conversation_state *state, struct decision *d,
    struct answer *a)
{
	event.now = state->now;
	event.ticks = (uint64_t)state->now * 1000;
	session_feed(e->session, &event, d);
	if (d->verdict != VERDICT_ACCEPT)
		answer_set(a, &d->reply);
}

static int
engine_connect(void *ctx, const struct recorded_session *recorded,
    const struct conversation_state *state, struct answer *a)
{
	struct event event = { .stage = STAGE_CONNECT };
	struct engine *e = ctx;
	struct decision d;

	session_free(e->session);
	if ((e->session = session_new(e->ruleset)) == NULL)
		return -ENOMEM;
	session_count(e->session, &e->counters);
	event.connect.client = recorded->client;
	event.connect.client_port = recorded->client_port;
	event.connect.local = recorded->local;
	feed(e, event, state, &d, a);
	return 0;
}

static int
engine_command(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a)
{
	struct event event = { .stage = STAGE_DATA };
	struct decision d;

	if (step->type == STEP_HELO) {
		event.stage = STAGE_HELO;
		event.helo.name = step->argument;
	} else if (step->type == STEP_MAIL) {
		event.stage = STAGE_MAIL;
		event.mail.sender = step->argument;
		event.mail.params = (const char *const *)step->params;
		event.mail.auth = state->auth;
		event.mail.tls = state->tls;
		event.mail.cert = state->tls_name;
	} else if (step->type == STEP_RCPT) {
		event.stage = STAGE_RCPT;
		event.rcpt.recipient = step->argument;
		event.rcpt.params = (const char *const *)step->params;
	}
	feed(ctx, event, state, &d, a);
	return 0;
}

static int
engine_message(void *ctx, const struct step *step,
    const struct conversation_state *state, struct answer *a,
    const struct field **fields, size_t *count)
{
	const struct recorded_message *m = step->message;
	struct decision d = { .verdict = VERDICT_ACCEPT };
	struct engine *e = ctx;
	struct field *out;

	for (size_t i = 0; i < m->nfields && d.verdict == VERDICT_ACCEPT; i++) {
		struct event event = { .stage = STAGE_HEADER };

		event.header.name = m->fields[i].name;
		event.header.value = m->fields[i].value;
		feed(e, event, state, &d, a);
	}
	if (d.verdict == VERDICT_ACCEPT)
		feed(e, (struct event){ .stage = STAGE_EOH }, state, &d, a);
	if (d.verdict == VERDICT_ACCEPT && m->body_bytes > 0) {
		struct event event = { .stage = STAGE_BODY };

		event.body.bytes = m->body_bytes;
		feed(e, event, state, &d, a);
	}
	if (d.verdict == VERDICT_ACCEPT)
		feed(e, (struct event){ .stage = STAGE_EOM }, state, &d, a);
	if (d.verdict != VERDICT_ACCEPT)
		return 0;
	arena_reset(e->arena);
	if (fields_apply(e->arena, m, d.edits, d.nedits, &out, count) < 0)
		return -ENOMEM;
	*fields = out;
	return 0;
}

static int
engine_abort(void *ctx, const struct conversation_state *state)
{
	struct answer a;
	struct decision d;

	feed(ctx, (struct event){ .stage = STAGE_ABORT }, state, &d, &a);
	return 0;
}

/* ---- Files ----------------------------------------------------------- */

struct replay {
	const struct ctl *ctl;
	struct conversation with;
	struct engine engine;
	struct counter_table *table;
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

static void
replay_file(struct replay *r, const char *file)
{
	struct recording *recording;
	char why[RECORDING_WHY_SIZE];

	if (recording_load(file, &recording, why) < 0) {
		fprintf(r->ctl->err, "%s\n", why);
		r->failed = true;
		return;
	}
	for (size_t i = 0; i < recording->count; i++) {
		if (conversation_play(&r->with, recording->file,
			&recording->sessions[i], r->now, &r->report) < 0)
			r->failed = true;
	}
	recording_free(recording);
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
	int status = ctl_ruleset(r->ctl, &r->engine.ruleset);

	if (status != STATUS_YES)
		return status;
	r->engine.arena = arena_new(0);
	r->table = counter_table_new(COUNTERS, 0);
	if (r->table != NULL)
		r->engine.counters = counter_table_counters(r->table);
	if (r->ctl->format == FORMAT_JSON)
		r->differences = json_array();
	if (r->engine.arena == NULL || r->table == NULL ||
	    (r->ctl->format == FORMAT_JSON && r->differences == NULL)) {
		status = ctl_complain(r->ctl, "out of memory");
	} else {
		for (int i = 0; i < count; i++)
			replay_path(r, paths[i]);
		status = finish(r);
	}
	json_decref(r->differences);
	session_free(r->engine.session);
	counter_table_free(r->table);
	arena_free(r->engine.arena);
	ruleset_unref(r->engine.ruleset);
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
	r.with = (struct conversation){
		.ctx = &r.engine,
		.connect = engine_connect,
		.command = engine_command,
		.message = engine_message,
		.abort = engine_abort,
	};
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
