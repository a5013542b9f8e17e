/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postconf.c - asks postconf(1) and postmap(1).
 *
 * postconf -x gives each parameter of main.cf, -M the services, -P what they
 * set. A service that sets anything is asked for once more with all of it, as
 * main.cf may name in one value what the service sets of another.
 */
#include "postconf.h"
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 8, BASE_ARGUMENTS = 6 };

/* ---- What postconf prints -------------------------------------------- */

static void
add_setting(struct doctor *d, struct parameters *to, const char *name,
    const char *value)
{
	void *items = to->items;

	if (arena_grow(d->arena, &items, to->count, sizeof *to->items) < 0) {
		d->failed = true;
		return;
	}
	to->items = items;
	to->items[to->count++] = (struct parameter){ name, value };
}

/* Lines "NAME = VALUE". */
static void
take_settings(struct doctor *d, struct parameters *to, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *equals = strstr(line, " =");

		if (!equals)
			continue;
		*equals = '\0';
		equals += 2;
		add_setting(d, to, line, equals + (*equals == ' '));
	}
}

static const char *
find_setting(const struct parameters *list, const char *name)
{
	for (size_t i = list->count; i-- > 0;)
		if (strcmp(list->items[i].name, name) == 0)
			return list->items[i].value;
	return NULL;
}

/* "smtp inet n - y - - smtpd -o ..."; -EINVAL: no service. */
static int
take_service(struct postfix *p, char *line)
{
	void *services = p->services;
	char *field[FIELDS], *save = NULL;
	const char *level = postfix_value(p, NULL, "compatibility_level", NULL);

	for (int i = 0; i < FIELDS; i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, " \t", &save);
		if (!field[i])
			return -EINVAL;
	}
	if (arena_grow(p->doctor->arena, &services, p->nservices,
		sizeof *p->services) < 0) {
		p->doctor->failed = true;
		return -ENOMEM;
	}
	p->services = services;
	p->services[p->nservices++] = (struct postfix_service){
		.name = field[0],
		.type = field[1],
		.chrooted =
		    *field[4] == '-' ? atoi(level) < 1 : *field[4] == 'y',
		.command = field[FIELDS - 1],
	};
	return 0;
}

static void
take_services(struct postfix *p, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		take_service(p, line);
}

/* Settings with names like smtp/inet/smtpd_milters, to their services. */
static void
share_out(struct postfix *p, const struct parameters *overrides)
{
	for (size_t i = 0; i < overrides->count; i++) {
		const struct parameter *set = &overrides->items[i];

		for (size_t n = 0; n < p->nservices; n++) {
			struct postfix_service *s = &p->services[n];
			const char *prefix =
			    doctor_text(p->doctor, "%s/%s/", s->name, s->type);
			size_t len = strlen(prefix);

			if (strncmp(set->name, prefix, len) == 0)
				add_setting(p->doctor, &s->own, set->name + len,
				    set->value);
		}
	}
}

/* ---- Mistakes -------------------------------------------------------- */

/* What follows the last "fatal: "; or, where that says only that a macro
 * failed, what was said before it. */
