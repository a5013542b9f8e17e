/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worth - what a stolen client is worth.
 *
 * Only says what the engine found to be nearest; a quota per hour is told by
 * the day as well, since that is what one wants to know of it.
 */
#include "worth.h"

#include "text.h"

bool
worth_is_known(const struct client_limits *limits)
{
	return limits->senders || limits->recipients || limits->quota;
}

static unsigned
a_day(const struct message_quota *quota)
{
	return quota->messages * (quota->period == QUOTA_HOUR ? 24 : 1);
}

static json_t *
list_json(const struct address_list *list)
{
	char buf[ADDRESS_ITEM_SIZE];
	json_t *json = list ? json_array() : json_null();

	for (size_t i = 0; list && i < list->count; i++)
		json_add(&json,
		    json_string(address_item_format(list->items[i], buf)));
	return json;
}

json_t *
worth_json(const struct client_limits *limits)
{
	return json_pack("{s:o, s:o, s:o}", "allowed_senders",
	    list_json(limits->senders), "allowed_recipients",
	    list_json(limits->recipients), "messages_per_day",
	    limits->quota ? json_integer(a_day(limits->quota)) : json_null());
}

static void
list_print(FILE *out, const char *indent, const char *what,
    const struct address_list *list)
{
	char buf[ADDRESS_ITEM_SIZE];

	fprintf(out, "%s%s: %s", indent, what, list ? "" : "any");
	for (size_t i = 0; list && i < list->count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "",
		    address_item_format(list->items[i], buf));
	fputc('\n', out);
}

void
worth_print(FILE *out, const char *indent, const struct client_limits *limits)
{
	list_print(out, indent, "senders", limits->senders);
	list_print(out, indent, "recipients", limits->recipients);
	if (!limits->quota)
		fprintf(out, "%smessages: any number\n", indent);
	else if (limits->quota->period == QUOTA_HOUR)
		fprintf(out, "%smessages: %u an hour, %u a day\n", indent,
		    (unsigned)limits->quota->messages, a_day(limits->quota));
	else
		fprintf(out, "%smessages: %u a day\n", indent,
		    (unsigned)limits->quota->messages);
}
