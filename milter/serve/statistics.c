/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics.c - a decision into what is counted, for both drivers.
 */
#include "statistics.h"
#include "report.h"

void
account_decision(const struct service *s, struct edition *edition,
    enum decision_via via, const struct session *session,
    const struct netaddr *client, const struct event *e,
    const struct decision *d)
{
	if (!stage_is_logged(d->stage) && d->verdict == VERDICT_ACCEPT &&
	    !d->monitored)
		return;
	if (d->stage == STAGE_CONNECT)
		edition_hit(edition, session, e->now);
	tally_count(edition_row(edition, session), via, d);
	if (d->verdict != VERDICT_ACCEPT)
		refused_note(s->refused, client, d->reason, e->now);
}
