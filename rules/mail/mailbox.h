/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox.h - what kind of mailbox an argument of MAIL or RCPT is.
 *
 * An MTA may deliver u%other@us, other!u@us, "u@other"@us or u@other@us to
 * other: the text after the last @ is not where mail goes. So only a plain
 * recipient can be ours, and a sender whose domain is not clear could be.
 * Malformed is what holds control bytes or is no mailbox at all. Nothing is
 * rewritten or repaired.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

enum mailaddr_class {
	MAILADDR_NULL,       /* <> */
	MAILADDR_POSTMASTER, /* <postmaster>, RFC 5321 section 4.5.1 */
	MAILADDR_PLAIN,      /* dot-atom or harmless quoted string @ labels */
	MAILADDR_ROUTED,     /* route, %, !, quoted @, literal, bare name */
	MAILADDR_MALFORMED,
};

enum { MAILADDR_DOMAIN_SIZE = 254 }; /* 253 bytes and NUL */

struct mailaddr {
	enum mailaddr_class class;
	bool utf8; /* the domain is not all ASCII */
	/* What follows the only unquoted @, in lower case: labels without a
	 * final dot, or an address literal with its brackets. "" where it is
	 * neither, or not clear. A plain mailbox has labels. */
	char domain[MAILADDR_DOMAIN_SIZE];
};

/* text is the argument as sent, with or without angle brackets. */
void mailaddr_classify(const char *text, struct mailaddr *);

/* Lower-cases a domain of LDH labels into out, less one final dot. 0, or -1
 * if it is not one. Underscores are not LDH. */
int domain_normalise(
    const char *text, size_t len, char out[MAILADDR_DOMAIN_SIZE]);

#endif
