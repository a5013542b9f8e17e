/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overrides - replies of a connector's own.
 *
 * Reads the mapping of a connector's key replies. Which replies there are,
 * and what would break an MTA, is replies'.
 */
#include "reply_texts.h"

#include <errno.h>
#include <string.h>

#include "nearest.h"
#include "policy.h"

/* Where there is no connector, none has a reply of its own. */
static const char *
key_word(int i)
{
	return i != REPLY_NONE ? reply_key((enum reply_id)i) : NULL;
}

const struct words overrides_words = {
	.what = "a reply",
	.name = key_word,
	.count = REPLY_COUNT,
};

const struct field overrides_element = {
	.pattern = "^([45])[0-9]{2} \\1\\.[0-9]{1,3}\\.[0-9]{1,3} "
		   "[ -$&-~]{1,400}$",
};

/* For word_nearest(): what has no key is near to nothing. */
static const char *
key_near(const void *ctx, size_t i)
{
	const char *key = key_word((int)i);

	(void)ctx;
	return key != NULL ? key : "";
}

static enum reply_id
key_find(const char *text)
{
	int i;

	for (i = REPLY_NONE + 1; i < REPLY_COUNT; i++)
		if (key_word(i) != NULL && strcmp(key_word(i), text) == 0)
			return (enum reply_id)i;
	return REPLY_NONE;
}

/* The reply whose key is under the cursor; complains and answers REPLY_NONE
 * if there is none. */
static enum reply_id
key_decode(struct decoder *decoder, const struct item *item)
{
	char show[SHOWN_SIZE];
	enum reply_id id;
	const char *nearest;

	if (item->type != ITEM_TEXT)
		return REPLY_NONE; /* complained of by the source */
	id = key_find(item->text);
	if (id != REPLY_NONE)
		return id;
	shown(item->text, show);
	nearest = word_nearest(item->text, key_near, NULL, REPLY_COUNT);
	if (nearest != NULL && nearest[0] != '\0')
		complain(decoder->complaints, "E-KEY", item->where,
		    "replies: unknown reply %s; did you mean %s?", show,
		    nearest);
	else
		complain(decoder->complaints, "E-KEY", item->where,
		    "replies: %s is no reply that can be changed; "
		    "connector-policy(5) lists them",
		    show);
	return REPLY_NONE;
}

static bool
hangs_up(const struct reply *reply)
{
	return strcmp(reply->code, "421") == 0;
}

static bool
hangs_up_by_default(enum reply_id id)
{
	const struct reply reply = reply_get(id, REPLY_STYLE_CLASSIC);

	return hangs_up(&reply);
}

static int
text_decode(struct decoder *decoder, struct reply_override *override)
{
	const struct item *item = schema_item(decoder);
	const char *why;
	char *copy, show[SHOWN_SIZE];
	int result = 0;

	if (item == NULL)
		return -EINVAL;
	override->where = item->where;
	copy = arena_text(decoder->arena, item->text, item->len);
	if (copy == NULL)
		return -ENOMEM;
	result = reply_parse(item->text, copy, &override->reply, &why);
	if (result == 0 && hangs_up(&override->reply) &&
	    !hangs_up_by_default(override->id)) {
		why = "has the code 421, on which an MTA hangs up, and with it "
		      "on recipients that it has accepted; write 450";
		result = -1;
	}
	if (result != 0) {
		complain(decoder->complaints, "E-REPLY", item->where,
		    "%s: \"%s\" %s", decoder->key, shown(item->text, show),
		    why);
		result = -EINVAL;
	}
	source_next(decoder->source);
	return result;
}

/* One key and its reply. */
static int
override_decode(struct decoder *decoder, struct where first[REPLY_COUNT],
    struct reply_override *override)
{
	struct where where = source_item(decoder->source)->where;
	enum reply_id id = key_decode(decoder, source_item(decoder->source));

	source_skip(decoder->source);
	if (id != REPLY_NONE && first[id].line != 0) {
		complain(decoder->complaints, "E-KEY", where,
		    "%s stands there twice; the first is in line %u",
		    key_word((int)id), (unsigned)first[id].line);
		id = REPLY_NONE;
	}
	if (id == REPLY_NONE) {
		source_skip(decoder->source);
		return -EINVAL;
	}
	first[id] = where;
	override->id = id;
	decoder->key = key_word((int)id);
	decoder->key_where = where;
	return text_decode(decoder, override);
}

int
overrides_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	struct where first[REPLY_COUNT] = { 0 };
	int result = schema_enter_map(decoder);
	void *items = NULL;
	size_t count = 0;

	if (result != 0)
		return result;
	while (source_item(decoder->source)->type != ITEM_MAP_END &&
	       source_item(decoder->source)->type != ITEM_STOP) {
		struct reply_override override = { 0 };
		int status = override_decode(decoder, first, &override);

		if (status == 0 && arena_grow(decoder->arena, &items, count,
				       sizeof(override)) != 0)
			status = -ENOMEM;
		if (status == -ENOMEM)
			return status;
		if (status == 0)
			((struct reply_override *)items)[count++] = override;
		else
			result = status;
	}
	source_next(decoder->source);
	memcpy((char *)object + field->offset, &items, sizeof(items));
	memcpy((char *)object + field->count, &count, sizeof(count));
	return result;
}
