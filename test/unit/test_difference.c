/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes between two policies that differ in one place: the relation,
 * what is said of clients and keys, and whether somebody new may relay. The
 * same case turned round must say the opposite.
 */
#include "cases.h"
#include "diff.h"

#include <stdio.h>

#include "rights.h"

enum { JUNE_2026 = 1780272000, TEXT_SIZE = 8192 };

/* The policy; each case writes something else for some text of it. */
static const char base[] =
    "version: 1\n"
    "accepted_domains: [contoso.com]\n"
    "ip_allow_list: [192.0.2.1]\n"
    "ip_block_list: [192.0.2.0/30]\n"
    "connectors:\n"
    "  - name: Front\n"
    "    remote_ip_ranges: [\"0.0.0.0/0\"]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    max_message_size: 36MB\n"
    "  - name: Relay\n"
    "    remote_ip_ranges: [10.0.0.0/30]\n"
    "    permission_groups: [AnonymousUsers]\n"
    "    max_message_size: 36MB\n"
    "    extended_rights:\n"
    "      - principal: anonymous\n"
    "        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n";

struct case_ {
	const char *name, *from, *to;
	enum relation relation; /* of what is written to */
	bool new_relay, new_relay_back;
	const char *want; /* listener, clients, whom, gained and lost; keys */
};

