/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema - the decoder of tables of keys: values, lists, and the whole.
 *
 * Tells every mistake with its place and what to write instead. Owns what is
 * the same for all values: that they are missing or of the wrong kind. A
 * mapping is read by records.c, common values by values.c. Knows no key by
 * name; the tables are keys.c's.
 */
#include "schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void
schema_store(const struct field *field, void *object, uint64_t value)
{
	char *at = (char *)object + field->offset;
	uint32_t word = (uint32_t)value;
	bool yes = value != 0;

	if (field->size == sizeof(value)) {
		memcpy(at, &value, sizeof(value));
	} else if (field->size == sizeof(word)) {
		memcpy(at, &word, sizeof(word));
	} else if (field->size != 0) {
		assert(field->size == sizeof(yes));
		memcpy(at, &yes, sizeof(yes));
	}
}

static bool
is_address_text(const char *text)
{
	return strchr(text, ':') != NULL &&
	       text[strspn(text, "0123456789abcdefABCDEF:./%-")] == '\0';
}

bool
schema_unquoted_ipv6(struct decoder *decoder, const struct item *key)
{
	char show[SHOWN_SIZE];

	if (key->type != ITEM_TEXT || !key->plain ||
	    !is_address_text(key->text))
		return false;
	complain(decoder->complaints, "E-ADDRESS", key->where,
	    "YAML reads an unquoted IPv6 address as a key; write \"%s:\"",
	    shown(key->text, show));
	return true;
}

/* ---- Values of the wrong kind ---------------------------------------- */

static bool
is_missing(const struct item *item)
{
	return item->type == ITEM_TEXT && item->plain &&
	       (item->len == 0 || strcmp(item->text, "~") == 0 ||
		   strcmp(item->text, "null") == 0);
}

static int
missing(struct decoder *decoder)
{
	const struct item *item = source_item(decoder->source);
	/* An empty value stands nowhere; its key or dash does. */
	bool key = item->where.line == decoder->key_where.line;

	complain(decoder->complaints, "E-VALUE",
	    item->len > 0 || !key ? item->where : decoder->key_where,
	    "%s: the value is missing", decoder->key);
	source_skip(decoder->source);
	return -EINVAL;
}

static bool
dash_without_blank(struct decoder *decoder, enum item_type due)
{
	const struct item *key = source_item(decoder->source);
	char show[SHOWN_SIZE];

	if (due != ITEM_LIST || key->type != ITEM_TEXT || !key->plain ||
	    key->text[0] != '-')
		return false;
	complain(decoder->complaints, "E-VALUE", key->where,
	    "%s takes a list; write a blank behind the dash of \"%s\"",
	    decoder->key, shown(key->text, show));
	return true;
}

/* "connectors: {Relay: {...}}": the names of records as keys. */
static bool
names_as_keys(struct decoder *decoder, const struct field *element)
{
	struct item key = *source_item(decoder->source);
	char show[SHOWN_SIZE];

	if (element == NULL || element->record == NULL ||
	    key.type != ITEM_TEXT ||
	    strcmp(element->record->fields->key, "name") != 0)
		return false;
	shown(key.text, show);
	source_next(decoder->source);
	if (source_item(decoder->source)->type != ITEM_MAP)
		return false;
	source_skip(decoder->source);
	complain(decoder->complaints, "E-VALUE", key.where,
	    "%s takes a list, not names as keys; write \"- name: %s\", and its "
	    "keys below name",
	    decoder->key, show);
	return true;
}

/* element: of the list that was expected, or NULL. */
static int
mismatch(
    struct decoder *decoder, enum item_type due, const struct field *element)
{
	struct item item = *source_item(decoder->source);
	char show[SHOWN_SIZE];
	const char *key = decoder->key;
	bool map = item.type == ITEM_MAP;

	if (is_missing(&item))
		return missing(decoder);
	if (map) {
		/* "- fe80::" and "-name: A" are mappings: look at the first
		 * key. */
		source_next(decoder->source);
		if (schema_unquoted_ipv6(
			decoder, source_item(decoder->source)) ||
		    dash_without_blank(decoder, due) ||
		    names_as_keys(decoder, element))
			item.type = ITEM_BAD;
		source_leave(decoder->source);
	}
	if (item.type == ITEM_MAP)
		complain(decoder->complaints, "E-VALUE", item.where,
		    due == ITEM_LIST
			? "%s takes a list, not a mapping; begin each entry "
			  "with a dash"
			: "%s: a single value is due here, not a mapping",
		    key);
	else if (item.type == ITEM_LIST)
		complain(decoder->complaints, "E-VALUE", item.where,
		    due == ITEM_MAP
			? "%s: a mapping of keys to values is due here, not "
			  "a list"
			: "%s: a single value is due here, not a list; "
			  "remove the brackets or dashes",
		    key);
	else if (item.type == ITEM_TEXT && due == ITEM_LIST &&
		 item.text[0] == '-')
		complain(decoder->complaints, "E-VALUE", item.where,
		    "%s takes a list; write a blank behind the dash of \"%s\"",
		    key, shown(item.text, show));
	else if (item.type == ITEM_TEXT && due == ITEM_LIST)
		complain(decoder->complaints, "E-VALUE", item.where,
		    strchr(item.text, ':') != NULL
			? "%s takes a list; write %s: [\"%s\"]"
			: "%s takes a list; write %s: [%s]",
		    key, key, shown(item.text, show));
	else if (item.type == ITEM_TEXT)
		complain(decoder->complaints, "E-VALUE", item.where,
		    "%s: a mapping of keys to values is due here, not \"%s\"",
		    key, shown(item.text, show));
	if (!map)
		source_skip(decoder->source);
	return -EINVAL;
}

