/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_cf.h - the lines of sendmail.cf that matter to a milter and to
 * relaying.
 */
#ifndef SENDMAIL_CF_H
#define SENDMAIL_CF_H

#include "arena.h"
#include "rules.h"

enum cf_type {
	CF_OPTION,  /* O Name=value */
	CF_FILTER,  /* Xname, value */
	CF_MAP,     /* Kname value */
	CF_CLASS,   /* CRvalue: words of class R */
	CF_FILE,    /* FRvalue: its file */
	CF_FEATURE, /* name.m4 in a comment of m4's */
};

/* One line: what it is about, and the rest. */
struct cf_line {
	enum cf_type type;
	const char *name, *value;
	struct where where;
};

struct sendmail_cf {
	struct arena *arena;
	struct cf_line *lines;
	size_t nlines;
	bool failed; /* out of memory */
};

/* Takes the file's text, and writes to it; file outlives the struct. The
 * arena is borrowed. */
void sendmail_cf_read(
    struct sendmail_cf *, struct arena *, const char *file, char *text);
/* The next line of a type behind one, or the first (NULL); name may be NULL,
 * and is compared without regard to case. NULL at the end. */
const struct cf_line *sendmail_cf_next(const struct sendmail_cf *,
    const struct cf_line *, enum cf_type, const char *name);
/* In "A=x, B=y" the value of a field, in the arena; NULL where it is not
 * there. As to Sendmail, its first letter is its name. */
const char *sendmail_cf_field(
    struct sendmail_cf *, const char *text, const char *name);

#endif
