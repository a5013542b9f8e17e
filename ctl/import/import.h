/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import.h - what the parts of connectorctl import share.
 *
 * A reader turns one file into objects: named properties with values as they
 * were printed, each with its line. What an object is, its properties say.
 * Connectors, permissions, domains and lists are made of objects, merged,
 * split and written as one policy. Everything lives in one arena. A fatal
 * finding means that nothing is written.
 */
#ifndef IMPORT_H
#define IMPORT_H

#include "arena.h"
#include "ctl.h"
#include "rangeset.h"
#include "rights.h"

/* One value as the input has it. */
struct import_value {
	char *text;
	uint32_t line;
};

struct import_property {
	const char *name;
	struct import_value *values;
	size_t count;
};

struct import_object {
	const char *file;
	uint32_t line;
	bool dump; /* a dump has every property; a script only some */
	struct import_property *properties;
	size_t count;
};

/* The text of one file as UTF-8, NUL-terminated, without a BOM. */
struct import_text {
	const char *file;
	char *text;
	size_t len;
};

/* What the command line says a file is. */
enum import_role {
	IMPORT_ANY,
	IMPORT_ACL,
	IMPORT_DOMAINS,
	IMPORT_ALLOW,
	IMPORT_BLOCK
};

struct import_range {
	struct netrange range;
	struct where where;
	const char *origin; /* "EX1\Relay" */
	const char *note;   /* why it is commented out, or NULL */
	const char *until;  /* "2027-03-31", or NULL */
};

/* A row of properties.c: how a property is read, and what becomes of it. */
enum import_reading {
	IMPORT_READ_BOOL,
	IMPORT_READ_NUMBER,
	IMPORT_READ_SIZE,
	IMPORT_READ_SOURCE,
	IMPORT_READ_TEXT,
};
struct import_row {
	const char *property;
	enum import_reading reading;
	const char *key;    /* of the policy, or NULL: dropped */
	const char *preset; /* Exchange's default as it is read */
	const char *advice; /* what does it instead */
	uint64_t least, most;
	bool strict; /* true is the stricter value, or the lower number */
	bool silent; /* of no meaning outside Exchange */
};
extern const struct import_row import_rows[];
enum { IMPORT_ROWS_MAX = 64 };
size_t import_row_count(void);

struct import_rights {
	right_set allowed[PRINCIPAL_COUNT];
	right_set denied[PRINCIPAL_COUNT];
	bool known; /* some entry of Get-ADPermission names the connector */
};

struct import_connector {
	const char *name, *server, *role, *comment, *origin;
	struct where where;
	bool enabled, dump, list;
	bool relay_off; /* its relay rights are commented out */
	bool defaulted; /* Exchange's defaults were filled in */
	group_set groups;
	mechanism_set mechanisms;
	const char **bindings;
	size_t nbindings;
	struct import_range *ranges;
	size_t nranges;
	struct import_rights acl;
	right_set allow[PRINCIPAL_COUNT], deny[PRINCIPAL_COUNT];
	const char *values[IMPORT_ROWS_MAX]; /* as the policy writes them */
	uint32_t first_line, last_line;      /* in the policy's text */
};

struct import_domain {
	const char *name, *type;
	struct where where;
};

struct import {
	const struct ctl *ctl;
	struct arena *arena;
	struct diagnostics *findings;
	size_t nfindings;
	bool fatal;
	bool acl_given;
	bool memory; /* ran out of it */
	const char *server;
	bool keep_bindings;
	const char **binds; /* OLD=NEW */
	size_t nbinds;
	struct import_object *objects;
	size_t nobjects;
	struct import_connector *connectors;
	size_t nconnectors;
	struct import_domain *domains;
	size_t ndomains;
	struct import_range *allow, *block;
	size_t nallow, nblock;
	size_t kept, skipped, merged, inherited, internal, read;
};

/* ---- objects.c ------------------------------------------------------- */

/* A finding with its place; line 0: of the whole file. */
void import_say(struct import *, enum severity, const char *id,
    const char *file, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The same of what leaves no policy behind; returns -EINVAL. */
int import_fail(struct import *, const char *id, const char *file,
    uint32_t line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Text in the arena; "" and a mark where memory ran out. */
char *import_copy(struct import *, const char *text, size_t len);
char *import_format(struct import *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Grows an array in the arena by one, zeroed; NULL: out of memory. */
void *import_more(struct import *, void **array, size_t *count, size_t size);
#define IMPORT_MORE(im, array, count) \
	import_more(im, (void **)&(array), &(count), sizeof *(array))
/* Begins an object; NULL: out of memory. Valid until the next one. */
struct import_object *import_object_new(
    struct import *, const char *file, uint32_t line);
/* Adds a value to the property of the newest object. */
void import_put(struct import *, const char *name, const char *text, size_t len,
    uint32_t line);
/* A property by name without regard to case and blanks, or NULL. */
const struct import_property *import_find(
    const struct import_object *, const char *name);
/* Its first value, or NULL. */
const char *import_first(const struct import_object *, const char *name);
uint32_t import_line(const struct import_object *, const char *name);

/* ---- Readers --------------------------------------------------------- */

int import_read_file(struct import *, const char *path, struct import_text *);
int import_decode(struct import *, const char *file, char *bytes, size_t len,
    struct import_text *);
/* Tells what a text is by its content, and reads it. */
int import_read_text(
    struct import *, const struct import_text *, enum import_role);
int import_clixml(struct import *, const struct import_text *);
int import_format_list(struct import *, const struct import_text *);
int import_table(struct import *, const struct import_text *);
int import_csv(struct import *, const struct import_text *);
int import_script(struct import *, const struct import_text *);
int import_json(struct import *, const struct import_text *);
int import_mta(struct import *, const struct import_text *, enum import_role);
bool import_looks_like_csv(const struct import_text *);

/* ---- values.c -------------------------------------------------------- */

/* Calls fn with each element of a property that is a list. What the shell
 * cut is fatal. */
int import_list(struct import *, const struct import_object *,
    const struct import_property *,
    int (*fn)(void *ctx, const char *item, uint32_t line), void *ctx);
/* A range as dumps print it; -EINVAL after a finding. */
int import_range_read(struct import *, const char *text, const char *file,
    uint32_t line, struct netrange *);
bool import_true(const char *text);
/* The value as the policy writes it, or NULL after a finding. */
const char *import_value_read(struct import *, const struct import_row *,
    const char *text, const char *file, uint32_t line);

/* ---- From objects to a policy ---------------------------------------- */

int import_connectors(struct import *);
int import_permissions(struct import *);
int import_lists(struct import *);
int import_merge(struct import *);
int import_bindings(struct import *);
int import_split(struct import *);
/* Whether two connectors can be asked for the same client. */
bool import_compete(
    const struct import_connector *, const struct import_connector *);
bool import_everyone(const struct import_connector *);
void import_relay_off(struct import *, struct import_connector *, const char *);
bool import_relays(const struct import_connector *);

/* Writes the policy; only: this connector, or NULL for all. */
void import_write(struct import *, FILE *, const struct import_connector *only);
/* A policy's text as a ruleset. -EINVAL: see the list. */
int import_load(
    const char *text, size_t len, struct ruleset **, struct diagnostics *);
/* Who may relay, and the next commands. */
void import_last_words(struct import *, const struct ruleset *);

/* Reads, maps, writes and proves. 0, or -EINVAL: *text is not set. For the
 * verb and for fuzzers. */
int import_finish(struct import *, char **text, size_t *len, struct ruleset **);
int import_init(struct import *, const struct ctl *);
void import_fini(struct import *);

#endif
