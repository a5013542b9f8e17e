/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix.h - what main.cf and master.cf say, as Postfix reads them.
 *
 * Reads text that was given to it and runs nothing. Values are expanded as
 * postconf(5) describes; parameters that are not set have Postfix's defaults,
 * for those that the tool asks for. Of a default that depends on the version
 * of Postfix none is assumed: such a parameter is empty.
 */
#ifndef POSTFIX_H
#define POSTFIX_H

#include "arena.h"
#include "rules.h"

struct postfix_setting {
	const char *name, *value; /* the value as written */
	struct where where;
};

/* A line of master.cf. */
struct postfix_service {
	const char *name, *type, *command;
	char chroot; /* 'y', 'n' or '-' */
	struct postfix_setting *settings;
	size_t nsettings;
	struct where where;
};

struct postfix {
	struct arena *arena;
	const char *hostname; /* where myhostname is not set; borrowed */
	const char *folder;   /* config_directory; borrowed */
	const char *main;     /* the name of main.cf */
	struct postfix_setting *settings;
	size_t nsettings;
	struct postfix_service *services;
	size_t nservices;
	size_t names; /* that this value has taken so far */
	bool domain;  /* mydomain is being made of myhostname */
	bool failed;  /* out of memory: values may be wrong */
};

/* -ENOMEM. */
int postfix_init(struct postfix *, const char *hostname, const char *folder);
void postfix_fini(struct postfix *);

/* Both take the file's text, and write to it; file outlives the struct. */
void postfix_read_main(struct postfix *, const char *file, char *text);
void postfix_read_master(struct postfix *, const char *file, char *text);

/* The expanded value for a service, or for main.cf (NULL); "" where it is
 * empty. where is the place that sets it, for a default main.cf with line 0; it
 * may be NULL. */
const char *postfix_value(struct postfix *, const struct postfix_service *,
    const char *name, struct where *where);
/* The value is yes; anything else is no. */
bool postfix_flag(
    struct postfix *, const struct postfix_service *, const char *name);
/* The setting of a service itself, or NULL. */
const struct postfix_setting *postfix_override(
    const struct postfix_service *, const char *name);
bool postfix_is_chrooted(struct postfix *, const struct postfix_service *);

/* The next item of a list; { } hold items together and are taken off.
 * Moves *at behind it. NULL at the end. */
const char *postfix_item(struct postfix *, const char **at);
/* From a server in a list: its name, which is the first item of its text, and
 * the value behind "key =" among the others, or NULL. */
const char *postfix_server(struct postfix *, const char *item);
const char *postfix_attribute(
    struct postfix *, const char *item, const char *key);

#endif
