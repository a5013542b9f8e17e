/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_limits - the keys that narrow what a client may send.
 *
 * Reads addresses into the form that they are looked for in: lower case, a
 * domain of U-labels in both forms, sorted. Refuses what could never match, or
 * would match everybody.
 */
#include "client_limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_list.h"
#include "ascii.h"
#include "idna.h"
#include "loading.h"
#include "mailbox.h"

enum { QUOTA_MAX = 1000 * 1000 };

/* clang-format off */
#define ADDRESS_PATTERN "^([^@*<> ]+@|\\*@)?(\\*\\.)?[^@*<> .]+(\\.[^@*<> .]+)*$"
/* clang-format on */

const struct field allowed_senders_element = {
	.pattern = "^<>$|" ADDRESS_PATTERN,
};
const struct field allowed_recipients_element = {
	.pattern = ADDRESS_PATTERN,
};
const char message_quota_pattern[] = "^[1-9][0-9]{0,6} per (hour|day)$";

struct list_text {
	char item[ADDRESS_ITEM_SIZE];
	const char *domain; /* in it */
};

/* ---- One address ----------------------------------------------------- */

/* A domain, of U-labels too, in lower case as A-labels. -EINVAL, -ENOMEM. */
static int
domain_read(const char *text, char name[MAILADDR_DOMAIN_SIZE])
{
	const char *c = text;

	while (*c != '\0' && (unsigned char)*c < 0x80)
		c++;
	if (*c != '\0')
		return idna_ascii(text, name);
	return domain_normalise(text, strlen(text), name) == 0 ? 0 : -EINVAL;
}

/* The part before the @ of a plain mailbox. */
static bool
local_read(const char *text, size_t len, char *out)
{
	char mailbox[ADDRESS_ITEM_SIZE];
	struct mailaddr addr;
	size_t i;

	if (len == 0 || len > 64)
		return false;
	(void)snprintf(
	    mailbox, sizeof mailbox, "%.*s@a.example", (int)len, text);
	mailaddr_classify(mailbox, &addr);
	for (i = 0; i < len; i++)
		out[i] = ascii_lower(text[i]);
	return addr.class == MAILADDR_PLAIN;
}

/* Returns what is wrong, or NULL. */
static const char *
address_read(const char *text, bool senders, struct list_text *out, int *error)
{
	const char *at = strrchr(text, '@');
	const char *domain = at ? at + 1 : text;
	size_t local = at ? (size_t)(at - text) : 0;
	bool any = !at || (local == 1 && text[0] == '*'), below;

	out->domain = NULL;
	if (strcmp(text, "<>") == 0) {
		out->item[0] = '\0';
		return senders ? NULL : "is no recipient; remove it";
	}
	if (strcmp(domain, "*") == 0)
		return "stands for everybody; remove the key where all are "
		       "allowed";
	below = strncmp(domain, "*.", 2) == 0;
	if (below && !any)
		return "is a mailbox of unknown domains; write *@ and the "
		       "domain, or the mailboxes";
	if (!any && !local_read(text, local, out->item))
		return "is not a plain mailbox; write mailbox@domain, *@domain "
		       "or a domain";
	if (any)
		local = 0;
	out->item[local++] = '@';
	if (below)
		out->item[local++] = '.';
	out->domain = out->item + local;
	*error = domain_read(domain + (below ? 2 : 0), out->item + local);
	if (*error != -EINVAL)
		return NULL;
	return strchr(domain, '*')
		   ? "has a \"*\" within; write mailbox@domain, *@domain, "
		     "*@*.domain or a domain"
		   : "has no domain; write mailbox@domain, *@domain or a "
		     "domain";
}

/* ---- Lists ----------------------------------------------------------- */

static int
item_add(struct decoder *decoder, struct address_list *list, const char *item)
{
	void *items = list->items;

	if (arena_grow(
		decoder->arena, &items, list->count, sizeof *list->items) != 0)
		return -ENOMEM;
	list->items = items;
	item = arena_text(decoder->arena, item, strlen(item));
	if (!item)
		return -ENOMEM;
	list->items[list->count++] = item;
	return 0;
}

