/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values - the decoders of common types.
 *
 * Truth, numbers, text, words and sets of words, as schema.h declares them.
 * Everything is text to YAML, so that nothing is guessed from its looks:
 * "no" is a word like any other, and 010 is not a number. Refuses what could
 * be read in two ways, and says how to write it.
 */
#include "schema.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "nearest.h"

int
schema_bool(struct decoder *decoder, const struct field *field, void *object)
{
	static const char *const yes[] = { "true", "yes", "on", "y", "1" };
	static const char *const no[] = { "false", "no", "off", "n", "0" };
	const struct item *item = schema_item(decoder);
	const char *write = "true or false";
	char show[SHOWN_SIZE];
	int result = 0;
	size_t i;

	if (item == NULL)
		return -EINVAL;
	if (strcmp(item->text, yes[0]) == 0) {
		schema_store(field, object, true);
	} else if (strcmp(item->text, no[0]) == 0) {
		schema_store(field, object, false);
	} else {
		for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
			if (ascii_same(item->text, yes[i]))
				write = yes[0];
			if (ascii_same(item->text, no[i]))
				write = no[0];
		}
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a truth value; write %s", decoder->key,
		    shown(item->text, show), write);
		result = -EINVAL;
	}
	source_next(decoder->source);
	return result;
}

static int
number_parse(const char *text, uint64_t *value)
{
	uint64_t sum = 0;
	const char *c;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (c = text; *c != '\0'; c++) {
		uint64_t digit = (uint64_t)(unsigned char)*c - '0';

		if (*c < '0' || *c > '9')
			return -EINVAL;
		if (sum > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return 0;
}

int
schema_number(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	char show[SHOWN_SIZE];
	uint64_t value;
	int result;

	if (item == NULL)
		return -EINVAL;
	result = number_parse(item->text, &value);
	if (result == -EINVAL)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a number; write digits only, without "
		    "sign, comma or leading zero",
		    decoder->key, shown(item->text, show));
	else if (result != 0 || value < field->min || value > field->max)
		complain(decoder->complaints, "E-VALUE", item->where,
		    field->min == field->max
			? "%s: %s is not known; write %llu"
			: "%s: %s is out of range; write a number from %llu "
			  "to %llu",
		    decoder->key, shown(item->text, show),
		    (unsigned long long)field->min,
		    (unsigned long long)field->max);
	else
		schema_store(field, object, value);
	source_next(decoder->source);
	return result != 0 || value < field->min || value > field->max ? -EINVAL
								       : 0;
}

int
schema_copy(struct decoder *decoder, const struct item *item, uint64_t max,
    const char **copy)
{
	const unsigned char *c = (const unsigned char *)item->text;
	uint64_t count = 0;

	for (; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0)) {
			complain(decoder->complaints, "E-VALUE", item->where,
			    *c == '\n'
				? "%s: the text must be one line; after | or "
				  "> write a dash, as in >-"
				: "%s: the text holds a control character; "
				  "remove it",
			    decoder->key);
			return -EINVAL;
		}
		if ((*c & 0xc0) != 0x80)
			count++;
	}
	if (count == 0 || count > max) {
		complain(decoder->complaints, "E-VALUE", item->where,
		    count == 0
			? "%s: the text is empty; write 1 to %llu characters"
			: "%s: the text is too long; write at most %llu "
			  "characters",
		    decoder->key, (unsigned long long)max);
		return -EINVAL;
	}
	*copy = arena_text(decoder->arena, item->text, item->len);
	return *copy != NULL ? 0 : -ENOMEM;
}

int
schema_text(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	const char *copy;
	int result;

	if (item == NULL)
		return -EINVAL;
	result = schema_copy(decoder, item, field->max, &copy);
	if (result == 0)
		memcpy((char *)object + field->offset, &copy, sizeof(copy));
	source_next(decoder->source);
	return result;
}

/* ---- Words ----------------------------------------------------------- */

static const char *
word_name(const void *ctx, size_t i)
{
	const struct words *words = ctx;

	return words->name((int)i);
}

/* "a, b, c", or where to look if that is long. */
static const char *
word_list(const struct words *words, char *buf, size_t size)
{
	size_t used = 0;
	int i;

	for (i = 0; i < words->count; i++) {
		int more = snprintf(buf + used, size - used, "%s%s",
		    i > 0 ? ", " : "", words->name(i));

		if (more < 0 || (size_t)more >= size - used)
			return "those that connector-policy(5) lists";
		used += (size_t)more;
	}
	return buf;
}

static int
word_decode(struct decoder *decoder, const struct words *words, int *value)
{
	const struct item *item = schema_item(decoder);
	char show[SHOWN_SIZE], list[160];
	const char *nearest;
	int i, found = -1;

	if (item == NULL)
		return -EINVAL;
	if (words->parse != NULL)
		found = words->parse(item->text);
	for (i = 0; words->parse == NULL && i < words->count; i++)
		if (ascii_same(item->text, words->name(i)))
			found = i;
	if (found >= 0) {
		*value = found;
		source_next(decoder->source);
		return 0;
	}
	nearest =
	    word_nearest(item->text, word_name, words, (size_t)words->count);
	if (nearest != NULL)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not %s; did you mean %s?", decoder->key,
		    shown(item->text, show), words->what, nearest);
	else
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not %s; write one of %s", decoder->key,
		    shown(item->text, show), words->what,
		    word_list(words, list, sizeof(list)));
	source_next(decoder->source);
	return -EINVAL;
}

int
schema_word(struct decoder *decoder, const struct field *field, void *object)
{
	int value, result;

	result = word_decode(decoder, field->words, &value);
	if (result == 0)
		schema_store(field, object, (uint64_t)value);
	return result;
}

int
schema_set(struct decoder *decoder, const struct field *field, void *object)
{
	int result = schema_enter_list(decoder, field, object);
	uint32_t set = 0;
	char show[SHOWN_SIZE];

	assert(field->words->count <= 32);
	if (result != 0)
		return result;
	while (schema_list_goes_on(decoder)) {
		struct where where = source_item(decoder->source)->where;
		int value;

		if (word_decode(decoder, field->words, &value) != 0) {
			result = -EINVAL;
			continue;
		}
		if ((set & UINT32_C(1) << value) != 0) {
			complain(decoder->complaints, "E-VALUE", where,
			    "%s: %s stands there twice", decoder->key,
			    shown(field->words->name(value), show));
			result = -EINVAL;
		}
		set |= UINT32_C(1) << value;
	}
	source_next(decoder->source);
	/* A bad set stays 0, which a good one cannot be. */
	if (result == 0)
		schema_store(field, object, set);
	return result;
}
