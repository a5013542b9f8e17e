/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * protocol_log.c - Exchange's SMTP Receive protocol logs: files, columns, and
 * where sessions begin and end.
 *
 * "#Fields:" says the columns, in any order and as often as it likes. Lines
 * of a session are numbered from 0; one that is missing makes the session
 * worthless, and so does a missing begin. One that is not heard of any more
 * has ended without saying so.
 */
#include "protocol_log.h"
#include "csv.h"
#include "log_dialogue.h"
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	IDLE_SECONDS = 3600, /* Exchange ends an idle session after 5 minutes */
	WIDTH_MAX = 64,
	STAMP_LENGTH = 19, /* of a time up to its seconds */
	COMPLAINTS_MAX = 100,
};

/* In the order in which Exchange writes them. */
enum column {
	COLUMN_TIME,
	COLUMN_CONNECTOR,
	COLUMN_SESSION,
	COLUMN_SEQUENCE,
	COLUMN_LOCAL,
	COLUMN_REMOTE,
	COLUMN_EVENT,
	COLUMN_DATA,
	COLUMN_CONTEXT,
	COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {
	[COLUMN_TIME] = "date-time",
	[COLUMN_CONNECTOR] = "connector-id",
	[COLUMN_SESSION] = "session-id",
	[COLUMN_SEQUENCE] = "sequence-number",
	[COLUMN_LOCAL] = "local-endpoint",
	[COLUMN_REMOTE] = "remote-endpoint",
	[COLUMN_EVENT] = "event",
	[COLUMN_DATA] = "data",
	[COLUMN_CONTEXT] = "context",
};

/* Where the columns are in a line. */
struct layout {
	size_t at[COLUMN_COUNT];
	size_t width;
};

struct protocol_log {
	struct protocol_log_sink sink;
	struct protocol_log_counts counts;
	struct log_sessions sessions;
	struct arena *names; /* of files, which sessions point to */
	size_t complaints;
	/* Of the file that is being read. */
	const char *file;
	struct line_reader *lines;
	struct layout layout;
	const char *fields[WIDTH_MAX]; /* of the line */
	char stamp[STAMP_LENGTH + 1];  /* of the last time, */
	int64_t at;                    /* which is this one */
};

struct protocol_log *
protocol_log_new(const struct protocol_log_sink *sink)
{
	struct protocol_log *log = calloc(1, sizeof *log);

	if (log == NULL)
		return NULL;
	log->sink = *sink;
	log->names = arena_new(0);
	if (log->names == NULL || log_sessions_init(&log->sessions) < 0) {
		arena_free(log->names);
		free(log);
		return NULL;
	}
	return log;
}

void
protocol_log_free(struct protocol_log *log)
{
	if (log == NULL)
		return;
	log_sessions_fini(&log->sessions);
	arena_free(log->names);
	free(log);
}

struct protocol_log_counts
protocol_log_counts(const struct protocol_log *log)
{
	return log->counts;
}

/* ---- Complaints ------------------------------------------------------ */

static void say(char why[RECORDING_WHY_SIZE], const struct protocol_log *,
    const char *, ...) __attribute__((format(printf, 3, 4)));

static void
say(char why[RECORDING_WHY_SIZE], const struct protocol_log *log,
    const char *format, ...)
{
	va_list ap;
	int n = snprintf(why, RECORDING_WHY_SIZE, "%.120s:%u: ", log->file,
	    log->lines->line);

	va_start(ap, format);
	vsnprintf(why + n, (size_t)(RECORDING_WHY_SIZE - n), format, ap);
	va_end(ap);
	text_clean(why);
}

/* A file of something else must not fill the terminal. */
static void
complain(struct protocol_log *log, const char *why)
{
	if (log->complaints++ < COMPLAINTS_MAX)
		log->sink.complain(log->sink.ctx, why);
	else if (log->complaints == COMPLAINTS_MAX + 1)
		log->sink.complain(log->sink.ctx,
		    "more complaints are counted and no longer said");
}

/* What is wrong with a line; it is left out. */
static int
leave_line(struct protocol_log *log, const char *wrong, const char *what)
{
	char why[RECORDING_WHY_SIZE];

	say(why, log, "%s%s%.60s; this line is left out", wrong,
	    what[0] != '\0' ? ": " : "", what);
	log->counts.unread++;
	complain(log, why);
	return 0;
}

/* What is wrong with a session; it is left out, and said once. */
static int
leave_session(
    struct protocol_log *log, struct log_session *s, const char *wrong)
{
	char why[RECORDING_WHY_SIZE];

