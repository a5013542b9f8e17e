/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ranges - one entry of a list of ranges.
 *
 * An address, two addresses, a CIDR, or the name of a network, alone or with
 * what is known about it. Owns the words of every complaint about an entry
 * but what is wrong inside of an address, which netaddr says. Counts the
 * ranges of a policy; looks no name up.
 */
#include "ranges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "client_limits.h"
#include "loading.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int
ranges_spend(struct decoder *decoder, size_t count, struct where where)
{
	struct loading *loading = decoder->ctx;

	if (count <= loading->ranges_left) {
		loading->ranges_left -= count;
		return 0;
	}
	if (decoder->complaints->left > 0)
		complain(decoder->complaints, "E-LIMIT", where,
		    "the policy holds more than %d ranges", RANGES_MAX);
	loading->ranges_left = 0;
	decoder->complaints->left = 0;
	return -EINVAL;
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
range_looks_like_address(const char *text)
{
	return is_digit(text[0]) || strpbrk(text, ":/") != NULL;
}

bool
range_is_name(const char *text)
{
	size_t i;

	if (!is_letter(text[0]))
		return false;
	for (i = 0; text[i] != '\0'; i++)
		if (!is_letter(text[i]) && !is_digit(text[i]) &&
		    strchr("-_.", text[i]) == NULL)
			return false;
	return i <= NAME_MAX_LENGTH;
}

static int
range_complain(
    struct decoder *decoder, const struct item *item, const char *why)
{
	char show[SHOWN_SIZE];

	shown(item->text, show);
	if (strcmp(item->text, "*") == 0)
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"*\" is not a range; everyone is written as "
		    "0.0.0.0-255.255.255.255 and \"::/0\"",
		    decoder->key);
	else if (item->text[0] == '-')
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"%s\" begins with a dash; write a blank behind the "
		    "dash of a list",
		    decoder->key, show);
	else if (range_looks_like_address(item->text))
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"%s\": %s", decoder->key, show, why);
	else
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"%s\" is neither an address nor a network's name",
		    decoder->key, show);
	return -EINVAL;
}

/* An address, a-b, a CIDR, or a network's name to be looked up later. */
static int
range_decode(struct decoder *decoder, const struct field *field, void *object)
{
	struct range *range = object; /* the first member of the entry */
	const struct item *item = schema_item(decoder);
	char why[NETADDR_WHY_SIZE];
	int result;

	(void)field;
	if (item == NULL)
		return -EINVAL;
	range->where = item->where;
	result =
	    netrange_parse(item->text, &range->range, &range->host_bits, why);
	if (result == -EINVAL && range_is_name(item->text)) {
		range->network =
		    arena_text(decoder->arena, item->text, item->len);
		result = range->network != NULL ? 0 : -ENOMEM;
	} else if (result == -EINVAL) {
		(void)range_complain(decoder, item, why);
	} else if (result == 0) {
		result = ranges_spend(decoder, 1, item->where);
	}
	source_next(decoder->source);
	return result;
}

/* YYYY-MM-DD of a day that exists. */
static bool
date_parse(const char *text, int64_t *day)
{
	*day = calendar_parse(text);
	return *day >= 0 && text[10] == '\0';
}

/* "2027-3-1" to "2027-03-01", if that is a day. */
static bool
date_widen(const char *text, char wide[11])
{
	unsigned parts[3] = { 0 };
	size_t i, digits = 0, part = 0;
	int64_t days;

	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] == '-' && digits > 0 && part < 2) {
			part++;
			digits = 0;
		} else if (is_digit(text[i]) && ++digits <= 4) {
			parts[part] =
			    parts[part] * 10 + (unsigned)(text[i] - '0');
		} else {
			return false;
		}
	}
	if (part < 2 || parts[0] > 9999 || parts[1] > 99 || parts[2] > 99)
		return false;
	(void)snprintf(wide, 11, "%04u-%02u-%02u", parts[0] % 10000,
	    parts[1] % 100, parts[2] % 100);
	return date_parse(wide, &days);
}

static void
until_complain(struct decoder *decoder, const struct item *item)
{
	char show[SHOWN_SIZE], wide[11];
	const char *dash = strchr(item->text, '-');

	shown(item->text, show);
	if (date_widen(item->text, wide))
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\": write two digits: %s", decoder->key, show,
		    wide);
	else if (is_digit(item->text[0]) && dash != NULL && dash[1] != '\0' &&
		 item->text[strspn(item->text, "0123456789-")] == '\0')
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a day that exists; write "
		    "year-month-day, as in 2027-03-31",
		    decoder->key, show);
	else
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a date; write year-month-day, as in "
		    "2027-03-31, or remove %s",
		    decoder->key, show, decoder->key);
}

