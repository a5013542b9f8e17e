/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording.c - reads recorded sessions, line by line.
 *
 * The reader knows which command a reply belongs to (the n-th of a group of
 * pipelined commands has the n-th reply, RFC 2920) and where a message begins
 * and ends. What it does not understand it refuses with the line's number; it
 * never guesses. fields.c takes the messages apart.
 */
#include "recording.h"
#include "fields.h"
#include "files.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CLIENT_PORT = 49152 }; /* where a recording does not say one */

enum state { STATE_COMMANDS, STATE_DATA, STATE_MESSAGE };

struct parser {
	struct recording *recording;
	struct arena *arena;
	char *why;
	uint32_t line;
	int64_t at;
	struct recorded_session *session;
	enum state state;
	bool replied;    /* a reply came since the last command */
	bool multiline;  /* the last reply goes on */
	size_t awaiting; /* index of the step that the next reply is for */
	struct recorded_message *message; /* the last one, for its marks */
};

static int complain(struct parser *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
complain(struct parser *p, const char *format, ...)
{
	va_list ap;
	int n = snprintf(p->why, RECORDING_WHY_SIZE,
	    "%.120s:%u: ", p->recording->file, p->line);

	va_start(ap, format);
	vsnprintf(p->why + n, (size_t)(RECORDING_WHY_SIZE - n), format, ap);
	va_end(ap);
	for (char *c = p->why; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return -EINVAL;
}

static int
no_memory(struct parser *p)
{
	complain(p, "out of memory");
	return -ENOMEM;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* A word of the line, and what is behind it. NULL: out of memory. */
static char *
take_word(struct parser *p, const char **s)
{
	size_t len;
	char *word;

	*s = skip_blanks(*s);
	len = strcspn(*s, " \t");
	word = arena_text(p->arena, *s, len);
	*s = skip_blanks(*s + len);
	return word;
}

static int
add_step(
    struct parser *p, enum step_type type, const char *text, struct step **out)
{
	struct recorded_session *s = p->session;
	void *steps = s->steps;
	char *copy = arena_text(p->arena, text, strlen(text));
	struct step *step;

	if (copy == NULL ||
	    arena_grow(p->arena, &steps, s->nsteps, sizeof *s->steps) < 0)
		return no_memory(p);
	s->steps = steps;
	step = &s->steps[s->nsteps++];
	memset(step, 0, sizeof *step);
	step->type = type;
	step->line = p->line;
	step->text = copy;
	*out = step;
	return 0;
}

/* ---- connect, auth, tls, at ------------------------------------------ */

static int
parse_sides(struct parser *p, struct recorded_session *s, const char *to)
{
	char why[NETADDR_WHY_SIZE];
	int port = CLIENT_PORT;

	if (recording_endpoint(s->client_text, &s->client, &port, why) < 0)
		return complain(p, "connect %.60s: %s", s->client_text, why);
	s->client_port = port;
	s->local.addr.family =
	    s->client.family == FAMILY_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;
	s->local.port = 25;
	if (to == NULL)
		return 0;
	s->local_text = to;
	port = 0;
	if (recording_endpoint(to, &s->local.addr, &port, why) < 0)
		return complain(p, "connect to %.60s: %s", to, why);
	if (port == 0 || s->local.addr.family == FAMILY_NONE)
		return complain(p, "connect to %.60s: write IP:PORT", to);
	s->local.port = (uint16_t)port;
	return 0;
}

static int
on_connect(struct parser *p, const char *rest)
{
	struct recording *r = p->recording;
	struct recorded_session *s;
	void *sessions = r->sessions;
	const char *word, *to = NULL;

	if (arena_grow(p->arena, &sessions, r->count, sizeof *r->sessions) < 0)
		return no_memory(p);
	r->sessions = sessions;
	s = &r->sessions[r->count];
	memset(s, 0, sizeof *s);
	s->line = p->line;
	s->at = p->at;
	if ((s->client_text = take_word(p, &rest)) == NULL)
		return no_memory(p);
	if (*s->client_text == '\0')
		return complain(p, "write connect IP[:PORT] [to IP:PORT]");
	if (*rest != '\0') {
		if ((word = take_word(p, &rest)) == NULL ||
		    (to = take_word(p, &rest)) == NULL)
			return no_memory(p);
		if (strcmp(word, "to") != 0 || *to == '\0' || *rest != '\0')
			return complain(
			    p, "write connect IP[:PORT] [to IP:PORT]");
	}
	if (parse_sides(p, s, to) < 0)
		return -EINVAL;
	r->count++;
	p->session = s;
	p->state = STATE_COMMANDS;
	p->replied = true;
	p->awaiting = 0;
	p->message = NULL;
	return 0;
}

static int
on_auth(struct parser *p, const char *rest)
{
	struct step *step;

	if (*rest == '\0')
		return complain(p, "write auth NAME");
	return add_step(p, STEP_AUTH, rest, &step);
}

static int
on_tls(struct parser *p, const char *rest)
{
	struct step *step;

	return add_step(p, STEP_TLS, rest, &step);
}

static int
on_at(struct parser *p, const char *rest)
{
	struct step *step;
	int64_t at;

	if (clock_parse(rest, &at) < 0)
		return complain(
		    p, "write at 2026-11-21T09:00:00Z, or at 2026-11-21");
	p->at = at;
	if (p->session == NULL)
		return 0;
	if (add_step(p, STEP_AT, rest, &step) < 0)
		return -ENOMEM;
	step->at = at;
	return 0;
}

/* ---- strip, stamp, nostamp, keep ------------------------------------- */

static int
add_mark(struct parser *p, enum mark_type type, const char *rest)
{
	int rc;

	if (p->message == NULL)
		return complain(
		    p, "no message stands before this line, in this session");
	rc = fields_mark(p->arena, p->message, type, p->line, rest);
	if (rc == -EINVAL && type == MARK_STAMP)
		return complain(p, "write stamp NAME: value");
	if (rc == -EINVAL)
		return complain(p, "write the name of one header field");
	if (rc == -ENOENT)
		return complain(
		    p, "the message has no field %.60s: nothing to see", rest);
	return rc < 0 ? no_memory(p) : 0;
}

static int
on_strip(struct parser *p, const char *rest)
{
	return add_mark(p, MARK_STRIP, rest);
}

static int
on_stamp(struct parser *p, const char *rest)
{
	return add_mark(p, MARK_STAMP, rest);
}

static int
on_nostamp(struct parser *p, const char *rest)
{
	return add_mark(p, MARK_NOSTAMP, rest);
}

static int
on_keep(struct parser *p, const char *rest)
{
	return add_mark(p, MARK_KEEP, rest);
}

/* ---- C: lines -------------------------------------------------------- */

/* The end of a mailbox as typed: the first blank outside quotes and angle
 * brackets. */
static size_t
mailbox_length(const char *s)
{
	bool quoted = false;
	int depth = 0;
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if (s[i] == '\\' && s[i + 1] != '\0')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (s[i] == '<')
			depth++;
		else if (s[i] == '>' && depth > 0)
			depth--;
		else if (s[i] == ' ' && depth == 0)
			break;
	}
	return i;
}

/* "<a@b> SIZE=1 BODY=8BITMIME" to argument and parameters. */
static int
split_mailbox(struct parser *p, struct step *step, const char *s)
{
	size_t len, count = 0;
	void *params = NULL;
	const char *word = "";

	s = skip_blanks(s);
	len = mailbox_length(s);
	if ((step->argument = arena_text(p->arena, s, len)) == NULL)
		return no_memory(p);
	s = skip_blanks(s + len);
	while (word != NULL) {
		word = *s != '\0' ? take_word(p, &s) : NULL;
		if (arena_grow(p->arena, &params, count, sizeof word) < 0)
			return no_memory(p);
		step->params = params;
		step->params[count++] = word;
	}
	return 0;
}

static const struct {
	const char *verb; /* with "FROM:" and "TO:" where a mailbox follows */
	enum step_type type;
} verbs[] = {
	{ "EHLO", STEP_HELO },
	{ "HELO", STEP_HELO },
	{ "LHLO", STEP_HELO },
	{ "MAIL FROM:", STEP_MAIL },
	{ "RCPT TO:", STEP_RCPT },
	{ "DATA", STEP_DATA },
	{ "RSET", STEP_RSET },
	{ "QUIT", STEP_QUIT },
	{ "STARTTLS", STEP_STARTTLS },
};

static int
on_command(struct parser *p, const char *text)
{
	enum step_type type = STEP_OTHER;
	const char *rest = "";
	struct step *step;

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		size_t len = strlen(verbs[i].verb);

		if (strncasecmp(text, verbs[i].verb, len) != 0)
			continue;
		rest = text + len;
		if (verbs[i].verb[len - 1] != ':' && *rest != ' ' &&
		    *rest != '\0')
			continue;
		type = verbs[i].type;
		break;
	}
	if (add_step(p, type, text, &step) < 0)
		return -ENOMEM;
	if (p->replied) {
		p->awaiting = p->session->nsteps - 1;
		p->replied = false;
	}
	if (type == STEP_DATA)
		p->state = STATE_DATA;
	if (type == STEP_MAIL || type == STEP_RCPT)
		return split_mailbox(p, step, rest);
	rest = skip_blanks(rest);
	step->argument = arena_text(p->arena, rest, strlen(rest));
	return step->argument == NULL ? no_memory(p) : 0;
}

static int
begin_message(struct parser *p)
{
	struct step *step;

	if (add_step(p, STEP_MESSAGE, ".", &step) < 0 ||
	    (step->message = arena_alloc(p->arena, sizeof *step->message)) ==
		NULL)
		return no_memory(p);
	p->message = step->message;
	p->awaiting = p->session->nsteps - 1;
	p->replied = false;
	p->state = STATE_MESSAGE;
	return 0;
}

static int
on_client(struct parser *p, const char *text)
{
	if (p->multiline)
		return complain(p, "the reply before this line is not at its "
				   "end: its last line has no dash");
	if (*text == ' ')
		text++;
	/* DATA ends a group (RFC 2920 section 3.1), so without a reply the
	 * next line is of the message. */
	if (p->state == STATE_DATA && begin_message(p) < 0)
		return -ENOMEM;
	if (p->state == STATE_COMMANDS)
		return *text == '\0' ? complain(p, "an empty command")
				     : on_command(p, text);
	if (strcmp(text, ".") == 0) {
		p->state = STATE_COMMANDS;
		return fields_split(p->arena, p->message) < 0 ? no_memory(p)
							      : 0;
	}
	if (fields_line(p->arena, p->message, text + (*text == '.')) < 0)
		return no_memory(p);
	return 0;
}

/* ---- S: lines -------------------------------------------------------- */

static size_t
enhanced_length(const char *s)
{
	size_t len = strspn(s, "0123456789.");
	int dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && (i == 0 || !is_digit(s[i - 1])))
			return 0;
		dots += s[i] == '.';
	}
	if (dots != 2 || strchr("245", s[0]) == NULL || s[1] != '.' ||
	    !is_digit(s[len - 1]) || (s[len] != ' ' && s[len] != '\0'))
		return 0;
	return len;
}

