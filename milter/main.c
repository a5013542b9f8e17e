/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - connector-milter(8): from the command line to a running service
 * and to its end.
 *
 * The order matters: the policy, then the sockets, then the background, then
 * the user, then threads, then the service. Nothing is served before all of
 * it is there; nothing is forked once there is a thread. In the end the first
 * thread waits for the signals that end it, and takes no others: libmilter has
 * a thread that waits for the same, and Linux offers a signal to the first
 * thread before others only if that has none to look at; nothing is ready
 * before that thread waits, since it takes one that it finds as it begins.
 */
#include <stdbool.h>

#include <libmilter/mfapi.h>

#include "callbacks.h"
#include "control.h"
#include "endpoints.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "options.h"
#include "policyd.h"
#include "process.h"
#include "quota_file.h"
#include "recorder.h"
#include "reload.h"
#include "report.h"
#include "service.h"
#include "status.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_WRONG = 2,   /* usage; -t: the policy is not good */
	EXIT_POLICY = 78, /* EX_CONFIG of sysexits.h */
	/* Postfix sends header fields of up to 102,400 bytes, and more where
	 * header_size_limit says so; beyond its limit libmilter drops the
	 * connection without a word. */
	PACKET_MAX = 2 << 20,
	END_STEP_MS = 5,
	COUNTERS = 1 << 17, /* keys of limits: 8 MiB */
};

struct daemon {
	struct options options;
	struct identity identity;
	struct endpoints endpoints;
	struct service parts;
	bool restored; /* the policy is the last good one, not the file */
	struct policyd *policyd;
	struct control *controller;
	struct metrics *meter;
	struct quota_keeper *keeper;
	pthread_t reloads, service;
	atomic_bool ending; /* a signal said so */
	atomic_bool ended;  /* libmilter's part is */
	int rc;             /* and how */
};

/* Complains on standard error. */
static int
policy_read(struct store *store)
{
	struct diagnostics *list = diagnostics_new();
	int rc;

	if (!list)
		return -ENOMEM;
	rc = store_load(store, list);
	report_print(list);
	if (rc && !diagnostics_count(list, SEVERITY_ERROR))
		log_message(
		    LOG_ERR, "cannot load the policy: %s", strerror(-rc));
	diagnostics_free(list);
	return rc;
}

/* The file; where it is bad the last good policy, if that is kept. */
static int
policy_first(struct daemon *d)
{
	const char *folder = d->options.last_good;
	struct store *store = d->parts.store;
	struct diagnostics *list;
	int rc = folder ? store_recall(store, folder) : 0;

	if (rc && rc != -ENOENT)
		log_message(LOG_WARNING,
		    "%s: the last good policy there cannot be used: %s", folder,
		    strerror(-rc));
	rc = policy_read(store);
	list = diagnostics_new();
	if (!rc || !folder || !list || store_restore(store, list)) {
		diagnostics_free(list);
		return rc;
	}
	diagnostics_free(list);
	d->restored = true;
	return 0;
}

static void
policy_announce(struct store *store, const char *what)
{
	struct edition *e = store_get(store);
	const struct ruleset *r = edition_ruleset(e);
	struct logline l;

	logline_init(&l);
	logline_add(&l, "message", what);
	logline_add(&l, "file", ruleset_file(r));
	logline_add(&l, "policy", ruleset_id(r));
	log_line(LOG_NOTICE, &l);
	edition_unref(e);
}

static void *
service_run(void *ctx)
{
	struct daemon *d = ctx;

	/* Its signal thread closes the socket that its listener polls, which
	 * the listener now and then takes for a failure. */
	d->rc = smfi_main() == MI_SUCCESS || atomic_load(&d->ending) ? 0 : -EIO;
	atomic_store(&d->ended, true);
	ending_wake();
	return NULL;
}

/* libmilter learns of the signal as if it had got it first. But its listener
 * sleeps in poll() for up to five seconds before it looks, so that is
 * interrupted until it has looked. */
static void
service_end(struct daemon *d, int signal)
{
	const struct timespec step = { .tv_nsec = END_STEP_MS * 1000000L };

	log_message(LOG_NOTICE, "ending: signal %d", signal);
	atomic_store(&d->ending, true);
	ending_block();
	kill(getpid(), signal);
	while (!atomic_load(&d->ended)) {
		nanosleep(&step, NULL);
		pthread_kill(d->service, SIGNAL_WAKE);
	}
}

