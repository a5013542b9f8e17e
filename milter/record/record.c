/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.c - one milter session as a recording.
 *
 * The form is that of connectorctl(8), RECORDED SESSIONS. A reply that was
 * made of what is not recorded stands there as a comment, so that a replay
 * does not miss it: a refusal at end of message (sizes, values), and 421
 * (how many others there were at that time). The next reply would be taken
 * for it, so after that the session is begun again.
 *
 * A recording holds no control byte: each is written as "?", and a comment
 * says so. A command that is refused with one is a comment as a whole, since
 * without the byte it would be another command.
 */
#include "record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	TEXT_MAX = 1 << 18, /* bytes of a session */
	TEXT_FIRST = 1024,
	NAME_MAX_SIZE = 512, /* who authenticated, who has a certificate */
};

/* A part of the text. */
struct text_span {
	size_t at, len;
};

struct session_record {
	struct recorder *recorder;
	struct recorder_text *text;
	bool spoiled; /* cannot be written down */
	bool decided; /* something was */
	bool values, from;
	bool mail, data; /* accepted, and not at its end */
	bool tls;
	bool again;    /* the session has to be begun again */
	bool replaced; /* a control byte was, and no comment says so yet */
	struct text_span connect, helo;
	size_t recipients;
	int64_t now;
	char auth[NAME_MAX_SIZE], cert[NAME_MAX_SIZE];
};

static bool
room_make(struct session_record *r, size_t more)
{
	size_t need = r->text->len + more, room = r->text->room;
	struct recorder_text *larger;

	if (need > TEXT_MAX)
		return false;
	while (room < need)
		room *= 2;
	if (room == r->text->room)
		return true;
	larger = recorder_text_resize(r->recorder, r->text, room);
	if (!larger)
		return false;
	r->text = larger;
	return true;
}

static bool
is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
}

static bool
has_control(const char *text)
{
	while (*text && !is_control(*text))
		text++;
	return *text;
}

/* Replaces what a recording may not hold; a line feed ends a line of ours, and
 * a tab folds a field. */
static void
controls_replace(struct session_record *r, char *text)
{
	for (; *text; text++)
		if (is_control(*text)) {
			*text = '?';
			r->replaced = true;
		}
}

static void add(struct session_record *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct session_record *r, const char *format, ...)
{
	va_list ap;
	int n;

	if (r->spoiled)
		return;
	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0 || !room_make(r, (size_t)n + 1)) {
		r->spoiled = true;
		return;
	}
	va_start(ap, format);
	vsnprintf(r->text->bytes + r->text->len, (size_t)n + 1, format, ap);
	va_end(ap);
	controls_replace(r, r->text->bytes + r->text->len);
	r->text->len += (size_t)n;
}

/* Adds what stands there already. */
static void
span_add(struct session_record *r, const struct text_span *span)
{
	if (r->spoiled || !room_make(r, span->len)) {
		r->spoiled = true;
		return;
	}
	memcpy(r->text->bytes + r->text->len, r->text->bytes + span->at,
	    span->len);
	r->text->len += span->len;
}

/* ---- What a line can hold -------------------------------------------- */

/* Whether text stays in its line, as it is. */
static bool
fits_line(const char *text)
{
	return !text[strcspn(text, "\r\n\t")] && *text != ' ';
}

static bool
fits_word(const char *text)
{
	return *text && !text[strcspn(text, " \r\n\t")];
}

/* A name is read up to the end of its line, less blanks. */
static bool
fits_name(const char *text)
{
	size_t len = strlen(text);

	return fits_line(text) && len < NAME_MAX_SIZE &&
	       (!len || text[len - 1] != ' ');
}

/* Whether a mailbox as typed is told from the parameters behind it: it has no
 * blank outside of quotes and angle brackets, and ends with them closed. */
static bool
fits_mailbox(const char *text)
{
	bool quoted = false;
	int depth = 0;

	if (!*text || !fits_line(text))
		return false;
	for (; *text; text++) {
		if (*text == '\\' && !text[1])
			return false;
		if (*text == '\\')
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*text == '<')
			depth++;
		else if (*text == '>' && depth)
			depth--;
		else if (*text == ' ' && !depth)
			return false;
	}
	return !quoted && !depth;
}

static bool
fits_field_name(const char *name)
{
	const char *c = name;

	while ((unsigned char)*c > ' ' && *c != 0x7f && *c != ':')
		c++;
	return !*c && c > name;
}

/* Lines behind the first have to begin with a blank. */
static bool
fits_value(const char *value)
{
	for (const char *c = value; (c = strpbrk(c, "\r\n")); c++)
		if (*c == '\r' || (c[1] != ' ' && c[1] != '\t'))
			return false;
	return true;
}

