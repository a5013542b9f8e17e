/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_log.c - connectorctl explain --log: what the daemon decided,
 * decided again.
 *
 * The facts of a session come from its lines in the log, and the engine must
 * answer what the log says that it did. What a log has not is not decided
 * again: the end of a message, a limit that counts, a value that was cut.
 */
#include "explain.h"
#include "log_reader.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DECIDED_SIZE = 640,
	HELO_SIZE = 8192,
	PARAMS = LOGGED_PAIRS,
};

struct log_replay {
	struct question *question;
	struct explained explained;
	struct explained_log log;
	bool connected;
	bool mail; /* a transaction was begun, and not with a cut line */
	char helo[HELO_SIZE]; /* that was fed last */
};

/* What a log holds may have come from anybody. */
static const char *
keep_text(struct log_replay *r, const char *text)
{
	char *copy = arena_text(r->explained.arena, text, strlen(text));

	return copy != NULL ? text_clean(copy) : NULL;
}

static int
keep_difference(struct log_replay *r, const struct logged *l, const char *stage,
    const char *logged, const char *decided)
{
	struct arena *arena = r->explained.arena;
	struct explained_log *log = &r->log;
	void *differences = log->differences;
	struct log_difference d = { .line = l->line, .stage = stage };

	d.logged = keep_text(r, logged);
	d.decided = keep_text(r, decided);
	if (d.logged == NULL || d.decided == NULL ||
	    arena_grow(arena, &differences, log->ndifferences, sizeof d) < 0)
		return -ENOMEM;
	log->differences = differences;
	log->differences[log->ndifferences++] = d;
	return 0;
}

/* ---- Comparing ------------------------------------------------------- */

/* "reject 550 5.7.1 Unable to relay" */
static const char *
outcome_format(char buf[DECIDED_SIZE], const char *verdict, const char *reply)
{
	snprintf(buf, DECIDED_SIZE, "%s%s%.512s", verdict,
	    reply[0] != '\0' ? " " : "", reply);
	return buf;
}

/* What an id of replies adds, and what is cut, stands at the end. */
static bool
reply_agrees(const char *logged, const char *decided)
{
	size_t len = strlen(decided);

	if (logged_cut(logged))
		len = strlen(logged) - strlen("...");
	return (len == 0) == (logged[0] == '\0') &&
	       strncmp(logged, decided, len) == 0;
}

static int
compare(struct log_replay *r, const struct logged *l, const struct decision *d)
{
	char was[DECIDED_SIZE], is[DECIDED_SIZE], text[DECIDED_SIZE] = "";
	const char *verdict = logged_get(l, "verdict");
	const char *reply = logged_get(l, "reply");
	const char *decided = verdict_name(d->verdict);

	if (d->reply.code != NULL)
		explain_reply_format(&d->reply, text, sizeof text);
	if (reply == NULL)
		reply = "";
	r->log.decided++;
	if (strcmp(verdict, decided) == 0 && reply_agrees(reply, text))
		return 0;
	return keep_difference(r, l, stage_name(d->stage),
	    outcome_format(was, verdict, reply),
	    outcome_format(is, decided, text));
}

static int
compare_connector(struct log_replay *r, const struct logged *l)
{
	const char *was = logged_get(l, "connector");
	const char *is = session_connector(r->explained.session);

	if (was == NULL)
		was = "none";
	if (is == NULL)
		is = "none";
	return strcmp(was, is) == 0
		   ? 0
		   : keep_difference(r, l, "connector", was, is);
}

/* ---- Lines to events ------------------------------------------------- */

static int
feed(struct log_replay *r, const struct logged *l, struct session_event event,
    bool asked, struct decision *d)
{
	const char *argument = logged_get(l, "argument"), *shown = NULL;

	if (l->time != RECORDING_NOW)
		r->question->now = l->time;
	if (argument != NULL && (shown = keep_text(r, argument)) == NULL)
		return -ENOMEM;
	return explained_feed(&r->explained, event, shown, asked, d);
}

/* "10.1.1.1:25", "[::1]:25"; an address that the MTA did not tell is "-". */
static bool
listener_parse(const char *text, struct listener *out)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr addr = { .family = FAMILY_NONE };
	int port = 0;

	if (strncmp(text, "-:", 2) == 0)
		port = atoi(text + 2);
	else if (recording_endpoint(text, &addr, &port, why) < 0)
		return false;
	if (port < 0 || port > UINT16_MAX)
		return false;
	*out = (struct listener){ .addr = addr, .port = (uint16_t)port };
	return true;
}

static int
take_connect(struct log_replay *r, const struct logged *l)
{
	const char *client = logged_get(l, "client");
	const char *port = logged_get(l, "port");
	const char *listener = logged_get(l, "listener");
	struct session_event event = { .stage = STAGE_CONNECT };
	char why[NETADDR_WHY_SIZE];
	struct decision d;
	int rc;

	if (client == NULL ||
	    (strcmp(client, "-") != 0 &&
		netaddr_parse(client, &event.connect.client, why) < 0) ||
	    (listener != NULL &&
		!listener_parse(listener, &event.connect.local)))
		return 0;
	event.connect.client_port = port != NULL ? atoi(port) : -1;
	r->question->client = event.connect.client;
	r->question->local = event.connect.local;
	r->connected = true;
	rc = feed(r, l, event, false, &d);
	if (rc == 0)
		rc = compare(r, l, &d);
	return rc < 0 ? rc : compare_connector(r, l);
}

