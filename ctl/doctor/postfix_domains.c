/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_domains.c - the domains that Postfix accepts, against
 * accepted_domains.
 *
 * A recipient passes where both agree, so that each difference refuses mail.
 * Subdomains that Postfix accepts with their parent are no difference: the
 * filter narrows them. Tables are asked with postmap(1); what they hold
 * beyond accepted_domains is not known.
 */
#include "domains.h"
#include "postfix.h"
#include "ruleset.h"

#include <string.h>
#include <strings.h>

/* In which lists of Postfix domains stand, and whether a name also stands for
 * its subdomains where parent_domain_matches_subdomains says so. */
static const char *const lists[] = { "mydestination", "relay_domains",
	"virtual_alias_domains", "virtual_mailbox_domains" };

enum { LISTS = sizeof lists / sizeof *lists };

struct accepted {
	bool exact, below; /* the domain, and its subdomains */
	bool unread;       /* a table could not be asked */
};

static bool
is_name(const char *item)
{
	return !strchr(item, ':') && !strchr(item, '/') && *item != '!';
}

static bool
is_international(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name >= 0x80)
			return true;
	return false;
}

/* name is below item. */
static bool
is_below(const char *name, const char *item)
{
	size_t n = strlen(name), m = strlen(item);

	return n > m && name[n - m - 1] == '.' &&
	       strcasecmp(name + n - m, item) == 0;
}

static void
take_name(
    struct accepted *found, const char *name, const char *item, bool parents)
{
	bool same = strcasecmp(item, name) == 0;
	bool above = is_below(name, item) && parents;
	bool dot = *item == '.' && !parents;

	found->exact |= same || above || (dot && is_below(name, item + 1));
	found->below |= ((same || above) && parents) ||
			(dot && (strcasecmp(item + 1, name) == 0 ||
				    is_below(name, item + 1)));
}

/* What Postfix would look up in a table; what it finds is the same as a name
 * in the list. */
static void
take_table(struct postfix *p, struct accepted *found, const char *name,
    const char *table, bool parents)
{
	const char *keys = doctor_text(p->doctor, "%s\n.%s\n", name, name);
	char *line, *save = NULL, *text;

	for (const char *dot = strchr(name, '.'); dot;
	     dot = strchr(dot + 1, '.'))
		keys = doctor_text(
		    p->doctor, "%s%s\n", keys, parents ? dot + 1 : dot);
	if (strncmp(table, "proxy:", 6) == 0)
		table += 6;
	if (!strchr(table, ':') || postfix_look_up(p, table, keys, &text) < 0) {
		found->unread = true;
		return;
	}
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "\t ")] = '\0';
		take_name(found, name, line, parents);
	}
}

static struct accepted
find_accepted(struct postfix *p, const char *name)
{
	const char *parent_lists =
	    postfix_value(p, NULL, "parent_domain_matches_subdomains", NULL);
	struct accepted found = { 0 };

	for (size_t i = 0; i < LISTS; i++) {
		const char *list = postfix_value(p, NULL, lists[i], NULL),
			   *item;
		bool parents = list_has(p->doctor, parent_lists, lists[i]);

		while ((item = list_item(p->doctor, &list)) != NULL)
			if (is_name(item))
				take_name(&found, name, item, parents);
			else
				take_table(p, &found, name, item, parents);
	}
	return found;
}

static void
check_refused(struct postfix *p, const struct accepted_domain *domain)
{
	struct accepted found = find_accepted(p, domain->name);

	if (found.exact && (found.below || !domain->subdomains))
		return;
	if (found.unread)
		doctor_say(p->doctor, D_UNTOLD, domain->where,
		    "whether Postfix accepts %s%s depends on tables that could "
		    "not be read",
		    domain->subdomains ? "*." : "", domain->name);
	else
		doctor_say(p->doctor, D_DOMAIN_REFUSED, domain->where,
		    "Postfix does not accept mail to %s%s; add it to "
		    "relay_domains",
		    found.exact ? "subdomains of " : "", domain->name);
}

/* ---- U-labels -------------------------------------------------------- */

/* A name that may be the same with U-labels: where one has xn--, the other
 * one has other characters than ASCII. */
