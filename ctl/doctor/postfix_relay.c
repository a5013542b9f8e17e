/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_relay.c - which clients of a Postfix listener may relay, against
 * the policy.
 *
 * A recipient must pass smtpd_relay_restrictions and
 * smtpd_recipient_restrictions. What can permit in one of them before
 * something refuses is an opening, and the end of a list permits. So one list
 * that keeps within the policy is enough, and one that refuses what the
 * policy grants is enough to refuse it.
 */
#include "postfix_restrictions.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct relay_lists {
	const struct smtpd *smtpd;
	struct doctor *doctor;
	struct restrictions relay, recipient;
};

/* ---- What a list grants ---------------------------------------------- */

static const char *
table_path(const struct opening *o)
{
	return strcasecmp(o->word, "check_client_access") == 0 &&
		       strncmp(o->argument, "cidr:/", 6) == 0
		   ? o->argument + 5
		   : NULL;
}

static void
opening_weigh(struct relay_lists *r, struct opening *o)
{
	struct where where;
	int error = 0;

	if (o->open == OPEN_TABLE)
		error = !table_path(o) ? -EINVAL
				       : postfix_cidr(r->doctor, table_path(o),
					     &o->granted);
	else if (o->open == OPEN_MYNETWORKS)
		error =
		    smtpd_networks(r->smtpd, "mynetworks", &o->granted, &where);
	/* Without the table Postfix answers 451. */
	o->unread = error != 0 && error != -ENOENT;
	rangeset_sort(&o->granted);
}

static void
list_weigh(struct relay_lists *r, struct restrictions *l)
{
	for (size_t i = 0; i < l->nopenings && !l->weighed; i++)
		opening_weigh(r, &l->openings[i]);
	l->weighed = true;
}

/* It may let clients relay that the policy does not. */
static bool
is_wider(struct relay_lists *r, struct restrictions *l)
{
	struct netrange first;

	if (!l->shut || (l->open & OPEN_OTHER) != 0)
		return true;
	list_weigh(r, l);
	for (size_t i = 0; i < l->nopenings; i++)
		if (l->openings[i].unread ||
		    rangeset_exceeds(
			&l->openings[i].granted, &r->doctor->relay, &first))
			return true;
	return false;
}

/* ---- What it means --------------------------------------------------- */

static void
say_other(struct relay_lists *r, const struct restrictions *l,
    const struct opening *o)
{
	if (strncmp(o->argument, "static:", 7) == 0)
		doctor_say(r->doctor, D_OPEN_RELAY, l->where,
		    "%s %s stands before reject_unauth_destination: everybody "
		    "relays; remove it",
		    o->word, o->argument);
	else
		doctor_say(r->doctor, D_PERMIT, l->where,
		    "%s%s%s stands before reject_unauth_destination and grants "
		    "relay whatever the policy says; remove it",
		    o->word, *o->argument != '\0' ? " " : "", o->argument);
}

static void
say_opening(struct relay_lists *r, const struct restrictions *l,
    const struct opening *o)
{
	struct where table = { 0 };

	if (o->open == OPEN_OTHER) {
		say_other(r, l, o);
	} else if (o->open == OPEN_MYNETWORKS && !o->unread) {
		doctor_wider(r->doctor, D_MYNETWORKS, &l->where,
		    "permit_mynetworks", &o->granted);
	} else if (o->open == OPEN_TABLE && o->unread) {
		doctor_say(r->doctor, D_ACCESS, l->where,
		    "%s %s stands before reject_unauth_destination, where OK "
		    "grants relay whatever the policy says; move it after "
		    "that",
		    o->word, o->argument);
	} else if (o->open == OPEN_TABLE) {
		table.file = doctor_path(r->doctor, table_path(o));
		doctor_wider(
		    r->doctor, D_TABLE_WIDER, &table, "the table", &o->granted);
	}
}

/* What both lists let through relays. */
static void
check_wider(struct relay_lists *r)
{
	struct restrictions *const lists[] = { &r->relay, &r->recipient };

	if (!is_wider(r, &r->relay) || !is_wider(r, &r->recipient))
		return;
	for (size_t i = 0; i < 2; i++) {
		struct restrictions *l = lists[i];

		if (!l->shut)
			continue;
		list_weigh(r, l);
		for (size_t n = 0; n < l->nopenings; n++)
			say_opening(r, l, &l->openings[n]);
	}
}

/* An opening of which nobody knows what it permits; NULL: there is none. */
static const struct opening *
find_other(const struct restrictions *l)
{
	for (size_t i = 0; i < l->nopenings; i++)
		if (l->openings[i].open == OPEN_OTHER)
			return &l->openings[i];
	return NULL;
}

static void
say_no_grant(
    struct relay_lists *r, const struct restrictions *l, const char *clients)
{
	const struct opening *other = find_other(l);
	const char *what = "nothing", *argument = "";

