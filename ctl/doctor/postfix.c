/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix.c - what main.cf and master.cf say.
 *
 * The syntax is that of postconf(5) and master(5). Values are expanded when
 * they are asked for, since a service may set what another parameter's value
 * names. Refuses nothing: what Postfix would not start with is Postfix's to
 * say.
 */
#include "postfix.h"
#include "folded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How deep names may stand within values, and how many one value may take:
 * a parameter that names itself ends there. */
enum { DEPTH_MAX = 16, NAMES_MAX = 500, FIELDS = 7 };

static const char blanks[] = " \t\r\n\v\f";
static const char separators[] = ", \t\r\n";
static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

struct preset {
	const char *name, *value;
};

/* clang-format off */
static const struct preset defaults[] = {
	{ "compatibility_level", "0" },
	{ "inet_interfaces", "all" },
	{ "inet_protocols", "all" },
	{ "mail_owner", "postfix" },
	{ "milter_default_action", "tempfail" }, /* or shutdown: no less */
	{ "milter_protocol", "6" },
	{ "mydestination", "$myhostname, localhost.$mydomain, localhost" },
	{ "mynetworks_style",
	  "${{$compatibility_level} <level {2} ? {subnet} : {host}}" },
	{ "parent_domain_matches_subdomains",
	  "debug_peer_list,fast_flush_domains,mynetworks,"
	  "permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,"
	  "smtpd_access_maps" },
	{ "queue_directory", "/var/spool/postfix" },
	{ "relay_domains",
	  "${{$compatibility_level} <level {2} ? {$mydestination} : {}}" },
	{ "smtpd_policy_service_default_action",
	  "451 4.3.5 Server configuration problem" },
	{ "smtpd_relay_restrictions",
	  "${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, "
	  "permit_sasl_authenticated, defer_unauth_destination}}" },
	{ "smtpd_service_name", "smtpd" },
	{ "virtual_alias_domains", "$virtual_alias_maps" },
	{ "virtual_alias_maps", "$virtual_maps" },
	{ "virtual_mailbox_domains", "$virtual_mailbox_maps" },
};
/* clang-format on */

enum { DEFAULT_COUNT = sizeof defaults / sizeof *defaults };

int
postfix_init(struct postfix *p, const char *hostname, const char *folder)
{
	*p = (struct postfix){
		.arena = arena_new(0), .hostname = hostname, .folder = folder
	};
	return p->arena == NULL ? -ENOMEM : 0;
}

void
postfix_fini(struct postfix *p)
{
	arena_free(p->arena);
}

static const char *
keep(struct postfix *p, const char *text, size_t len)
{
	const char *kept = arena_text(p->arena, text, len);

	p->failed = p->failed || kept == NULL;
	return kept == NULL ? "" : kept;
}

/* Without white space at its ends. */
static const char *
keep_trimmed(struct postfix *p, const char *text, size_t len)
{
	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(blanks, *text) != NULL) {
		text++;
		len--;
	}
	return keep(p, text, len);
}

/* ---- Lists and groups ------------------------------------------------ */

/* Bytes up to and with the brace that closes the one at text, or all. */
static size_t
group_length(const char *text, size_t len, char open, char close)
{
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		depth += text[i] == open;
		if (text[i] == close && --depth == 0)
			return i + 1;
	}
	return len;
}

/* Bytes of the item at text: up to a separator outside of braces. */
static size_t
item_length(const char *text, const char *ends)
{
	size_t i = 0;

	while (text[i] != '\0' && strchr(ends, text[i]) == NULL) {
		if (text[i] == '{')
			i += group_length(text + i, strlen(text + i), '{', '}');
		else
			i++;
	}
	return i;
}

/* What is within braces, or the text itself. */
static const char *
unbraced(struct postfix *p, const char *text, size_t len)
{
	if (len >= 2 && text[0] == '{' && text[len - 1] == '}' &&
	    group_length(text, len, '{', '}') == len)
		return keep_trimmed(p, text + 1, len - 2);
	return keep_trimmed(p, text, len);
}

