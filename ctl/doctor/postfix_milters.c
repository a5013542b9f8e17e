/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_milters.c - smtpd_milters: whether clients pass connector-milter,
 * in which place, and what happens when it does not answer.
 */
#include "folded.h"
#include "postfix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ours in a list of milters, and how many stand before it; NULL: none. */
static const char *
find_ours(struct doctor *d, const char *list, size_t *before)
{
	const char *item;

	for (*before = 0; (item = list_item(d, &list)) != NULL; ++*before)
		if (doctor_is_ours(d, list_server(d, item)))
			return item;
	return NULL;
}

/* What Postfix does while connector-milter does not answer. */
static void
check_default_action(
    const struct smtpd *s, const char *item, const struct where *list)
{
	struct doctor *d = s->doctor;
	const char *action = list_attribute(d, item, "default_action");
	struct where where = *list;
	const char *better;

	if (!action)
		action = smtpd_value(s, "milter_default_action", &where);
	better = postfix_default(s->postfix, "milter_default_action");
	if (strcmp(action, "accept") == 0 || strcmp(action, "quarantine") == 0)
		doctor_say(d, D_FAIL_OPEN, where,
		    "default action %s: without connector-milter mail gets "
		    "through; write milter_default_action = %s",
		    action, better);
	else if (strcmp(action, "tempfail") == 0 &&
		 strcmp(better, "shutdown") == 0)
		doctor_say(d, D_TEMPFAIL, where,
		    "default action tempfail: after a restart of "
		    "connector-milter an open session hears 451 until it "
		    "ends; write milter_default_action = shutdown");
}

static void
check_entry(const struct smtpd *s, const char *item, const struct where *list)
{
	struct doctor *d = s->doctor;
	const char *protocol = list_attribute(d, item, "protocol");
	struct where where = *list;

	check_default_action(s, item, list);
	if (!protocol)
		protocol = smtpd_value(s, "milter_protocol", &where);
	if (atoi(protocol) < 6)
		doctor_say(d, D_PROTOCOL, where,
		    "milter protocol %s lacks what connector-milter asks for; "
		    "remove it, the default is 6",
		    protocol);
	smtpd_check_socket(s, list, "milter", list_server(d, item));
}

/* The first entry of a table that takes a client from us; tables that are no
 * text have their text beside them. */
static void
check_map(const struct smtpd *s, const char *table, const struct where *where)
{
	struct doctor *d = s->doctor;
	const char *colon = strchr(table, ':');
	struct folded folded;
	struct where at = { 0 };
	char *text, *line;
	int error = -EINVAL;

	if (colon && colon[1] == '/')
		error = doctor_read(d, colon + 1, &text, &at.file);
	if (error < 0) {
		doctor_say(d, D_MILTER_MAPS, *where,
		    "smtpd_milter_maps: what is in %s replaces smtpd_milters "
		    "for a client, and could not be read; remove the parameter",
		    table);
		return;
	}
	folded = folded_start(text, FOLDED_POSTFIX);
	while ((line = folded_next(&folded, &at.line)) != NULL) {
		size_t key = strcspn(line, " \t");

		if (line[key] == '\0' || doctor_is_ours(d, line + key))
			continue;
		doctor_say(d, D_MILTER_MAPS, at,
		    "%.*s does not pass connector-milter (%s); remove the "
		    "entry",
		    (int)key, line, line + key + strspn(line + key, " \t"));
		return;
	}
}

static void
check_milter_maps(const struct smtpd *s)
{
	struct where where;
	const char *list = smtpd_value(s, "smtpd_milter_maps", &where), *item;

	while ((item = list_item(s->doctor, &list)) != NULL)
		check_map(s, item, &where);
}

/* Why no milter is asked, or NULL. */
static const char *
unfiltered(const struct smtpd *s, const char *ours, struct where *where)
{
	static const char options[] = "receive_override_options";

	if (list_has(s->doctor, smtpd_value(s, options, NULL), "no_milters")) {
		smtpd_value(s, options, where);
		return "receive_override_options=no_milters; remove it";
	}
	if (ours)
		return NULL;
	if (where->line == 0)
		*where = postfix_service_place(s->postfix, s->service);
	return "smtpd_milters does not name it; add it there, or name its "
	       "socket with --ours";
}

static void
check_order(const struct smtpd *s, const char *ours, size_t before,
    const struct where *where)
{
	struct where proxy;

	if (before > 0)
		doctor_say(s->doctor, D_NOT_FIRST, *where,
		    "another milter stands before connector-milter in "
		    "smtpd_milters; write connector-milter first");
	if (*smtpd_value(s, "smtpd_proxy_filter", &proxy) != '\0')
		doctor_say(s->doctor, D_PROXY_FILTER, proxy,
		    "smtpd_proxy_filter hides headers from connector-milter; "
		    "use content_filter");
	check_entry(s, ours, where);
	check_milter_maps(s);
}

void
smtpd_check_milters(const struct smtpd *s)
{
	struct doctor *d = s->doctor;
	struct where where;
	size_t before;
	const char *list = smtpd_value(s, "smtpd_milters", &where);
	const char *ours = find_ours(d, list, &before);
	struct where place = where;
	const char *why = unfiltered(s, ours, &place);

	if (why && !s->reinjection)
		doctor_say(d, D_NO_FILTER, place,
		    "clients of %s do not pass connector-milter: %s",
		    s->service->name, why);
	else if (!why && s->reinjection)
		doctor_say(d, D_REINJECTED,
		    postfix_service_place(s->postfix, s->service),
		    "%s takes mail back from a content filter and shows it to "
		    "connector-milter again; add -o smtpd_milters=",
		    s->service->name);
	else if (!why)
		check_order(s, ours, before, &where);
}

void
postfix_check_local(struct postfix *p)
{
	struct where where;
	const char *list = postfix_value(p, NULL, "non_smtpd_milters", &where);
	size_t before;

	if (find_ours(p->doctor, list, &before))
		doctor_say(p->doctor, D_NON_SMTPD, where,
		    "non_smtpd_milters names connector-milter: while it is "
		    "down, programs of this host cannot send; remove it");
}