static bool
is_code(const char *s)
{
	if (s[0] < '2' || s[0] > '5')
		return false;
	if ((!is_digit(s[1]) || !is_digit(s[2])) &&
	    strncmp(s + 1, "xx", 2) != 0)
		return false;
	return s[3] == ' ' || s[3] == '-' || s[3] == '\0';
}

static int
fill_expect(struct parser *p, struct expect *e, const char *text)
{
	const char *s = text + 3;
	size_t len;

	if (e->line == 0)
		e->line = p->line;
	else if (strncmp(e->code, text, 3) != 0)
		return complain(
		    p, "one reply, two codes: %s and %.3s", e->code, text);
	memcpy(e->code, text, 3);
	e->recorded = arena_text(p->arena, text, strlen(text));
	s = skip_blanks(*s == '-' ? s + 1 : s);
	e->enhanced = NULL;
	e->text = NULL;
	if ((len = enhanced_length(s)) != 0) {
		e->enhanced = arena_text(p->arena, s, len);
		if (e->enhanced == NULL)
			return no_memory(p);
		s = skip_blanks(s + len);
	}
	for (len = strlen(s); len > 0 && s[len - 1] == ' '; len--)
		;
	if (len != 0 && (e->text = arena_text(p->arena, s, len)) == NULL)
		return no_memory(p);
	return e->recorded == NULL ? no_memory(p) : 0;
}