/* clang-format off */
static const struct case_ cases[] = {
	{ "a comment", "version: 1\n", "version: 1 # one\n",
	  RELATION_EQUIVALENT, false, false, "" },
	{ "the same range in two parts", "10.0.0.0/30", "10.0.0.0-10.0.0.1, 10.0.0.2/31",
	  RELATION_EQUIVALENT, false, false, "" },
	{ "another name", "name: Relay", "name: Printers",
	  RELATION_EQUIVALENT, false, false, "" },
	{ "a range more", "10.0.0.0/30", "10.0.0.0/30, 10.0.0.8",
	  RELATION_WIDER, true, false,
	  "* 10.0.0.8 Front>Relay anonymous +ms-Exch-SMTP-Accept-Any-Recipient\n"
	  "* 10.0.0.8 Front>Relay authenticated +ms-Exch-SMTP-Accept-Any-Recipient\n" },
	{ "a range that is larger", "10.0.0.0/30", "10.0.0.0/29",
	  RELATION_WIDER, true, false,
	  "* 10.0.0.4/30 Front>Relay anonymous +ms-Exch-SMTP-Accept-Any-Recipient\n"
	  "* 10.0.0.4/30 Front>Relay authenticated +ms-Exch-SMTP-Accept-Any-Recipient\n" },
	{ "a deny", "        allow:", "        deny: [ms-Exch-SMTP-Accept-Any-Sender]\n        allow:",
	  RELATION_NARROWER, false, false,
	  "* 10.0.0.0/30 Relay>Relay anonymous -ms-Exch-SMTP-Accept-Any-Sender\n"
	  "* 10.0.0.0/30 Relay>Relay authenticated -ms-Exch-SMTP-Accept-Any-Sender\n" },
	{ "no Submit", "        allow:", "        deny: [ms-Exch-SMTP-Submit]\n        allow:",
	  RELATION_NARROWER, false, true,
	  "* 10.0.0.0/30 Relay>Relay anonymous -ms-Exch-SMTP-Submit"
	  "-ms-Exch-SMTP-Accept-Any-Recipient-ms-Exch-SMTP-Accept-Any-Sender"
	  "-ms-Exch-SMTP-Accept-Authoritative-Domain-Sender"
	  "-ms-Exch-Accept-Headers-Routing\n"
	  "* 10.0.0.0/30 Relay>Relay authenticated -ms-Exch-SMTP-Submit"
	  "-ms-Exch-SMTP-Accept-Any-Recipient-ms-Exch-SMTP-Accept-Any-Sender"
	  "-ms-Exch-SMTP-Accept-Authoritative-Domain-Sender"
	  "-ms-Exch-Accept-Headers-Routing\n" },
	{ "a lower limit of one", "30]\n    permission_groups: [AnonymousUsers]\n    max_message_size: 36MB",
	  "30]\n    permission_groups: [AnonymousUsers]\n    max_message_size: 10MB",
	  RELATION_NARROWER, false, false,
	  "* 10.0.0.0/30 Relay>Relay max_message_size\n"
	  "Relay max_message_size: 36MB > 10MB narrower\n" },
	{ "a reply", "    extended_rights:", "    replies: {unable_to_relay: 550 5.7.1 No}\n    extended_rights:",
	  RELATION_INCOMPARABLE, false, false,
	  "* 10.0.0.0/30 Relay>Relay replies\n"
	  "Relay replies unable_to_relay: that of the policy's style > 550 5.7.1 No incomparable\n" },
	{ "trusted", "30]\n    permission_groups: [AnonymousUsers]",
	  "30]\n    auth_mechanism: [ExternalAuthoritative]\n    permission_groups: [AnonymousUsers, ExchangeServers]",
	  RELATION_WIDER, false, false, NULL },
	{ "monitored", "version: 1\n", "version: 1\nmode: monitor\n",
	  RELATION_WIDER, false, false,
	  "* 0.0.0.0-9.255.255.255 Front>Front mode\n* 10.0.0.0/30 Relay>Relay mode\n"
	  "* 10.0.0.4-255.255.255.255 Front>Front mode\n" },
	{ "blocked no more", "192.0.2.0/30", "192.0.2.0-192.0.2.2",
	  RELATION_WIDER, false, false, NULL },
	{ "not on the allow list", "ip_allow_list: [192.0.2.1]", "ip_allow_list: [10.0.0.1, 192.0.2.1]",
	  RELATION_INCOMPARABLE, false, false,
	  "* 10.0.0.1 Relay>Relay ip_allow_list\n" },
	{ "the scl of the allow list", "connectors:", "scl: {ip_allow_list: 3}\nconnectors:",
	  RELATION_INCOMPARABLE, false, false, "scl ip_allow_list: -1 > 3 incomparable\n" },
	{ "a domain more", "[contoso.com]", "[contoso.com, \"*.fabrikam.com\"]",
	  RELATION_WIDER, false, false,
	  "accepted_domains *.fabrikam.com: none > authoritative wider\n" },
	{ "an end", "10.0.0.0/30]", "10.0.0.0/31, {range: 10.0.0.2/31, until: 2026-12-31}]",
	  RELATION_NARROWER, false, true, "at 1798761600 narrower\n" },
	{ "a listener", "10.0.0.0/30]\n", "10.0.0.0/30]\n    bindings: [\"10.9.0.1:25\"]\n",
	  RELATION_NARROWER, false, true, NULL },
	{ "a server's certificate", "connectors:", "exchange_servers: {tls_domains: [ex.contoso.com]}\nconnectors:",
	  RELATION_WIDER, false, false,
	  "exchange_servers.tls_domains ex.contoso.com: none > listed wider\n" },
	{ "partners", "30]\n    permission_groups: [AnonymousUsers]",
	  "30]\n    auth_mechanism: [Tls]\n    tls_domains: [p.example]\n    permission_groups: [AnonymousUsers, Partners]",
	  RELATION_WIDER, false, false, NULL },
};
/* clang-format on */

static char *
replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *out = malloc(size);

	assert_non_null(at);
	assert_non_null(out);
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to,
	    at + strlen(from));
	return out;
}

static size_t
add_rights(char *out, size_t used, char sign, right_set rights)
{
	for (unsigned i = 0; i < RIGHT_COUNT; i++)
		if ((rights & SET_OF(i)) != 0)
			used += (size_t)snprintf(out + used, TEXT_SIZE - used,
			    "%c%s", sign, right_name(i));
	return used;
}