	if (other) {
		what = doctor_text(r->doctor, "at best %s ", other->word);
		argument = other->argument;
	}
	doctor_say(r->doctor, D_NO_GRANT, l->where,
	    "the policy lets %s relay, and %s%s in %s does; %s", clients, what,
	    argument, l->name,
	    l == &r->relay ? "append main.cf.policy, see README"
			   : "take reject_unauth_destination from it: "
			     "smtpd_relay_restrictions has it");
}

/* The policy lets these clients relay and the list does not. */
static void
say_narrower(struct relay_lists *r, const struct restrictions *l, bool unread,
    const struct netrange *clients)
{
	char text[NETRANGE_TEXT_SIZE];

	netrange_format(clients, text);
	if (unread)
		doctor_say(r->doctor, D_UNTOLD, l->where,
		    "the policy lets %s relay; whether %s does depends on what "
		    "could not be read",
		    text, l->name);
	else if ((l->open & OPEN_TABLE) != 0)
		doctor_say(r->doctor, D_TABLE_NARROWER, l->where,
		    "the policy lets %s relay, and no table in %s does; write "
		    "it again with connectorctl export postfix-cidr",
		    text, l->name);
	else
		say_no_grant(r, l, text);
}

/* Whether the policy lets clients of a family relay on this listener, and the
 * list does not. */
static bool
check_family(struct relay_lists *r, const struct restrictions *l,
    const struct rangeset *granted, bool unread, enum family family)
{
	struct listener listener = { r->smtpd->port->addr,
		r->smtpd->port->port };
	struct rangeset policy = { 0 };
	struct netrange first;
	bool found;

	if (listener.addr.family == FAMILY_NONE)
		listener.addr.family = family;
	found = listener.addr.family == family &&
		doctor_relay(r->doctor, &listener, &policy) == 0 &&
		rangeset_exceeds(&policy, granted, &first);
	if (found)
		say_narrower(r, l, unread, &first);
	rangeset_fini(&policy);
	return found;
}

static bool
lets_everybody(const struct restrictions *l)
{
	for (size_t i = 0; i < l->nopenings; i++)
		if (strncmp(l->openings[i].argument, "static:", 7) == 0)
			return true;
	return false;
}

static void
check_narrower(struct relay_lists *r, struct restrictions *l)
{
	struct rangeset granted = { 0 };
	bool unread = false;

	if (!l->shut || !l->strangers || (l->open & OPEN_POLICY) != 0 ||
	    lets_everybody(l))
		return;
	list_weigh(r, l);
	for (size_t i = 0; i < l->nopenings; i++) {
		const struct opening *o = &l->openings[i];

		unread = unread || o->unread;
		if (rangeset_unite(&granted, &o->granted) < 0)
			r->doctor->failed = true;
	}
	if (!check_family(r, l, &granted, unread, FAMILY_IPV4))
		check_family(r, l, &granted, unread, FAMILY_IPV6);
	rangeset_fini(&granted);
}

static void
check_sasl(struct relay_lists *r, const struct restrictions *l,
    const struct restrictions *other)
{
	if (l->sasl_first && (!other->shut || (other->open & OPEN_SASL) != 0))
		doctor_say(r->doctor, D_SASL, l->where,
		    "permit_sasl_authenticated stands before "
		    "check_policy_service: a client that has logged in relays "
		    "whatever the policy says; remove it");
}

/* Lists in which a mistake stops mail, too. */
static void
check_other_lists(const struct smtpd *s)
{
	static const char *const names[] = { "smtpd_client_restrictions",
		"smtpd_helo_restrictions", "smtpd_sender_restrictions",
		"smtpd_data_restrictions", "smtpd_end_of_data_restrictions" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct restrictions list;

		restrictions_read(s, names[i], &list);
		restrictions_fini(&list);
	}
}

void
smtpd_check_relay(const struct smtpd *s)
{
	struct relay_lists r = { .smtpd = s, .doctor = s->doctor };

	check_other_lists(s);
	restrictions_read(s, "smtpd_relay_restrictions", &r.relay);
	restrictions_read(s, "smtpd_recipient_restrictions", &r.recipient);
	if (!r.relay.shut && !r.recipient.shut) {
		doctor_say(s->doctor, D_OPEN_RELAY, r.relay.where,
		    "smtpd_relay_restrictions and "
		    "smtpd_recipient_restrictions refuse nobody; end one in "
		    "reject_unauth_destination");
	} else {
		check_wider(&r);
		check_sasl(&r, &r.relay, &r.recipient);
		check_sasl(&r, &r.recipient, &r.relay);
		check_narrower(&r, &r.relay);
		check_narrower(&r, &r.recipient);
	}
	restrictions_fini(&r.relay);
	restrictions_fini(&r.recipient);
}
