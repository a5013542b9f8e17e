/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall.h - the header firewall: which fields of a message must go.
 *
 * "Header firewall" on learn.microsoft.com: without the right
 * Accept-Headers-Organization every X-MS-Exchange-Organization-* goes,
 * without -Forest every X-MS-Exchange-Forest-*, without -Routing Received
 * and Resent-*. Names are compared without regard to case and blanks at the
 * end. Since a name goes with all its fields, only names and counts are
 * kept, never values or positions.
 */
#ifndef FIREWALL_H
#define FIREWALL_H

#include "arena.h"
#include "rules.h"

/* In one message; more is no mail but an attack on the MTA, which is asked to
 * delete each field. */
enum {
	FIREWALL_NAMES_MAX = 100,   /* different names */
	FIREWALL_FIELDS_MAX = 2000, /* fields of them */
};

struct firewall {
	struct arena *arena; /* not owned; of the message */
	struct firewall_name *names;
	size_t count;
	size_t fields;
	bool failed;   /* out of memory: undecidable */
	bool overflow; /* more than the limits above */
};

void firewall_init(struct firewall *, struct arena *);
/* Notes one field of the message. */
void firewall_header(struct firewall *, const char *name);
/* Writes a strip edit for each name that must go under these rights, and
 * for each that stamps will replace (all that say who sent it, where any is
 * made); room is firewall_edits_max(). Answers
 * how many. Names live as long as the arena. */
size_t firewall_strip(const struct firewall *, right_set,
    const struct edit *stamps, size_t nstamps, struct edit *out);
size_t firewall_edits_max(const struct firewall *);

#endif