static size_t
add_change(char *out, size_t used, const struct changed *c)
{
	char range[NETRANGE_TEXT_SIZE], addr[NETADDR_TEXT_SIZE];

	used += (size_t)snprintf(out + used, TEXT_SIZE - used, "%s %s %s>%s",
	    c->listener == NULL ? "*"
				: netaddr_format(&c->listener->addr, addr),
	    netrange_format(&c->clients, range),
	    c->older != NULL ? c->older : "none",
	    c->newer != NULL ? c->newer : "none");
	if (c->as == 0)
		return used + (size_t)snprintf(out + used, TEXT_SIZE - used,
				  " %s\n", c->what);
	for (unsigned i = 0; i < PRINCIPAL_COUNT; i++)
		if ((c->as & SET_OF(i)) != 0)
			used += (size_t)snprintf(out + used, TEXT_SIZE - used,
			    " %s", principal_name(i));
	out[used++] = ' ';
	used = add_rights(out, used, '+', c->gained);
	used = add_rights(out, used, '-', c->lost);
	out[used++] = '\n';
	out[used] = '\0';
	return used;
}

static void
render(const struct difference *d, char out[TEXT_SIZE])
{
	const struct setting *s;
	const struct later *later;
	struct changed change;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; difference_change(d, i, &change); i++)
		used = add_change(out, used, &change);
	for (size_t i = 0; (s = difference_setting(d, i)) != NULL; i++)
		if (strcmp(s->key, "mode") != 0)
			used += (size_t)snprintf(out + used, TEXT_SIZE - used,
			    "%s%s%s%s%s: %s > %s %s\n",
			    s->older_connector != NULL ? s->older_connector
						       : "",
			    s->older_connector != NULL ? " " : "", s->key,
			    s->item != NULL ? " " : "",
			    s->item != NULL ? s->item : "",
			    s->older != NULL ? s->older : "none",
			    s->newer != NULL ? s->newer : "none",
			    relation_name(s->relation));
	for (size_t i = 0; (later = difference_later(d, i)) != NULL; i++)
		used += (size_t)snprintf(out + used, TEXT_SIZE - used,
		    "at %lld %s\n", (long long)later->at,
		    relation_name(later->relation));
}

static enum relation
turned(enum relation relation)
{
	return relation == RELATION_WIDER      ? RELATION_NARROWER
	       : relation == RELATION_NARROWER ? RELATION_WIDER
					       : relation;
}

static struct ruleset *
load(const char *text)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = ruleset_of(text, list);

	if (ruleset == NULL)
		print_error("%s", diagnostics_get(list, 0)->message);
	diagnostics_free(list);
	assert_non_null(ruleset);
	return ruleset;
}

static void
compare(const struct ruleset *older, const struct ruleset *newer,
    enum relation relation, bool new_relay, const char *want)
{
	struct difference *d;
	char text[TEXT_SIZE];
	size_t len;

	assert_int_equal(difference_find(older, newer, JUNE_2026, &d), 0);
	render(d, text);
	if (want != NULL)
		assert_string_equal(text, want);
	assert_string_equal(
	    relation_name(difference_relation(d)), relation_name(relation));
	assert_int_equal(difference_new_relay(d), new_relay);
	len = strlen(relation_name(relation));
	assert_memory_equal(
	    difference_summary(d), relation_name(relation), len);
	assert_null(strchr(difference_summary(d), '\n'));
	difference_free(d);
}

static void
finds(void **state)
{
	struct ruleset *older = load(base);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct case_ *c = &cases[i];
		char *text = replace(base, c->from, c->to);
		struct ruleset *newer = load(text);

		print_message("%s\n", c->name);
		compare(older, newer, c->relation, c->new_relay, c->want);
		compare(newer, older, turned(c->relation), c->new_relay_back,
		    c->relation == RELATION_EQUIVALENT ? "" : NULL);
		compare(newer, newer, RELATION_EQUIVALENT, false, "");
		ruleset_unref(newer);
		free(text);
	}
	ruleset_unref(older);
}

/* What the daemon says after a reload. */
static void
sums_up(void **state)
{
	struct ruleset *older = load(base), *newer;
	char *text = replace(base, "10.0.0.0/30", "10.0.0.0/29");
	struct difference *d;

	(void)state;
	newer = load(text);
	assert_int_equal(difference_find(older, newer, JUNE_2026, &d), 0);
	assert_string_equal(difference_summary(d),
	    "wider: 4 more addresses may relay (anonymous, externally "
	    "secured), 0 fewer");
	difference_free(d);
	ruleset_unref(newer);
	ruleset_unref(older);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(sums_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
