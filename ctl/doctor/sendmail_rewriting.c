/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_rewriting.c - a virtusertable that makes a domain of a local part.
 *
 * Where a recipient of an accepted domain is delivered is Sendmail's
 * business. A domain that the client has written into the local part is not:
 * with that it chooses any destination.
 */
#include "folded.h"
#include "sendmail.h"

#include <string.h>

void
sendmail_check_rewriting(struct sendmail *s)
{
	const struct cf_line *map =
	    sendmail_cf_next(&s->cf, NULL, CF_MAP, "virtuser");
	const char *path = sendmail_path(s->doctor, map);
	struct where where = { 0 };
	struct folded folded;
	char *text, *line;

	if (!path || doctor_read(s->doctor, path, &text, &where.file) < 0)
		return;
	folded = folded_start(text, FOLDED_SENDMAIL);
	while ((line = folded_next(&folded, &where.line)) != NULL)
		if (strstr(line + strcspn(line, " \t"), "@%"))
			doctor_say(s->doctor, D_REWRITE, where,
			    "\"%.60s\" takes the domain from the recipient's "
			    "local part: anybody sends to any domain; write "
			    "the domain out",
			    line);
}
