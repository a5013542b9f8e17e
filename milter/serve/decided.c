/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decided.c - a decision, handed on to whoever keeps account of it.
 *
 * A driver calls decision_made() once a decision; who else wants to know is a
 * row of the table below.
 */
#include "decided.h"

static void
to_open_sessions(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d,
    const char *argument)
{
	(void)s, (void)e, (void)argument;
	if (whom->visit)
		visit_note(whom->visit, d);
}

static void
to_recording(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d,
    const char *argument)
{
	(void)s, (void)argument;
	record_event(whom->record, e, d);
}

static void
to_log(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d,
    const char *argument)
{
	(void)s;
	report_decision(&whom->report, e, d, argument);
}

/* What is accepted counts at the stages that are logged only. */
static void
to_statistics(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d,
    const char *argument)
{
	(void)s, (void)argument;
	if (!stage_is_logged(d->stage) && d->verdict == VERDICT_ACCEPT &&
	    !d->monitored)
		return;
	if (d->stage == STAGE_CONNECT)
		edition_hit(whom->edition, whom->session, e->now);
	tally_count(edition_row(whom->edition, whom->session), whom->via, d);
}

static void
to_refused(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d,
    const char *argument)
{
	(void)argument;
	if (d->verdict != VERDICT_ACCEPT)
		refused_note(
		    s->refused, &whom->report.client, d->reason, e->now);
}

/* Who keeps account; notices: also of what is only taken notice of. */
static const struct subscriber {
	void (*tell)(const struct service *, struct decided_for *,
	    const struct session_event *, const struct decision *,
	    const char *argument);
	bool notices;
} subscribers[] = {
	{ to_open_sessions, true },
	{ to_recording, true },
	{ to_log, false },
	{ to_statistics, false },
	{ to_refused, false },
};

enum { SUBSCRIBER_COUNT = sizeof subscribers / sizeof *subscribers };

void
decision_made(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d,
    const char *argument)
{
	for (size_t i = 0; i < SUBSCRIBER_COUNT; i++)
		subscribers[i].tell(s, whom, e, d, argument);
}

void
event_noticed(const struct service *s, struct decided_for *whom,
    const struct session_event *e, const struct decision *d)
{
	for (size_t i = 0; i < SUBSCRIBER_COUNT; i++)
		if (subscribers[i].notices)
			subscribers[i].tell(s, whom, e, d, NULL);
}