static const char *
next_item(struct postfix *p, const char **at, const char *ends)
{
	const char *text = *at + strspn(*at, ends);
	size_t len = item_length(text, ends);

	*at = text + len;
	return len == 0 ? NULL : unbraced(p, text, len);
}

const char *
postfix_item(struct postfix *p, const char **at)
{
	return next_item(p, at, separators);
}

const char *
postfix_server(struct postfix *p, const char *item)
{
	const char *first = postfix_item(p, &item);

	return first == NULL ? "" : first;
}

const char *
postfix_attribute(struct postfix *p, const char *item, const char *key)
{
	size_t len = strlen(key);
	const char *pair;

	postfix_server(p, item);
	while ((pair = postfix_item(p, &item)) != NULL) {
		if (strncmp(pair, key, len) != 0)
			continue;
		pair += len;
		pair += strspn(pair, blanks);
		if (*pair == '=')
			return pair + 1 + strspn(pair + 1, blanks);
	}
	return NULL;
}

/* ---- Reading --------------------------------------------------------- */

static void
add_setting(struct postfix *p, struct postfix_setting **list, size_t *count,
    const struct where *where, const char *text)
{
	const char *equals = strchr(text, '=');
	void *items = *list;

	if (equals == NULL)
		return;
	if (arena_grow(p->arena, &items, *count, sizeof **list) < 0) {
		p->failed = true;
		return;
	}
	*list = items;
	(*list)[(*count)++] = (struct postfix_setting){
		.name = keep_trimmed(p, text, (size_t)(equals - text)),
		.value = keep_trimmed(p, equals + 1, strlen(equals + 1)),
		.where = *where,
	};
}

void
postfix_read_main(struct postfix *p, const char *file, char *text)
{
	struct folded folded = folded_start(text, FOLDED_POSTFIX);
	struct where where = { .file = file };
	char *line;

	p->main = file;
	while ((line = folded_next(&folded, &where.line)) != NULL)
		add_setting(p, &p->settings, &p->nsettings, &where, line);
}

/* -o name=value, -oname=value, -o { name = value }; other options of Postfix
 * daemons have no value but -f, -n, -s and -t of pipe(8) and spawn(8), which
 * are none of ours. */
static void
read_arguments(struct postfix *p, struct postfix_service *s, const char *at)
{
	const char *item;

	while ((item = next_item(p, &at, blanks)) != NULL) {
		if (strncmp(item, "-o", 2) != 0)
			continue;
		item = item[2] != '\0' ? item + 2 : next_item(p, &at, blanks);
		if (item != NULL)
			add_setting(
			    p, &s->settings, &s->nsettings, &s->where, item);
	}
}

static void
read_service(struct postfix *p, const struct where *where, const char *line)
{
	const char *field[FIELDS + 1];
	void *services = p->services;
	struct postfix_service *s;

	for (int i = 0; i <= FIELDS; i++) {
		size_t len;

		line += strspn(line, blanks);
		len = strcspn(line, blanks);
		if (len == 0)
			return;
		field[i] = keep(p, line, len);
		line += len;
	}
	if (arena_grow(p->arena, &services, p->nservices, sizeof *s) < 0) {
		p->failed = true;
		return;
	}
	p->services = services;
	s = &p->services[p->nservices++];
	*s = (struct postfix_service){
		.name = field[0],
		.type = field[1],
		.chroot = field[4][0],
		.command = field[FIELDS],
		.where = *where,
	};
	read_arguments(p, s, line);
}

void
postfix_read_master(struct postfix *p, const char *file, char *text)
{
	struct folded folded = folded_start(text, FOLDED_POSTFIX);
	struct where where = { .file = file };
	char *line;

	while ((line = folded_next(&folded, &where.line)) != NULL)
		read_service(p, &where, line);
}

/* ---- Values ---------------------------------------------------------- */

struct expansion {
	struct postfix *postfix;
	const struct postfix_service *service;
	FILE *out;
	unsigned depth;
};

