/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - a decision as a line of the log.
 */
#include "report.h"
#include "log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint32_t id_prefix;
static atomic_uint_fast64_t id_last;
static pthread_once_t id_once = PTHREAD_ONCE_INIT;

static void
id_start(void)
{
	if (getrandom(&id_prefix, sizeof(id_prefix), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(id_prefix))
		id_prefix = (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
}

void
report_id(char id[REPORT_ID_SIZE])
{
	pthread_once(&id_once, id_start);
	snprintf(id, REPORT_ID_SIZE, "%08" PRIx32 "-%" PRIxFAST64, id_prefix,
	    atomic_fetch_add(&id_last, 1) + 1);
}

const char *
reply_format(const struct reply *r, char buf[REPLY_TEXT_SIZE])
{
	buf[0] = '\0';
	if (r->code)
		snprintf(buf, REPLY_TEXT_SIZE, "%s%s%s%s%s", r->code,
		    r->enhanced ? " " : "", r->enhanced ? r->enhanced : "",
		    r->text ? " " : "", r->text ? r->text : "");
	return buf;
}

static void
principals_add(struct logline *l, principal_set set)
{
	char names[LOGLINE_VALUE_MAX] = "";
	size_t len = 0;

	for (int i = 0; i < PRINCIPAL_COUNT; i++) {
		const char *name = principal_name((enum principal)i);
		if (!(set & UINT32_C(1) << i) ||
		    len + strlen(name) + 2 > sizeof(names))
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len,
		    "%s%s", len ? "," : "", name);
	}
	logline_add(l, "principals", len ? names : NULL);
}

static void
where_add(struct logline *l, const struct where *w)
{
	if (w->file)
		logline_format(l, "at", "%s:%" PRIu32 ":%" PRIu32, w->file,
		    w->line, w->column);
}

static void
connect_add(struct logline *l, const struct event *e)
{
	const struct listener *local = &e->connect.local;
	bool ipv6 = local->addr.family == FAMILY_IPV6;
	char addr[NETADDR_TEXT_SIZE];

	if (e->connect.client_port >= 0)
		logline_format(l, "port", "%d", e->connect.client_port);
	if (local->addr.family != FAMILY_NONE || local->port != 0)
		logline_format(l, "listener", "%s%s%s:%u", ipv6 ? "[" : "",
		    netaddr_format(&local->addr, addr), ipv6 ? "]" : "",
		    local->port);
}

static void
params_add(struct logline *l, const char *const *params)
{
	char text[LOGLINE_VALUE_MAX + 2] = "";
	size_t len = 0;

	/* One byte too many shows as cut. */
	for (; params != NULL && *params != NULL && len + 1 < sizeof(text);
	     params++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    len ? " " : "", *params);
	logline_add(l, "params", len ? text : NULL);
}

/* What else the decision was made of. Last in the line: what a client makes
 * too long costs it these and not the verdict. */
static void
facts_add(struct logline *l, const struct event *e)
{
	if (e->stage == STAGE_CONNECT) {
		connect_add(l, e);
	} else if (e->stage == STAGE_MAIL) {
		logline_add(l, "tls", e->mail.tls ? "yes" : NULL);
		logline_add(l, "cert", e->mail.cert);
		params_add(l, e->mail.params);
	} else if (e->stage == STAGE_RCPT) {
		logline_add(l, "resolved", e->rcpt.resolved);
		logline_add(l, "mailer", e->rcpt.mailer);
	}
}

bool
stage_is_logged(enum stage stage)
{
	return stage == STAGE_CONNECT || stage == STAGE_MAIL ||
	       stage == STAGE_RCPT || stage == STAGE_EOM;
}

static void
edits_add(struct logline *l, const struct decision *d)
{
	size_t strips = 0, stamps = 0;

	if (d->stage != STAGE_EOM)
		return;
	for (size_t i = 0; i < d->nedits; i++) {
		if (d->edits[i].type == EDIT_STRIP)
			strips += d->edits[i].count;
		else
			stamps++;
	}
	logline_format(l, "strip", "%zu", strips);
	logline_format(l, "stamp", "%zu", stamps);
}

void
clocks_read(struct event *e)
{
	struct timespec t;

	e->now = (int64_t)time(NULL);
	clock_gettime(CLOCK_MONOTONIC, &t);
	e->ticks = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The last refusal's. */
static const char *
decision_id(const struct report *r, char id[REPORT_ID_SIZE])
{
	snprintf(id, REPORT_ID_SIZE, "%.18s.%u", r->id, r->refusals);
	return id;
}

static bool
has_id(const struct report *r, const struct decision *d)
{
	return d->reply.code && ruleset_reply_ids(session_ruleset(r->session));
}

void
report_identify(
    const struct report *r, struct decision *d, char buf[REPLY_TEXT_SIZE])
{
	char id[REPORT_ID_SIZE];

	if (!has_id(r, d))
		return;
	snprintf(
	    buf, REPLY_TEXT_SIZE, "%s [%s]", d->reply.text, decision_id(r, id));
	d->reply.text = buf;
}

void
report_decision(struct report *r, const struct event *e,
    const struct decision *d, const char *argument)
{
	char addr[NETADDR_TEXT_SIZE], range[NETRANGE_TEXT_SIZE];
	char reply[REPLY_TEXT_SIZE], id[REPORT_ID_SIZE];
	const struct netrange *won = session_range(r->session, NULL);
	int priority = LOG_INFO;
	struct logline l;

	if (d->verdict == VERDICT_ACCEPT && !d->monitored &&
	    !stage_is_logged(d->stage))
		return;
	if (d->verdict == VERDICT_REJECT || d->monitored)
		priority = LOG_NOTICE;
	else if (d->verdict == VERDICT_TEMPFAIL)
		priority = LOG_WARNING;
	logline_init(&l);
	logline_add(&l, "session", r->id);
	if (has_id(r, d)) {
		r->refusals++;
		logline_add(&l, "id", decision_id(r, id));
	}
	logline_add(&l, "via", r->via);
	logline_add(&l, "queue", r->queue);
	logline_add(&l, "client", netaddr_format(&r->client, addr));
	if (e->stage == STAGE_MAIL) {
		logline_add(&l, "helo", r->helo);
		logline_add(&l, "auth", e->mail.auth);
	}
	logline_add(&l, "connector", session_connector(r->session));
	logline_add(&l, "range", won ? netrange_format(won, range) : NULL);
	principals_add(&l, session_principals(r->session));
	logline_add(&l, "stage", stage_name(d->stage));
	logline_add(&l, "argument", argument);
	logline_add(&l, "verdict", verdict_name(d->verdict));
	if (d->monitored)
		logline_add(&l, "monitored", "yes");
	if (d->relay)
		logline_add(&l, "relay", "yes");
	if (d->reply.code)
		logline_add(&l, "reply", reply_format(&d->reply, reply));
	edits_add(&l, d);
	logline_add(&l, "right", d->right);
	logline_add(&l, "why", d->why);
	where_add(&l, &d->where);
	logline_add(&l, "policy", ruleset_id(session_ruleset(r->session)));
	facts_add(&l, e);
	log_line(priority, &l);
}

void
report_diagnostics(struct diagnostics *list)
{
	static const int priorities[] = {
		[SEVERITY_NOTE] = LOG_INFO,
		[SEVERITY_WARNING] = LOG_WARNING,
		[SEVERITY_ERROR] = LOG_ERR,
	};
	const struct diagnostic *d;

	for (size_t i = 0; (d = diagnostics_get(list, i)); i++) {
		struct logline l;

		logline_init(&l);
		logline_add(&l, "severity", severity_name(d->severity));
		logline_add(&l, "id", d->id);
		where_add(&l, &d->where);
		logline_add(&l, "message", d->message);
		log_line(priorities[d->severity], &l);
	}
}

void
report_print(struct diagnostics *list)
{
	const struct diagnostic *d;

	for (size_t i = 0; (d = diagnostics_get(list, i)); i++) {
		if (d->where.line)
			fprintf(stderr, "%s:%" PRIu32 ":%" PRIu32 ": ",
			    d->where.file, d->where.line, d->where.column);
		else if (d->where.file)
			fprintf(stderr, "%s: ", d->where.file);
		fprintf(stderr, "%s: %s [%s]\n", severity_name(d->severity),
		    d->message, d->id);
	}
}
