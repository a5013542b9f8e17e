/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_policy.c - connector-milter's policy service: its socket, and what
 * Postfix does when it does not answer.
 */
#include "postfix_restrictions.h"

#include <string.h>
#include <strings.h>

static bool
permits(const char *action)
{
	return strncasecmp(action, "OK", 2) == 0 ||
	       strncasecmp(action, "permit", 6) == 0;
}

/* A class decides while the service is down, so it has to end in a refusal. */
static void
check_class(const struct smtpd *s, const char *class, const struct where *where)
{
	struct restrictions list;

	restrictions_read(s, class, &list);
	if (!list.shut)
		doctor_say(s->doctor, D_POLICY_OPEN, *where,
		    "default action %s: this class does not end in a refusal; "
		    "write reject or defer at its end",
		    class);
	restrictions_fini(&list);
}

static void
check_default_action(
    const struct smtpd *s, const char *item, const struct where *list)
{
	struct doctor *d = s->doctor;
	const char *action = list_attribute(d, item, "default_action");
	struct where where = *list;

	if (!action)
		action = smtpd_value(
		    s, "smtpd_policy_service_default_action", &where);
	if (list_has(
		d, smtpd_value(s, "smtpd_restriction_classes", NULL), action))
		check_class(s, action, &where);
	else if (permits(action))
		doctor_say(d, D_POLICY_OPEN, where,
		    "default action %s: without the policy service everybody "
		    "relays; write { default_action = 451 4.3.5 Relay policy "
		    "is not available }",
		    action);
	else if (*action != '4' && strncasecmp(action, "DEFER", 5) != 0)
		doctor_say(d, D_POLICY_FINAL, where,
		    "default action %s: without the policy service mail is "
		    "refused and not tried again; write { default_action = 451 "
		    "4.3.5 "
		    "Relay policy is not available }",
		    action);
}

void
smtpd_check_policy_service(const struct smtpd *s)
{
	static const char *const lists[] = { "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions" };
	struct doctor *d = s->doctor;

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct where where;
		const char *list = smtpd_value(s, lists[i], &where), *item;

		while ((item = list_item(d, &list)) != NULL) {
			if (strcasecmp(item, "check_policy_service") != 0 ||
			    !(item = list_item(d, &list)) ||
			    !doctor_is_ours(d, list_server(d, item)))
				continue;
			check_default_action(s, item, &where);
			smtpd_check_socket(
			    s, &where, "policy service", list_server(d, item));
		}
	}
}
