/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox.h - what kind of mailbox an argument of MAIL or RCPT is.
 *
 * An MTA may deliver u%other@us, other!u@us, "u@other"@us or u@other@us to
 * other: the text after the last @ is not where mail goes. So only a plain
 * mailbox has a domain; all else is routed, and malformed what holds control
 * bytes or is no mailbox at all. Nothing is rewritten or repaired.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stddef.h>

enum mailaddr_class {
	MAILADDR_NULL,       /* <> */
	MAILADDR_POSTMASTER, /* <postmaster>, RFC 5321 section 4.5.1 */
	MAILADDR_PLAIN,      /* dot-atom or harmless quoted string @ LDH */
	MAILADDR_ROUTED,     /* route, %, !, quoted @, literal, bare name */
	MAILADDR_MALFORMED,
};

enum { MAILADDR_DOMAIN_SIZE = 254 }; /* 253 bytes and NUL */

struct mailaddr {
	enum mailaddr_class class;
	/* MAILADDR_PLAIN: in lower case (ASCII), without a final dot. */
	char domain[MAILADDR_DOMAIN_SIZE];
};

/* text is the argument as sent, with or without angle brackets. */
void mailaddr_classify(const char *text, struct mailaddr *);

/* Lower-cases a domain of LDH labels into out, less one final dot. 0, or -1
 * if it is not one. Underscores are not LDH. */
int domain_normalise(
    const char *text, size_t len, char out[MAILADDR_DOMAIN_SIZE]);

#endif
