/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play_smtp.c - plays a session to a live MTA, line by line.
 *
 * Commands go out as they were typed, one at a time, and every recorded reply
 * is compared as it stands. smtp.c speaks the protocol; here is what makes a
 * session of this machine look like the recorded one.
 */
#include "play.h"
#include "smtp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { XCLIENT_SIZE = 480, EML_SIZE = 64 * 1024 * 1024 };

struct live {
	struct play *play;
	const char *file;
	struct smtp smtp;
	bool closed;
};

/* ---- What cannot be played -------------------------------------------- */

static enum unplayable
step_unplayable(const struct play *play, const struct step *step, bool begun)
{
	switch (step->type) {
	case STEP_AT:
		return UNPLAYABLE_AT;
	case STEP_TLS:
		return UNPLAYABLE_TLS;
	case STEP_STARTTLS:
		return UNPLAYABLE_AUTH_COMMAND;
	case STEP_AUTH:
		if (!play->xclient)
			return UNPLAYABLE_AUTH;
		return begun ? UNPLAYABLE_AUTH_LATER : PLAYABLE;
	case STEP_OTHER:
		return strncasecmp(step->text, "AUTH", 4) == 0
			   ? UNPLAYABLE_AUTH_COMMAND
			   : PLAYABLE;
	case STEP_MESSAGE:
		return step->message->nmarks > 0 && play->delivered == NULL
			   ? UNPLAYABLE_MARKS
			   : PLAYABLE;
	case STEP_BANNER:
	case STEP_HELO:
	case STEP_MAIL:
	case STEP_RCPT:
	case STEP_DATA:
	case STEP_RSET:
	case STEP_QUIT:
		break;
	}
	return PLAYABLE;
}