int
schema_mismatch(struct decoder *decoder, enum item_type due)
{
	return mismatch(decoder, due, NULL);
}

const struct item *
schema_item(struct decoder *decoder)
{
	const struct item *item = source_item(decoder->source);

	if (item->type == ITEM_TEXT && !is_missing(item))
		return item;
	(void)schema_mismatch(decoder, ITEM_TEXT);
	return NULL;
}

int
schema_enter_map(struct decoder *decoder)
{
	if (source_item(decoder->source)->type != ITEM_MAP)
		return schema_mismatch(decoder, ITEM_MAP);
	source_next(decoder->source);
	return 0;
}

/* ---- Lists ----------------------------------------------------------- */

static void
store_where(struct decoder *decoder, const struct field *field, void *object)
{
	if (field->where != 0)
		memcpy((char *)object + field->where, &decoder->key_where,
		    sizeof(decoder->key_where));
}

int
schema_enter_list(
    struct decoder *decoder, const struct field *field, void *object)
{
	struct where where = source_item(decoder->source)->where;

	store_where(decoder, field, object);
	decoder->no_list = (field->flags & FIELD_FILLED) == 0 &&
			   is_missing(source_item(decoder->source));
	if (decoder->no_list)
		return 0;
	if (source_item(decoder->source)->type != ITEM_LIST)
		return mismatch(decoder, ITEM_LIST, field->element);
	source_next(decoder->source);
	if (source_item(decoder->source)->type != ITEM_LIST_END ||
	    (field->flags & FIELD_FILLED) == 0)
		return 0;
	complain(decoder->complaints, "E-VALUE", where,
	    "%s: the list is empty, and an empty list never stands for "
	    "everything; write at least one entry%s",
	    decoder->key,
	    (field->flags & FIELD_REQUIRED) != 0 ? "" : ", or remove the key");
	source_next(decoder->source);
	return -EINVAL;
}

bool
schema_list_goes_on(struct decoder *decoder)
{
	enum item_type type = source_item(decoder->source)->type;

	if (decoder->no_list) {
		decoder->no_list = false;
		return false;
	}
	return type != ITEM_LIST_END && type != ITEM_STOP;
}

int
schema_list(struct decoder *decoder, const struct field *field, void *object)
{
	const struct field *element = field->element;
	int result = schema_enter_list(decoder, field, object);
	void *items = NULL;
	size_t count = 0;

	if (result != 0)
		return result;
	while (schema_list_goes_on(decoder)) {
		/* What is known of a bad mapping is kept, so that the rest
		 * can be checked. */
		bool map = source_item(decoder->source)->type == ITEM_MAP;
		char *item;
		int status;

		if (arena_grow(decoder->arena, &items, count, element->size) !=
		    0)
			return -ENOMEM;
		item = (char *)items + count * element->size;
		memset(item, 0, element->size);
		status = element->decode(decoder, element, item);
		if (status == -ENOMEM)
			return status;
		if (status != 0)
			result = status;
		if (status == 0 || map)
			count++;
	}
	source_next(decoder->source);
	memcpy((char *)object + field->offset, &items, sizeof(items));
	memcpy((char *)object + field->count, &count, sizeof(count));
	return result;
}

/* ---- The whole --------------------------------------------------------- */

int
schema_read(struct decoder *decoder, const struct field *field,
    const char *what, const char *text, size_t len, const char *file,
    void *object)
{
	int result = 0, status;

	decoder->key = what;
	decoder->key_where = (struct where){ file, 1, 1 };
	decoder->source = source_new(text, len, file, decoder->complaints);
	if (decoder->source == NULL)
		return -ENOMEM;
	if (source_item(decoder->source)->type != ITEM_STOP)
		result = schema_record(decoder, field, object);
	status = source_status(decoder->source);
	decoder->marked = source_marked(decoder->source);
	source_free(decoder->source);
	decoder->source = NULL;
	return result == -ENOMEM ? result : status;
}

enum shape
schema_shape(const struct field *field)
{
	static const struct {
		decode_fn *decode;
		enum shape shape;
	} common[] = {
		{ schema_bool, SHAPE_BOOL },
		{ schema_number, SHAPE_NUMBER },
		{ schema_size, SHAPE_SIZE },
		{ schema_word, SHAPE_WORD },
		{ schema_set, SHAPE_SET },
		{ schema_list, SHAPE_LIST },
		{ schema_record, SHAPE_RECORD },
	};
	size_t i;

	for (i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (common[i].decode == field->decode)
			return common[i].shape;
	return field->shape;
}
