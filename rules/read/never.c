/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * never - reads entries of the key never.
 *
 * An entry is a subject and a predicate: "10.66.0.0/16 relays". Networks are
 * kept as references, as in every list of ranges. Proves nothing.
 */
#include "expectations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "loading.h"
#include "nearest.h"
#include "ranges.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { NEVER_TEXT_SIZE = 256 };

static const struct {
	const char *text;
	enum never_predicate predicate;
} predicates[] = {
	{ "relays", NEVER_RELAYS },
	{ "relay", NEVER_RELAYS },
	{ "is externally_secured", NEVER_EXTERNALLY_SECURED },
	{ "are externally_secured", NEVER_EXTERNALLY_SECURED },
	{ "may send as an own domain", NEVER_SENDS_AS_OWN_DOMAIN },
	{ "keeps organization headers", NEVER_KEEPS_ORGANIZATION_HEADERS },
	{ "keep organization headers", NEVER_KEEPS_ORGANIZATION_HEADERS },
};

#define PREDICATES                                                        \
	"relays, is externally_secured, holds RIGHT, may send as an own " \
	"domain, or keeps organization headers"

static const char *
predicate_text(const void *ctx, size_t i)
{
	(void)ctx;
	return predicates[i].text;
}

static const char *
right_text(const void *ctx, size_t i)
{
	(void)ctx;
	return right_name((enum right)i);
}

/* Copies text with single spaces between its words. -EINVAL: too long. */
static int
squeeze(const char *text, char out[NEVER_TEXT_SIZE])
{
	size_t used = 0;

	for (text += strspn(text, " \t"); *text != '\0';) {
		size_t len = strcspn(text, " \t");

		if (used + len + 2 > NEVER_TEXT_SIZE)
			return -EINVAL;
		if (used > 0)
			out[used++] = ' ';
		memcpy(out + used, text, len);
		used += len;
		text += len + strspn(text + len, " \t");
	}
	out[used] = '\0';
	return 0;
}

/* What follows a prefix of whole words; NULL if text has another one. */
static const char *
after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);
	char word[NEVER_TEXT_SIZE];

	if (strlen(text) < len || (text[len] != '\0' && text[len] != ' '))
		return NULL;
	memcpy(word, text, len);
	word[len] = '\0';
	if (!ascii_same(word, prefix))
		return NULL;
	return text + len + (text[len] == ' ');
}

static int
right_read(struct decoder *decoder, struct where where, const char *text,
    struct never *never)
{
	char show[SHOWN_SIZE];
	const char *nearest;
	int right = right_parse(text);

	if (right >= 0) {
		never->predicate = NEVER_HOLDS;
		never->right = (enum right)right;
		return 0;
	}
	nearest = word_nearest(text, right_text, NULL, RIGHT_COUNT);
	complain(decoder->complaints, "E-NEVER", where,
	    nearest ? "never: \"%s\" is not a right; did you mean %s?"
		    : "never: \"%s\" is not a right; connector-policy(5) "
		      "lists them",
	    shown(text, show), nearest);
	return -EINVAL;
}

static int
predicate_read(struct decoder *decoder, struct where where, const char *text,
    struct never *never)
{
	char show[SHOWN_SIZE];
	const char *right = after(text, "holds"), *nearest;

	right = right ? right : after(text, "hold");
	if (right)
		return right_read(decoder, where, right, never);
	for (size_t i = 0; i < COUNT(predicates); i++)
		if (ascii_same(text, predicates[i].text)) {
			never->predicate = predicates[i].predicate;
			return 0;
		}
	nearest = word_nearest(text, predicate_text, NULL, COUNT(predicates));
	shown(text, show);
	if (nearest)
		complain(decoder->complaints, "E-NEVER", where,
		    "never: unknown predicate \"%s\"; did you mean \"%s\"?",
		    show, nearest);
	else
		complain(decoder->complaints, "E-NEVER", where,
		    text[0] != '\0'
			? "never: unknown predicate \"%s\"; write " PREDICATES
			: "never: a predicate%s is missing after the clients; "
			  "write " PREDICATES,
		    show);
	return -EINVAL;
}

/* The one entry of the list of ranges that a never is about. */
static int
range_keep(
    struct decoder *decoder, const struct range *range, struct never *never)
{
	struct loading *loading = decoder->ctx;

	never->subject = NEVER_RANGES;
	never->ranges.where = range->where;
	if (range_add(&loading->ranges, range) != 0)
		return -ENOMEM;
	return range_made(&loading->ranges, decoder->arena, &never->ranges);
}

/* An address, a range, a CIDR or a network: the first word of text, which is
 * cut there. */
static int
range_read(struct decoder *decoder, struct where where, char *text,
    const char **rest, struct never *never)
{
	struct range range = { .until = UNTIL_FOREVER, .where = where };
	char why[NETADDR_WHY_SIZE], show[SHOWN_SIZE];
	size_t len = strcspn(text, " ");

	*rest = text + len + (text[len] == ' ');
	text[len] = '\0';
	if (netrange_parse(text, &range.range, &range.host_bits, why) == 0)
		return ranges_spend(decoder, 1, where) != 0
			   ? -EINVAL
			   : range_keep(decoder, &range, never);
	range.range = (struct netrange){ 0 };
	range.host_bits = false;
	if (!range_is_name(text)) {
		complain(decoder->complaints, "E-NEVER", where,
		    "never: \"%s\": %s", shown(text, show), why);
		return -EINVAL;
	}
	if (ascii_same(text, "public")) {
		complain(decoder->complaints, "E-NEVER", where,
		    "never: \"public\" is not a set of clients; did you mean "
		    "\"public addresses\"?");
		return -EINVAL;
	}
	range.network = arena_text(decoder->arena, text, len);
	return range.network ? range_keep(decoder, &range, never) : -ENOMEM;
}

static int
never_read(
    struct decoder *decoder, const struct item *item, struct never *never)
{
	char text[NEVER_TEXT_SIZE];
	const char *rest;
	int error;

	if (squeeze(item->text, text) != 0 || text[0] == '\0') {
		complain(decoder->complaints, "E-NEVER", item->where,
		    "never: write clients and what they never do, as in "
		    "\"public addresses relay\"");
		return -EINVAL;
	}
	error = schema_copy(decoder,
	    &(struct item){
		.text = text, .len = strlen(text), .where = item->where },
	    NEVER_TEXT_SIZE, &never->text);
	if (error != 0)
		return error;
	if ((rest = after(text, "everyone")) != NULL)
		never->subject = NEVER_EVERYONE;
	else if ((rest = after(text, "public addresses")) != NULL)
		never->subject = NEVER_PUBLIC;
	else
		error = range_read(decoder, item->where, text, &rest, never);
	return error != 0 ? error
			  : predicate_read(decoder, item->where, rest, never);
}

static int
never_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	struct never *never = object;
	int error;

	(void)field;
	if (!item)
		return -EINVAL;
	never->where = item->where;
	error = never_read(decoder, item, never);
	source_next(decoder->source);
	return error;
}

const struct field never_element = {
	.decode = never_decode,
	.size = sizeof(struct never),
	.pattern = "^\\S+( addresses)? "
		   "(relays?|(is|are) externally_secured|holds? \\S+|"
		   "may send as an own domain|keeps? organization headers)$",
};
