/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording.c - reads recorded sessions, line by line.
 *
 * Here are the lines, and the words beside the dialogue; dialogue.c has the
 * rest. What is not understood is refused with the line's number; nothing is
 * guessed.
 */
#include "fields.h"
#include "parser.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum {
	ARENA_BLOCK = 64 * 1024, /* most sessions fit: no malloc for the next */
	CLIENT_PORT = 49152,     /* where a recording does not say one */
};

int
parser_complain(struct parser *p, const char *format, ...)
{
	va_list ap;
	int n =
	    snprintf(p->why, RECORDING_WHY_SIZE, "%.120s:%u: ", p->lines->name,
		p->lines->line > 0 ? p->lines->line : 1);

	va_start(ap, format);
	vsnprintf(p->why + n, (size_t)(RECORDING_WHY_SIZE - n), format, ap);
	va_end(ap);
	text_clean(p->why);
	return -EINVAL;
}

int
parser_no_memory(struct parser *p)
{
	parser_complain(p, "out of memory");
	return -ENOMEM;
}

int
parser_step(
    struct parser *p, enum step_type type, const char *text, struct step **out)
{
	struct recorded_session *s = &p->session;
	void *steps = s->steps;
	struct step *step;

	if (arena_grow(p->arena, &steps, s->nsteps, sizeof *s->steps) < 0)
		return parser_no_memory(p);
	s->steps = steps;
	step = &s->steps[s->nsteps++];
	step->type = type;
	step->line = p->lines->line;
	step->text = text;
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
		return parser_complain(
		    p, "connect %.60s: %s", s->client_text, why);
	s->client_port = port;
	s->local.addr.family =
	    s->client.family == FAMILY_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;
	/* A local submission came by no listener. */
	s->local.port = port == 0 ? 0 : 25;
	if (to == NULL)
		return 0;
	s->local_text = to;
	port = -1;
	if (recording_endpoint(to, &s->local.addr, &port, why) < 0)
		return parser_complain(p, "connect to %.60s: %s", to, why);
	if (port < 0 && s->local.addr.family == FAMILY_NONE)
		port = 0;
	if (port < 0)
		return parser_complain(
		    p, "connect to %.60s: write IP:PORT", to);
	s->local.port = (uint16_t)port;
	return 0;
}

/* The session that is open has come to its end. */
static int
end_session(struct parser *p)
{
	int rc = p->session.line == 0 ? 0 : p->session_end(p->ctx, &p->session);

	p->session.line = 0;
	arena_reset(p->arena);
	return rc;
}

/* Cuts off the first word of a line; answers what is behind it. */
static char *
cut_word(char *line)
{
	while (*line != '\0' && *line != ' ' && *line != '\t')
		line++;
	while (*line == ' ' || *line == '\t')
		*line++ = '\0';
	return line;
}

static int
parse_connect(struct parser *p, char *rest)
{
	struct recorded_session *s = &p->session;
	char *word, *to = NULL;
	bool odd = *rest == '\0';

	s->client_text = rest;
	rest = cut_word(rest);
	if (*rest != '\0') {
		word = rest;
		to = cut_word(word);
		odd = strcmp(word, "to") != 0 || *to == '\0' ||
		      *cut_word(to) != '\0';
	}
	if (odd)
		return parser_complain(
		    p, "write connect IP[:PORT] [to IP:PORT]");
	return parse_sides(p, s, to);
}

static int
on_connect(struct parser *p, char *rest)
{
	p->session = (struct recorded_session){
		.file = p->lines->name,
		.line = p->lines->line,
		.at = p->at,
	};
	if (p->title[0] != '\0') {
		p->session.title =
		    arena_text(p->arena, p->title, strlen(p->title));
		if (p->session.title == NULL)
			return parser_no_memory(p);
	}
	p->begin = p->lines->bytes;
	p->state = STATE_COMMANDS;
	p->replied = true;
	p->awaiting = 0;
	p->message = NULL;
	p->any = true;
	return parse_connect(p, rest);
}

static int
on_auth(struct parser *p, char *rest)
{
	struct step *step;

	if (*rest == '\0')
		return parser_complain(p, "write auth NAME");
	return parser_step(p, STEP_AUTH, rest, &step);
}

static int
on_tls(struct parser *p, char *rest)
{
	struct step *step;

	return parser_step(p, STEP_TLS, rest, &step);
}

static int
on_at(struct parser *p, char *rest)
{
	struct step *step;
	int64_t at;

	if (clock_parse(rest, &at) < 0)
		return parser_complain(
		    p, "write at 2026-11-21T09:00:00Z, or at 2026-11-21");
	p->at = at;
	if (p->session.line == 0)
		return 0;
	if (parser_step(p, STEP_AT, rest, &step) < 0)
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
		return parser_complain(
		    p, "no message stands before this line, in this session");
	rc = fields_mark(p->arena, p->message, type, p->lines->line, rest);
	if (rc == -EINVAL && type == MARK_STAMP)
		return parser_complain(p, "write stamp NAME: value");
	if (rc == -EINVAL)
		return parser_complain(p, "write the name of one header field");
	if (rc == -ENOENT)
		return parser_complain(
		    p, "the message has no field %.60s: nothing to see", rest);
	return rc < 0 ? parser_no_memory(p) : 0;
}