/* To the end of the service. A thread of its own: while the first thread has
 * a signal to look at, Linux offers the next one to libmilter. */
static void *
reloads_serve(void *ctx)
{
	struct daemon *d = ctx;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL_RELOAD);
	while (!sigwait(&set, &signal) && !atomic_load(&d->ended))
		reload_ask(d->parts.reload, RELOAD_SIGNAL);
	return NULL;
}

static int
threads_start(struct daemon *d)
{
	const struct endpoints *e = &d->endpoints;
	const struct reload_options reload = {
		.last_good = d->options.last_good,
		.restored = d->restored,
		.watch = d->options.watch,
	};
	int rc = log_start();

	if (!rc && d->options.quota_file)
		rc = quota_keeper_start(
		    d->options.quota_file, d->parts.table, &d->keeper);
	d->parts.started = (int64_t)time(NULL);
	d->parts.monotonic = monotonic_now();
	if (!rc)
		rc = reload_start(d->parts.store, &reload, &d->parts.reload);
	if (!rc && e->of[ENDPOINT_POLICY].wanted)
		rc = policyd_start(e->of[ENDPOINT_POLICY].fd, &d->parts,
		    &policyd_standard, &d->policyd);
	if (!rc && e->of[ENDPOINT_CONTROL].wanted)
		rc = control_start(
		    e->of[ENDPOINT_CONTROL].fd, &d->parts, &d->controller);
	if (!rc && e->of[ENDPOINT_METRICS].wanted)
		rc = metrics_start(
		    e->of[ENDPOINT_METRICS].fd, &d->parts, &d->meter);
	if (!rc)
		rc = -pthread_create(&d->reloads, NULL, reloads_serve, d);
	/* From here on a signal is this thread's: before libmilter waits. Only
	 * this thread's, so it is not allowed while another is made. */
	ending_allow();
	ending_block();
	if (!rc)
		rc = -pthread_create(&d->service, NULL, service_run, d);
	ending_allow();
	if (!rc)
		ending_settle();
	if (rc)
		log_message(
		    LOG_ERR, "cannot start a thread: %s", strerror(-rc));
	return rc;
}

static int
daemon_serve(struct daemon *d)
{
	int rc, signal;

	if (d->restored)
		log_message(LOG_ERR,
		    "%s is bad: the last good policy is in use until it is "
		    "mended; see connectorctl check",
		    d->options.policy);
	policy_announce(d->parts.store, "ready");
	process_ready();
	notify_ready("serving");
	signal = ending_wait();
	notify_stopping();
	if (signal)
		service_end(d, signal);
	pthread_join(d->service, NULL);
	rc = d->rc;
	pthread_kill(d->reloads, SIGNAL_RELOAD);
	pthread_join(d->reloads, NULL);
	policyd_stop(d->policyd);
	recorder_stop(d->parts.recorder);
	quota_keeper_stop(d->keeper);
	metrics_stop(d->meter);
	control_stop(d->controller);
	reload_stop(d->parts.reload);
	endpoints_remove(&d->endpoints);
	if (d->options.pid_file)
		(void)unlink(d->options.pid_file);
	log_message(
	    rc ? LOG_ERR : LOG_NOTICE, rc ? "libmilter gave up" : "ended");
	log_stop();
	/* The store stays: libmilter's workers may still be in a callback. */
	return rc;
}

/* A daemon works in /, so that it holds no file system. */
static int
policy_path(struct options *o)
{
	char *cwd, *full;
	size_t size;

	if (o->foreground || *o->policy == '/')
		return 0;
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return -errno;
	size = strlen(cwd) + strlen(o->policy) + 2;
	full = malloc(size);
	if (full)
		snprintf(full, size, "%s/%s", cwd, o->policy);
	free(cwd);
	if (!full)
		return -ENOMEM;
	o->policy = full; /* to the end of the process */
	return 0;
}

/* What counts, and the store. */
static int
parts_make(struct daemon *d)
{
	struct service *s = &d->parts;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	s->table = quota_file_table(d->options.quota_file, COUNTERS, seed);
	s->tally = tally_new();
	s->roster = roster_new();
	s->refused = refused_new();
	if (!s->table || !s->tally || !s->roster || !s->refused)
		return -ENOMEM;
	s->counters = counter_table_counters(s->table);
	return store_new(d->options.policy, s->tally, &s->store);
}

