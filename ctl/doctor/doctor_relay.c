/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_relay.c - what lets clients of a Postfix listener relay.
 *
 * A recipient must pass smtpd_relay_restrictions and
 * smtpd_recipient_restrictions. Each list is read as for a stranger with a
 * foreign recipient: what can permit before something refuses is an opening,
 * and the end of a list permits. So one list that keeps within the policy is
 * enough, and one that refuses what the policy grants is enough to refuse it.
 */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum opening_kind {
	OPEN_POLICY = 1,     /* our policy service */
	OPEN_MYNETWORKS = 2, /* permit_mynetworks */
	OPEN_SASL = 4,
	OPEN_TABLE = 8, /* check_..._access */
	OPEN_OTHER = 16
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

/* Where a way through a list leads a stranger. */
enum way { WAY_ON, WAY_SHUT, WAY_OPEN };

/* A restriction that can permit. */
struct opening {
	unsigned open;
	const char *word, *argument;
	struct rangeset granted; /* by a table or mynetworks, once weighed */
	bool unread;             /* which could not be compared */
};

/* A list, as far as a stranger gets in it. */
struct list {
	const char *name;
	struct where where;
	unsigned open;
	bool shut;       /* a guard ends it */
	bool strangers;  /* one for strangers */
	bool sasl_first; /* logged in clients never reach our service */
	struct opening *openings;
	size_t nopenings;
	bool weighed;
};

struct reading {
	struct doctor *doctor;
	struct postfix *postfix;
	const struct postfix_service *service;
	const struct port *port;
	unsigned depth; /* of restriction classes */
	struct list relay, recipient;
};

/* ---- Reading a list -------------------------------------------------- */

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
	if (is_access(word) && strncmp(argument, "static:", 7) == 0)
		return doctor_action(argument + 7) == 0 ? 0 : OPEN_OTHER;
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

static void
add_opening(struct reading *r, struct list *l, unsigned open, const char *word,
    const char *argument)
{
	void *items = l->openings;

	if (open == OPEN_POLICY && (l->open & OPEN_SASL) != 0)
		l->sasl_first = true;
	l->open |= open;
	if (arena_grow(r->doctor->arena, &items, l->nopenings,
		sizeof *l->openings) < 0) {
		r->doctor->failed = true;
		return;
	}
	l->openings = items;
	l->openings[l->nopenings++] = (struct opening){
		.open = open, .word = word, .argument = argument
	};
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

static bool
is_guard(struct list *l, const char *word)
{
	for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
		if (strcasecmp(guards[i].word, word) == 0) {
			l->strangers |= guards[i].strangers;
			return true;
		}
	return false;
}

static enum way
read_list(struct reading *r, struct list *l, const char *text)
{
	const char *word, *argument;
	enum way way = WAY_ON;
	bool warn = false;

	while (way == WAY_ON &&
	       (word = next_restriction(r, &text, &argument)) != NULL) {
		unsigned open = opening_of(r, word, argument);

		if (open != 0)
			add_opening(r, l, open, word, argument);
		else if (strcasecmp(word, "permit") == 0)
			way = WAY_OPEN;
		else if (!warn && is_guard(l, word))
			way = WAY_SHUT;
		else if (r->depth < CLASS_DEPTH && is_class(r, word)) {
			r->depth++;
			way = read_list(r, l,
			    postfix_value(r->postfix, r->service, word, NULL));
			r->depth--;
		}
		warn = strcasecmp(word, "warn_if_reject") == 0;
	}
	return way;
}

static void
list_read(struct reading *r, struct list *l, const char *name)
{
	const char *text;

	l->name = name;
	text = postfix_value(r->postfix, r->service, name, &l->where);
	l->shut = read_list(r, l, text) == WAY_SHUT;
}

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
opening_weigh(struct reading *r, struct opening *o)
{
	struct where where;
	int rc = 0;

	if (o->open == OPEN_TABLE)
		rc = table_path(o) == NULL
			 ? -EINVAL
			 : doctor_cidr(r->doctor, table_path(o), &o->granted);
	else if (o->open == OPEN_MYNETWORKS)
		rc = doctor_networks(r->doctor, r->postfix, r->service,
		    "mynetworks", &o->granted, &where);
	/* Without the table Postfix answers 451. */
	o->unread = rc != 0 && rc != -ENOENT;
	rangeset_sort(&o->granted);
}

static void
list_weigh(struct reading *r, struct list *l)
{
	for (size_t i = 0; i < l->nopenings && !l->weighed; i++)
		opening_weigh(r, &l->openings[i]);
	l->weighed = true;
}

/* It may let clients relay that the policy does not. */
static bool
is_wider(struct reading *r, struct list *l)
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
say_other(struct reading *r, const struct list *l, const struct opening *o)
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
say_opening(struct reading *r, const struct list *l, const struct opening *o)
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
		    "grants relay whatever the policy says",
		    o->word, o->argument);
	} else if (o->open == OPEN_TABLE) {
		table.file = doctor_path(r->doctor, table_path(o));
		doctor_wider(
		    r->doctor, D_TABLE_WIDER, &table, "the table", &o->granted);
	}
}

