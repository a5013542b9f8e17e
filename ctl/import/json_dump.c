/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_dump.c - what ConvertTo-Json writes.
 *
 * Enumerations are numbers, lists arrays, ranges objects or texts. What was
 * cut by -Depth is told by the type names and "@{" it leaves behind
 * (values.c). JSON keeps no lines, so places are of the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "enumerations.h"

enum { DEPTH_MAX = 16 };

struct import_json_reader {
	struct import *im;
	const char *file;
};

static const char *text_of(
    struct import_json_reader *, const char *name, const json_t *, int depth);

static const json_t *
member(const json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if (ascii_same(key, name))
			return value;
	return NULL;
}

static const char *
named(struct import_json_reader *r, const json_t *object, const char *name,
    int depth)
{
	const json_t *value = member(object, name);

	return value ? text_of(r, name, value, depth + 1) : NULL;
}

static const char *
object_text(struct import_json_reader *r, const json_t *value, int depth)
{
	const char *a, *b;

	if ((a = named(r, value, "Expression", depth)) && *a)
		return a;
	if ((a = named(r, value, "LowerBound", depth)) &&
	    (b = named(r, value, "UpperBound", depth)))
		return import_format(r->im, "%s-%s", a, b);
	if ((a = named(r, value, "Address", depth)) &&
	    (b = named(r, value, "Port", depth)))
		return import_format(
		    r->im, strchr(a, ':') ? "[%s]:%s" : "%s:%s", a, b);
	if ((a = named(r, value, "IsUnlimited", depth)) && import_true(a))
		return "Unlimited";
	if ((a = named(r, value, "Value", depth)) ||
	    (a = named(r, value, "Name", depth)) ||
	    (a = named(r, value, "RawIdentity", depth)))
		return a;
	return NULL;
}

static const char *
text_of(struct import_json_reader *r, const char *name, const json_t *value,
    int depth)
{
	unsigned long bits;

	if (depth > DEPTH_MAX)
		return NULL;
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_string_value(value);
	case JSON_TRUE:
		return "True";
	case JSON_FALSE:
		return "False";
	case JSON_INTEGER:
		if (import_enumeration_bits(name, "", &bits))
			return import_enumeration_text(r->im, name,
			    (unsigned long)json_integer_value(value));
		return import_format(
		    r->im, "%lld", (long long)json_integer_value(value));
	case JSON_OBJECT:
		return object_text(r, value, depth);
	case JSON_REAL:
	case JSON_ARRAY:
	case JSON_NULL:
		break;
	}
	return NULL;
}

static void
put(struct import_json_reader *r, const char *name, const json_t *value)
{
	const char *text = text_of(r, name, value, 0);

	import_put(r->im, name, text, text ? strlen(text) : 0, 0);
}

static int
take_object(struct import_json_reader *r, const json_t *object)
{
	const char *key;
	json_t *value, *item;
	size_t i;

	if (!json_is_object(object))
		return import_fail(r->im, "I-LOST", r->file, 0,
		    "an object is printed as text; use ConvertTo-Json -Depth "
		    "4, or Export-Clixml");
	if (!import_object_new(r->im, r->file, 0))
		return -ENOMEM;
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (!json_is_array(value)) {
			put(r, key, value);
			continue;
		}
		import_put(r->im, key, NULL, 0, 0);
		json_array_foreach(value, i, item)
			put(r, key, item);
	}
	return 0;
}

int
import_json(struct import *im, const struct import_text *text)
{
	struct import_json_reader r = { im, text->file };
	json_error_t why;
	json_t *root =
	    json_loadb(text->text, text->len, JSON_REJECT_DUPLICATES, &why);
	int error = 0;
	const json_t *list;
	json_t *item;
	size_t i;

	if (!root)
		return import_fail(im, "I-CUT", text->file,
		    why.line > 0 ? (uint32_t)why.line : 0,
		    "the JSON is broken or cut: %s; export it again", why.text);
	list = member(root, "value"); /* of a list that knows its Count */
	if (!json_is_array(list))
		list = root;
	if (json_is_array(list)) {
		json_array_foreach(list, i, item) {
			error = take_object(&r, item);
			if (error < 0)
				break;
		}
	} else {
		error = take_object(&r, root);
	}
	json_decref(root);
	return error;
}
