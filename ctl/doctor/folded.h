/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folded.h - logical lines of the configuration files of MTAs: a line that
 * begins with white space continues the one before it.
 */
#ifndef FOLDED_H
#define FOLDED_H

#include <stdint.h>

enum folded_style {
	FOLDED_POSTFIX,  /* empty lines and comments may stand within a
			    logical line, as in postconf(5) */
	FOLDED_SENDMAIL, /* a comment is a logical line, too */
};

struct folded {
	char *at;      /* the rest of the text, which is written to */
	uint32_t line; /* of at, counted from 1 */
	enum folded_style style;
};

/* The text ends with NUL, and lives longer than this. */
struct folded folded_start(char *text, enum folded_style);
/* The next logical line that is no comment, in place, without white space at
 * its ends; NULL at the end. line is that of its beginning. */
char *folded_next(struct folded *, uint32_t *line);

#endif
