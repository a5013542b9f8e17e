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

/* Digits without a leading zero. */
static int
digits_parse(const char *text, uint64_t *value)
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

/* A number of the field's range, below 0 too if that goes there. */
static int
number_parse(const struct field *field, const char *text, uint64_t *value)
{
	bool minus = field->min < 0 && text[0] == '-' && text[1] != '0';
	uint64_t size;
	int result;

	if (field->word != NULL && ascii_same(text, field->word)) {
		*value = (uint64_t)field->word_value;
		return 0;
	}
	result = digits_parse(text + minus, &size);
	if (result != 0)
		return result;
	if (minus ? size > (uint64_t)-field->min
		  : size > field->max ||
			(field->min > 0 && size < (uint64_t)field->min))
		return -ERANGE;
	*value = minus ? -size : size;
	return 0;
}

static void
number_complain(struct decoder *decoder, const struct field *field, int error)
{
	const struct item *item = source_item(decoder->source);
	struct complaints *to = decoder->complaints;
	char show[SHOWN_SIZE], word[SHOWN_SIZE] = "";

	shown(item->text, show);
	if (field->word != NULL)
		(void)snprintf(word, sizeof(word), ", or %s", field->word);
	if (error == -ERANGE && field->min == (int64_t)field->max)
		complain(to, "E-VALUE", item->where,
		    "%s: %s is not known; write %lld", decoder->key, show,
		    (long long)field->min);
	else if (error == -ERANGE)
		complain(to, "E-VALUE", item->where,
		    "%s: %s is out of range; write a number from %lld to "
		    "%llu%s",
		    decoder->key, show, (long long)field->min,
		    (unsigned long long)field->max, word);
	else
		complain(to, "E-VALUE", item->where,
		    "%s: \"%s\" is not a number; write digits only, without "
		    "%scomma or leading zero%s",
		    decoder->key, show, field->min < 0 ? "" : "sign, ", word);
}

int
schema_number(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	uint64_t value;
	int result;

	if (item == NULL)
		return -EINVAL;
	result = number_parse(field, item->text, &value);
	if (result == 0)
		schema_store(field, object, value);
	else
		number_complain(decoder, field, result);
	source_next(decoder->source);
	return result != 0 ? -EINVAL : 0;
}

/* "36MB" and "36 MB" to bytes, as Exchange writes and counts them: a KB has
 * 1024. */
static int
size_parse(const char *text, uint64_t *value)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
	size_t len = strspn(text, "0123456789"), i;
	const char *unit = text + len + (text[len] == ' ');
	char digits[32];
	int result;

	if (len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, len);
	digits[len] = '\0';
	result = digits_parse(digits, value);
	if (result != 0 || text[len] == '\0')
		return result;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ascii_same(unit, units[i])) {
			if (*value > UINT64_MAX >> (10 * i))
				return -ERANGE;
			*value <<= 10 * i;
			return 0;
		}
	return -EINVAL;
}

int
schema_size(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	char show[SHOWN_SIZE];
	uint64_t value = 0;
	int result;

	if (item == NULL)
		return -EINVAL;
	result = size_parse(item->text, &value);
	if (result == 0 && (value < (uint64_t)field->min || value > field->max))
		result = -ERANGE;
	if (result == -EINVAL)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a size; write a number of bytes, or "
		    "one with KB, MB or GB, as in 36MB",
		    decoder->key, shown(item->text, show));
	else if (result != 0)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: %s is out of range; write %lld to %llu bytes",
		    decoder->key, shown(item->text, show),
		    (long long)field->min, (unsigned long long)field->max);
	else
		schema_store(field, object, value);
	source_next(decoder->source);
	return result != 0 ? -EINVAL : 0;
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
word_decode(struct decoder *decoder, const struct words *words, bool in_list,
    int *value)
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
		if (word_same_squashed(item->text, words->name(i)))
			found = i;
	if (found >= 0) {
		*value = found;
		source_next(decoder->source);
		return 0;
	}
	nearest =
	    word_nearest(item->text, word_name, words, (size_t)words->count);
	if (in_list && strchr(item->text, ',') != NULL)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s is a list, and the quotes make one word of it; write "
		    "[%s]",
		    decoder->key, shown(item->text, show));
	else if (nearest != NULL)
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

	result = word_decode(decoder, field->words, false, &value);
	if (result == 0)
		schema_store(field, object, (uint64_t)value);
	return result;
}

int
schema_set(struct decoder *decoder, const struct field *field, void *object)
{
	int result = schema_enter_list(decoder, field, object);
	const char *alone = field->words->alone;
	bool stands_alone = false;
	size_t count = 0;
	uint32_t set = 0;
	char show[SHOWN_SIZE];

	assert(field->words->count <= 32);
	if (result != 0)
		return result;
	while (schema_list_goes_on(decoder)) {
		struct where where = source_item(decoder->source)->where;
		int value;

		count++;
		if (word_decode(decoder, field->words, true, &value) != 0) {
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
		if (alone != NULL &&
		    strcmp(field->words->name(value), alone) == 0)
			stands_alone = true;
	}
	source_next(decoder->source);
	if (stands_alone && count > 1) {
		complain(decoder->complaints, "E-VALUE", decoder->key_where,
		    "%s: %s stands alone; remove it or the others",
		    decoder->key, alone);
		result = -EINVAL;
	}
	/* A bad set stays 0, which a good one cannot be. */
	if (result == 0)
		schema_store(field, object, set);
	return result;
}
