/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_text.c - the policy, in the layout of the examples.
 *
 * The text depends on what was imported, not on the form it came in: the same
 * connectors give the same policy id. Names and comments of others are quoted,
 * and what cannot be shown is a question mark.
 */
#include "import.h"

#include <string.h>

#include "ascii.h"
#include "utf8.h"

enum { NAME_SIZE = 64, NOTE_SIZE = 256 }; /* bytes that the loader takes */

struct import_writer {
	FILE *out;
	uint32_t line;
};

static void
put_line(struct import_writer *w, const char *text)
{
	fprintf(w->out, "%s\n", text);
	w->line++;
}

/* Format characters that an editor does not show. */
static bool
is_invisible(const unsigned char *text, size_t len)
{
	uint32_t point = 0;

	if (len < 2)
		return len == 0;
	utf8_decode(text, &point);
	return point == 0xad || point == 0x61c || point == 0x180e ||
	       (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
	       (point >= 0xfff0 && point <= 0xfffb) || point == 0x85 ||
	       (point >= 0xe0000 && point <= 0xe0fff);
}

static void
put_clean(FILE *out, const char *text, size_t max, bool quoted)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used = 0;

	while (*at && used < max) {
		size_t len = utf8_length(at);

		if (is_invisible(at, len)) {
			fputc(*at == '\n' || *at == '\r' || *at == '\t' ? ' '
									: '?',
			    out);
			used++;
			at += len > 0 ? len : 1;
			continue;
		}
		if (used + len > max)
			return;
		if (quoted && (*at == '"' || *at == '\\'))
			fputc('\\', out);
		fwrite(at, 1, len, out);
		used += len;
		at += len;
	}
}

/* A name that YAML could not take for anything else. */
static bool
is_plain(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no",
		"null", "on", "off", "y", "n" };
	size_t len = strlen(text);

	if (len == 0 || len > 60 || text[len - 1] == ' ' ||
	    !((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z')))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ascii_same(words[i], text))
			return false;
	for (const char *c = text; *c; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
			(*c >= '0' && *c <= '9') || *c == ' ' || *c == '-' ||
			*c == '_' || *c == '.'))
			return false;
	return true;
}

static void
put_text(
    struct import_writer *w, const char *before, const char *text, size_t max)
{
	bool plain = is_plain(text);

	fputs(before, w->out);
	if (!plain)
		fputc('"', w->out);
	put_clean(w->out, text, max, !plain);
	fputs(plain ? "\n" : "\"\n", w->out);
	w->line++;
}

static void
put_range(
    struct import_writer *w, const char *indent, const struct import_range *r)
{
	char text[NETRANGE_TEXT_SIZE];
	const char *quote = r->range.first.family == FAMILY_IPV6 ? "\"" : "";

	netrange_format(&r->range, text);
	if (r->note) {
		fprintf(w->out, "%s# - %s%s%s  # ", indent, quote, text, quote);
		put_clean(w->out, r->note, 200, false);
		put_line(w, "");
	} else if (r->until) {
		fprintf(w->out, "%s- range: %s%s%s\n%s  until: %s\n", indent,
		    quote, text, quote, indent, r->until);
		w->line += 2;
	} else {
		fprintf(w->out, "%s- %s%s%s\n", indent, quote, text, quote);
		w->line++;
	}
}

static void
put_words(struct import_writer *w, const char *before, uint32_t set,
    size_t count, const char *(*name)(int), const char *none)
{
	bool first = true;

	fputs(before, w->out);
	for (size_t i = 0; i < count; i++) {
		if ((set & SET_OF(i)) == 0)
			continue;
		fprintf(w->out, "%s%s", first ? "" : ", ", name((int)i));
		first = false;
	}
	fprintf(w->out, "%s]\n", first ? none : "");
	w->line++;
}

static const char *
name_of_group(int i)
{
	return group_name((enum group)i);
}

static const char *
name_of_mechanism(int i)
{
	return mechanism_name((enum mechanism)i);
}

static const char *
name_of_right(int i)
{
	return right_name((enum right)i);
}

static void
put_access(struct import_writer *w, const struct import_connector *c)
{
	mechanism_set mechanisms = c->mechanisms;
	mechanism_set external = SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE);

	if (c->relay_off && (mechanisms & external) != 0) {
		put_line(w, "    # auth_mechanism: [ExternalAuthoritative]");
		mechanisms &= ~external;
	}
	if (mechanisms != 0)
		put_words(w, "    auth_mechanism: [", mechanisms,
		    MECHANISM_COUNT, name_of_mechanism, "None");
	put_words(w, "    permission_groups: [",
	    c->groups & ~SET_OF(GROUP_CUSTOM) & ~SET_OF(GROUP_NONE),
	    GROUP_COUNT, name_of_group, "None");
}

