/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * records - mappings, read key by key as their table says.
 *
 * Owns what is the same for all keys: defaults, keys that are unknown, given
 * twice, due and not there, or that exclude each other; and that of the
 * mistakes at one place one complaint is made.
 */
#include "schema.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"

static const char *
field_key(const void *ctx, size_t i)
{
	const struct record *record = ctx;

	return record->fields[i].key;
}

static const struct field *
field_find(const struct record *record, const char *key,
    bool (*same)(const char *, const char *))
{
	size_t i;

	for (i = 0; i < record->nfields; i++)
		if (same(record->fields[i].key, key))
			return &record->fields[i];
	return NULL;
}

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

enum { FIELDS_MAX = 64, HELD_SIZE = 512 };

struct keys {
	const struct record *record;
	struct where where[FIELDS_MAX]; /* line 0: not yet */
	struct where first;             /* of the first key */
	uint64_t good;                  /* a bit each */
	bool foreign;                   /* it is no such mapping at all */
	bool apart;                     /* nothing more is held back */
	/* A complaint about the first key, until it is known what else is to
	 * be said there. */
	const char *held; /* its id, or NULL */
	char message[HELD_SIZE];
};

static void keys_complain(struct decoder *, struct keys *, const char *id,
    struct where, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* What is missing where an unknown key stands is most often that key. */
static void
keys_complain(struct decoder *decoder, struct keys *keys, const char *id,
    struct where where, const char *format, ...)
{
	char message[HELD_SIZE];
	size_t used = strlen(keys->message);
	bool first = where.line == keys->first.line &&
		     where.column == keys->first.column;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (!first || keys->apart) {
		complain(decoder->complaints, id, where, "%s", message);
		return;
	}
	(void)snprintf(keys->message + used, HELD_SIZE - used, "%s%s",
	    keys->held != NULL ? "; " : "", message);
	if (keys->held == NULL)
		keys->held = id;
}

static void
keys_told(struct decoder *decoder, struct keys *keys)
{
	if (keys->held != NULL)
		complain(decoder->complaints, keys->held, keys->first, "%s",
		    keys->message);
	keys->held = NULL;
	keys->message[0] = '\0';
}

/* Whether the key is one that some other part of the product, or of the MTA,
 * has. */
static bool
key_is_elsewhere(
    struct decoder *decoder, struct keys *keys, const struct item *key)
{
	const struct schema *schema = decoder->schema;
	const struct record *record = keys->record;
	const struct record *const *other;
	char show[SHOWN_SIZE];
	size_t i;

	shown(key->text, show);
	for (i = 0; i < schema->nelsewhere; i++)
		if (word_same_squashed(key->text, schema->elsewhere[i].key)) {
			keys_complain(decoder, keys, "E-MTA", key->where,
			    "%s is no key here: %s", show,
			    schema->elsewhere[i].advice);
			return true;
		}
	for (other = schema->records; *other != NULL; other++) {
		const struct field *field =
		    field_find(*other, key->text, word_same_squashed);

		if (*other == record || field == NULL)
			continue;
		keys_complain(decoder, keys, "E-KEY", key->where,
		    "%s is not a key of %s; %s has the key %s: is the indent "
		    "wrong?",
		    show, record->what, (*other)->what, field->key);
		return true;
	}
	return false;
}

/* The field of which text is Exchange's name, or NULL. */
static const struct field *
exchange_find(const struct record *record, const char *text)
{
	for (size_t i = 0; i < record->nfields; i++)
		if (record->fields[i].exchange &&
		    word_same_squashed(record->fields[i].exchange, text))
			return &record->fields[i];
	return NULL;
}

/* Complains; answers the field that was meant, or NULL. */
static const struct field *
unknown_key(struct decoder *decoder, struct keys *keys, const struct item *key)
{
	const struct record *record = keys->record;
	const struct field *meant;
	const char *nearest;
	char show[SHOWN_SIZE];

	shown(key->text, show);
	meant = field_find(record, key->text, word_same_squashed);
	if (key->plain && key->text[0] == '-') {
		keys_complain(decoder, keys, "E-KEY", key->where,
		    "unknown key %s; write a blank behind the dash, or remove "
		    "it",
		    show);
		return field_find(record, key->text + 1, word_same_squashed);
	}
	if (meant == NULL)
		meant = exchange_find(record, key->text);
	if (meant != NULL) {
		keys_complain(decoder, keys, "E-KEY", key->where,
		    "unknown key %s; write %s", show, meant->key);
		return meant;
	}
	if (key_is_elsewhere(decoder, keys, key))
		return NULL;
	nearest = word_nearest(key->text, field_key, record, record->nfields);
	if (nearest == NULL) {
		keys_complain(decoder, keys, "E-KEY", key->where,
		    "%s is not a key of %s; %s lists them", show, record->what,
		    decoder->schema->manual);
		return NULL;
	}
	keys_complain(decoder, keys, "E-KEY", key->where,
	    "unknown key %s; did you mean %s?", show, nearest);
	return field_find(record, nearest, same_text);
}

const struct where *
keys_given(const struct keys *keys, const char *key)
{
	const struct field *field = field_find(keys->record, key, same_text);
	size_t i;

	assert(field != NULL);
	i = (size_t)(field - keys->record->fields);
	return keys->where[i].line != 0 ? &keys->where[i] : NULL;
}

const struct where *
keys_good(const struct keys *keys, const char *key)
{
	const struct where *where = keys_given(keys, key);

	if (where == NULL ||
	    (keys->good & UINT64_C(1) << (where - keys->where)) == 0)
		return NULL;
	return where;
}

/* The field of the key under the cursor; complains and answers NULL if it is
 * none, or twice. Keeps the place of the one that was meant. */
static const struct field *
key_field(struct decoder *decoder, struct keys *keys)
{
	const struct item *key = source_item(decoder->source);
	const struct record *record = keys->record;
	const struct field *field, *meant;
	struct where *where;

	if (key->type != ITEM_TEXT)
		return NULL; /* complained of by the source */
	field = field_find(record, key->text, same_text);
	meant = field;
	if (field == NULL && schema_unquoted_ipv6(decoder, key))
		keys->foreign = true;
	else if (field == NULL)
		meant = unknown_key(decoder, keys, key);
	if (meant == NULL)
		return NULL;
	where = &keys->where[meant - record->fields];
	if (field != NULL && where->line != 0) {
		complain(decoder->complaints, "E-KEY", key->where,
		    "%s stands there twice; the first is in line %u",
		    field->key, (unsigned)where->line);
		field = NULL;
	}
	if (where->line == 0)
		*where = key->where;
	return field;
}

/* Decodes one key and its value. */
static int
record_key(struct decoder *decoder, struct keys *keys, void *object)
{
	const struct record *record = keys->record;
	const struct field *field;
	int result;

	if (record->foreign != NULL &&
	    source_item(decoder->source)->type == ITEM_TEXT &&
	    record->foreign(decoder)) {
		keys->foreign = true;
		source_skip(decoder->source);
		return -EINVAL;
	}
	field = key_field(decoder, keys);
	if (field != NULL) {
		decoder->key = field->key;
		decoder->key_where = source_item(decoder->source)->where;
	}
	source_skip(decoder->source);
	if (field == NULL) {
		source_skip(decoder->source);
		return -EINVAL;
	}
	result = field->decode(decoder, field, object);
	if (result == 0)
		keys->good |= UINT64_C(1) << (field - record->fields);
	return result;
}

/* "domain or file" */
static const char *
flagged_keys(const struct record *record, unsigned flag, char buf[SHOWN_SIZE])
{
	size_t i, used = 0;

	for (i = 0; i < record->nfields && used < SHOWN_SIZE; i++)
		if ((record->fields[i].flags & flag) != 0)
			used += (size_t)snprintf(buf + used, SHOWN_SIZE - used,
			    "%s%s", used > 0 ? " or " : "",
			    record->fields[i].key);
	return buf;
}

/* Counts the keys of a record that have the flag, and those that were given. */
static size_t
flagged_given(const struct keys *keys, unsigned flag, size_t *all)
{
	const struct record *record = keys->record;
	size_t i, given = 0;

	*all = 0;
	for (i = 0; i < record->nfields; i++)
		if ((record->fields[i].flags & flag) != 0) {
			++*all;
			given += keys->where[i].line != 0;
		}
	return given;
}

static void
require_key(struct decoder *decoder, struct keys *keys, struct where where,
    const struct field *field)
{
	bool fixed = schema_shape(field) == SHAPE_NUMBER &&
		     (uint64_t)field->min == field->max;

	keys_complain(decoder, keys, "E-KEY", where,
	    fixed ? "%s needs the key %s; write %s: %lld"
		  : "%s needs the key %s",
	    keys->record->what, field->key, field->key, (long long)field->min);
}

static int
require(struct decoder *decoder, struct keys *keys, struct where where)
{
	const struct record *record = keys->record;
	char show[SHOWN_SIZE];
	int result = 0;
	size_t i, all, given;

	for (i = 0; i < record->nfields; i++)
		if ((record->fields[i].flags & FIELD_REQUIRED) != 0 &&
		    keys->where[i].line == 0) {
			require_key(decoder, keys, where, &record->fields[i]);
			result = -EINVAL;
		}
	given = flagged_given(keys, FIELD_ANY, &all);
	if (all > 0 && given == 0) {
		keys_complain(decoder, keys, "E-KEY", where, "%s needs %s",
		    record->what, flagged_keys(record, FIELD_ANY, show));
		result = -EINVAL;
	}
	given = flagged_given(keys, FIELD_ONE, &all);
	if (all > 0 && given != 1) {
		keys_complain(decoder, keys, "E-KEY", where,
		    given == 0 ? "%s needs %s" : "%s takes %s, not both",
		    record->what, flagged_keys(record, FIELD_ONE, show));
		result = -EINVAL;
	}
	return result;
}

static void
preset(const struct record *record, void *object)
{
	size_t i;

	for (i = 0; i < record->nfields; i++) {
		const struct field *field = &record->fields[i];

		if (field->decode == schema_record)
			preset(field->record, (char *)object + field->offset);
		else if (field->preset != 0)
			schema_store(field, object, (uint64_t)field->preset);
	}
}

static int
record_decode(
    struct decoder *decoder, const struct record *record, void *object)
{
	struct keys keys = { .record = record };
	struct where where = source_item(decoder->source)->where;
	int result = schema_enter_map(decoder), status;

	if (result != 0)
		return result;
	if (source_item(decoder->source)->type == ITEM_TEXT)
		where = source_item(decoder->source)->where;
	if (record->where != 0)
		memcpy((char *)object + record->where, &where, sizeof(where));
	keys.first = where;
	while (source_item(decoder->source)->type != ITEM_MAP_END &&
	       source_item(decoder->source)->type != ITEM_STOP) {
		status = record_key(decoder, &keys, object);
		if (status == -ENOMEM)
			return status;
		if (status != 0)
			result = status;
	}
	if (source_item(decoder->source)->type == ITEM_MAP_END)
		source_next(decoder->source);
	/* What a YAML error cut off may have been there. */
	if (keys.foreign || source_status(decoder->source) != 0) {
		keys_told(decoder, &keys);
		return -EINVAL;
	}
	keys.apart = keys.held == NULL;
	if (require(decoder, &keys, where) != 0)
		result = -EINVAL;
	keys_told(decoder, &keys);
	status = 0;
	if (record->check != NULL)
		status = record->check(decoder, &keys, object);
	return status != 0 ? status : result;
}

int
schema_record(struct decoder *decoder, const struct field *field, void *object)
{
	const struct record *record = field->record;
	char *at = (char *)object + field->offset;
	const char *key = decoder->key;
	struct where key_where = decoder->key_where;
	int result;

	assert(record->nfields <= FIELDS_MAX);
	preset(record, at);
	if (record->shorthand != NULL &&
	    source_item(decoder->source)->type == ITEM_TEXT) {
		field = field_find(record, record->shorthand, same_text);
		return field->decode(decoder, field, at);
	}
	if (record->shorthand != NULL &&
	    source_item(decoder->source)->type != ITEM_MAP)
		result = schema_mismatch(decoder, ITEM_TEXT);
	else
		result = record_decode(decoder, record, at);
	decoder->key = key;
	decoder->key_where = key_where;
	return result;
}