static void
require(struct session_record *r, bool fits)
{
	r->spoiled = r->spoiled || !fits;
}

/* ---- Stages ---------------------------------------------------------- */

static void
reply_add(
    struct session_record *r, const struct decision *d, const char *accepted)
{
	const struct reply *reply = &d->reply;
	const char *as = "S:";

	if (d->verdict == VERDICT_ACCEPT) {
		add(r, "S: %s\n", accepted);
		if (!reply->code)
			return;
		as = "# monitored:";
	} else if (!reply->code) {
		add(r, "S: 451\n");
		return;
	} else if (d->stage == STAGE_EOM || !strcmp(reply->code, "421")) {
		as = "# S:";
		r->again = true;
	}
	add(r, "%s %s %s %s\n", as, reply->code, reply->enhanced, reply->text);
}

static void
clock_add(struct session_record *r, int64_t now)
{
	time_t seconds = (time_t)now;
	char text[32];
	struct tm tm;

	if (now == r->now)
		return;
	r->now = now;
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	add(r, "at %s\n", text);
}

static void
endpoint_add(struct session_record *r, const char *before,
    const struct netaddr *a, int port)
{
	char text[NETADDR_TEXT_SIZE];
	bool bare = port < 0 || a->family != FAMILY_IPV6;

	if (a->family == FAMILY_NONE) {
		add(r, "%sunknown", before);
		return;
	}
	add(r, "%s%s%s%s", before, bare ? "" : "[", netaddr_format(a, text),
	    bare ? "" : "]");
	if (port >= 0)
		add(r, ":%d", port);
}

static void
connect_record(struct session_record *r, const struct session_event *e)
{
	struct listener local = e->connect.local;

	clock_add(r, e->now);
	r->connect.at = r->text->len;
	endpoint_add(r, "connect ", &e->connect.client, e->connect.client_port);
	/* Of an address that is not told, and a port that is. */
	if (local.addr.family == FAMILY_NONE && local.port)
		local.addr.family = FAMILY_IPV4;
	endpoint_add(r, " to ", &local.addr, local.port);
	add(r, "\n");
	r->connect.len = r->text->len - r->connect.at;
}

static void
session_begin_again(struct session_record *r)
{
	if (!r->again)
		return;
	span_add(r, &r->connect);
	span_add(r, &r->helo);
	*r->auth = *r->cert = '\0';
	r->tls = r->again = false;
}

/* Who it is, where that is new. */
static void
login_add(struct session_record *r, const struct session_event *e)
{
	const char *auth = e->mail.auth ? e->mail.auth : "";
	const char *cert = e->mail.cert ? e->mail.cert : "";

	/* Nobody loses these again but by a new session. */
	require(r, (*auth || !*r->auth) && (e->mail.tls || !r->tls));
	require(r, fits_name(auth) && fits_name(cert));
	require(r, !*cert || e->mail.tls);
	if (r->spoiled)
		return;
	if (strcmp(auth, r->auth) != 0)
		add(r, "auth %s\n", auth);
	if (e->mail.tls && (!r->tls || strcmp(cert, r->cert) != 0))
		add(r, "tls%s%s\n", *cert ? " " : "", cert);
	snprintf(r->auth, sizeof(r->auth), "%s", auth);
	snprintf(r->cert, sizeof(r->cert), "%s", cert);
	r->tls = e->mail.tls;
}

/* A command and its reply. */
static void
mailbox_record(struct session_record *r, const char *verb, const char *mailbox,
    const char *const *params, const struct decision *d)
{
	const struct reply *reply = &d->reply;

	if (d->verdict != VERDICT_ACCEPT && reply->code &&
	    has_control(mailbox)) {
		require(r, fits_line(mailbox));
		add(r, "# C: %s:%s\n# S: %s %s %s\n", verb, mailbox,
		    reply->code, reply->enhanced, reply->text);
		return;
	}
	require(r, fits_mailbox(mailbox));
	add(r, "C: %s:%s", verb, mailbox);
	for (; params && *params; params++) {
		require(r, fits_word(*params));
		add(r, " %s", *params);
	}
	add(r, "\n");
	reply_add(r, d, "250");
}

static void
transaction_end(struct session_record *r)
{
	r->mail = r->data = false;
	r->recipients = 0;
}

static void
mail_record(struct session_record *r, const struct session_event *e,
    const struct decision *d)
{
	transaction_end(r);
	session_begin_again(r);
	clock_add(r, e->now);
	login_add(r, e);
	mailbox_record(r, "MAIL FROM", e->mail.sender, e->mail.params, d);
	r->mail = d->verdict == VERDICT_ACCEPT;
	r->decided = true;
}