static const char *
reason_of(char *errors)
{
	static const char fatal[] = "fatal: ", warning[] = "warning: ";
	const char *reason = "postconf failed", *before = NULL;
	char *save = NULL;

	for (char *line = strtok_r(errors, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *at = strstr(line, fatal);

		if (at)
			reason = at + strlen(fatal);
		else if ((at = strstr(line, warning)) != NULL)
			before = at + strlen(warning);
		if (strcmp(reason, "macro processing error") == 0 && before)
			return before;
	}
	return reason;
}

/* "FILE, line N: TEXT", or a text alone. */
static void
say_unreadable(struct postfix *p, const char *file, char *errors)
{
	const char *reason = reason_of(errors);
	struct where where = { .file = file };
	size_t len = strlen(file);

	if (strstr(reason, " field ")) /* postconf -x reads master.cf, too */
		where.file = p->master;
	if (strncmp(reason, file, len) == 0) {
		unsigned long line = 0;
		const char *colon = strchr(reason + len, ':');

		if (strncmp(reason + len, ", line ", 7) == 0)
			line = strtoul(reason + len + 7, NULL, 10);
		where.line = (uint32_t)line;
		if (colon)
			reason = colon + 1 + strspn(colon + 1, " ");
	}
	doctor_say(p->doctor, D_UNREADABLE, where,
	    "Postfix cannot read it: %s; correct it, nothing else was checked",
	    reason);
}

/* Runs postconf on the folder with -o for what a service sets. 0 or -EINVAL,
 * which has been said: file is the one that it reads. */
static int
ask(struct postfix *p, const struct parameters *set, const char *option,
    const char *last, const char *file, char **out)
{
	struct doctor *d = p->doctor;
	size_t count = set ? set->count : 0, n = 0;
	const char **argv =
	    arena_array(d->arena, 2 * count + BASE_ARGUMENTS + 3, sizeof *argv);
	struct program_output got;
	int error;

	if (!argv) {
		d->failed = true;
		return -EINVAL;
	}
	argv[n++] = "postconf";
	argv[n++] = "-c";
	argv[n++] = p->folder;
	if (strcmp(option, "-dh") != 0) { /* defaults take no -o */
		argv[n++] = "-o";
		argv[n++] =
		    doctor_text(d, "config_directory=%s", p->configured);
	}
	for (size_t i = 0; i < count; i++) {
		argv[n++] = "-o";
		argv[n++] = doctor_text(
		    d, "%s=%s", set->items[i].name, set->items[i].value);
	}
	argv[n++] = option;
	argv[n++] = last;
	argv[n] = NULL;
	error = program_run(d, argv, NULL, &got);
	if (error == -ENOENT)
		doctor_say(d, D_NO_POSTCONF, (struct where){ .file = p->main },
		    "postconf is not installed here, and only it knows what "
		    "this file means; install Postfix, or run doctor on the "
		    "host that has it");
	else if (error < 0)
		doctor_say(d, D_UNTOLD, (struct where){ .file = p->main },
		    "postconf could not be run: %s", strerror(-error));
	else if (got.status != 0)
		say_unreadable(p, file, got.errors);
	else {
		*out = got.out;
		return 0;
	}
	return -EINVAL;
}

/* ---- All of it ------------------------------------------------------- */

static int
load_services(struct postfix *p)
{
	struct parameters overrides = { 0 };
	char *text;

	if (ask(p, NULL, "-M", NULL, p->master, &text) < 0)
		return -EINVAL;
	take_services(p, text);
	if (ask(p, NULL, "-P", NULL, p->master, &text) < 0)
		return -EINVAL;
	take_settings(p->doctor, &overrides, text);
	share_out(p, &overrides);
	return 0;
}

int
postfix_load(struct postfix *p, struct doctor *d, const char *folder)
{
	char *main_text, *master_text, *text;
	int error;

	*p = (struct postfix){ .doctor = d, .configured = folder };
	p->folder = doctor_path(d, folder);
	error = doctor_read(
	    d, doctor_text(d, "%s/main.cf", folder), &main_text, &p->main);
	if (error < 0)
		return error == -ENOENT ? -ENOENT : -EINVAL;
	error = doctor_read(d, doctor_text(d, "%s/master.cf", folder),
	    &master_text, &p->master);
	if (error == -ENOENT)
		doctor_say(d, D_UNREADABLE, (struct where){ .file = p->master },
		    "Postfix needs this file, and it is not there; reinstall "
		    "it");
	if (error < 0)
		return -EINVAL;
	p->main_text = main_text;
	p->master_text = master_text;
	if (ask(p, NULL, "-x", NULL, p->main, &text) < 0)
		return -EINVAL;
	take_settings(d, &p->all, text);
	return load_services(p);
}

/* ---- Values ---------------------------------------------------------- */

/* The settings of a service, which are main.cf's if it sets nothing. */
static const struct parameters *
settings_of(struct postfix *p, struct postfix_service *s)
{
	char *text;

	if (!s || s->own.count == 0)
		return &p->all;
	if (!s->asked && ask(p, &s->own, "-x", NULL, p->master, &text) == 0)
		take_settings(p->doctor, &s->all, text);
	s->asked = true;
	return &s->all;
}

const char *
postfix_override(const struct postfix_service *s, const char *name)
{
	return find_setting(&s->own, name);
}

struct where
postfix_service_place(const struct postfix *p, const struct postfix_service *s)
{
	return (struct where){ .file = p->master,
		.line = master_line(p->master_text, s->name, s->type, NULL) };
}

const char *
postfix_value(struct postfix *p, struct postfix_service *s, const char *name,
    struct where *where)
{
	const char *value = find_setting(settings_of(p, s), name);

	if (where && s && postfix_override(s, name))
		*where = (struct where){ .file = p->master,
			.line = master_line(
			    p->master_text, s->name, s->type, name) };
	else if (where)
		*where = (struct where){ .file = p->main,
			.line = main_line(p->main_text, name) };
	return value ? value : "";
}

const char *
postfix_default(struct postfix *p, const char *name)
{
	char *text;

	if (ask(p, NULL, "-dh", name, p->main, &text) < 0)
		return "";
	text[strcspn(text, "\n")] = '\0';
	return text;
}

int
postfix_look_up(
    struct postfix *p, const char *table, const char *keys, char **found)
{
	struct doctor *d = p->doctor;
	const char *colon = strchr(table, ':'), *path = colon + 1;
	const char *argv[] = { "postmap", "-c", p->folder, "-q", "-", NULL,
		NULL };
	struct program_output got;

	/* Below another root only files are that root's. */
	if (*d->root != '\0' && *path != '/')
		return -EINVAL;
	argv[5] = doctor_text(d, "%.*s%s", (int)(path - table), table,
	    *path == '/' ? doctor_path(d, path) : path);
	/* Status 1 is that no key was found, unless a reason was printed. */
	if (program_run(d, argv, keys, &got) < 0 || got.status > 1 ||
	    (got.status == 1 && *got.errors != '\0'))
		return -EINVAL;
	*found = got.out;
	return 0;
}