static bool
takes_reply(const struct step *step)
{
	return step->type != STEP_AUTH && step->type != STEP_TLS &&
	       step->type != STEP_AT;
}

static int
on_server(struct parser *p, const char *text)
{
	struct recorded_session *s = p->session;
	struct step *step;

	text = skip_blanks(text);
	if (p->state == STATE_MESSAGE)
		return complain(p, "a reply within a message: C: . is missing");
	if (!is_code(text))
		return complain(p, "a reply begins with three digits");
	if (s->nsteps == 0 && add_step(p, STEP_BANNER, "", &step) < 0)
		return -ENOMEM;
	while (p->awaiting < s->nsteps && !takes_reply(&s->steps[p->awaiting]))
		p->awaiting++;
	if (p->awaiting >= s->nsteps)
		return complain(p, "a reply without a command before it");
	step = &s->steps[p->awaiting];
	if (fill_expect(p, &step->expect, text) < 0)
		return -EINVAL;
	p->multiline = text[3] == '-';
	p->replied = true;
	if (p->multiline)
		return 0;
	p->awaiting++;
	if (step->type == STEP_DATA) {
		p->state = STATE_COMMANDS;
		if (text[0] == '3')
			return begin_message(p);
	}
	return 0;
}

/* ---- Lines ----------------------------------------------------------- */

