/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.c - text of others, made fit for a terminal and for a document.
 */
#include "text.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

char *
text_clean(char *text)
{
	size_t len;

	for (char *c = text; *c != '\0'; c += len) {
		len = utf8_length((unsigned char *)c);
		if (len == 0) {
			*c = '?';
			len = 1;
		}
	}
	return text;
}

const char *
printable(const char *text, char buf[PRINTABLE_SIZE])
{
	size_t len = strnlen(text, PRINTABLE_SIZE - 1);

	memcpy(buf, text, len);
	buf[len] = '\0';
	return text_clean(buf);
}

const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

json_t *
text_json(const char *text)
{
	json_t *json = text != NULL ? json_string(text) : json_null();
	char *copy;

	if (json != NULL || (copy = strdup(text)) == NULL)
		return json;
	json = json_string(text_clean(copy));
	free(copy);
	return json;
}

static void
keep(json_t **json, int rc)
{
	if (rc == 0)
		return;
	json_decref(*json);
	*json = NULL;
}

void
json_add(json_t **array, json_t *value)
{
	keep(array, json_array_append_new(*array, value));
}

void
json_put(json_t **object, const char *key, json_t *value)
{
	keep(object, json_object_set_new(*object, key, value));
}

void
json_put_text(json_t **object, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_put(object, key, text_json(value));
}
