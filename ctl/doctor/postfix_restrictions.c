/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_restrictions.c - the restrictions of smtpd, as one table, and what
 * a list of them opens before something refuses.
 */
#include "postfix_restrictions.h"
#include "nearest.h"

#include <string.h>
#include <strings.h>

enum { CLASS_DEPTH = 8 };

/* Where a way through a list leads a stranger. */
enum way { WAY_ON, WAY_SHUT, WAY_OPEN };

/* What a restriction does to a stranger with a foreign recipient. Guards that
 * name the destination are for listeners that strangers may use. */
enum effect { PASSES, GUARDS, GUARDS_STRANGERS, PERMITS };

struct restriction_word {
	const char *name;
	enum effect effect;
	unsigned open; /* it can permit */
	bool argument;
};

/* clang-format off */
static const struct restriction_word words[] = {
	{ .name = "defer", .effect = GUARDS },
	{ .name = "defer_if_permit", .effect = GUARDS },
	{ .name = "defer_if_reject" },
	{ .name = "defer_unauth_destination", .effect = GUARDS_STRANGERS },
	{ .name = "permit", .effect = PERMITS },
	{ .name = "permit_auth_destination" },
	{ .name = "permit_dnswl_client", .open = OPEN_OTHER, .argument = true },
	{ .name = "permit_inet_interfaces", .open = OPEN_OTHER },
	{ .name = "permit_mx_backup", .open = OPEN_OTHER },
	{ .name = "permit_mynetworks", .open = OPEN_MYNETWORKS },
	{ .name = "permit_naked_ip_address", .open = OPEN_OTHER },
	{ .name = "permit_rhswl_client", .open = OPEN_OTHER, .argument = true },
	{ .name = "permit_sasl_authenticated", .open = OPEN_SASL },
	{ .name = "permit_tls_all_clientcerts", .open = OPEN_OTHER },
	{ .name = "permit_tls_clientcerts", .open = OPEN_OTHER },
	{ .name = "reject", .effect = GUARDS },
	{ .name = "reject_authenticated_sender_login_mismatch" },
	{ .name = "reject_invalid_helo_hostname" },
	{ .name = "reject_invalid_hostname" },
	{ .name = "reject_known_sender_login_mismatch" },
	{ .name = "reject_maps_rbl" },
	{ .name = "reject_multi_recipient_bounce" },
	{ .name = "reject_non_fqdn_helo_hostname" },
	{ .name = "reject_non_fqdn_hostname" },
	{ .name = "reject_non_fqdn_recipient" },
	{ .name = "reject_non_fqdn_sender" },
	{ .name = "reject_plaintext_session" },
	{ .name = "reject_rbl", .argument = true },
	{ .name = "reject_rbl_client", .argument = true },
	{ .name = "reject_rhsbl_client", .argument = true },
	{ .name = "reject_rhsbl_helo", .argument = true },
	{ .name = "reject_rhsbl_recipient", .argument = true },
	{ .name = "reject_rhsbl_reverse_client", .argument = true },
	{ .name = "reject_rhsbl_sender", .argument = true },
	{ .name = "reject_sender_login_mismatch" },
	{ .name = "reject_unauth_destination", .effect = GUARDS_STRANGERS },
	{ .name = "reject_unauth_pipelining" },
	{ .name = "reject_unauthenticated_sender_login_mismatch" },
	{ .name = "reject_unknown_address" },
	{ .name = "reject_unknown_client" },
	{ .name = "reject_unknown_client_hostname" },
	{ .name = "reject_unknown_forward_client_hostname" },
	{ .name = "reject_unknown_helo_hostname" },
	{ .name = "reject_unknown_hostname" },
	{ .name = "reject_unknown_recipient_domain" },
	{ .name = "reject_unknown_reverse_client_hostname" },
	{ .name = "reject_unknown_sender_domain" },
	{ .name = "reject_unlisted_recipient" },
	{ .name = "reject_unlisted_sender" },
	{ .name = "reject_unverified_recipient" },
	{ .name = "reject_unverified_sender" },
	{ .name = "sleep", .argument = true },
	{ .name = "warn_if_reject" },
};
/* clang-format on */

enum { WORDS = sizeof words / sizeof *words };

static const struct restriction_word policy_service = { "check_policy_service",
	PASSES, OPEN_OTHER, true };
static const struct restriction_word access_table = { "check_recipient_access",
	PASSES, OPEN_TABLE, true };

static bool
is_access(const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(name, "check_", 6) == 0 && len > 7 &&
	       strcasecmp(name + len - 7, "_access") == 0;
}

