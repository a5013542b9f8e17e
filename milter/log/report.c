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

static char *
hex_put(char *to, uint64_t number, int digits)
{
	while (digits--)
		*to++ = "0123456789abcdef"[number >> 4 * digits & 15];
	return to;
}

void
report_id(char id[REPORT_ID_SIZE])
{
	uint64_t number = atomic_fetch_add(&id_last, 1) + 1;
	int digits = 1;

	pthread_once(&id_once, id_start);
	while (digits < 16 && number >> 4 * digits)
		digits++;
	id = hex_put(id, id_prefix, 8);
	*id++ = '-';
	*hex_put(id, number, digits) = '\0';
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
	struct logvalue names;

	logvalue_init(&names);
	for (int i = 0; i < PRINCIPAL_COUNT; i++) {
		if (!(set & UINT32_C(1) << i))
			continue;
		if (names.len)
			logvalue_text(&names, ",");
		logvalue_text(&names, principal_name((enum principal)i));
	}
	logline_add(l, "principals", names.len ? names.text : NULL);
}

static void
params_add(struct logline *l, const char *const *params)
{
	struct logvalue text;

	logvalue_init(&text);
	for (; params && *params; params++) {
		if (text.len)
			logvalue_text(&text, " ");
		logvalue_text(&text, *params);
	}
	logline_add(l, "params", text.len ? text.text : NULL);
}

static void
where_add(struct logline *l, const struct where *w)
{
	struct logvalue at;

	if (!w->file)
		return;
	logvalue_init(&at);
	logvalue_text(&at, w->file);
	logvalue_text(&at, ":");
	logvalue_number(&at, w->line);
	logvalue_text(&at, ":");
	logvalue_number(&at, w->column);
	logline_add(l, "at", at.text);
}

static void
connect_add(struct logline *l, const struct session_event *e)
{
	const struct listener *local = &e->connect.local;
	bool ipv6 = local->addr.family == FAMILY_IPV6;
	struct logvalue text;
	char addr[NETADDR_TEXT_SIZE];

	if (e->connect.client_port >= 0)
		logline_number(l, "port", (uint64_t)e->connect.client_port);
	if (local->addr.family == FAMILY_NONE && local->port == 0)
		return;
	logvalue_init(&text);
	logvalue_text(&text, ipv6 ? "[" : "");
	logvalue_text(&text, netaddr_format(&local->addr, addr));
	logvalue_text(&text, ipv6 ? "]:" : ":");
	logvalue_number(&text, local->port);
	logline_add(l, "listener", text.text);
}

/* What else the decision was made of. Last in the line: what a client makes
 * too long costs it these and not the verdict. */
static void
facts_add(struct logline *l, const struct session_event *e)
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
reply_add(struct logline *l, const struct reply *r)
{
	char text[REPLY_TEXT_SIZE];

	if (r->code)
		logline_add(l, "reply", reply_format(r, text));
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
	logline_number(l, "strip", strips);
	logline_number(l, "stamp", stamps);
}

void
clocks_read(struct session_event *e)
{
	struct timespec t;

	e->now = (int64_t)time(NULL);
	/* To some milliseconds; it is read at each step of a session. */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
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

static void
texts_fill(struct report *r)
{
	const struct netrange *won = session_range(r->session, NULL);

	netaddr_format(&r->client, r->client_text);
	r->range_text[0] = '\0';
	if (won)
		netrange_format(won, r->range_text);
}

static int
decision_priority(const struct decision *d)
{
	if (d->verdict == VERDICT_REJECT || d->monitored)
		return LOG_NOTICE;
	return d->verdict == VERDICT_TEMPFAIL ? LOG_WARNING : LOG_INFO;
}

void
report_decision(struct report *r, const struct session_event *e,
    const struct decision *d, const char *argument)
{
	/* Large, and nothing of it is read that was not written. */
	struct logline l __attribute__((uninitialized));
	int priority = decision_priority(d);
	bool named = has_id(r, d);
	char id[REPORT_ID_SIZE];

	r->refusals += named;
	if (e->stage == STAGE_CONNECT)
		r->client_text[0] = '\0';
	if (priority > log_level() ||
	    (priority == LOG_INFO && !stage_is_logged(d->stage)))
		return;
	if (!r->client_text[0])
		texts_fill(r);
	logline_init(&l);
	logline_add(&l, "session", r->id);
	logline_add(&l, "id", named ? decision_id(r, id) : NULL);
	logline_add(&l, "via", r->via);
	logline_add(&l, "queue", r->queue);
	logline_add(&l, "client", r->client_text);
	if (e->stage == STAGE_MAIL) {
		logline_add(&l, "helo", r->helo);
		logline_add(&l, "auth", e->mail.auth);
	}
	logline_add(&l, "connector", session_connector(r->session));
	logline_add(&l, "range", r->range_text[0] ? r->range_text : NULL);
	principals_add(&l, session_principals(r->session));
	logline_add(&l, "stage", stage_name(d->stage));
	logline_add(&l, "argument", argument);
	logline_add(&l, "verdict", verdict_name(d->verdict));
	logline_add(&l, "monitored", d->monitored ? "yes" : NULL);
	logline_add(&l, "relay", d->relay ? "yes" : NULL);
	reply_add(&l, &d->reply);
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