static int
until_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	int64_t days;
	int result = 0;

	if (item == NULL)
		return -EINVAL;
	if (date_parse(item->text, &days)) {
		/* The day itself still takes part. */
		schema_store(
		    field, object, (uint64_t)(days + 1) * CALENDAR_DAY);
	} else {
		until_complain(decoder, item);
		result = -EINVAL;
	}
	source_next(decoder->source);
	return result;
}

/* An entry as written: what its keys are read into. */
struct entry {
	struct range range;
	struct client_limits limits;
};

/* clang-format off */
static const struct field range_fields[] = {
	{ .key = "range", .decode = range_decode, .flags = FIELD_REQUIRED,
	  .pattern = "^([0-9A-Fa-f.:]+(-[0-9A-Fa-f.:]+|/[0-9]{1,3})?|[A-Za-z][A-Za-z0-9._-]{0,63})$",
	  .exchange = "RemoteIPRanges",
	  .doc = "an address, two addresses and a dash, a CIDR, or a network" },
	{ .key = "comment", .decode = schema_text, AT(entry, range.comment),
	  .max = NOTE_MAX_LENGTH, .absent = "none",
	  .exchange = "Comment", .doc = "what is there" },
	{ .key = "owner", .decode = schema_text, AT(entry, range.owner),
	  .max = NOTE_MAX_LENGTH, .absent = "none",
	  .doc = "whom to ask about it" },
	{ .key = "until", .decode = until_decode, AT(entry, range.until),
	  .preset = UNTIL_FOREVER, .absent = "for ever",
	  .pattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
	  .exchange = "ExpirationTime",
	  .doc = "the last day (UTC) on which it takes part, as in 2027-03-31" },
	CLIENT_LIMITS_ROWS(entry, limits),
};
/* clang-format on */

/* "10.0.0.1: scanner" is a mapping, which somebody meant as a note. */
static bool
range_foreign(struct decoder *decoder)
{
	const struct item *item = source_item(decoder->source);
	struct where where = item->where;
	char why[NETADDR_WHY_SIZE], range[SHOWN_SIZE], note[SHOWN_SIZE];
	struct netrange parsed;

	if (netrange_parse(item->text, &parsed, NULL, why) == -EINVAL)
		return false;
	shown(item->text, range);
	source_next(decoder->source);
	item = source_item(decoder->source);
	if (item->type == ITEM_TEXT && item->len > 0)
		complain(decoder->complaints, "E-ADDRESS", where,
		    "a range has no text behind a colon; write {range: %s, "
		    "comment: %s}",
		    range, shown(item->text, note));
	else
		complain(decoder->complaints, "E-ADDRESS", where,
		    "a range is no key; remove the colon behind %s", range);
	return true;
}

const struct record range_record = {
	.what = "a range",
	.fields = range_fields,
	.nfields = COUNT(range_fields),
	.shorthand = "range",
	.foreign = range_foreign,
};

const struct field range_element = {
	.decode = schema_record,
	.record = &range_record,
	.size = sizeof(struct entry),
};

int
ranges_list(struct decoder *decoder, const struct field *field, void *object)
{
	struct loading *loading = decoder->ctx;
	struct range_list list = { 0 };
	int result = schema_enter_list(decoder, field, object);

	if (result != 0)
		return result;
	while (schema_list_goes_on(decoder)) {
		/* What is known of a bad mapping is kept, so that the rest
		 * can be checked. */
		bool map = source_item(decoder->source)->type == ITEM_MAP;
		struct entry entry = { 0 };
		int status =
		    range_element.decode(decoder, &range_element, &entry);

		if (status == 0 || (map && status != -ENOMEM))
			if (client_limits_keep(decoder, &entry.limits,
				&entry.range.limits) != 0 ||
			    range_add(&loading->ranges, &entry.range) != 0)
				status = -ENOMEM;
		if (status == -ENOMEM)
			return status;
		if (status != 0)
			result = status;
	}
	source_next(decoder->source);
	if (range_made(&loading->ranges, decoder->arena, &list) != 0)
		return -ENOMEM;
	memcpy((char *)object + field->offset, &list.pack, sizeof(list.pack));
	memcpy((char *)object + field->count, &list.count, sizeof(list.count));
	return result;
}
