/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idn.h - domains in UTF-8 as a session compares them, without libidn2.
 *
 * UTS 46 maps many texts to one domain. Settled characters are those that it
 * leaves as they are, whatever stands beside them: a domain of these alone
 * is another one wherever it differs. For any other domain only what follows
 * its last unsettled character is known.
 */
#ifndef IDN_H
#define IDN_H

/* Lower-cases the common letters of Latin, Greek and Cyrillic, each as long
 * as its capital, in place. domain is UTF-8. */
void idn_lower(char *domain);

/* What follows the last unsettled character of a domain in lower case: all
 * of it where there is none. */
const char *idn_settled(const char *domain);

#endif
