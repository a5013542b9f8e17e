/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address_list - lists of senders and recipients that a client is narrowed to.
 *
 * A mailbox is looked for as it is, by its domain, and by each domain above
 * that. The case of a local part does not count: hardly any MTA tells it, and
 * whoever writes a list does not mean it. A mailbox that is not plain is on no
 * list, since an MTA may take it for another one.
 */
#include "address_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

int
address_item_compare(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

static bool
holds_item(const struct address_list *list, const char *item)
{
	return bsearch(&item, list->items, list->count, sizeof *list->items,
		   address_item_compare) != NULL;
}

/* Whether the list has "@.name" for a domain or one above it. */
static bool
holds_above(const struct address_list *list, const char *domain)
{
	char item[2 + MAILADDR_DOMAIN_SIZE];

	while (domain) {
		(void)snprintf(item, sizeof item, "@.%s", domain);
		if (holds_item(list, item))
			return true;
		domain = strchr(domain, '.');
		domain = domain ? domain + 1 : NULL;
	}
	return false;
}

/* domain is lower case. */
static bool
holds_domain(const struct address_list *list, const char *domain)
{
	char item[1 + MAILADDR_DOMAIN_SIZE];

	(void)snprintf(item, sizeof item, "@%s", domain);
	return holds_item(list, item) || holds_above(list, domain);
}

/* The local part of a plain mailbox, in lower case; false: too long. */
static bool
local_part(const char *text, const char *domain, char *out, size_t size)
{
	const char *end = strrchr(text, '@');
	size_t len, i;

	text += strspn(text, " <");
	if (!end || end < text)
		return false;
	len = (size_t)(end - text);
	if (len + 1 + strlen(domain) + 1 > size)
		return false;
	for (i = 0; i < len; i++)
		out[i] = ascii_lower(text[i]);
	out[len] = '@';
	memcpy(out + len + 1, domain, strlen(domain) + 1);
	return true;
}

bool
address_list_holds(const struct address_list *list,
    const struct mailaddr *mailbox, const char *text)
{
	char item[ADDRESS_ITEM_SIZE];

	if (mailbox->class == MAILADDR_NULL)
		return holds_item(list, "");
	if (mailbox->class != MAILADDR_PLAIN)
		return false;
	if (local_part(text, mailbox->domain, item, sizeof item) &&
	    holds_item(list, item))
		return true;
	return holds_domain(list, mailbox->domain);
}

bool
address_list_covers(const struct address_list *list, const char *item)
{
	const char *at = strrchr(item, '@');

	if (holds_item(list, item))
		return true;
	if (!at)
		return false;
	return at[1] == '.' ? holds_above(list, at + 2)
			    : holds_domain(list, at + 1);
}

const char *
address_item_format(const char *item, char buf[ADDRESS_ITEM_SIZE])
{
	if (item[0] == '\0')
		return "<>";
	if (item[0] != '@')
		return item;
	(void)snprintf(buf, ADDRESS_ITEM_SIZE, "*@%s%s",
	    item[1] == '.' ? "*." : "", item + (item[1] == '.' ? 2 : 1));
	return buf;
}

static bool
is_below(const char *domain, const char *above)
{
	size_t len = strlen(domain), want = strlen(above);

	return len >= want && strcmp(domain + len - want, above) == 0 &&
	       (len == want || domain[len - want - 1] == '.');
}

void
address_item_domains(const char *item, const struct domset *domains,
    const struct accepted_domain *accepted, size_t count,
    bool (*own)(const void *ctx, const struct accepted_domain *),
    const void *ctx, bool *in_own, bool *in_foreign)
{
	const char *name = strrchr(item, '@');
	const struct accepted_domain *found;
	bool below = name && name[1] == '.', whole = false;
	size_t i;

	if (!name)
		return;
	name += below ? 2 : 1;
	found = domset_find(domains, name);
	if (own(ctx, found))
		*in_own = true;
	else
		*in_foreign = true;
	if (!below)
		return;
	for (i = 0; i < count; i++) {
		const struct accepted_domain *entry = &accepted[i];

		if (entry->subdomains && is_below(name, entry->name))
			whole = true; /* nothing below is unaccepted */
		if (!is_below(entry->name, name))
			continue;
		if (own(ctx, entry))
			*in_own = true;
		else
			*in_foreign = true;
	}
	if (!whole)
		*in_foreign = true;
}