	say(why, log, "%s; session %s is left out", wrong, s->id);
	s->left_out = true;
	log->counts.left_out++;
	complain(log, why);
	return 0;
}

/* ---- Sessions -------------------------------------------------------- */

/* Hands over a session, and forgets it. */
static int
finish(struct protocol_log *log, struct log_session *s, bool ended)
{
	int rc = 0;

	if (s->proxied && !s->left_out) {
		log->counts.proxied++;
	} else if (!s->left_out) {
		log->counts.unfinished += !ended;
		rc = log->sink.session(log->sink.ctx, &s->session);
	}
	log_sessions_remove(&log->sessions, s);
	return rc;
}

int
protocol_log_end(struct protocol_log *log)
{
	struct log_session *s;
	int rc = 0;

	while (rc == 0 && (s = log_sessions_oldest(&log->sessions)) != NULL)
		rc = finish(log, s, false);
	return rc;
}

/* Times of another file may begin again: what is ahead of them waits. */
static int
finish_idle(struct protocol_log *log)
{
	struct log_session *s;
	int rc = 0;

	while (rc == 0 && (s = log_sessions_oldest(&log->sessions)) != NULL &&
	       (s->seen + IDLE_SECONDS < log->at ||
		   log->sessions.count == LOG_SESSIONS_MAX))
		rc = finish(log, s, false);
	return rc;
}

/* An end of the connection; the zone of a link-local address is nobody's. */
static int
take_endpoint(struct arena *arena, const char *text, const char **copy,
    struct netaddr *addr, int *port)
{
	const char *zone = strchr(text, '%');
	char why[NETADDR_WHY_SIZE], *own;
	size_t rest;

