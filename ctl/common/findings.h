/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * findings.h - what check and doctor have to say, and the stories behind it.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "ctl.h"

/* Errors first, both parts in the order of their places: as lines to the
 * file, or NULL and as an array: see json_add(). */
void findings_print(struct diagnostics *, FILE *, json_t **array);

/* Stories of one kind, in a table. */
struct stories {
	const struct story *(*get)(size_t i); /* NULL past the end */
	const char *(*id)(size_t i);          /* of one that there is */
	const char *prefix;                   /* "W-" */
	const char *kind;                     /* "a warning" */
};
/* Tells the story of an id, which may be written in any case and without its
 * prefix; of all of them one line each where id is NULL. */
int stories_tell(const struct ctl *, const struct stories *, const char *id);

#endif