static const struct word {
	const char *name;
	int (*take)(struct parser *, const char *rest);
	bool anywhere; /* before connect too */
} words[] = {
	{ "connect", on_connect, true },
	{ "at", on_at, true },
	{ "auth", on_auth, false },
	{ "tls", on_tls, false },
	{ "strip", on_strip, false },
	{ "stamp", on_stamp, false },
	{ "nostamp", on_nostamp, false },
	{ "keep", on_keep, false },
	{ "C:", on_client, false },
	{ "S:", on_server, false },
};

static int
parse_line(struct parser *p, char *line)
{
	bool dialogue = line[0] != '\0' && line[1] == ':';
	size_t len = dialogue ? 2 : strcspn(line, " \t");
	char *end = line + strlen(line);

	if (line[0] == '#' || *skip_blanks(line) == '\0')
		return 0;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const struct word *w = &words[i];

		if (strlen(w->name) != len || memcmp(line, w->name, len) != 0)
			continue;
		if (p->session == NULL && !w->anywhere)
			return complain(p, "%s before connect", w->name);
		if (dialogue)
			return w->take(p, line + len);
		if (p->state == STATE_MESSAGE)
			return complain(
			    p, "%s within a message: C: . is missing", w->name);
		while (end > line + len && strchr(" \t", end[-1]) != NULL)
			*--end = '\0';
		return w->take(p, skip_blanks(line + len));
	}
	return complain(p, "not understood; a line begins with C:, S:, #, "
			   "connect, auth, tls, at, strip, stamp, nostamp or "
			   "keep");
}

static int
parse_lines(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len;
	char *line = malloc(RECORDING_LINE_SIZE);
	int rc = line == NULL ? no_memory(p) : 0;

	while (rc == 0 && text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl != NULL ? nl : end) - text);

		p->line++;
		if (n >= RECORDING_LINE_SIZE) {
			rc = complain(p, "longer than %d bytes",
			    (int)RECORDING_LINE_SIZE);
			break;
		}
		memcpy(line, text, n);
		line[n] = '\0';
		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (memchr(text, '\0', n) != NULL)
			rc = complain(p, "a NUL byte");
		else
			rc = parse_line(p, line);
		text += n + 1;
	}
	free(line);
	return rc;
}

int
recording_parse(const char *file, const char *text, size_t len,
    struct recording **out, char why[RECORDING_WHY_SIZE])
{
	struct recording *r = calloc(1, sizeof *r);
	struct parser p = { .recording = r, .why = why, .at = RECORDING_NOW };
	int rc = -ENOMEM;

	if (r == NULL || (r->arena = p.arena = arena_new(0)) == NULL ||
	    (r->file = arena_text(p.arena, file, strlen(file))) == NULL) {
		snprintf(why, RECORDING_WHY_SIZE, "out of memory");
		recording_free(r);
		return -ENOMEM;
	}
	rc = parse_lines(&p, text, len);
	if (rc == 0 && r->count == 0)
		rc = complain(&p, "no session: no line begins with connect");
	if (rc == 0 && p.multiline)
		rc = complain(&p, "the last reply is not at its end");
	if (rc == 0 && p.state == STATE_MESSAGE)
		rc = complain(&p, "the last message is not at its end");
	if (rc < 0) {
		recording_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
recording_free(struct recording *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	free(r);
}

int
recording_load(
    const char *file, struct recording **out, char why[RECORDING_WHY_SIZE])
{
	struct files files;
	struct reader reader;
	char *text;
	size_t len;
	int rc;

	files_init(&files, file);
	reader = files_reader(&files);
	rc = reader.read(reader.ctx, file, RECORDING_SIZE, &text, &len);
	if (rc < 0) {
		snprintf(
		    why, RECORDING_WHY_SIZE, "%.120s: %s", file, strerror(-rc));
		return rc;
	}
	rc = recording_parse(file, text, len, out, why);
	free(text);
	return rc;
}