static int
recording_open(struct daemon *d)
{
	const struct options *o = &d->options;
	const struct recorder_limits limits = {
		.size = o->record_max_size,
		.days = o->record_max_days,
		.values = o->record_values,
	};
	int rc = recorder_open(o->record, &limits, &d->parts.recorder);

	if (rc)
		log_message(
		    LOG_ERR, "--record %s: %s", o->record, strerror(-rc));
	return rc;
}

static int
recording_start(struct daemon *d)
{
	int rc = recorder_start(d->parts.recorder);

	if (rc)
		log_message(LOG_ERR, "--record %s: %s", d->options.record,
		    strerror(-rc));
	return rc;
}

static int
daemon_prepare(struct daemon *d)
{
	const struct options *o = &d->options;

	if (endpoints_parse(&d->endpoints, o))
		return EXIT_WRONG;
	if (o->quota_file && *o->quota_file != '/') {
		log_message(LOG_ERR, "--quota-file %s: write a full path",
		    o->quota_file);
		return EXIT_WRONG;
	}
	if (o->last_good && *o->last_good != '/') {
		log_message(
		    LOG_ERR, "--last-good %s: write a full path", o->last_good);
		return EXIT_WRONG;
	}
	if (geteuid() == 0 && !o->user) {
		log_message(LOG_ERR,
		    "will not run as root: use -u USER (or, if it must be, "
		    "-u root)");
		return EXIT_WRONG;
	}
	if (o->user && identity_find(o->user, o->group, &d->identity))
		return EXIT_FAILED;
	if (policy_path(&d->options) || parts_make(d))
		return EXIT_FAILED;
	if (!o->allow_unsafe_permissions)
		store_guard(
		    d->parts.store, o->user ? d->identity.uid : geteuid());
	if (policy_first(d))
		return EXIT_POLICY;
	if (o->record && recording_open(d))
		return EXIT_FAILED;
	smfi_setmaxdatasize(PACKET_MAX);
	d->parts.tcp = spec_is_tcp(&d->endpoints.of[ENDPOINT_MILTER].spec);
	if (callbacks_register(&d->parts) ||
	    endpoints_open(&d->endpoints, o, &d->identity))
		return EXIT_FAILED;
	return EXIT_GOOD;
}

static int
daemon_run(struct daemon *d)
{
	const struct options *o = &d->options;
	int status = daemon_prepare(d);

	if (status)
		return status;
	process_signals();
	if (!o->foreground && process_background())
		return EXIT_FAILED;
	if (o->pid_file && pid_file_write(o->pid_file))
		return EXIT_FAILED;
	process_limits();
	if (process_drop(&d->identity))
		return EXIT_FAILED;
	if (faccessat(AT_FDCWD, o->policy, R_OK, AT_EACCESS))
		log_message(LOG_WARNING,
		    "%s: cannot be read by the user that the service runs "
		    "as; a reload will fail",
		    o->policy);
	if (d->parts.recorder && recording_start(d))
		return EXIT_FAILED;
	log_open(o->log, o->log_format, NULL);
	if (threads_start(d))
		return EXIT_FAILED;
	return daemon_serve(d) ? EXIT_FAILED : EXIT_GOOD;
}

static int
policy_test(const struct options *o)
{
	struct tally *tally = tally_new();
	struct store *store = NULL;
	int rc = tally ? store_new(o->policy, tally, &store) : -ENOMEM;

	if (!rc)
		rc = policy_read(store);
	store_free(store);
	tally_free(tally);
	return rc ? EXIT_WRONG : EXIT_GOOD;
}

int
main(int argc, char **argv)
{
	static struct daemon d;
	int wrong;

	if (process_streams())
		return EXIT_FAILED;
	switch (options_parse(&d.options, argc, argv)) {
	case OPTIONS_DONE:
		return EXIT_GOOD;
	case OPTIONS_WRONG:
		return EXIT_WRONG;
	case OPTIONS_RUN:
		break;
	}
	log_open(LOG_TARGET_STDERR, d.options.log_format, NULL);
	log_level_set(d.options.log_level);
	if (!d.options.test)
		return daemon_run(&d);
	/* Both are told of. */
	wrong = endpoints_parse(&d.endpoints, &d.options);
	return policy_test(&d.options) || wrong ? EXIT_WRONG : EXIT_GOOD;
}
