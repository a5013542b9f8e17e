/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_cf.c - the lines of sendmail.cf that matter.
 *
 * Rules are not read: what a FEATURE has made of them is known by the line of
 * its version that m4 leaves as a comment.
 */
#include "sendmail_cf.h"
#include "folded.h"

#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

static const char *
keep_trimmed(struct sendmail_cf *cf, const char *text, size_t len)
{
	const char *kept;

	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(blanks, *text) != NULL) {
		text++;
		len--;
	}
	kept = arena_text(cf->arena, text, len);
	cf->failed = cf->failed || kept == NULL;
	return kept == NULL ? "" : kept;
}

static void
add_line(struct sendmail_cf *cf, enum cf_type type, const char *name,
    size_t len, const char *value, const struct where *where)
{
	void *lines = cf->lines;

	if (arena_grow(cf->arena, &lines, cf->nlines, sizeof *cf->lines) < 0) {
		cf->failed = true;
		return;
	}
	cf->lines = lines;
	cf->lines[cf->nlines++] = (struct cf_line){
		.type = type,
		.name = keep_trimmed(cf, name, len),
		.value = keep_trimmed(cf, value, strlen(value)),
		.where = *where,
	};
}

/* "#####  $Id: promiscuous_relay.m4,v 8.13 ..." */
static void
read_features(struct sendmail_cf *cf, const char *file, const char *text)
{
	struct where where = { .file = file, .line = 1 };

	for (; text != NULL; where.line++) {
		size_t len = strcspn(text, "\n");
		const char *id = strstr(text, "$Id: ");

		if (*text == '#' && id != NULL && id < text + len) {
			id += 5;
			len = strcspn(id, ".,\n");
			if (strncmp(id + len, ".m4", 3) == 0)
				add_line(cf, CF_FEATURE, id, len, "", &where);
		}
		text = strchr(text, '\n');
		text += text != NULL;
	}
}

/* "CRword", "C{R}word": behind the letter of the class, or NULL. */
static const char *
of_class_r(const char *line)
{
	if (line[1] == 'R')
		return line + 2;
	return strncmp(line + 1, "{R}", 3) == 0 ? line + 4 : NULL;
}

static void
read_line(struct sendmail_cf *cf, const char *line, const struct where *where)
{
	const char *rest = line + 1, *behind;
	size_t len;

	switch (*line) {
	case 'O':
		len = strcspn(rest, "=");
		if (rest[len] == '=')
			add_line(
			    cf, CF_OPTION, rest, len, rest + len + 1, where);
		break;
	case 'X':
		len = strcspn(rest, ",");
		add_line(cf, CF_FILTER, rest, len,
		    rest + len + (rest[len] != '\0'), where);
		break;
	case 'K':
		len = strcspn(rest, blanks);
		add_line(cf, CF_MAP, rest, len, rest + len, where);
		break;
	case 'C':
	case 'F':
		if ((behind = of_class_r(line)) != NULL)
			add_line(cf, *line == 'C' ? CF_CLASS : CF_FILE, "R", 1,
			    behind, where);
		break;
	default:
		break;
	}
}

void
sendmail_cf_read(
    struct sendmail_cf *cf, struct arena *arena, const char *file, char *text)
{
	struct folded folded = folded_start(text, FOLDED_SENDMAIL);
	struct where where = { .file = file };
	char *line;

	*cf = (struct sendmail_cf){ .arena = arena };
	read_features(cf, file, text);
	while ((line = folded_next(&folded, &where.line)) != NULL)
		read_line(cf, line, &where);
}

const struct cf_line *
sendmail_cf_next(const struct sendmail_cf *cf, const struct cf_line *behind,
    enum cf_type type, const char *name)
{
	size_t i = behind == NULL ? 0 : (size_t)(behind - cf->lines) + 1;

	for (; i < cf->nlines; i++)
		if (cf->lines[i].type == type &&
		    (name == NULL || strcasecmp(cf->lines[i].name, name) == 0))
			return &cf->lines[i];
	return NULL;
}

const char *
sendmail_cf_field(struct sendmail_cf *cf, const char *text, const char *name)
{
	while (*text != '\0') {
		size_t len;

		text += strspn(text, ", \t");
		len = strcspn(text, ",");
		if (strncasecmp(text, name, 1) == 0) {
			const char *value = text + strcspn(text, "= \t,");

			value += strspn(value, "= \t");
			return keep_trimmed(
			    cf, value, (size_t)(text + len - value));
		}
		text += len;
	}
	return NULL;
}