static void
put_rights(struct import_writer *w, const struct import_connector *c)
{
	bool begun = false;

	for (int p = 0; p < PRINCIPAL_COUNT; p++) {
		right_set allow = c->allow[p], off = 0;

		if (c->relay_off && (p == PRINCIPAL_ANONYMOUS ||
					p == PRINCIPAL_EXTERNALLY_SECURED))
			off = allow & SET_OF(RIGHT_ANY_RECIPIENT);
		allow &= ~off;
		if ((allow | c->deny[p]) != 0) {
			if (!begun)
				put_line(w, "    extended_rights:");
			begun = true;
			fprintf(w->out, "      - principal: %s\n",
			    principal_name((enum principal)p));
			w->line++;
		}
		if (allow != 0)
			put_words(w, "        allow: [", allow, RIGHT_COUNT,
			    name_of_right, "");
		if (c->deny[p] != 0)
			put_words(w, "        deny: [", c->deny[p], RIGHT_COUNT,
			    name_of_right, "");
		if (off != 0) {
			fprintf(w->out, "    # extended_rights: for %s\n",
			    principal_name((enum principal)p));
			w->line++;
			put_words(w, "    #   allow: [", off, RIGHT_COUNT,
			    name_of_right, "");
		}
	}
}

static const char *
value_named(const struct import_connector *c, const char *property)
{
	for (size_t i = 0; i < import_row_count(); i++)
		if (strcmp(import_rows[i].property, property) == 0)
			return c->values[i];
	return NULL;
}

static unsigned long long
number(const char *text)
{
	unsigned long long n = 0;

	for (; text && *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (unsigned long long)(*text - '0');
	return n;
}

/* What the loader would refuse: a part that is larger than the whole. */
static bool
is_void(const struct import_connector *c, const struct import_row *row,
    const char **value)
{
	static const char *const parts[][2] = {
		{ "MaxHeaderSize", "MaxMessageSize" },
		{ "MaxInboundConnectionPerSource", "MaxInboundConnection" },
	};

	for (size_t i = 0; i < 2; i++) {
		const char *all = value_named(c, parts[i][1]);

		if (strcmp(row->property, parts[i][0]) == 0 &&
		    number(all) > 0 && number(*value) > number(all))
			*value = all;
	}
	return strcmp(row->property,
		   "MaxInboundConnectionPercentagePerSource") == 0 &&
	       number(value_named(c, "MaxInboundConnection")) == 0;
}

static void
put_values(struct import_writer *w, const struct import_connector *c)
{
	if (c->list)
		return; /* other MTAs keep their limits themselves */
	for (size_t i = 0; i < import_row_count(); i++) {
		const struct import_row *row = &import_rows[i];
		const char *value = c->values[i];

		if (!row->key || !value || is_void(c, row, &value))
			continue;
		if (row->reading == IMPORT_READ_BOOL &&
		    strcmp(value, "true") != 0)
			continue;
		fprintf(w->out, "    %s: %s\n", row->key, value);
		w->line++;
	}
}

static void
put_connector(struct import_writer *w, struct import_connector *c)
{
	c->first_line = w->line;
	put_text(w, "  - name: ", c->name, NAME_SIZE);
	if (c->comment && *c->comment) {
		char text[2 * NOTE_SIZE];

		snprintf(text, sizeof text, "%.200s (%.200s)", c->comment,
		    c->origin);
		put_text(w, "    comment: ", text, NOTE_SIZE);
	} else {
		put_text(w, "    comment: ", c->origin, NOTE_SIZE);
	}
	if (!c->enabled)
		put_line(w, "    enabled: false");
	if (c->nbindings > 0) {
		fputs("    bindings: [", w->out);
		for (size_t i = 0; i < c->nbindings; i++)
			fprintf(w->out, "%s\"%s\"", i > 0 ? ", " : "",
			    c->bindings[i]);
		put_line(w, "]");
	}
	put_line(w, "    remote_ip_ranges:");
	for (size_t i = 0; i < c->nranges; i++)
		put_range(w, "      ", &c->ranges[i]);
	put_access(w, c);
	put_rights(w, c);
	put_values(w, c);
	c->last_line = w->line;
}

static void
put_domains(struct import_writer *w, const struct import *im)
{
	if (im->ndomains == 0)
		return;
	put_line(w, "\naccepted_domains:");
	w->line++;
	for (size_t i = 0; i < im->ndomains; i++) {
		fprintf(w->out, "  - domain: \"%s\"\n    type: %s\n",
		    im->domains[i].name, im->domains[i].type);
		w->line += 2;
	}
}

static void
put_list(struct import_writer *w, const char *key,
    const struct import_range *ranges, size_t count)
{
	if (count == 0)
		return;
	fprintf(w->out, "\n%s:\n", key);
	w->line += 2;
	for (size_t i = 0; i < count; i++)
		put_range(w, "  ", &ranges[i]);
}

void
import_write(struct import *im, FILE *out, const struct import_connector *only)
{
	struct import_writer w = { out, 1 };
	bool begun = false;

	put_line(&w, "# Written by connectorctl import; see "
		     "connector-migration(7).");
	put_line(&w, "version: 1");
	put_line(&w, "end_marker: true");
	if (!only) {
		put_domains(&w, im);
		put_list(&w, "ip_allow_list", im->allow, im->nallow);
		put_list(&w, "ip_block_list", im->block, im->nblock);
	}
	put_line(&w, "\nconnectors:");
	w.line++;
	for (size_t i = 0; i < im->nconnectors; i++)
		if (!only || only == &im->connectors[i]) {
			if (begun)
				put_line(&w, "");
			begun = true;
			put_connector(&w, &im->connectors[i]);
		}
	put_line(&w, "...");
}