/* HELO has a line of its own only where it is refused. */
static int
feed_helo(struct log_replay *r, const struct logged *l)
{
	struct session_event event = { .stage = STAGE_HELO };
	const char *name = logged_get(l, "helo"), *via = logged_get(l, "via");
	struct decision d;

	if (name == NULL && via != NULL && strcmp(via, "policy") == 0)
		name = "";
	if (name == NULL || (r->helo[0] != '\0' && strcmp(name, r->helo) == 0))
		return 0;
	snprintf(r->helo, sizeof r->helo, "%s", name);
	event.helo.name = name;
	if (l->time != RECORDING_NOW)
		r->question->now = l->time;
	return explained_feed(&r->explained, event, NULL, false, &d);
}

/* "SIZE=1 BODY=8BITMIME" to a list; takes the text apart. */
static void
params_split(char *text, const char *params[PARAMS + 1])
{
	char *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(text, " ", &save);
	     word != NULL && n < PARAMS; word = strtok_r(NULL, " ", &save))
		params[n++] = word;
	params[n] = NULL;
}

static int
take_mail(struct log_replay *r, const struct logged *l)
{
	struct session_event event = { .stage = STAGE_ABORT };
	const char *sender = logged_get(l, "argument");
	const char *params = logged_get(l, "params"), *list[PARAMS + 1];
	struct decision d;
	char *words;
	int rc;

	rc = explained_feed(&r->explained, event, NULL, false, &d);
	if (rc == 0)
		rc = feed_helo(r, l);
	r->mail = sender != NULL && !logged_cut(sender) &&
		  (params == NULL || !logged_cut(params));
	if (rc < 0 || !r->mail)
		return rc;
	words = arena_text(r->explained.arena, params != NULL ? params : "",
	    params != NULL ? strlen(params) : 0);
	if (words == NULL)
		return -ENOMEM;
	params_split(words, list);
	event = (struct session_event){ .stage = STAGE_MAIL };
	event.mail.sender = sender;
	event.mail.params = list;
	event.mail.auth = logged_get(l, "auth");
	event.mail.tls = logged_get(l, "tls") != NULL;
	event.mail.cert = logged_get(l, "cert");
	rc = feed(r, l, event, true, &d);
	return rc < 0 ? rc : compare(r, l, &d);
}

static int
take_rcpt(struct log_replay *r, const struct logged *l)
{
	struct session_event event = { .stage = STAGE_RCPT };
	struct decision d;
	int rc;

	event.rcpt.recipient = logged_get(l, "argument");
	event.rcpt.resolved = logged_get(l, "resolved");
	event.rcpt.mailer = logged_get(l, "mailer");
	if (!r->mail || event.rcpt.recipient == NULL ||
	    logged_cut(event.rcpt.recipient) ||
	    (event.rcpt.resolved != NULL && logged_cut(event.rcpt.resolved)))
		return 0;
	rc = feed(r, l, event, true, &d);
	return rc < 0 ? rc : compare(r, l, &d);
}

static int
take_line(void *ctx, const struct logged *l)
{
	static const struct {
		enum stage stage;
		int (*take)(struct log_replay *, const struct logged *);
	} takers[] = {
		{ STAGE_CONNECT, take_connect },
		{ STAGE_MAIL, take_mail },
		{ STAGE_RCPT, take_rcpt },
	};
	struct log_replay *r = ctx;
	const char *stage = logged_get(l, "stage");
	const char *reply = logged_get(l, "reply");
	const char *policy = logged_get(l, "policy");

	if (stage == NULL || logged_get(l, "verdict") == NULL)
		return 0;
	r->log.lines++;
	if (policy != NULL) {
		snprintf(r->log.policy, sizeof r->log.policy, "%s", policy);
		text_clean(r->log.policy);
	}
	/* 421 is said of what was counted, and ends the session. */
	if (reply != NULL && strncmp(reply, "421", 3) == 0)
		return 0;
	for (size_t i = 0; i < sizeof takers / sizeof *takers; i++) {
		if (strcmp(stage, stage_name(takers[i].stage)) == 0 &&
		    (r->connected || takers[i].stage == STAGE_CONNECT))
			return takers[i].take(r, l);
	}
	return 0;
}

/* ---- The whole ------------------------------------------------------- */

static int
read_log(const struct ctl *ctl, struct log_replay *r)
{
	const struct question *q = r->question;
	bool input = strcmp(q->log, "-") == 0;
	FILE *file = input ? stdin : fopen(q->log, "re");
	int rc;

	if (file == NULL)
		return ctl_complain(ctl, "%s: %s", q->log, strerror(errno));
	rc = log_read(file, q->id, take_line, r);
	if (!input)
		fclose(file);
	if (rc == 0 && r->explained.failed)
		rc = -ENOMEM;
	if (rc < 0)
		return ctl_complain(ctl, "%s: %s", q->log, strerror(-rc));
	if (r->log.lines == 0)
		return ctl_complain(ctl,
		    "%s says nothing of session %s; its name is what follows "
		    "session= in a line of the log",
		    q->log, q->id);
	if (!r->connected)
		return ctl_complain(ctl,
		    "%s: the line of connect of session %s is not there; is "
		    "it in the log before? Try: cat OLDER %s | connectorctl "
		    "explain --log - %s",
		    q->log, q->id, q->log, q->id);
	return STATUS_YES;
}

int
explain_log(const struct ctl *ctl, struct question *q)
{
	struct log_replay r = { .question = q };
	struct ruleset *ruleset;
	int status = ctl_ruleset(ctl, &ruleset);

	if (status != STATUS_YES)
		return status;
	if (explained_init(&r.explained, q, ruleset) < 0) {
		status = ctl_complain(ctl, "out of memory");
	} else {
		r.explained.log = &r.log;
		status = read_log(ctl, &r);
		if (status == STATUS_YES)
			status = explain_print(ctl, &r.explained);
		explained_fini(&r.explained);
	}
	ruleset_unref(ruleset);
	return status;
}
