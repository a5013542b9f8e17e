/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.c - header fields, as recorded and as they came out.
 *
 * A header ends at the first empty line, or at the first line that is no
 * field: MTAs take the rest for body then, and so the filter never sees it.
 */
#include "fields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COMPLAINT_SIZE = 512 };

/* ---- Taking apart ---------------------------------------------------- */

int
fields_line(struct arena *arena, struct recorded_message *m, const char *line)
{
	void *lines = m->lines;

	if (arena_grow(arena, &lines, m->nlines, sizeof line) < 0)
		return -ENOMEM;
	m->lines = lines;
	m->lines[m->nlines++] = line;
	return 0;
}

static int
add_field(struct arena *arena, struct recorded_field **items, size_t *count,
    struct recorded_field field)
{
	void *fields = *items;

	if (arena_grow(arena, &fields, *count, sizeof field) < 0)
		return -ENOMEM;
	*items = fields;
	(*items)[(*count)++] = field;
	return 0;
}

static bool
is_fold(const char *line)
{
	return *line == ' ' || *line == '\t';
}

/* The length of the name before a colon, without blanks behind it; 0 if it is
 * no name (RFC 5322 section 3.6.8, section 4.5 for blanks). */
static size_t
name_length(const char *line, const char *colon)
{
	size_t n = (size_t)(colon - line);

	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)line[i] <= ' ' || line[i] == 0x7f)
			return 0;
	}
	return n;
}

static int
take_field(struct arena *arena, const char *line, struct recorded_field **items,
    size_t *count)
{
	const char *colon = strchr(line, ':');
	size_t n = colon != NULL ? name_length(line, colon) : 0;
	struct recorded_field field;

	if (n == 0)
		return -ENOENT;
	field.name = arena_text(arena, line, n);
	field.value = colon + (colon[1] == ' ' ? 2 : 1);
	if (field.name == NULL)
		return -ENOMEM;
	return add_field(arena, items, count, field);
}

static int
fold_field(struct arena *arena, struct recorded_field *last, const char *line)
{
	size_t before = strlen(last->value), len = strlen(line);
	char *value = arena_alloc(arena, before + len + 2);

	if (value == NULL)
		return -ENOMEM;
	memcpy(value, last->value, before);
	value[before] = '\n';
	memcpy(value + before + 1, line, len + 1);
	last->value = value;
	return 0;
}

/* A line that is the arena's. 0, or -ENOENT at the header's end. */
static int
take_line(struct arena *arena, const char *line, struct recorded_field **items,
    size_t *count)
{
	if (*line == '\0')
		return -ENOENT;
	if (!is_fold(line))
		return take_field(arena, line, items, count);
	if (*count == 0)
		return -ENOENT;
	return fold_field(arena, &(*items)[*count - 1], line);
}

/* All folds of a field at once: one by one a long field would be copied as
 * often as it has lines. */
static int
join_folds(
    struct arena *arena, struct recorded_field *f, const char **lines, size_t n)
{
	size_t size = strlen(f->value) + 1, len = size - 1;
	char *value;

	for (size_t i = 0; i < n; i++)
		size += strlen(lines[i]) + 1;
	if ((value = arena_alloc(arena, size)) == NULL)
		return -ENOMEM;
	memcpy(value, f->value, len);
	for (size_t i = 0; i < n; i++) {
		size_t more = strlen(lines[i]);

		value[len++] = '\n';
		memcpy(value + len, lines[i], more);
		len += more;
	}
	value[len] = '\0';
	f->value = value;
	return 0;
}

int
fields_split(struct arena *arena, struct recorded_message *m)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < m->nlines && rc == 0; i++) {
		const char **folds = &m->lines[i + 1];
		size_t n = 0;

		rc = take_line(arena, m->lines[i], &m->fields, &m->nfields);
		while (i + 1 + n < m->nlines && is_fold(folds[n]))
			n++;
		if (rc < 0 || n == 0)
			continue;
		rc = join_folds(arena, &m->fields[m->nfields - 1], folds, n);
		i += n;
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (rc == -ENOENT)
		i--;
	if (i < m->nlines && m->lines[i][0] == '\0')
		i++;
	m->body_line = i;
	for (; i < m->nlines; i++)
		m->body_bytes += strlen(m->lines[i]) + 2;
	return 0;
}

