/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.c - loads the policy again, in a thread of its own.
 */
#include "reload.h"
#include "diff.h"
#include "log.h"
#include "notify.h"
#include "report.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct reload {
	pthread_t thread;
	struct store *store;
	struct reload_options options;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t asked;
	bool stopping;
	enum reload_by by; /* who asked last */
	struct reload_state state;
	json_t *report;
	void (*done)(void *ctx); /* or NULL */
	void *ctx;

	/* Of the thread: what the files were, and what they seem to become. */
	uint64_t mark, pending;
};

static const char *const names_by[] = {
	[RELOAD_SIGNAL] = "signal",
	[RELOAD_CONTROL] = "control",
	[RELOAD_WATCH] = "watch",
};

const char *
time_format(int64_t t, char buf[TIME_TEXT_SIZE])
{
	const time_t seconds = (time_t)t;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(buf, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

static json_t *
findings_json(struct diagnostics *list)
{
	json_t *all = json_array();
	const struct diagnostic *d;

	for (size_t i = 0; list && (d = diagnostics_get(list, i)); i++)
		json_array_append_new(all,
		    json_pack("{s:s, s:s, s:s?, s:I, s:I, s:s}", "id", d->id,
			"severity", severity_name(d->severity), "file",
			d->where.file, "line", (json_int_t)d->where.line,
			"column", (json_int_t)d->where.column, "message",
			d->message));
	return all;
}

/* What a load has changed in meaning. */
struct reload_change {
	enum relation relation;
	bool new_relay;
	char summary[256];
};

static void
change_find(const struct ruleset *old, const struct ruleset *new,
    struct reload_change *change)
{
	struct difference *d;
	int rc = difference_find(old, new, (int64_t)time(NULL), &d);

	*change = (struct reload_change){ .relation = RELATION_INCOMPARABLE };
	if (rc) {
		snprintf(change->summary, sizeof(change->summary),
		    "not known: %s", strerror(-rc));
		return;
	}
	change->relation = difference_relation(d);
	change->new_relay = difference_new_relay(d);
	snprintf(change->summary, sizeof(change->summary), "%s",
	    difference_summary(d));
	difference_free(d);
}

static void
load_log(const struct ruleset *old, const struct ruleset *new,
    enum reload_by by, int rc, const struct reload_change *change)
{
	struct logline l;

	logline_init(&l);
	logline_add(&l, "message",
	    rc ? "the policy was not reloaded; the old one stays"
	       : "the policy was reloaded");
	logline_add(&l, "by", names_by[by]);
	logline_add(&l, "file", ruleset_file(new));
	logline_add(&l, "policy", ruleset_id(new));
	if (!rc) {
		logline_add(&l, "old", ruleset_id(old));
		logline_add(&l, "change", change->summary);
	}
	log_line(rc ? LOG_ERR : LOG_NOTICE, &l);
}

/* 0, or why the policy that is good could not be kept for the next start. */
static int
good_save(struct reload *r)
{
	int rc = store_keep(r->store, r->options.last_good);

	if (rc)
		log_message(LOG_ERR,
		    "%s: cannot keep the good policy there: %s",
		    r->options.last_good, strerror(-rc));
	return rc;
}

static json_t *
load_report(const struct ruleset *old, const struct ruleset *new,
    enum reload_by by, int rc, const struct reload_change *change,
    struct diagnostics *list)
{
	char now[TIME_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o}",
	    "time", time_format((int64_t)time(NULL), now), "by", names_by[by],
	    "result", rc ? "bad" : "good", "old", ruleset_id(old), "new",
	    ruleset_id(new), "relation", relation_name(change->relation),
	    "change", change->summary, "new_relay", change->new_relay,
	    "findings", findings_json(list));
}

static void
load_note(struct reload *r, uint64_t ticket, int rc, bool saved, json_t *report)
{
	json_t *old;

	pthread_mutex_lock(&r->lock);
	old = r->report;
	r->report = report;
	r->state.failed = rc != 0;
	*(rc ? &r->state.bad : &r->state.good) += 1;
	if (!rc) {
		r->state.restored = false;
		r->state.unsaved = !saved;
	}
	r->state.done = ticket;
	if (r->done)
		r->done(r->ctx);
	pthread_mutex_unlock(&r->lock);
	json_decref(old);
}

static void
load_run(struct reload *r, uint64_t ticket, enum reload_by by)
{
	struct edition *before = store_get(r->store), *after;
	const struct ruleset *old = edition_ruleset(before), *new;
	struct diagnostics *list = diagnostics_new();
	struct reload_change change = { .summary = "none" };
	bool saved = true;
	int rc;

	notify_reloading();
	rc = list ? store_load(r->store, list) : -ENOMEM;
	after = store_get(r->store);
	new = edition_ruleset(after);
	if (list)
		report_diagnostics(list);
	if (rc && !(list && diagnostics_count(list, SEVERITY_ERROR)))
		log_message(
		    LOG_ERR, "cannot load the policy: %s", strerror(-rc));
	if (!rc) {
		change_find(old, new, &change);
		saved = !good_save(r);
	}
	load_log(old, new, by, rc, &change);
	r->mark = r->pending = store_mark(r->store);
	load_note(
	    r, ticket, rc, saved, load_report(old, new, by, rc, &change, list));
	notify_ready(
	    rc ? "the policy was not reloaded: see the log" : "serving");
	diagnostics_free(list);
	edition_unref(before);
	edition_unref(after);
	/* Two rulesets and a comparison were here: glibc would keep that. */
	(void)malloc_trim(0);
}

/* Whether the files have changed, and not again since the last look: who
 * writes a file in place is done with it. */
static bool
files_settled(struct reload *r)
{
	uint64_t now = store_mark_now(r->store);
	bool settled = now != r->mark && now == r->pending;

	r->pending = now;
	return settled;
}

/* True: a ticket is to be served. False: nobody asked for so long. */
static bool
ask_wait(struct reload *r)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)r->options.watch;
	while (!r->stopping && r->state.asked == r->state.done && !rc)
		rc = r->options.watch
			 ? pthread_cond_timedwait(&r->asked, &r->lock, &until)
			 : pthread_cond_wait(&r->asked, &r->lock);
	return r->state.asked != r->state.done;
}

