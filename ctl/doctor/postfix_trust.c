/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_trust.c - what Postfix believes of its clients: XCLIENT, XFORWARD,
 * PROXY headers, and where a message ends.
 */
#include "postfix.h"

#include <string.h>

static bool
is_local_network(const struct netrange *range)
{
	return netaddr_is_loopback(&range->first) &&
	       netaddr_is_loopback(&range->last);
}

static void
check_hosts(const struct smtpd *s, const char *name, enum finding finding,
    const char *advice)
{
	struct rangeset hosts = { 0 };
	char text[NETRANGE_TEXT_SIZE];
	struct where where;
	size_t i = 0;

	if (smtpd_networks(s, name, &hosts, &where) == 0) {
		while (i < hosts.count && is_local_network(&hosts.items[i]))
			i++;
		if (i < hosts.count)
			doctor_say(s->doctor, finding, where, "%s holds %s: %s",
			    name, netrange_format(&hosts.items[i], text),
			    advice);
	}
	rangeset_fini(&hosts);
}

/* note, of later versions, only writes to the log. */
static bool
is_off(const char *set)
{
	return *set == '\0' || strcmp(set, "no") == 0 ||
	       strcmp(set, "note") == 0;
}

static void
check_smuggling(const struct smtpd *s)
{
	struct where where;
	const char *set = smtpd_value(s, "smtpd_forbid_bare_newline", &where);

	if (is_off(set))
		doctor_say(s->doctor, D_BARE_NEWLINE, where,
		    "smtpd_forbid_bare_newline is %s: a message can be hidden "
		    "in another one; write smtpd_forbid_bare_newline = yes",
		    *set == '\0' ? "unknown to this Postfix" : set);
	set = smtpd_value(s, "smtpd_forbid_unauth_pipelining", &where);
	if (is_off(set) && !list_has(s->doctor,
			       smtpd_value(s, "smtpd_data_restrictions", NULL),
			       "reject_unauth_pipelining"))
		doctor_say(s->doctor, D_PIPELINING, where,
		    "smtpd_forbid_unauth_pipelining is %s: commands can be "
		    "hidden in a message; write "
		    "smtpd_forbid_unauth_pipelining = yes",
		    *set == '\0' ? "unknown to this Postfix" : set);
}

static void
check_proxy(const struct smtpd *s)
{
	const char *name = s->front == s->service
			       ? "smtpd_upstream_proxy_protocol"
			       : "postscreen_upstream_proxy_protocol";
	struct where where;

	if (*postfix_value(s->postfix, s->front, name, &where) != '\0')
		doctor_say(s->doctor, D_PROXY, where,
		    "%s believes PROXY headers: let the load balancer alone "
		    "reach it",
		    s->front->name);
}

void
smtpd_check_trust(const struct smtpd *s)
{
	check_hosts(s, "smtpd_authorized_xclient_hosts", D_XCLIENT,
	    "hosts there may claim to be any client; leave only hosts that "
	    "need it");
	check_hosts(s, "smtpd_authorized_xforward_hosts", D_XFORWARD,
	    "hosts there may forge the client in the log; write 127.0.0.0/8");
	check_proxy(s);
	check_smuggling(s);
}