static void
rcpt_record(struct session_record *r, const struct session_event *e,
    const struct decision *d)
{
	if (!r->mail)
		return;
	mailbox_record(r, "RCPT TO", e->rcpt.recipient, e->rcpt.params, d);
	r->recipients += d->verdict == VERDICT_ACCEPT;
}

static void
data_record(struct session_record *r, const struct decision *d)
{
	if (!r->recipients || r->data)
		return;
	add(r, "C: DATA\n");
	reply_add(r, d, "354");
	r->data = d->verdict == VERDICT_ACCEPT;
}

/* Where the MTA has no DATA for filters, the message begins with what comes
 * next. */
static bool
message_begin(struct session_record *r)
{
	static const struct decision accepted = { .stage = STAGE_DATA,
		.verdict = VERDICT_ACCEPT };

	data_record(r, &accepted);
	return r->data;
}

static void
header_record(struct session_record *r, const struct session_event *e)
{
	const char *value = e->header.value, *name = e->header.name;
	bool from = r->from && !strcasecmp(name, "From");

	if (!message_begin(r))
		return;
	if (!r->values && !from)
		value = "-";
	require(r, fits_field_name(name) && fits_value(value));
	add(r, "C: %s%s: ", *name == '.' ? "." : "", name);
	for (size_t len; *value; value += len + (value[len] == '\n')) {
		len = strcspn(value, "\n");
		add(r, "%.*s%s", (int)len, value, value[len] ? "\nC: " : "");
	}
	add(r, "\n");
}

static void
message_record(struct session_record *r, const struct decision *d)
{
	if (!message_begin(r))
		return;
	add(r, "C:\nC: .\n");
	reply_add(r, d, "250");
	for (size_t i = 0; d->verdict == VERDICT_ACCEPT && i < d->nedits; i++) {
		const struct edit *edit = &d->edits[i];
		if (edit->type == EDIT_STAMP)
			add(r, "stamp %s: %s\n", edit->name, edit->value);
		else
			add(r, "strip %s\n", edit->name);
	}
	transaction_end(r);
}

static void
helo_record(struct session_record *r, const struct session_event *e)
{
	require(r, fits_line(e->helo.name));
	r->helo.len = 0; /* the one before is not begun with again */
	session_begin_again(r);
	r->helo.at = r->text->len;
	add(r, "C: EHLO %s\nS: 250\n", e->helo.name);
	r->helo.len = r->text->len - r->helo.at;
}

/* A message that was begun cannot be taken back in this form. */
static void
abort_record(struct session_record *r)
{
	if (r->data)
		add(r, "C:\nC: .\n# not sent to its end\n");
	else if (r->mail)
		add(r, "C: RSET\nS: 250\n");
	r->again = r->again || r->data;
	transaction_end(r);
}

/* ---- Together -------------------------------------------------------- */

struct session_record *
record_new(
    struct recorder *recorder, const char *id, const struct ruleset *ruleset)
{
	struct session_record *r = recorder ? calloc(1, sizeof(*r)) : NULL;

	if (!r)
		return NULL;
	r->recorder = recorder;
	r->values = recorder_values(recorder);
	r->from = ruleset_needs(ruleset) & NEED_FROM;
	r->text = recorder_text_resize(recorder, NULL, TEXT_FIRST);
	if (!r->text) {
		recorder_drop(recorder);
		free(r);
		return NULL;
	}
	add(r, "\n# session %s, policy %s\n", id, ruleset_id(ruleset));
	return r;
}

void
record_event(struct session_record *r, const struct session_event *e,
    const struct decision *d)
{
	if (!r || r->spoiled)
		return;
	switch (e->stage) {
	case STAGE_CONNECT:
		connect_record(r, e);
		break;
	case STAGE_HELO:
		helo_record(r, e);
		break;
	case STAGE_MAIL:
		mail_record(r, e, d);
		break;
	case STAGE_RCPT:
		rcpt_record(r, e, d);
		break;
	case STAGE_DATA:
		data_record(r, d);
		break;
	case STAGE_HEADER:
		header_record(r, e);
		break;
	case STAGE_EOM:
		message_record(r, d);
		break;
	case STAGE_ABORT:
		abort_record(r);
		break;
	case STAGE_EOH:
	case STAGE_BODY:
	case STAGE_COUNT:
		break;
	}
	if (!r->replaced || r->data)
		return;
	add(r, "# control bytes above were replaced by \"?\"\n");
	r->replaced = false;
}

void
record_end(struct session_record *r)
{
	if (!r)
		return;
	abort_record(r);
	if (r->spoiled)
		recorder_drop(r->recorder);
	if (r->spoiled || !r->decided)
		recorder_text_free(r->recorder, r->text);
	else
		recorder_put(r->recorder, r->text);
	free(r);
}