/* The same address with a domain of U-labels. */
static int
unicode_add(struct decoder *decoder, struct address_list *list,
    const struct list_text *text)
{
	char item[ADDRESS_ITEM_SIZE];
	const char *unicode;

	if (!text->domain)
		return 0;
	if (idna_unicode(decoder->arena, text->domain, &unicode) != 0)
		return -ENOMEM;
	if (!unicode)
		return 0;
	(void)snprintf(item, sizeof item, "%.*s%s",
	    (int)(text->domain - text->item), text->item, unicode);
	return item_add(decoder, list, item);
}

static int
address_decode(struct decoder *decoder, struct address_list *list)
{
	const struct item *item = schema_item(decoder);
	char show[SHOWN_SIZE];
	struct list_text text;
	const char *why;
	int error = 0;

	if (!item)
		return -EINVAL;
	why = address_read(item->text, list->senders, &text, &error);
	if (why) {
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" %s", decoder->key, shown(item->text, show),
		    why);
		error = -EINVAL;
	}
	source_next(decoder->source);
	if (error == 0)
		error = item_add(decoder, list, text.item);
	if (error == 0)
		error = unicode_add(decoder, list, &text);
	return error;
}

static int
list_decode(struct decoder *decoder, const struct field *field, void *object,
    bool senders)
{
	struct policy *policy = ((struct loading *)decoder->ctx)->policy;
	struct where where = decoder->key_where;
	struct address_list *list;
	int result = schema_enter_list(decoder, field, object), error;

	if (result != 0)
		return result;
	list = arena_alloc(decoder->arena, sizeof *list);
	if (!list)
		return -ENOMEM;
	*list = (struct address_list){
		.number = policy->naddress_lists++,
		.senders = senders,
		.where = where,
		.next = policy->address_lists,
	};
	policy->address_lists = list;
	while (schema_list_goes_on(decoder)) {
		error = address_decode(decoder, list);
		if (error == -ENOMEM)
			return error;
		result = error != 0 ? error : result;
	}
	source_next(decoder->source);
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items,
		    address_item_compare);
	memcpy((char *)object + field->offset, &list, sizeof list);
	return result;
}

int
allowed_senders_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	return list_decode(decoder, field, object, true);
}

int
allowed_recipients_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	return list_decode(decoder, field, object, false);
}

/* ---- Quotas ---------------------------------------------------------- */

static bool
quota_parse(const char *text, struct message_quota *quota)
{
	uint32_t messages = 0;

	if (*text < '1' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		messages = messages * 10 + (uint32_t)(*text - '0');
		if (messages > QUOTA_MAX)
			return false;
	}
	quota->messages = messages;
	quota->period = strcmp(text, " per day") == 0 ? QUOTA_DAY : QUOTA_HOUR;
	return quota->period == QUOTA_DAY || strcmp(text, " per hour") == 0;
}

int
message_quota_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	struct message_quota parsed = { .where = decoder->key_where }, *quota;
	char show[SHOWN_SIZE];
	bool good;

	if (!item)
		return -EINVAL;
	good = quota_parse(item->text, &parsed);
	if (!good)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a quota; write 1 to %d messages, as in "
		    "200 per day or 20 per hour",
		    decoder->key, shown(item->text, show), QUOTA_MAX);
	source_next(decoder->source);
	if (!good)
		return -EINVAL;
	quota = arena_alloc(decoder->arena, sizeof *quota);
	if (!quota)
		return -ENOMEM;
	*quota = parsed;
	memcpy((char *)object + field->offset, &quota, sizeof quota);
	return 0;
}

/* ---- Entries --------------------------------------------------------- */

int
client_limits_keep(struct decoder *decoder, const struct client_limits *limits,
    const struct client_limits **kept)
{
	struct policy *policy = ((struct loading *)decoder->ctx)->policy;
	void *all = policy->entry_limits;
	struct client_limits *copy;

	*kept = NULL;
	if (!limits->senders && !limits->recipients && !limits->quota)
		return 0;
	copy = arena_alloc(decoder->arena, sizeof *copy);
	if (!copy || arena_grow(decoder->arena, &all, policy->nentry_limits,
			 sizeof(*policy->entry_limits)) != 0)
		return -ENOMEM;
	policy->entry_limits = all;
	policy->entry_limits[policy->nentry_limits++] = copy;
	*copy = *limits;
	copy->number = policy->nentry_limits;
	*kept = copy;
	return 0;
}
