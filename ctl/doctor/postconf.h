/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postconf.h - what main.cf and master.cf mean, as postconf(1) says it.
 *
 * postconf is the reader: it expands values, knows the defaults of its
 * version, and finds mistakes. Of the files themselves only the lines are
 * looked up at which a parameter or a service stands.
 */
#ifndef POSTCONF_H
#define POSTCONF_H

#include "doctor.h"

struct parameters {
	struct parameter {
		const char *name, *value;
	} * items;
	size_t count;
};

/* A line of master.cf. */
struct postfix_service {
	const char *name, *type, *command;
	bool chrooted;
	struct parameters own; /* what -o sets, as written */
	struct parameters all; /* each parameter as this service has it */
	bool asked;            /* all is known */
};

struct postfix {
	struct doctor *doctor;
	const char *folder;        /* as postconf takes it */
	const char *configured;    /* as Postfix takes it, below the root */
	const char *main, *master; /* the files, as shown */
	const char *main_text, *master_text;
	struct parameters all; /* each parameter of main.cf */
	struct postfix_service *services;
	size_t nservices;
};

/* Reads Postfix in a folder. -ENOENT: there is no main.cf. -EINVAL: it cannot
 * be read, which has been said. */
int postfix_load(struct postfix *, struct doctor *, const char *folder);

/* The expanded value for a service, or for main.cf (NULL); "" where it is
 * empty or this Postfix has no such parameter. where is the place that sets
 * it, for a default main.cf with line 0; it may be NULL. */
const char *postfix_value(struct postfix *, struct postfix_service *,
    const char *name, struct where *where);
/* The default of this version of Postfix. */
const char *postfix_default(struct postfix *, const char *name);
/* The value that a service sets itself, as written, or NULL. */
const char *postfix_override(const struct postfix_service *, const char *name);
struct where postfix_service_place(
    const struct postfix *, const struct postfix_service *);
/* The values of a table (postmap -q) for keys, each with a line feed at its
 * end: lines "KEY VALUE" of those that are in it. -EINVAL: it could not be
 * asked. */
int postfix_look_up(
    struct postfix *, const char *table, const char *keys, char **found);

/* ---- Text of postconf and of lists ----------------------------------- */

/* The line, from 1, that sets a parameter in main.cf; 0: none does. */
uint32_t main_line(const char *text, const char *name);
/* The line of master.cf at which a service begins, or that sets a parameter
 * of it (name not NULL). */
uint32_t master_line(
    const char *text, const char *service, const char *type, const char *name);

/* The next item of a list; { } hold items together and are taken off.
 * Moves *at behind it. NULL at the end. */
const char *list_item(struct doctor *, const char **at);
/* A { that nothing closes, or a } that nothing opens. */
bool list_is_broken(const char *list);
/* From a server in a list: its name, which is the first item of its text, and
 * the value after "key =" among the others, or NULL. */
const char *list_server(struct doctor *, const char *item);
const char *list_attribute(struct doctor *, const char *item, const char *key);
bool list_has(struct doctor *, const char *list, const char *word);

#endif
