/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_restrictions.h - a list of restrictions, read as for a stranger
 * with a recipient in a foreign domain.
 */
#ifndef POSTFIX_RESTRICTIONS_H
#define POSTFIX_RESTRICTIONS_H

#include "postfix.h"

enum opening_kind {
	OPEN_POLICY = 1,     /* our policy service */
	OPEN_MYNETWORKS = 2, /* permit_mynetworks */
	OPEN_SASL = 4,
	OPEN_TABLE = 8, /* check_..._access */
	OPEN_OTHER = 16
};

/* A restriction that can permit. */
struct opening {
	unsigned open;
	const char *word, *argument;
	struct rangeset granted; /* by a table or mynetworks, once weighed */
	bool unread;             /* which could not be compared */
};

/* A list, as far as a stranger gets in it. */
struct restrictions {
	const struct smtpd *smtpd;
	const char *name;
	struct where where;
	unsigned open;
	bool shut;       /* a guard ends it */
	bool strangers;  /* one for strangers */
	bool sasl_first; /* logged in clients never reach our service */
	struct opening *openings;
	size_t nopenings;
	bool weighed;
	unsigned depth; /* of the restriction class that is being read */
};

/* Reads the list that a parameter names; says what Postfix does not take for
 * a restriction. */
void restrictions_read(
    const struct smtpd *, const char *name, struct restrictions *);
void restrictions_fini(struct restrictions *);

#endif