static int
on_strip(struct parser *p, char *rest)
{
	return add_mark(p, MARK_STRIP, rest);
}

static int
on_stamp(struct parser *p, char *rest)
{
	return add_mark(p, MARK_STAMP, rest);
}

static int
on_nostamp(struct parser *p, char *rest)
{
	return add_mark(p, MARK_NOSTAMP, rest);
}

static int
on_keep(struct parser *p, char *rest)
{
	return add_mark(p, MARK_KEEP, rest);
}

/* ---- Lines ----------------------------------------------------------- */

static const struct directive {
	const char *name;
	int (*take)(struct parser *, char *rest);
	bool anywhere; /* before connect too */
} words[] = {
	{ "C:", dialogue_client, false },
	{ "S:", dialogue_server, false },
	{ "connect", on_connect, true },
	{ "at", on_at, true },
	{ "auth", on_auth, false },
	{ "tls", on_tls, false },
	{ "strip", on_strip, false },
	{ "stamp", on_stamp, false },
	{ "nostamp", on_nostamp, false },
	{ "keep", on_keep, false },
};

static const struct directive *
find_word(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *name = words[i].name;
		size_t same = 0;

		while (same < len && name[same] == text[same])
			same++;
		if (same == len && name[same] == '\0')
			return &words[i];
	}
	return NULL;
}

/* The lines of a comment are one title. */
static int
on_comment(struct parser *p, const char *text)
{
	size_t used = strlen(p->title), len;

	text = skip_blanks(text + strspn(text, "#"));
	if (used > 0 && used < TITLE_SIZE - 1 && *text != '\0')
		p->title[used++] = ' ';
	len = strnlen(text, TITLE_SIZE - 1 - used);
	memcpy(p->title + used, text, len);
	p->title[used + len] = '\0';
	return 0;
}

static int
parse_line(struct parser *p, const char *line, size_t length)
{
	bool dialogue = line[0] != '\0' && line[1] == ':';
	size_t len = dialogue ? 2 : strcspn(line, " \t");
	const char *end = line + length;
	const struct directive *w;
	char *rest;
	int rc;

	if (line[0] == '#')
		return on_comment(p, line);
	if (*skip_blanks(line) == '\0') {
		p->title[0] = '\0';
		return 0;
	}
	if ((w = find_word(line, len)) == NULL)
		return parser_complain(p,
		    "not understood; a line begins with C:, S:, #, connect, "
		    "auth, tls, at, strip, stamp, nostamp or keep");
	if (p->session.line == 0 && !w->anywhere)
		return parser_complain(p, "%s before connect", w->name);
	if (p->multiline && w->take != dialogue_server)
		return parser_complain(p, "the reply before this line is not "
					  "at its end: its last line has no "
					  "dash");
	if (!dialogue && p->state == STATE_MESSAGE)
		return parser_complain(
		    p, "%s within a message: C: . is missing", w->name);
	line += len;
	if (!dialogue) {
		line = skip_blanks(line);
		while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
	}
	/* Its line is of the next session already. */
	if (w->take == on_connect && (rc = end_session(p)) != 0)
		return rc;
	rest = arena_text(p->arena, line, (size_t)(end - line));
	if (rest == NULL)
		return parser_no_memory(p);
	rc = w->take(p, rest);
	if (w->take != on_at)
		p->title[0] = '\0';
	return rc;
}

static int
bad_line(struct parser *p, int rc)
{
	if (rc == -EFBIG)
		return parser_complain(
		    p, "longer than %d bytes", (int)LINE_READER_MAX);
	if (rc == -EILSEQ)
		return parser_complain(p, "a NUL byte");
	parser_complain(p, "%s", strerror(-rc));
	return rc;
}

static int
parse_lines(struct parser *p)
{
	size_t len;
	char *line;
	int rc;

	while ((rc = line_reader_next(p->lines, &line, &len)) > 0) {
		if ((rc = parse_line(p, line, len)) != 0)
			return rc;
		if (p->session.line != 0 &&
		    p->lines->bytes - p->begin > RECORDING_SESSION_SIZE)
			return parser_complain(p,
			    "a session of more than %d MiB",
			    RECORDING_SESSION_SIZE >> 20);
	}
	if (rc < 0)
		return bad_line(p, rc);
	if (!p->any)
		return parser_complain(
		    p, "no session: no line begins with connect");
	if (p->multiline)
		return parser_complain(p, "the last reply is not at its end");
	if (p->state == STATE_MESSAGE)
		return parser_complain(p, "the last message is not at its end");
	return end_session(p);
}

int
recording_read(struct line_reader *lines,
    int (*session)(void *ctx, const struct recorded_session *), void *ctx,
    char why[RECORDING_WHY_SIZE])
{
	struct parser p = {
		.lines = lines,
		.why = why,
		.at = RECORDING_NOW,
		.session_end = session,
		.ctx = ctx,
		.arena = arena_new(ARENA_BLOCK),
	};
	int rc;

	why[0] = '\0';
	rc = p.arena == NULL ? parser_no_memory(&p) : parse_lines(&p);
	arena_free(p.arena);
	return rc;
}
