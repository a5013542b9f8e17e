/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_domains.c - the domains that Postfix accepts, against
 * accepted_domains.
 *
 * A recipient passes where both agree, so that each difference refuses mail.
 * Subdomains that Postfix accepts with their parent are no difference: the
 * filter narrows them. Names in tables are not read.
 */
#include "doctor.h"
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
	bool untold;       /* some list is not of names */
};

static bool
is_name(const char *item)
{
	return strchr(item, ':') == NULL && strchr(item, '/') == NULL &&
	       *item != '!';
}

static bool
matches_parents(struct postfix *p, const char *name)
{
	const char *list = postfix_value(
		       p, NULL, "parent_domain_matches_subdomains", NULL),
		   *item;

	while ((item = postfix_item(p, &list)) != NULL)
		if (strcmp(item, name) == 0)
			return true;
	return false;
}

/* name is item, or below it. */
static bool
is_below(const char *name, const char *item)
{
	size_t n = strlen(name), m = strlen(item);

	return n > m && name[n - m - 1] == '.' &&
	       strcasecmp(name + n - m, item) == 0;
}

static struct accepted
find_accepted(struct postfix *p, const char *name)
{
	struct accepted found = { 0 };

	for (size_t i = 0; i < LISTS; i++) {
		const char *list = postfix_value(p, NULL, lists[i], NULL),
			   *item;
		bool parents = matches_parents(p, lists[i]);

		while ((item = postfix_item(p, &list)) != NULL) {
			bool same = strcasecmp(item, name) == 0;
			bool above = is_below(name, item) && parents;
			bool dot = *item == '.' && !parents;

			found.untold |= !is_name(item);
			found.exact |=
			    same || above || (dot && is_below(name, item + 1));
			found.below |=
			    ((same || above) && parents) ||
			    (dot && (strcasecmp(item + 1, name) == 0 ||
					is_below(name, item + 1)));
		}
	}
	return found;
}

static void
check_refused(
    struct doctor *d, struct postfix *p, const struct accepted_domain *domain)
{
	struct accepted found = find_accepted(p, domain->name);
	const char *what = "";

	if (found.exact && (found.below || !domain->subdomains))
		return;
	if (found.untold) {
		doctor_say(d, D_UNTOLD, domain->where,
		    "whether Postfix accepts %s%s stands in tables that were "
		    "not read",
		    domain->subdomains ? "*." : "", domain->name);
		return;
	}
	if (found.exact)
		what = "subdomains of ";
	doctor_say(d, D_DOMAIN_REFUSED, domain->where,
	    "Postfix does not accept mail to %s%s; add it to relay_domains",
	    what, domain->name);
}

/* This host's own names, in full or short, are no domains of mail. */
static bool
is_own_name(struct postfix *p, const char *item)
{
	const char *host = postfix_value(p, NULL, "myhostname", NULL);
	size_t n = strcspn(item, ".");

	if (strcasecmp(item, host) == 0 ||
	    (n == 9 && strncasecmp(item, "localhost", n) == 0))
		return true;
	return (item[n] == '\0' || strchr(host, '.') == NULL) &&
	       strcspn(host, ".") == n && strncasecmp(item, host, n) == 0;
}

static void
check_unknown(struct doctor *d, struct postfix *p, const char *name)
{
	const struct ruleset *ruleset = d->ruleset;
	struct where where;
	const char *list = postfix_value(p, NULL, name, &where), *item;

	while ((item = postfix_item(p, &list)) != NULL) {
		const char *bare = item + (*item == '.');
		char lower[256];
		size_t n;

		if (strncmp(item, "static:", 7) == 0)
			doctor_say(d, D_OPEN_RELAY, where,
			    "%s holds %s, and so each domain: everybody "
			    "relays; write the domains out",
			    name, item);
		if (!is_name(item) || is_own_name(p, item) ||
		    strlen(bare) >= sizeof lower)
			continue;
		for (n = 0; bare[n] != '\0'; n++)
			lower[n] = (char)(bare[n] >= 'A' && bare[n] <= 'Z'
					      ? bare[n] - 'A' + 'a'
					      : bare[n]);
		lower[n] = '\0';
		if (domset_find(ruleset->domains, lower) == NULL)
			doctor_say(d, D_DOMAIN_UNKNOWN, where,
			    "%s names %s, which the policy does not accept: "
			    "connector-milter refuses mail to it; add it to "
			    "accepted_domains",
			    name, item);
	}
}

void
doctor_domains(struct doctor *d, struct postfix *p)
{
	const struct policy *policy = d->ruleset->policy;

	for (size_t i = 0; i < policy->naccepted_domains; i++)
		check_refused(d, p, &policy->accepted_domains[i]);
	for (size_t i = 0; i < LISTS; i++)
		check_unknown(d, p, lists[i]);
}