static void *
reload_run(void *ctx)
{
	struct reload *r = ctx;
	enum reload_by by;
	uint64_t ticket;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		bool asked = ask_wait(r);
		if (r->stopping)
			break;
		ticket = r->state.asked;
		by = asked ? r->by : RELOAD_WATCH;
		pthread_mutex_unlock(&r->lock);
		if (asked || files_settled(r))
			load_run(r, ticket, by);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void
reload_free(struct reload *r)
{
	json_decref(r->report);
	pthread_cond_destroy(&r->asked);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

int
reload_start(struct store *store, const struct reload_options *options,
    struct reload **out)
{
	struct reload *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;
	int rc;

	if (!r)
		return -ENOMEM;
	r->store = store;
	r->options = *options;
	r->state.restored = options->restored;
	r->mark = r->pending = store_mark(store);
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	/* Nobody's watch stops when the time of day is set. */
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->asked, &attr);
	pthread_condattr_destroy(&attr);
	r->state.unsaved = good_save(r) != 0;
	rc = -pthread_create(&r->thread, NULL, reload_run, r);
	if (rc) {
		reload_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
reload_stop(struct reload *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->asked);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	reload_free(r);
}

void
reload_listen(struct reload *r, void (*done)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&r->lock);
	r->done = done;
	r->ctx = ctx;
	pthread_mutex_unlock(&r->lock);
}

uint64_t
reload_ask(struct reload *r, enum reload_by by)
{
	uint64_t ticket;

	pthread_mutex_lock(&r->lock);
	ticket = ++r->state.asked;
	r->by = by;
	pthread_cond_signal(&r->asked);
	pthread_mutex_unlock(&r->lock);
	return ticket;
}

struct reload_state
reload_state(struct reload *r)
{
	struct reload_state state;

	pthread_mutex_lock(&r->lock);
	state = r->state;
	pthread_mutex_unlock(&r->lock);
	return state;
}

json_t *
reload_report(struct reload *r)
{
	json_t *report;

	pthread_mutex_lock(&r->lock);
	report = json_incref(r->report);
	pthread_mutex_unlock(&r->lock);
	return report;
}
