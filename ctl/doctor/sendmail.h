/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail.h - Sendmail's configuration, and the topics that it is asked
 * about.
 */
#ifndef SENDMAIL_H
#define SENDMAIL_H

#include "doctor.h"
#include "sendmail_cf.h"

struct sendmail {
	struct doctor *doctor;
	struct sendmail_cf cf;
	struct where file;
	const struct cf_line *filter; /* ours, or NULL */
};

/* What names a file in a line of the configuration; NULL: none. */
const char *sendmail_path(struct doctor *, const struct cf_line *);

/* sendmail_filters.c: INPUT_MAIL_FILTER, and which listeners pass it. */
void sendmail_check_filters(struct sendmail *);
/* sendmail_relay.c: which clients relay. */
void sendmail_check_relay(struct sendmail *);
/* sendmail_access.c: the addresses that the access map lets relay, in a set
 * that was empty. -ENOENT: there is no such file. */
int sendmail_access(struct doctor *, const char *path, struct rangeset *);
/* sendmail_rewriting.c: the virtusertable. */
void sendmail_check_rewriting(struct sendmail *);

#endif
