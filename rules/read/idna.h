/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idna.h - the two forms of an internationalized domain: A-labels (xn--) and
 * U-labels (UTF-8). The only user of <idn2.h>.
 */
#ifndef IDNA_H
#define IDNA_H

#include "arena.h"
#include "mailbox.h"

/* Maps a domain of UTF-8 as UTS 46 does, to A-labels in lower case. 0,
 * -ENOMEM, or -EINVAL if it is no domain. */
int idna_ascii(const char *text, char name[MAILADDR_DOMAIN_SIZE]);

/* The U-labels of a domain in lower case, in the arena; NULL if it has no
 * A-label, or one that means nothing. 0 or -ENOMEM. */
int idna_unicode(struct arena *, const char *name, const char **unicode);

#endif
