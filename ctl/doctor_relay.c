/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_relay.c - what lets clients of a Postfix listener relay.
 *
 * A recipient must pass smtpd_relay_restrictions and
 * smtpd_recipient_restrictions. Each list is read as for a stranger with a
 * foreign recipient: what can permit before something refuses is an opening,
 * and the end of a list permits. What opens both lists grants relay.
 */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum opening {
	OPEN_POLICY = 1,     /* our policy service */
	OPEN_MYNETWORKS = 2, /* permit_mynetworks */
	OPEN_SASL = 4,
	OPEN_TABLE = 8, /* check_..._access */
	OPEN_OTHER = 16,
	OPEN_ALL = 31
};

enum { CLASS_DEPTH = 8 };

/* clang-format off */
static const struct {
	const char *word;
	unsigned open;
} openings[] = {
	{ "permit_dnswl_client",      OPEN_OTHER },
	{ "permit_inet_interfaces",   OPEN_OTHER },
	{ "permit_mx_backup",         OPEN_OTHER },
	{ "permit_mynetworks",        OPEN_MYNETWORKS },
	{ "permit_naked_ip_address",  OPEN_OTHER },
	{ "permit_rhswl_client",      OPEN_OTHER },
	{ "permit_sasl_authenticated", OPEN_SASL },
	{ "permit_tls_all_clientcerts", OPEN_OTHER },
	{ "permit_tls_clientcerts",   OPEN_OTHER },
};

/* Where a stranger's way ends. Those for unauthorized destinations are for
 * listeners that strangers may use. */
static const struct {
	const char *word;
	bool strangers;
} guards[] = {
	{ "defer", false },
	{ "defer_if_permit", false },
	{ "defer_unauth_destination", true },
	{ "reject", false },
	{ "reject_unauth_destination", true },
};
/* clang-format on */

struct reading {
	struct doctor *doctor;
	struct postfix *postfix;
	const struct postfix_service *service;
	const struct port *port;
	unsigned open, depth;
	bool strangers;       /* a guard for strangers ends a list */
	bool sasl_first;      /* logged in clients never reach our service */
	bool tables;          /* some table grants relay */
	bool unread;          /* and could not be compared */
	struct spans granted; /* by tables that were read */
	struct where where;   /* of the list */
};

/* ---- Reading a list -------------------------------------------------- */

static void
say_table(struct reading *r, const char *kind, const char *table)
{
	struct doctor *d = r->doctor;
	int rc = -EINVAL;

	if (strncmp(table, "static:", 7) == 0 &&
	    doctor_action(table + 7) >= 0) {
		if (doctor_action(table + 7) > 0)
			doctor_say(d, D_OPEN_RELAY, r->where,
			    "%s %s stands before reject_unauth_destination: "
			    "everybody relays; remove it",
			    kind, table);
		return;
	}
	r->tables = true;
	if (strcasecmp(kind, "check_client_access") == 0 &&
	    strncmp(table, "cidr:/", 6) == 0)
		rc = doctor_cidr(d, table + 5, &r->granted);
	if (rc == 0 || rc == -ENOENT)
		return; /* without the file Postfix answers 451 */
	r->unread = true;
	doctor_say(d, D_ACCESS, r->where,
	    "%s %s stands before reject_unauth_destination, where OK grants "
	    "relay whatever the policy says",
	    kind, table);
}

static void
say_opening(
    struct reading *r, unsigned open, const char *word, const char *argument)
{
	if (open == OPEN_TABLE)
		say_table(r, word, argument);
	else if (open == OPEN_OTHER)
		doctor_say(r->doctor, D_PERMIT, r->where,
		    "%s%s%s stands before reject_unauth_destination and grants "
		    "relay whatever the policy says; remove it",
		    word, *argument != '\0' ? " " : "", argument);
}

static bool
is_access(const char *word)
{
	size_t len = strlen(word);

	return strncasecmp(word, "check_", 6) == 0 && len > 7 &&
	       strcasecmp(word + len - 7, "_access") == 0;
}

static bool
is_service(const char *word)
{
	return strcasecmp(word, "check_policy_service") == 0;
}

/* The next restriction of a list, with its argument; NULL at the end. */
static const char *
next_restriction(struct reading *r, const char **at, const char **argument)
{
	const char *word = postfix_item(r->postfix, at);

	*argument = "";
	if (word == NULL)
		return NULL;
	if (strchr(word, ':') != NULL) { /* what a table alone stands for */
		*argument = word;
		return "check_recipient_access";
	}
	if (!is_service(word) && !is_access(word))
		return word;
	*argument = postfix_item(r->postfix, at);
	if (*argument == NULL)
		*argument = "";
	else if (is_service(word))
		*argument = postfix_server(r->postfix, *argument);
	return word;
}

/* What a restriction opens; 0: nothing. */
static unsigned
opening_of(const struct reading *r, const char *word, const char *argument)
{
	if (is_access(word))
		return OPEN_TABLE;
	if (is_service(word))
		return doctor_is_ours(r->doctor, argument) ? OPEN_POLICY
							   : OPEN_OTHER;
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
		if (strcasecmp(openings[i].word, word) == 0)
			return openings[i].open;
	return 0;
}

