/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listeners.h - which connectors compete in which view.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include "ruleset.h"

/* A row for each view, of one bit a connector; free() the bits. */
struct competitors {
	uint64_t *bits;
	size_t words; /* of a row */
};

/* The view that is for a binding. */
struct view view_of_binding(const struct binding *);

/* For the views of a ruleset, which are complete. -ENOMEM. */
int competitors_find(const struct ruleset *, struct competitors *);
/* The first from connector i on that competes in a view; beyond the last
 * connector if there is none. */
size_t competitors_next(const struct competitors *, size_t view, size_t i);
/* Writes into each view, as its contest, the number of the first view that
 * has the same competitors. -ENOMEM. */
int competitors_share(const struct competitors *, struct ruleset *);

#endif