static bool
same_endpoint(
    const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static enum unplayable
source_unplayable(const struct play *play, const struct recorded_session *s)
{
	struct sockaddr_storage local;
	struct netaddr addr;
	socklen_t len;
	int port;

	if (play_endpoint(play, s->client_text, 0, &addr, &port) < 0 ||
	    !netaddr_is_loopback(&addr) ||
	    (addr.family == FAMILY_IPV6) != (play->mta.ss_family == AF_INET6))
		return UNPLAYABLE_CLIENT;
	if (s->local_text == NULL)
		return PLAYABLE;
	if (play_endpoint(play, s->local_text, 0, &addr, &port) < 0)
		return UNPLAYABLE_LISTENER;
	sockaddr_set(&addr, port, &local, &len);
	return same_endpoint(&local, &play->mta) ? PLAYABLE
						 : UNPLAYABLE_LISTENER;
}

enum unplayable
smtp_unplayable(const struct play *play, const struct recorded_session *s)
{
	enum unplayable why = PLAYABLE;
	bool begun = false;

	if (s->client_port == 0)
		return UNPLAYABLE_LOCAL;
	if (s->at != RECORDING_NOW)
		return UNPLAYABLE_AT;
	if (play->source)
		why = source_unplayable(play, s);
	for (size_t i = 0; i < s->nsteps && why == PLAYABLE; i++) {
		why = step_unplayable(play, &s->steps[i], begun);
		/* XCLIENT comes before all; a login after EHLO is that. */
		begun = begun || s->steps[i].type == STEP_MAIL;
	}
	return why;
}

/* ---- XCLIENT ---------------------------------------------------------- */

static int
add_attribute(char line[XCLIENT_SIZE], const char *name, const char *value)
{
	size_t used = strlen(line);
	int n =
	    snprintf(line + used, XCLIENT_SIZE - used, " %s=%s", name, value);

	return n < 0 || (size_t)n >= XCLIENT_SIZE - used ? -ENAMETOOLONG : 0;
}

static int
add_address(
    char line[XCLIENT_SIZE], const char *name, const struct netaddr *addr)
{
	char text[NETADDR_TEXT_SIZE], value[64];

	if (addr->family == FAMILY_NONE)
		return add_attribute(line, name, "[UNAVAILABLE]");
	snprintf(value, sizeof value, "%s%s",
	    addr->family == FAMILY_IPV6 ? "IPV6:" : "",
	    netaddr_format(addr, text));
	return add_attribute(line, name, value);
}

/* xtext, RFC 3461 section 4. */
static int
add_login(char line[XCLIENT_SIZE], const char *name)
{
	char value[256];
	size_t used = 0;

	for (; *name != '\0' && used + 4 < sizeof value; name++) {
		unsigned char c = (unsigned char)*name;

		if (c > ' ' && c < 0x7f && c != '+' && c != '=')
			value[used++] = (char)c;
		else
			used += (size_t)snprintf(
			    value + used, sizeof value - used, "+%02X", c);
	}
	value[used] = '\0';
	return *name != '\0' ? -ENAMETOOLONG
			     : add_attribute(line, "LOGIN", value);
}

static const char *
session_login(const struct recorded_session *s)
{
	for (size_t i = 0; i < s->nsteps; i++) {
		if (s->steps[i].type == STEP_AUTH)
			return s->steps[i].text;
	}
	return NULL;
}

/* Without "to" the listener is port 25, at an address that no policy names.
 */
static int
add_listener(const struct play *play, const struct recorded_session *s,
    char line[XCLIENT_SIZE])
{
	struct netaddr addr = { .lo = 1, .family = FAMILY_IPV6 };
	char text[8];
	int port = 25;

	if (s->local_text != NULL) {
		if (play_endpoint(play, s->local_text, 25, &addr, &port) < 0)
			return -EINVAL;
	} else if (s->client.family != FAMILY_IPV6) {
		addr =
		    (struct netaddr){ .lo = 0x7f000001, .family = FAMILY_IPV4 };
	}
	snprintf(text, sizeof text, "%d", port);
	return add_address(line, "DESTADDR", &addr) < 0 ||
		       add_attribute(line, "DESTPORT", text) < 0
		   ? -EINVAL
		   : 0;
}

static int
xclient_line(const struct play *play, const struct recorded_session *s,
    char line[XCLIENT_SIZE])
{
	const char *login = session_login(s);
	struct netaddr client;
	char text[8];
	int port;

	if (play_endpoint(
		play, s->client_text, s->client_port, &client, &port) < 0)
		return -EINVAL;
	snprintf(text, sizeof text, "%d", port);
	snprintf(line, XCLIENT_SIZE, "XCLIENT");
	if (add_attribute(line, "NAME", "[UNAVAILABLE]") < 0 ||
	    add_attribute(line, "PORT", text) < 0 ||
	    add_listener(play, s, line) < 0 ||
	    (login != NULL && add_login(line, login) < 0) ||
	    add_address(line, "ADDR", &client) < 0)
		return -EINVAL;
	return 0;
}

/* The greeting that follows is the one of the session. */
static int
impersonate(struct live *l, const struct recorded_session *s, struct answer *a)
{
	char line[XCLIENT_SIZE];
	int rc = smtp_command(&l->smtp, "EHLO player", a);

	if (rc < 0)
		return rc;
	if (!smtp_offers(&l->smtp, "ADDR") || !smtp_offers(&l->smtp, "PORT") ||
	    !smtp_offers(&l->smtp, "DESTADDR") ||
	    !smtp_offers(&l->smtp, "DESTPORT") ||
	    (session_login(s) != NULL && !smtp_offers(&l->smtp, "LOGIN")))
		return -EOPNOTSUPP;
	if ((rc = xclient_line(l->play, s, line)) < 0)
		return rc;
	if ((rc = smtp_command(&l->smtp, line, a)) < 0)
		return rc;
	return a->code[0] == '2' || a->code[0] == '4' ? 0 : -EPROTO;
}

/* ---- The dialogue ------------------------------------------------------ */

/* Words of acceptance that no filter has a say in. */
static bool
is_mta_only(const struct step *step)
{
	return step->type != STEP_MAIL && step->type != STEP_RCPT &&
	       step->type != STEP_MESSAGE &&
	       (step->expect.code[0] == '2' || step->expect.code[0] == '3');
}

static void
compare(struct live *l, const struct step *step, const struct answer *a)
{
	struct expect e = step->expect;

	if (is_mta_only(step)) {
		memcpy(e.code + 1, "xx", 2);
		e.enhanced = e.text = NULL;
	}
	if (l->play->mta_refuses && step->type == STEP_RCPT &&
	    (e.code[0] == '5' || e.code[0] == '4')) {
		memcpy(e.code + 1, "xx", 2);
		e.text = NULL;
		/* It may find fault with the address first, RFC 3463. */
		if (strncmp(a->enhanced, "5.1.", 4) == 0)
			e.enhanced = NULL;
	}
	report_reply(
	    &l->play->report, l->file, step_stage(step), &e, a, REPLY_EXACT);
}

static int
wait_delivered(const char *path, char **text)
{
	static const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	FILE *f = NULL;
	long size;

	for (int ms = 0; ms < WAIT_MS && f == NULL; ms += 20) {
		if ((f = fopen(path, "rb")) == NULL)
			nanosleep(&pause, NULL);
	}
	if (f == NULL)
		return -ETIMEDOUT;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    size > EML_SIZE || (*text = calloc(1, (size_t)size + 1)) == NULL) {
		fclose(f);
		return -EFBIG;
	}
	rewind(f);
	if (fread(*text, 1, (size_t)size, f) != (size_t)size) {
		free(*text);
		fclose(f);
		return -EIO;
	}
	fclose(f);
	return 0;
}