static bool
is_same_in_u_labels(const char *name, const char *item)
{
	while (*name != '\0' || *item != '\0') {
		size_t n = strcspn(name, "."), m = strcspn(item, ".");
		bool a_label = strncasecmp(name, "xn--", 4) == 0;

		if (!a_label && (n != m || strncasecmp(name, item, n) != 0))
			return false;
		if (a_label && (signed char)*item >= 0 &&
		    strncasecmp(item, "xn--", 4) == 0)
			return false;
		name += n + (name[n] == '.');
		item += m + (item[m] == '.');
	}
	return true;
}

static bool
has_u_labels(struct postfix *p, const char *name)
{
	for (size_t i = 0; i < LISTS; i++) {
		const char *list = postfix_value(p, NULL, lists[i], NULL),
			   *item;

		while ((item = list_item(p->doctor, &list)) != NULL)
			if (!is_name(item) ||
			    (is_international(item) &&
				is_same_in_u_labels(name, item)))
				return true;
	}
	return false;
}

/* A sender that is offered SMTPUTF8 may write the domain in U-labels. */
static void
check_smtputf8(struct postfix *p, const char *name)
{
	struct where where;
	const char *set = postfix_value(p, NULL, "smtputf8_enable", &where);

	if (strcmp(set, "yes") == 0 && strstr(name, "xn--") &&
	    !has_u_labels(p, name))
		doctor_say(p->doctor, D_SMTPUTF8, where,
		    "smtputf8_enable is yes, and Postfix refuses mail to %s "
		    "if it is written in U-labels; add them to relay_domains, "
		    "or write smtputf8_enable = no",
		    name);
}

/* ---- Domains that are not accepted ----------------------------------- */

/* localhost, and names without a domain: no mail comes to them. */
static bool
is_local_name(const char *item)
{
	size_t n = strcspn(item, ".");

	return (n == 9 && strncasecmp(item, "localhost", n) == 0) ||
	       item[n] == '\0';
}

static bool
is_accepted(struct doctor *d, const char *name)
{
	char lower[256];
	size_t n;

	for (n = 0; name[n] != '\0' && n < sizeof lower - 1; n++)
		lower[n] = (char)(name[n] >= 'A' && name[n] <= 'Z'
				      ? name[n] - 'A' + 'a'
				      : name[n]);
	lower[n] = '\0';
	return name[n] != '\0' || domset_find(d->ruleset->domains, lower);
}

static void
check_name(struct postfix *p, const char *list, const char *item,
    const struct where *where)
{
	const char *host = postfix_value(p, NULL, "myhostname", NULL);

	if (is_local_name(item + (*item == '.')) || is_international(item) ||
	    is_accepted(p->doctor, item + (*item == '.')))
		return;
	if (strcasecmp(item, host) == 0)
		doctor_say(p->doctor, D_DOMAIN_UNKNOWN, *where,
		    "%s names %s, this host, and the policy does not accept "
		    "it: its postmaster and address probes are refused; add it "
		    "to accepted_domains",
		    list, item);
	else
		doctor_say(p->doctor, D_DOMAIN_UNKNOWN, *where,
		    "%s names %s, which the policy does not accept: "
		    "connector-milter refuses mail to it; add it to "
		    "accepted_domains",
		    list, item);
}

static void
check_unknown(struct postfix *p, const char *name)
{
	struct where where;
	const char *list = postfix_value(p, NULL, name, &where), *item;

	while ((item = list_item(p->doctor, &list)) != NULL) {
		if (strncmp(item, "static:", 7) == 0)
			doctor_say(p->doctor, D_OPEN_RELAY, where,
			    "%s holds %s, and so each domain: everybody "
			    "relays; write the domains out",
			    name, item);
		if (is_name(item))
			check_name(p, name, item, &where);
	}
}

void
postfix_check_domains(struct postfix *p)
{
	const struct policy *policy = p->doctor->ruleset->policy;

	for (size_t i = 0; i < policy->naccepted_domains; i++) {
		check_refused(p, &policy->accepted_domains[i]);
		check_smtputf8(p, policy->accepted_domains[i].name);
	}
	for (size_t i = 0; i < LISTS; i++)
		check_unknown(p, lists[i]);
}
