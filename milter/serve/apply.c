/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.c - a decision into libmilter calls.
 */
#include "apply.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 2 * 400 + 3 }; /* each byte of a reply doubled */

/* In a reply of a filter both MTAs take "%%" for a percent sign; Sendmail
 * throws away a reply with a lone one. */
static void
text_double(const char *from, char to[TEXT_MAX])
{
	size_t n = 0;

	for (; *from && n + 2 < TEXT_MAX; from++) {
		unsigned char c = (unsigned char)*from;
		if (c == '%')
			to[n++] = '%';
		to[n++] = c >= ' ' && c < 0x7f ? (char)c : '?';
	}
	to[n] = '\0';
}

/* libmilter keeps a reply whose first digit does not fit the status, and
 * says it later, to another recipient or of another message. So the status
 * is made of the reply, and returned at once. */
static sfsistat
reply_set(SMFICTX *ctx, const struct reply *r)
{
	char text[TEXT_MAX], code[4], enhanced[12];
	sfsistat status;

	if (!r->code || !r->enhanced || !r->text || strlen(r->code) != 3)
		return SMFIS_TEMPFAIL;
	if (r->code[0] == '5')
		status = SMFIS_REJECT;
	else if (r->code[0] == '4')
		status = SMFIS_TEMPFAIL;
	else
		return SMFIS_TEMPFAIL;
	text_double(r->text, text);
	snprintf(code, sizeof(code), "%s", r->code);
	/* Exchange's 451 5.7.3: Postfix takes a reply whose classes disagree
	 * for that of a broken filter. */
	snprintf(
	    enhanced, sizeof(enhanced), "%c%s", r->code[0], r->enhanced + 1);
	/* If it fails nothing is kept, and the MTA says its own text. */
	(void)smfi_setreply(ctx, code, enhanced, text);
	return status;
}

sfsistat
apply_undecided(SMFICTX *ctx)
{
	static const struct reply undecided = {
		.code = "451",
		.enhanced = "4.3.0",
		.text = "Temporary failure, try again later",
	};

	return reply_set(ctx, &undecided);
}

sfsistat
apply_verdict(SMFICTX *ctx, const struct decision *d)
{
	switch (d->verdict) {
	case VERDICT_ACCEPT:
		/* Not SMFIS_ACCEPT: it would end the MTA's questions about
		 * this message, and no header would be stripped. */
		return SMFIS_CONTINUE;
	case VERDICT_REJECT:
	case VERDICT_TEMPFAIL:
		return d->reply.code ? reply_set(ctx, &d->reply)
				     : apply_undecided(ctx);
	}
	return apply_undecided(ctx);
}

static int
edit_apply(SMFICTX *ctx, const struct edit *e)
{
	if (e->type == EDIT_STAMP)
		return smfi_addheader(ctx, (char *)e->name, (char *)e->value);
	if (e->count > INT_MAX)
		return MI_FAILURE;
	/* The last one first: a deletion renumbers those behind it. */
	for (size_t i = e->count; i; i--)
		if (smfi_chgheader(ctx, (char *)e->name, (int)i, NULL) !=
		    MI_SUCCESS)
			return MI_FAILURE;
	return MI_SUCCESS;
}

sfsistat
apply_message(SMFICTX *ctx, const struct decision *d)
{
	if (d->verdict != VERDICT_ACCEPT)
		return apply_verdict(ctx, d);
	/* A message that is half cleaned is not delivered. */
	for (size_t i = 0; i < d->nedits; i++)
		if (edit_apply(ctx, &d->edits[i]) != MI_SUCCESS)
			return apply_undecided(ctx);
	return SMFIS_CONTINUE;
}