/* A table alone stands for check_recipient_access. NULL: no restriction. */
static const struct restriction_word *
find_word(const char *name)
{
	if (strcasecmp(name, policy_service.name) == 0)
		return &policy_service;
	if (is_access(name) || strchr(name, ':'))
		return &access_table;
	for (size_t i = 0; i < WORDS; i++)
		if (strcasecmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static const char *
word_name(const void *ctx, size_t i)
{
	(void)ctx;
	return words[i].name;
}

static unsigned
opening_of(const struct restrictions *l, const struct restriction_word *word,
    const char *argument)
{
	if (word == &policy_service &&
	    doctor_is_ours(l->smtpd->doctor, argument))
		return OPEN_POLICY;
	if (word == &access_table && strncmp(argument, "static:", 7) == 0)
		return postfix_action(argument + 7) == 0 ? 0 : OPEN_OTHER;
	return word->open;
}

static void
add_opening(struct restrictions *l, unsigned open, const char *name,
    const char *argument)
{
	struct doctor *d = l->smtpd->doctor;
	void *items = l->openings;

	if (open == OPEN_POLICY && (l->open & OPEN_SASL) != 0)
		l->sasl_first = true;
	l->open |= open;
	if (arena_grow(d->arena, &items, l->nopenings, sizeof *l->openings) <
	    0) {
		d->failed = true;
		return;
	}
	l->openings = items;
	l->openings[l->nopenings++] = (struct opening){
		.open = open, .word = name, .argument = argument
	};
}

static void
say_unknown(const struct restrictions *l, const char *name)
{
	const char *near = word_nearest(name, word_name, NULL, WORDS);

	doctor_say(l->smtpd->doctor, D_RESTRICTION, l->where,
	    "%s: \"%.60s\" is no restriction, and Postfix answers 451 4.3.5 "
	    "to everybody; %s%s",
	    l->name, name, near ? "did you mean " : "remove it",
	    near ? near : "");
}

static enum way read_list(struct restrictions *, const char *text);

static enum way
read_class(struct restrictions *l, const char *name)
{
	enum way way;

	if (l->depth == CLASS_DEPTH)
		return WAY_ON;
	l->depth++;
	way = read_list(l, smtpd_value(l->smtpd, name, NULL));
	l->depth--;
	return way;
}

/* One restriction that is no class; moves *at past its argument. */
static enum way
read_word(struct restrictions *l, const struct restriction_word *word,
    const char *name, const char **at, bool warn)
{
	struct doctor *d = l->smtpd->doctor;
	const char *argument = strchr(name, ':') ? name : "";
	unsigned open;

	if (word->argument && *argument == '\0') {
		argument = list_item(d, at);
		if (!argument) {
			doctor_say(d, D_RESTRICTION, l->where,
			    "%s ends in %s, which needs an argument, and "
			    "Postfix answers 451 4.3.5 to everybody; write "
			    "what it is to ask",
			    l->name, name);
			return WAY_ON;
		}
		if (word == &policy_service)
			argument = list_server(d, argument);
	}
	open = opening_of(l, word, argument);
	if (open != 0)
		add_opening(
		    l, open, strchr(name, ':') ? word->name : name, argument);
	if (word->effect == PERMITS)
		return WAY_OPEN;
	if (word->effect == PASSES || warn)
		return WAY_ON;
	l->strangers |= word->effect == GUARDS_STRANGERS;
	return WAY_SHUT;
}

static enum way
read_list(struct restrictions *l, const char *text)
{
	struct doctor *d = l->smtpd->doctor;
	const char *classes =
	    smtpd_value(l->smtpd, "smtpd_restriction_classes", NULL);
	enum way way = WAY_ON;
	const char *name;
	bool warn = false;

	while (way == WAY_ON && (name = list_item(d, &text)) != NULL) {
		const struct restriction_word *word = find_word(name);

		if (word)
			way = read_word(l, word, name, &text, warn);
		else if (list_has(d, classes, name))
			way = read_class(l, name);
		else
			say_unknown(l, name);
		warn = strcasecmp(name, "warn_if_reject") == 0;
	}
	return way;
}

void
restrictions_read(
    const struct smtpd *s, const char *name, struct restrictions *l)
{
	const char *text;

	*l = (struct restrictions){ .smtpd = s, .name = name };
	text = smtpd_value(s, name, &l->where);
	if (list_is_broken(text)) {
		l->shut = true;
		doctor_say(s->doctor, D_RESTRICTION, l->where,
		    "%s: a brace has no partner, and Postfix answers 451 4.3.5 "
		    "to everybody; write as many } as {",
		    name);
		return;
	}
	l->shut = read_list(l, text) == WAY_SHUT;
}

void
restrictions_fini(struct restrictions *l)
{
	for (size_t i = 0; i < l->nopenings; i++)
		rangeset_fini(&l->openings[i].granted);
}