static void expand(struct expansion *, const char *text, size_t len);

/* The last one that was written counts. */
static const struct postfix_setting *
find_setting(const struct postfix_setting *list, size_t count, const char *name)
{
	for (size_t i = count; i-- > 0;)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

const struct postfix_setting *
postfix_override(const struct postfix_service *s, const char *name)
{
	return find_setting(s->settings, s->nsettings, name);
}

static const char *raw_value(struct postfix *, const struct postfix_service *,
    const char *name, struct where *);
static const char *expanded(struct postfix *, const struct postfix_service *,
    const char *text, size_t len, unsigned depth);

/* What follows the first dot of the host's name, unless that is written with
 * $mydomain. */
static const char *
default_domain(struct postfix *p, const struct postfix_service *s)
{
	const char *host, *dot = NULL;

	if (!p->domain) {
		p->domain = true;
		host = raw_value(p, s, "myhostname", NULL);
		dot = strchr(expanded(p, s, host, strlen(host), 0), '.');
		p->domain = false;
	}
	return dot == NULL ? "localdomain" : dot + 1;
}

/* As written; "" where there is none. */
static const char *
raw_value(struct postfix *p, const struct postfix_service *s, const char *name,
    struct where *where)
{
	const struct postfix_setting *set =
	    s == NULL ? NULL : postfix_override(s, name);

	if (set == NULL)
		set = find_setting(p->settings, p->nsettings, name);
	if (where != NULL)
		*where = set == NULL ? (struct where){ .file = p->main }
				     : set->where;
	if (set != NULL)
		return set->value;
	for (size_t i = 0; i < DEFAULT_COUNT; i++)
		if (strcmp(defaults[i].name, name) == 0)
			return defaults[i].value;
	if (strcmp(name, "myhostname") == 0)
		return p->hostname;
	if (strcmp(name, "config_directory") == 0)
		return p->folder;
	return strcmp(name, "mydomain") == 0 ? default_domain(p, s) : "";
}

/* The expanded text, kept. */
static const char *
expanded(struct postfix *p, const struct postfix_service *s, const char *text,
    size_t len, unsigned depth)
{
	struct expansion e = { .postfix = p, .service = s, .depth = depth };
	const char *kept = "";
	char *buffer = NULL;
	size_t size;

	e.out = open_memstream(&buffer, &size);
	if (e.out == NULL) {
		p->failed = true;
		return "";
	}
	expand(&e, text, len);
	if (fclose(e.out) != 0)
		p->failed = true;
	else
		kept = keep_trimmed(p, buffer, size);
	free(buffer);
	return kept;
}

static const char *
named_value(const struct expansion *e, const char *name, size_t len)
{
	const char *kept = keep(e->postfix, name, len);

	if (++e->postfix->names > NAMES_MAX)
		return "";
	kept = raw_value(e->postfix, e->service, kept, NULL);
	return expanded(
	    e->postfix, e->service, kept, strlen(kept), e->depth + 1);
}

/* As of compatibility_level: up to three numbers. */
static int
compare_levels(const char *a, const char *b)
{
	for (int i = 0; i < 3; i++) {
		char *end_a, *end_b;
		long x = strtol(a, &end_a, 10), y = strtol(b, &end_b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		a = *end_a == '.' ? end_a + 1 : end_a;
		b = *end_b == '.' ? end_b + 1 : end_b;
	}
	return 0;
}

static int
compare_values(const char *a, const char *b, bool levels)
{
	static const char digits[] = "0123456789";

	if (levels || (*a != '\0' && a[strspn(a, digits)] == '\0' &&
			  *b != '\0' && b[strspn(b, digits)] == '\0'))
		return compare_levels(a, b);
	return strcmp(a, b);
}

/* The { } at *at, expanded; moves behind it. */
static const char *
take_group(const struct expansion *e, const char **at, const char *end)
{
	const char *text = *at + strspn(*at, blanks);
	size_t len;

	if (text >= end || *text != '{')
		return NULL;
	len = group_length(text, (size_t)(end - text), '{', '}');
	*at = text + len;
	text = unbraced(e->postfix, text, len);
	return expanded(
	    e->postfix, e->service, text, strlen(text), e->depth + 1);
}

/* "{a} op {b}" */
static bool
relation_holds(const struct expansion *e, const char **at, const char *end)
{
	const char *a = take_group(e, at, end), *op, *b;
	bool levels, not_equal, equal, holds;
	size_t len;
	int order;

	*at += strspn(*at, blanks);
	op = *at;
	len = strcspn(op, " \t{");
	levels = len > 5 && strncmp(op + len - 5, "level", 5) == 0;
	*at += len;
	b = take_group(e, at, end);
	if (a == NULL || b == NULL)
		return false;
	order = compare_values(a, b, levels);
	not_equal = *op == '!';
	equal = *op == '=' || op[1] == '=';
	holds = not_equal ? order != 0 : equal && order == 0;
	return holds || (*op == '<' && order < 0) || (*op == '>' && order > 0);
}

/* Behind a name or relation: "?{yes}:{no}", "?yes", ":no". */
static void
expand_choice(struct expansion *e, bool holds, const char *at, const char *end)
{
	char mark = *at++;

	for (;;) {
		const char *group = take_group(e, &at, end);
		bool wanted = (mark == '?') == holds;

		if (group == NULL && wanted)
			expand(e, at, (size_t)(end - at));
		else if (wanted)
			fputs(group, e->out);
		if (group == NULL || wanted)
			return;
		at += strspn(at, blanks);
		if (at >= end || mark == ':' || *at != ':')
			return;
		mark = *at++;
	}
}

/* What stands within ${ } or $( ). */
static void
expand_inner(struct expansion *e, const char *text, size_t len)
{
	const char *end, *at, *value = "";
	bool holds;

	at = text = keep_trimmed(e->postfix, text, len);
	end = text + strlen(text);
	if (*text == '{') {
		holds = relation_holds(e, &at, end);
	} else {
		at += strspn(text, letters);
		value = named_value(e, text, (size_t)(at - text));
		holds = *value != '\0';
	}
	at += strspn(at, blanks);
	if (at < end && (*at == '?' || *at == ':'))
		expand_choice(e, holds, at, end);
	else
		fputs(value, e->out);
}

static void
expand(struct expansion *e, const char *text, size_t len)
{
	const char *end = text + len;

	if (e->depth > DEPTH_MAX)
		return;
	while (text < end) {
		size_t n = strspn(text + 1, letters);

		if (*text != '$' || text + 1 == end) {
			fputc(*text++, e->out);
		} else if (text[1] == '$') {
			fputc('$', e->out);
			text += 2;
		} else if (text[1] == '{' || text[1] == '(') {
			char close = text[1] == '{' ? '}' : ')';

			n = group_length(
			    text + 1, (size_t)(end - text - 1), text[1], close);
			expand_inner(e, text + 2, n < 2 ? 0 : n - 2);
			text += 1 + n;
		} else if (n > 0) {
			fputs(named_value(e, text + 1, n), e->out);
			text += 1 + n;
		} else {
			fputc(*text++, e->out);
		}
	}
}

const char *
postfix_value(struct postfix *p, const struct postfix_service *s,
    const char *name, struct where *where)
{
	const char *raw = raw_value(p, s, name, where);

	p->names = 0;
	return expanded(p, s, raw, strlen(raw), 0);
}

bool
postfix_flag(
    struct postfix *p, const struct postfix_service *s, const char *name)
{
	return strcmp(postfix_value(p, s, name, NULL), "yes") == 0;
}

bool
postfix_is_chrooted(struct postfix *p, const struct postfix_service *s)
{
	if (s->chroot != '-')
		return s->chroot == 'y';
	return compare_levels(
		   postfix_value(p, s, "compatibility_level", NULL), "1") < 0;
}