static int
check_delivered(struct live *l, const struct step *step, const char *id)
{
	struct report *r = &l->play->report;
	struct arena *arena = arena_new(0);
	struct field *fields = NULL;
	size_t count = 0;
	char path[1024], *text = NULL;
	int rc = arena == NULL ? -ENOMEM : 0;

	snprintf(path, sizeof path, "%s/%s.eml", l->play->delivered, id);
	if (rc == 0)
		rc = wait_delivered(path, &text);
	if (rc == 0)
		rc = fields_parse(arena, text, &fields, &count);
	if (rc == 0)
		report_marks(r, l->file, step->message, fields, count);
	else if (rc == -ETIMEDOUT)
		report_missing(r, l->file, step->line, step_stage(step),
		    "accepted", "not delivered in time");
	free(text);
	arena_free(arena);
	return rc == -ETIMEDOUT ? 0 : rc;
}

static int
play_message(struct live *l, const struct step *step)
{
	const struct recorded_message *m = step->message;
	struct play *play = l->play;
	char id[64], line[80];
	struct answer a;
	int rc;

	snprintf(id, sizeof id, "p%ld-%lld-%zu", (long)getpid(),
	    (long long)time(NULL), ++play->messages);
	snprintf(line, sizeof line, "X-Play-Id: %s", id);
	rc = play->delivered != NULL ? smtp_line(&l->smtp, line) : 0;
	for (size_t i = 0; i < m->nlines && rc == 0; i++)
		rc = smtp_line(&l->smtp, m->lines[i]);
	if (rc == 0)
		rc = smtp_end(&l->smtp, &a);
	if (rc < 0)
		return rc;
	if (step->expect.line == 0 && m->nmarks > 0)
		play->report.decisions++;
	compare(l, step, &a);
	l->closed = strcmp(a.code, "421") == 0;
	if (a.code[0] == '2')
		return play->delivered != NULL ? check_delivered(l, step, id)
					       : 0;
	report_refused(&play->report, l->file, m, 0);
	return 0;
}

/* The message after a DATA that was refused. */
static void
skip_message(struct live *l, const struct step *step)
{
	report_missing(&l->play->report, l->file, step->line, step_stage(step),
	    "a message", "DATA was refused");
}

static int
play_steps(struct live *l, const struct recorded_session *s)
{
	bool data = false; /* the MTA waits for a message */
	int rc = 0;

	for (size_t i = 0; i < s->nsteps && rc == 0; i++) {
		const struct step *step = &s->steps[i];
		struct answer a;

		if (step->type == STEP_AUTH || step->type == STEP_BANNER)
			continue;
		if (l->closed || (data && step->type != STEP_MESSAGE)) {
			report_missing(&l->play->report, l->file, step->line,
			    step_stage(step), "a command",
			    data ? "the MTA waits for a message"
				 : "the connection was closed");
			return 0;
		}
		if (step->type == STEP_MESSAGE && data) {
			rc = play_message(l, step);
			data = false;
			continue;
		}
		if (step->type == STEP_MESSAGE) {
			skip_message(l, step);
			continue;
		}
		if ((rc = smtp_command(&l->smtp, step->text, &a)) < 0)
			break;
		compare(l, step, &a);
		data = step->type == STEP_DATA && a.code[0] == '3';
		l->closed = strcmp(a.code, "421") == 0;
	}
	return rc;
}

static int
open_connection(
    struct live *l, const struct recorded_session *s, struct answer *a)
{
	struct sockaddr_storage from;
	struct netaddr addr;
	socklen_t len = 0;
	int port, rc;

	if (l->play->source) {
		rc = play_endpoint(l->play, s->client_text, 0, &addr, &port);
		if (rc < 0)
			return rc;
		sockaddr_set(&addr, 0, &from, &len);
	}
	rc =
	    smtp_open(&l->smtp, &l->play->mta, len != 0 ? &from : NULL, len, a);
	return rc == 0 && l->play->xclient ? impersonate(l, s, a) : rc;
}

int
play_smtp(struct play *play, const struct recorded_session *s)
{
	struct live l = { .play = play, .file = s->file };
	struct answer a;
	int rc = open_connection(&l, s, &a);

	if (rc == 0) {
		play->report.sessions++;
		if (s->nsteps > 0 && s->steps[0].type == STEP_BANNER)
			compare(&l, &s->steps[0], &a);
		l.closed = strcmp(a.code, "421") == 0;
		rc = play_steps(&l, s);
	}
	smtp_close(&l.smtp);
	if (rc < 0 && rc != -EOPNOTSUPP)
		fprintf(stderr, "%s:%u: %s: %s\n", s->file, s->line,
		    play->mta_text, strerror(-rc));
	return rc;
}