static bool
is_class(struct reading *r, const char *word)
{
	const char *list = postfix_value(r->postfix, r->service,
		       "smtpd_restriction_classes", NULL),
		   *item;

	while ((item = postfix_item(r->postfix, &list)) != NULL)
		if (strcmp(item, word) == 0)
			return true;
	return false;
}

/* True: a guard ends the way. say: what both lists let through. */
static bool
read_list(struct reading *r, const char *list, unsigned say)
{
	const char *item, *argument;
	bool warn = false;

	while ((item = next_restriction(r, &list, &argument)) != NULL) {
		unsigned open = opening_of(r, item, argument);
		bool was_warn = warn;

		warn = strcasecmp(item, "warn_if_reject") == 0;
		if (strcasecmp(item, "permit") == 0)
			break;
		for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
			if (strcasecmp(guards[i].word, item) == 0 &&
			    !was_warn) {
				r->strangers |= guards[i].strangers;
				return true;
			}
		if ((open & say) != 0)
			say_opening(r, open, item, argument);
		if (open == OPEN_POLICY && (r->open & OPEN_SASL) != 0)
			r->sasl_first = true;
		r->open |= open;
		if (open != 0 || !is_class(r, item) || r->depth >= CLASS_DEPTH)
			continue;
		r->depth++;
		if (read_list(r,
			postfix_value(r->postfix, r->service, item, NULL), say))
			return true;
		r->depth--;
	}
	return false;
}

static unsigned
openings_of(struct reading *r, const char *name, unsigned say)
{
	const char *list =
	    postfix_value(r->postfix, r->service, name, &r->where);

	r->open = r->depth = 0;
	return read_list(r, list, say) ? r->open : (unsigned)OPEN_ALL;
}

/* ---- What it means --------------------------------------------------- */

static void
check_mynetworks(struct reading *r)
{
	struct spans networks = { 0 };
	struct where where;

	if (doctor_networks(r->doctor, r->postfix, r->service, "mynetworks",
		&networks, &where) == 0) {
		doctor_wider(r->doctor, D_MYNETWORKS, &r->where,
		    "permit_mynetworks", &networks);
		for (size_t i = 0; i < networks.count; i++)
			if (spans_add(&r->granted, &networks.items[i]) < 0)
				r->doctor->failed = true;
	}
	spans_fini(&networks);
}

/* Whether the policy lets clients of a family relay on this listener, and
 * nothing here does. */
static bool
check_narrower(struct reading *r, enum family family)
{
	struct listener listener = { r->port->addr, r->port->port };
	char text[NETRANGE_TEXT_SIZE];
	struct spans policy = { 0 };
	struct netrange first;
	bool found;

	if (listener.addr.family == FAMILY_NONE)
		listener.addr.family = family;
	found = listener.addr.family == family &&
		doctor_relay(r->doctor, &listener, &policy) == 0 &&
		spans_beyond(&policy, &r->granted, &first);
	if (found)
		doctor_say(r->doctor, r->tables ? D_TABLE_NARROWER : D_NO_GRANT,
		    r->where, "the policy lets %s relay, and %s",
		    netrange_format(&first, text),
		    r->tables ? "no table does; connectorctl export "
				"postfix-cidr writes it anew"
			      : "nothing here does; see "
				"contrib/postfix/main.cf.policy");
	spans_fini(&policy);
	return found;
}

void
doctor_restrictions(struct doctor *d, struct postfix *p,
    const struct postfix_service *s, const struct port *port)
{
	static const char relay[] = "smtpd_relay_restrictions",
			  recipient[] = "smtpd_recipient_restrictions";
	struct reading r = {
		.doctor = d, .postfix = p, .service = s, .port = port
	};
	unsigned open = openings_of(&r, recipient, 0);

	open &= openings_of(&r, relay, 0);
	if (open == OPEN_ALL) {
		doctor_say(d, D_OPEN_RELAY, r.where,
		    "smtpd_relay_restrictions and "
		    "smtpd_recipient_restrictions refuse nobody; end one in "
		    "reject_unauth_destination");
		return;
	}
	openings_of(&r, recipient, open);
	openings_of(&r, relay, open);
	if ((open & OPEN_MYNETWORKS) != 0)
		check_mynetworks(&r);
	if ((open & OPEN_SASL) != 0 && r.sasl_first)
		doctor_say(d, D_SASL, r.where,
		    "permit_sasl_authenticated stands before "
		    "check_policy_service: who has logged in relays whatever "
		    "the policy says; remove it");
	spans_settle(&r.granted);
	if ((open & OPEN_POLICY) == 0 && r.strangers && !r.unread &&
	    !check_narrower(&r, FAMILY_IPV4))
		check_narrower(&r, FAMILY_IPV6);
	spans_fini(&r.granted);
}