int
fields_parse(struct arena *arena, const char *text, struct recorded_field **out,
    size_t *count)
{
	struct recorded_field *items = NULL;
	size_t n = 0;
	int rc = 0;

	while (*text != '\0' && rc == 0) {
		size_t len = strcspn(text, "\n"), end = len;
		char *line;

		if (end > 0 && text[end - 1] == '\r')
			end--;
		if ((line = arena_text(arena, text, end)) == NULL)
			return -ENOMEM;
		rc = take_line(arena, line, &items, &n);
		text += len + (text[len] == '\n');
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*out = items;
	*count = n;
	return 0;
}

/* ---- Marks ----------------------------------------------------------- */

const char *
mark_name(enum mark_type type)
{
	static const char *const names[] = {
		[MARK_STRIP] = "strip",
		[MARK_STAMP] = "stamp",
		[MARK_NOSTAMP] = "nostamp",
		[MARK_KEEP] = "keep",
	};

	return names[type];
}

static size_t
count_name(const struct recorded_field *fields, size_t count, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += strcasecmp(fields[i].name, name) == 0;
	return n;
}

int
fields_mark(struct arena *arena, struct recorded_message *m,
    enum mark_type type, uint32_t line, const char *rest)
{
	struct mark mark = { .type = type, .line = line };
	size_t len = strcspn(rest, ": \t");
	void *marks = m->marks;

	if (len == 0 || (type == MARK_STAMP) != (rest[len] == ':') ||
	    (type != MARK_STAMP && rest[len] != '\0'))
		return -EINVAL;
	mark.name = arena_text(arena, rest, len);
	if (type == MARK_STAMP) {
		rest += len + 1;
		rest += strspn(rest, " \t");
		mark.value = arena_text(arena, rest, strlen(rest));
		if (mark.value == NULL)
			return -ENOMEM;
	}
	if (mark.name == NULL ||
	    arena_grow(arena, &marks, m->nmarks, sizeof mark) < 0)
		return -ENOMEM;
	if ((type == MARK_STRIP || type == MARK_KEEP) &&
	    count_name(m->fields, m->nfields, mark.name) == 0)
		return -ENOENT;
	m->marks = marks;
	m->marks[m->nmarks++] = mark;
	return 0;
}

/* ---- What came out --------------------------------------------------- */

int
fields_apply(struct arena *arena, const struct recorded_message *m,
    const struct edit *edits, size_t nedits, struct recorded_field **out,
    size_t *count)
{
	struct recorded_field *items =
	    arena_array(arena, m->nfields + nedits, sizeof *items);
	size_t n = m->nfields;

	if (items == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(items, m->fields, n * sizeof *items);
	for (size_t e = 0; e < nedits; e++) {
		size_t left = 0, seen = 0;

		if (edits[e].type == EDIT_STAMP) {
			items[n++] = (struct recorded_field){ edits[e].name,
				edits[e].value };
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			bool named =
			    strcasecmp(items[i].name, edits[e].name) == 0;

			if (!named || seen++ >= edits[e].count)
				items[left++] = items[i];
		}
		n = left;
	}
	*out = items;
	*count = n;
	return 0;
}

/* Values are equal if they are so once folds and blanks are one space. */
static bool
same_value(const char *a, const char *b)
{
	static const char blanks[] = " \t\r\n";

	a += strspn(a, blanks);
	b += strspn(b, blanks);
	while (*a != '\0' && *b != '\0') {
		size_t an = strspn(a, blanks), bn = strspn(b, blanks);

		if ((an == 0) != (bn == 0))
			break;
		if (an == 0 && *a != *b)
			return false;
		a += an == 0 ? 1 : an;
		b += bn == 0 ? 1 : bn;
	}
	return a[strspn(a, blanks)] == '\0' && b[strspn(b, blanks)] == '\0';
}

static size_t
count_value(const struct recorded_field *fields, size_t count, const char *name,
    const char *value)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += strcasecmp(fields[i].name, name) == 0 &&
		     same_value(fields[i].value, value);
	return n;
}

struct field_outcome {
	const struct recorded_message *message;
	const struct recorded_field *fields;
	size_t count;
};

static bool
is_stamped(const struct field_outcome *o, const char *name, const char *value)
{
	for (size_t i = 0; i < o->message->nmarks; i++) {
		const struct mark *m = &o->message->marks[i];

		if (m->type == MARK_STAMP && strcasecmp(m->name, name) == 0 &&
		    same_value(m->value, value))
			return true;
	}
	return false;
}

/* No field that the client sent is there, but for one that a stamp explains:
 * the stamp itself demands to be the only one. */
static bool
strip_holds(const struct field_outcome *o, const struct mark *mark)
{
	const struct recorded_message *m = o->message;

	for (size_t i = 0; i < o->count; i++) {
		const struct recorded_field *f = &o->fields[i];

		if (strcasecmp(f->name, mark->name) == 0 &&
		    count_value(m->fields, m->nfields, f->name, f->value) > 0 &&
		    !is_stamped(o, f->name, f->value))
			return false;
	}
	return true;
}

/* Each field that the client sent is there, as often as it was sent. */
static bool
keep_holds(const struct field_outcome *o, const struct mark *mark)
{
	const struct recorded_message *m = o->message;

	for (size_t i = 0; i < m->nfields; i++) {
		const struct recorded_field *f = &m->fields[i];

		if (strcasecmp(f->name, mark->name) == 0 &&
		    count_value(o->fields, o->count, f->name, f->value) <
			count_value(m->fields, m->nfields, f->name, f->value))
			return false;
	}
	return true;
}

/* No field is there that the client did not send. */
static bool
nostamp_holds(const struct field_outcome *o, const struct mark *mark)
{
	const struct recorded_message *m = o->message;

	for (size_t i = 0; i < o->count; i++) {
		const struct recorded_field *f = &o->fields[i];

		if (strcasecmp(f->name, mark->name) == 0 &&
		    count_value(o->fields, o->count, f->name, f->value) >
			count_value(m->fields, m->nfields, f->name, f->value))
			return false;
	}
	return true;
}

static bool
mark_holds(const struct field_outcome *o, const struct mark *mark)
{
	switch (mark->type) {
	case MARK_STRIP:
		return strip_holds(o, mark);
	case MARK_STAMP:
		return count_name(o->fields, o->count, mark->name) == 1 &&
		       count_value(
			   o->fields, o->count, mark->name, mark->value) == 1;
	case MARK_NOSTAMP:
		return nostamp_holds(o, mark);
	case MARK_KEEP:
		return keep_holds(o, mark);
	}
	return false;
}

static void
describe(const struct field_outcome *o, const struct mark *mark,
    char text[COMPLAINT_SIZE])
{
	size_t used = 0, n = count_name(o->fields, o->count, mark->name);

	if (n == 0) {
		snprintf(text, COMPLAINT_SIZE, "no %s", mark->name);
		return;
	}
	text[0] = '\0';
	for (size_t i = 0; i < o->count && used < COMPLAINT_SIZE - 1; i++) {
		const struct recorded_field *f = &o->fields[i];

		if (strcasecmp(f->name, mark->name) == 0)
			used += (size_t)snprintf(text + used,
			    COMPLAINT_SIZE - used, "%s%s: %s",
			    used == 0 ? "" : ", ", f->name, f->value);
	}
}

static int
mark_format(const struct mark *mark, char text[COMPLAINT_SIZE])
{
	int n = snprintf(text, COMPLAINT_SIZE, "%s %s%s%s",
	    mark_name(mark->type), mark->name, mark->value != NULL ? ": " : "",
	    mark->value != NULL ? mark->value : "");

	return n < 0 || n >= COMPLAINT_SIZE ? -ENAMETOOLONG : 0;
}

/* The value of the only field of a name, in one line; else NULL. */
static void
complain_mark(const struct field_outcome *o, const struct mark *mark,
    void (*complain)(void *ctx, const struct mark_complaint *), void *ctx)
{
	char recorded[COMPLAINT_SIZE], decided[COMPLAINT_SIZE];

	mark_format(mark, recorded);
	describe(o, mark, decided);
	complain(ctx, &(struct mark_complaint){ mark, recorded, decided });
}

size_t
fields_compare(const struct recorded_message *m,
    const struct recorded_field *fields, size_t count,
    void (*complain)(void *ctx, const struct mark_complaint *), void *ctx)
{
	struct field_outcome o = {
		.message = m, .fields = fields, .count = count
	};
	size_t n = 0;

	for (size_t i = 0; i < m->nmarks; i++) {
		const struct mark *mark = &m->marks[i];

		if (mark_holds(&o, mark))
			continue;
		complain_mark(&o, mark, complain, ctx);
		n++;
	}
	return n;
}
