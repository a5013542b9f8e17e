/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_reader.c - the daemon's log, as connector-milter(8) describes it.
 *
 * A line of the daemon begins with its text, or has the tag connector-milter
 * before it; of what syslog wrote before that only the time is taken, where it
 * names a year and a zone. Lines of other programs hold text that clients
 * chose, and are never read.
 */
#include "log_reader.h"
#include "recording.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum { CUT_LENGTH = 256 + 3 }; /* of a value that was cut, with its "..." */

const char *
logged_get(const struct logged *l, const char *key)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->pairs[i].key, key) == 0)
			return l->pairs[i].value;
	}
	return NULL;
}

bool
logged_cut(const char *value)
{
	size_t len = strlen(value);

	/* JSON may write one byte as three. */
	return len >= CUT_LENGTH && strcmp(value + len - 3, "...") == 0;
}

static void
add_pair(struct logged *l, const char *key, const char *value)
{
	if (l->count == LOGGED_PAIRS)
		return;
	l->pairs[l->count].key = key;
	l->pairs[l->count++].value = value;
}

/* ---- key=value ------------------------------------------------------- */

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* Takes the quotes and escapes off a value in place; answers what is behind
 * it, or NULL where the value has no end. */
static char *
take_quoted(char *from)
{
	char *to = from++;

	for (; *from != '"'; from++) {
		if (*from == '\0')
			return NULL;
		if (*from != '\\') {
			*to++ = *from;
		} else if (from[1] == 'x' && hex_digit(from[2]) >= 0 &&
			   hex_digit(from[3]) >= 0) {
			*to++ = (char)(hex_digit(from[2]) * 16 +
				       hex_digit(from[3]));
			from += 3;
		} else if (from[1] != '\0') {
			*to++ = *++from;
		}
	}
	*to = '\0';
	return from + 1;
}

static bool
parse_pairs(struct logged *l, char *s)
{
	while (s != NULL && *s != '\0') {
		size_t len = strcspn(s, "= ");
		char *value = s + len + 1, *end;

		if (len == 0 || s[len] != '=')
			return false;
		s[len] = '\0';
		if (*value == '"') {
			end = take_quoted(value);
		} else {
			end = value + strcspn(value, " ");
		}
		if (end == NULL || (*end != ' ' && *end != '\0'))
			return false;
		add_pair(l, s, value);
		s = *end == ' ' ? end + 1 : end;
		*end = '\0';
	}
	return true;
}

/* Whether a word is the tag of the daemon's lines in syslog and journal. */
static bool
is_tag(const char *word, size_t len)
{
	static const char tag[] = "connector-milter";
	size_t i = strlen(tag);

	if (len < i || memcmp(word, tag, i) != 0)
		return false;
	if (i < len && word[i] == '[') {
		for (i++; i < len && word[i] >= '0' && word[i] <= '9';)
			i++;
		if (i == len || word[i++] != ']')
			return false;
	}
	return i + 1 == len && word[i] == ':';
}

/* Where the daemon's part of a line begins, or NULL if the line is another
 * program's. The first word that ends with a colon is the tag; what follows
 * the tag of another program can hold any text that a client sent. */
static char *
find_own(char *line)
{
	static const char *const first[] = { "time=", "session=", "{" };
	size_t len;

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		if (strncmp(line, first[i], strlen(first[i])) == 0)
			return line;
	for (char *s = line; *s != '\0'; s += len + (s[len] == ' ')) {
		len = strcspn(s, " ");
		if (len > 0 && s[len - 1] == ':')
			return is_tag(s, len) && s[len] == ' ' ? s + len + 1
							       : NULL;
	}
	return NULL;
}

/* ---- JSON ------------------------------------------------------------ */

/* The texts of an object; they live as long as it. */
static bool
parse_object(struct logged *l, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (json_is_string(value))
			add_pair(l, key, json_string_value(value));
		else if (json_is_true(value))
			add_pair(l, key, "yes");
	}
	return l->count > 0;
}

/* ---- Lines ----------------------------------------------------------- */

static void
take_time(struct logged *l, const char *line)
{
	const char *time = logged_get(l, "time");

	l->time = RECORDING_NOW;
	if (time == NULL || clock_stamp(time, &l->time) < 0)
		(void)clock_stamp(line, &l->time);
}

/* What a reading needs. */
struct log_reading {
	const char *session;
	int (*fn)(void *ctx, const struct logged *);
	void *ctx;
	struct logged logged;
};

static int
take_line(struct log_reading *r, char *line)
{
	struct logged *l = &r->logged;
	char *own = find_own(line);
	json_t *object = NULL;
	const char *session = NULL;
	bool taken;
	int rc = 0;

	l->count = 0;
	if (own == NULL)
		return 0;
	if (own > line)
		own[-1] = '\0';
	if (*own == '{') {
		object = json_loads(own, 0, NULL);
		taken = object != NULL && parse_object(l, object);
	} else
		taken = parse_pairs(l, own);
	if (taken)
		session = logged_get(l, "session");
	if (taken && session != NULL && strcmp(session, r->session) == 0) {
		take_time(l, line);
		rc = r->fn(r->ctx, l);
	}
	json_decref(object);
	return rc;
}

int
log_read(FILE *file, const char *session,
    int (*fn)(void *ctx, const struct logged *), void *ctx)
{
	struct log_reading r = { .session = session, .fn = fn, .ctx = ctx };
	struct line_reader lines;
	char *line;
	size_t len;
	int rc = line_reader_init(&lines, file, "");

	if (rc < 0)
		return rc;
	while ((rc = line_reader_next(&lines, &line, &len)) != 0) {
		r.logged.line = lines.line;
		if (rc == -EFBIG || rc == -EILSEQ)
			continue; /* none of the daemon's */
		/* Most lines are others'. */
		if (rc > 0)
			rc = strstr(line, session) != NULL ? take_line(&r, line)
							   : 0;
		if (rc != 0)
			break;
	}
	line_reader_fini(&lines);
	return rc;
}