	if ((own = arena_text(arena, text, strlen(text))) == NULL)
		return -ENOMEM;
	if (zone != NULL) {
		rest = strcspn(zone, "]");
		memmove(
		    own + (zone - text), zone + rest, strlen(zone + rest) + 1);
	}
	*copy = own;
	*port = -1;
	if (recording_endpoint(own, addr, port, why) < 0 ||
	    addr->family == FAMILY_NONE || *port < 0)
		return -EINVAL;
	return 0;
}

static int
begin(struct protocol_log *log, struct log_session *s,
    const char *const values[COLUMN_COUNT])
{
	const char *id = values[COLUMN_CONNECTOR];
	const char *slash = strchr(id, '\\');
	const char *name = slash != NULL ? slash + strspn(slash, "\\") : id;
	struct recorded_session *r = &s->session;
	int rc, port = 0;

	r->file = log->file;
	r->line = log->lines->line;
	r->at = s->at = log->at;
	r->connector = arena_text(s->arena, name, strlen(name));
	r->server =
	    arena_text(s->arena, id, slash != NULL ? (size_t)(slash - id) : 0);
	rc = take_endpoint(s->arena, values[COLUMN_LOCAL], &r->local_text,
	    &r->local.addr, &port);
	r->local.port = (uint16_t)port;
	if (rc == 0)
		rc = take_endpoint(s->arena, values[COLUMN_REMOTE],
		    &r->client_text, &r->client, &r->client_port);
	if (rc == -ENOMEM || !r->connector || !r->server)
		return -ENOMEM;
	if (rc < 0)
		return leave_session(
		    log, s, "local-endpoint and remote-endpoint are IP:PORT");
	if (s->sequence != 0)
		return leave_session(log, s, "its lines before are missing");
	return 0;
}

/* ---- Lines ----------------------------------------------------------- */

/* Many lines have the same second. */
static int
take_time(struct protocol_log *log, const char *text)
{
	int64_t at;

	if (strncmp(text, log->stamp, STAMP_LENGTH) == 0 &&
	    log->stamp[0] != '\0')
		return 0;
	if (clock_stamp(text, &at) < 0)
		return -EINVAL;
	log->at = at;
	memcpy(log->stamp, text, STAMP_LENGTH);
	return 0;
}

static int
take_number(const char *text, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");
	uint64_t n = 0;

	if (len == 0 || len > 18 || text[len] != '\0')
		return -EINVAL;
	for (; *text != '\0'; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	*out = n;
	return 0;
}

static int
take_event(struct protocol_log *log, struct log_session *s, char event,
    const char *const values[COLUMN_COUNT])
{
	const struct log_event e = {
		.file = log->file,
		.line = log->lines->line,
		.at = log->at,
		.data = values[COLUMN_DATA],
		.context = values[COLUMN_CONTEXT],
	};
	const char *wrong = "";
	int rc;

	if (event == '<')
		rc = log_command(s, &e, &wrong);
	else if (event == '>')
		rc = log_reply(s, &e, &wrong);
	else
		rc = log_information(s, &e, &wrong);
	if (rc == -EINVAL)
		return leave_session(log, s, wrong);
	log->counts.foreign += rc > 0;
	return rc < 0 ? rc : 0;
}

/* A line of a session that is open, or should be. */
static int
continue_session(struct protocol_log *log, struct log_session *s, char event,
    uint64_t sequence, const char *const values[COLUMN_COUNT])
{
	if (!s->left_out && sequence != s->sequence + 1)
		leave_session(log, s,
		    sequence > s->sequence ? "lines before this one are missing"
					   : "its lines are out of order");
	s->sequence = sequence;
	if (event == '-')
		return finish(log, s, true);
	return s->left_out ? 0 : take_event(log, s, event, values);
}

static int
take_values(struct protocol_log *log, const char *const values[COLUMN_COUNT])
{
	const char *id = values[COLUMN_SESSION];
	char event = values[COLUMN_EVENT][0];
	struct log_session *s;
	uint64_t sequence;
	int rc;

	if (take_time(log, values[COLUMN_TIME]) < 0) {
		/* A table of another program repeats the names. */
		if (strcasecmp(values[COLUMN_TIME], names[COLUMN_TIME]) == 0)
			return 0;
		return leave_line(log, "no date-time", values[COLUMN_TIME]);
	}
	if (id[0] == '\0' || strlen(id) >= LOG_SESSION_ID_SIZE)
		return leave_line(log, "no session-id", id);
	if (event == '\0' || strchr("+-<>*", event) == NULL ||
	    values[COLUMN_EVENT][1] != '\0')
		return leave_line(
		    log, "an event is one of + - > < *", values[COLUMN_EVENT]);
	if (take_number(values[COLUMN_SEQUENCE], &sequence) < 0)
		return leave_line(
		    log, "no sequence-number", values[COLUMN_SEQUENCE]);
	s = log_sessions_find(&log->sessions, id);
	if (s != NULL && event == '+') {
		if (!s->left_out)
			leave_session(log, s, "it begins a second time");
		log_sessions_remove(&log->sessions, s);
		s = NULL;
	}
	if (s != NULL) {
		s->seen = log->at;
		return continue_session(log, s, event, sequence, values);
	}
	if ((rc = finish_idle(log)) != 0)
		return rc;
	if ((s = log_sessions_add(&log->sessions, id)) == NULL)
		return -ENOMEM;
	s->seen = log->at;
	s->sequence = sequence;
	if (event == '+')
		return begin(log, s, values);
	leave_session(log, s, "its begin is missing");
	return event == '-' ? finish(log, s, true) : 0;
}

/* ---- Files ----------------------------------------------------------- */

static const struct layout default_layout = {
	.at = { 0, 1, 2, 3, 4, 5, 6, 7, 8 },
	.width = COLUMN_COUNT,
};

/* The names of the columns. -EINVAL: one is missing. */
static int
take_layout(struct protocol_log *log, char *line, size_t len,
    char why[RECORDING_WHY_SIZE])
{
	struct layout layout = { .width = 0 };
	int width = csv_split(line, len, log->fields, WIDTH_MAX);

	for (size_t c = 0; c < COLUMN_COUNT; c++) {
		size_t i = 0;

		while ((int)i < width && i < WIDTH_MAX &&
		       strcasecmp(log->fields[i], names[c]) != 0)
			i++;
		if ((int)i >= width || i == WIDTH_MAX) {
			say(why, log, "no column %s; replay needs it",
			    names[c]);
			return -EINVAL;
		}
		layout.at[c] = i;
	}
	layout.width = (size_t)width;
	log->layout = layout;
	return 0;
}

/* What stands behind #NAME: of a line; NULL: it is another line. */
static char *
header(char *line, const char *name)
{
	size_t len = strlen(name);

	if (line[0] != '#' || strncasecmp(line + 1, name, len) != 0 ||
	    line[1 + len] != ':')
		return NULL;
	line += len + 2;
	return line + strspn(line, " ");
}

static int
take_comment(struct protocol_log *log, char *line, char why[RECORDING_WHY_SIZE])
{
	char *fields = header(line, "Fields"), *type = header(line, "Log-type");

	if (type != NULL && strstr(type, "Receive") == NULL) {
		say(why, log,
		    "%.60s is no log of sessions that were received; write the "
		    "files of ProtocolLog\\SmtpReceive",
		    type);
		return -EINVAL;
	}
	return fields == NULL ? 0
			      : take_layout(log, fields, strlen(fields), why);
}

static int
take_line(struct protocol_log *log, char *line, size_t len,
    char why[RECORDING_WHY_SIZE])
{
	const char *values[COLUMN_COUNT];
	int width;

	if (line[0] == '#')
		return take_comment(log, line, why);
	if (len == 0)
		return 0;
	width = csv_split(line, len, log->fields, WIDTH_MAX);
	if (width < 0)
		return leave_line(log, "a quoted field does not end", "");
	if ((size_t)width != log->layout.width)
		return leave_line(
		    log, "not as many fields as columns; is it cut?", "");
	for (size_t c = 0; c < COLUMN_COUNT; c++)
		values[c] = log->fields[log->layout.at[c]];
	return take_values(log, values);
}

/* The first line may hold the names without #Fields:, after a mark of UTF-8. */
static char *
take_first(struct protocol_log *log, char *line, size_t *len)
{
	char copy[512], why[RECORDING_WHY_SIZE];

	if (strncmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		*len -= 3;
	}
	if (line[0] != '#' && *len < sizeof copy &&
	    strstr(line, names[COLUMN_SESSION]) != NULL) {
		memcpy(copy, line, *len + 1);
		(void)take_layout(log, copy, *len, why);
	}
	return line;
}

int
protocol_log_read(struct protocol_log *log, struct line_reader *lines,
    char why[RECORDING_WHY_SIZE])
{
	bool first = true;
	char *line;
	size_t len;
	int rc;

	log->lines = lines;
	log->layout = default_layout;
	log->counts.files++;
	log->file = arena_text(log->names, lines->name, strlen(lines->name));
	if (log->file == NULL)
		return -ENOMEM;
	why[0] = '\0';
	while ((rc = line_reader_next(lines, &line, &len)) == 1) {
		if (first)
			line = take_first(log, line, &len);
		first = false;
		rc = take_line(log, line, len, why);
		if (rc != 0)
			break;
	}
	if (rc < 0 && why[0] == '\0')
		say(why, log, "%s",
		    rc == -EFBIG    ? "the line is too long"
		    : rc == -EILSEQ ? "a NUL byte; a log in UTF-16 has to be "
				      "made UTF-8"
				    : strerror(-rc));
	return rc;
}

/* ---- What a file is -------------------------------------------------- */

enum { BEGINNING_SIZE = 4096 };

/* The beginning of a file as text, without a mark of UTF-8. */
static const char *
beginning(const char *text, size_t len, char copy[BEGINNING_SIZE])
{
	if (len >= BEGINNING_SIZE)
		len = BEGINNING_SIZE - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy + (strncmp(copy, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
}

bool
protocol_log_begins(const char *text, size_t len)
{
	static const char *const headers[] = {
		"#Software:", "#Version:", "#Log-type:", "#Date:", "#Fields:"
	};
	char copy[BEGINNING_SIZE];
	const char *line = beginning(text, len, copy);
	int64_t at;

	copy[strcspn(copy, "\n")] = '\0';
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		if (strncasecmp(line, headers[i], strlen(headers[i])) == 0)
			return true;
	}
	return clock_stamp(line + (*line == '"'), &at) == 0 ||
	       (strstr(line, names[COLUMN_SESSION]) != NULL &&
		   strstr(line, names[COLUMN_TIME]) != NULL);
}

int64_t
protocol_log_first(const char *text, size_t len)
{
	char copy[BEGINNING_SIZE];
	const char *s = beginning(text, len, copy);
	int64_t at;

	while (*s != '\0') {
		size_t field = strcspn(s, *s == '#' ? "\n" : ",\n");

		if (*s != '#' && clock_stamp(s + (*s == '"'), &at) == 0)
			return at;
		s += field + (s[field] != '\0');
	}
	return INT64_MAX;
}