/* What both lists let through relays. */
static void
check_wider(struct reading *r)
{
	struct list *const lists[] = { &r->relay, &r->recipient };

	if (!is_wider(r, &r->relay) || !is_wider(r, &r->recipient))
		return;
	for (size_t i = 0; i < 2; i++) {
		struct list *l = lists[i];

		if (!l->shut)
			continue;
		list_weigh(r, l);
		for (size_t n = 0; n < l->nopenings; n++)
			say_opening(r, l, &l->openings[n]);
	}
}

/* Whether the policy lets clients of a family relay on this listener, and the
 * list does not. */
static bool
check_family(struct reading *r, const struct list *l,
    const struct rangeset *granted, bool unread, enum family family)
{
	struct listener listener = { r->port->addr, r->port->port };
	bool tables = (l->open & OPEN_TABLE) != 0;
	char text[NETRANGE_TEXT_SIZE];
	struct rangeset policy = { 0 };
	struct netrange first;
	bool found;

	if (listener.addr.family == FAMILY_NONE)
		listener.addr.family = family;
	found = listener.addr.family == family &&
		doctor_relay(r->doctor, &listener, &policy) == 0 &&
		rangeset_exceeds(&policy, granted, &first);
	if (found && unread)
		doctor_say(r->doctor, D_UNTOLD, l->where,
		    "the policy lets %s relay; whether %s does stands in what "
		    "could not be read",
		    netrange_format(&first, text), l->name);
	else if (found && tables)
		doctor_say(r->doctor, D_TABLE_NARROWER, l->where,
		    "the policy lets %s relay, and no table in %s does; "
		    "connectorctl export postfix-cidr writes it anew",
		    netrange_format(&first, text), l->name);
	else if (found)
		doctor_say(r->doctor, D_NO_GRANT, l->where,
		    "the policy lets %s relay, and nothing in %s does; %s",
		    netrange_format(&first, text), l->name,
		    l == &r->relay ? "see contrib/postfix/main.cf.policy"
				   : "take reject_unauth_destination from it: "
				     "smtpd_relay_restrictions has it");
	rangeset_fini(&policy);
	return found;
}

static void
check_narrower(struct reading *r, struct list *l)
{
	struct rangeset granted = { 0 };
	bool unread = false;

	if (!l->shut || !l->strangers ||
	    (l->open & (OPEN_POLICY | OPEN_OTHER)) != 0)
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
check_sasl(struct reading *r, const struct list *l, const struct list *other)
{
	if (l->sasl_first && (!other->shut || (other->open & OPEN_SASL) != 0))
		doctor_say(r->doctor, D_SASL, l->where,
		    "permit_sasl_authenticated stands before "
		    "check_policy_service: who has logged in relays whatever "
		    "the policy says; remove it");
}

static void
list_fini(struct list *l)
{
	for (size_t i = 0; i < l->nopenings; i++)
		rangeset_fini(&l->openings[i].granted);
}

void
doctor_restrictions(struct doctor *d, struct postfix *p,
    const struct postfix_service *s, const struct port *port)
{
	struct reading r = {
		.doctor = d, .postfix = p, .service = s, .port = port
	};

	list_read(&r, &r.relay, "smtpd_relay_restrictions");
	list_read(&r, &r.recipient, "smtpd_recipient_restrictions");
	if (!r.relay.shut && !r.recipient.shut) {
		doctor_say(d, D_OPEN_RELAY, r.relay.where,
		    "smtpd_relay_restrictions and "
		    "smtpd_recipient_restrictions refuse nobody; end one in "
		    "reject_unauth_destination");
		return;
	}
	check_wider(&r);
	check_sasl(&r, &r.relay, &r.recipient);
	check_sasl(&r, &r.recipient, &r.relay);
	check_narrower(&r, &r.relay);
	check_narrower(&r, &r.recipient);
	list_fini(&r.relay);
	list_fini(&r.recipient);
}
