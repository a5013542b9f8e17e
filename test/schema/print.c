/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print - the JSON Schema of a policy, from the tables of keys.
 *
 *	print                   to standard output
 *	print --update FILE     into the file
 *	print --compare FILE    exit 1 where the file differs
 *
 * Draft 2020-12. It is for editors, which complete and check with it: words
 * stand there in Exchange's own spelling, though the loader takes others, and
 * rules between keys are the loader's alone.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tables.h"

enum { TEXT_SIZE = 512, PATTERN_SIZE = 2048 };

/* Tables and memory are our own: what fails here fails for good. */
static json_t *
must(json_t *value)
{
	if (value == NULL) {
		(void)fprintf(stderr, "print: out of memory\n");
		exit(2);
	}
	return value;
}

static void
set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, must(value)) != 0)
		(void)must(NULL);
}

static void
add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, must(value)) != 0)
		(void)must(NULL);
}

static json_t *
typed(const char *type)
{
	json_t *schema = must(json_object());

	set(schema, "type", json_string(type));
	return schema;
}

/* {"anyOf": [first, second]} */
static json_t *
either(json_t *first, json_t *second)
{
	json_t *schema = must(json_object()), *list = must(json_array());

	add(list, first);
	add(list, second);
	set(schema, "anyOf", list);
	return schema;
}

/* The name of a record in $defs: "an accepted domain" is accepted_domain. */
static void
record_name(const struct record *record, char name[TEXT_SIZE])
{
	const char *what = strchr(record->what, ' ') + 1;
	char *c;

	(void)snprintf(name, TEXT_SIZE, "%s", what);
	for (c = name; *c != '\0'; c++)
		if (*c == ' ')
			*c = '_';
}

static json_t *value_schema(const struct field *);

/* ---- Single values --------------------------------------------------- */

/* Appends a pattern for a word in any case, with or without its underscores
 * and dashes. */
static void
pattern_add(char pattern[PATTERN_SIZE], const char *word)
{
	size_t used = strlen(pattern);

	for (; *word != '\0' && used + sizeof("[Xx]") + 1 < PATTERN_SIZE;
	     word++)
		used += (size_t)(isalpha((unsigned char)*word)
				     ? sprintf(pattern + used, "[%c%c]",
					   toupper((unsigned char)*word),
					   tolower((unsigned char)*word))
				     : sprintf(pattern + used, "[_-]?"));
	if (*word != '\0')
		(void)must(NULL);
}

static json_t *
pattern_schema(const char *pattern)
{
	json_t *schema = typed("string");
	char whole[PATTERN_SIZE + sizeof("^()$")];

	(void)snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	set(schema, "pattern", json_string(whole));
	return schema;
}

/* All words but one, which may be NULL. */
static json_t *
word_schema(const struct words *words, const char *but)
{
	json_t *schema = must(json_object()), *list = must(json_array());
	char pattern[PATTERN_SIZE] = "";
	int i;

	for (i = 0; i < words->count; i++) {
		if (but != NULL && strcmp(words->name(i), but) == 0)
			continue;
		add(list, json_string(words->name(i)));
		if (words->parse != NULL)
			continue;
		if (pattern[0] != '\0')
			(void)strcat(pattern, "|");
		pattern_add(pattern, words->name(i));
	}
	set(schema, "enum", list);
	/* Words with a parser of their own have more spellings than that. */
	return words->parse != NULL ? schema
				    : either(schema, pattern_schema(pattern));
}

static json_t *
number_schema(const struct field *field)
{
	json_t *schema = typed("integer"), *word;
	char pattern[PATTERN_SIZE] = "";

	set(schema, "minimum", json_integer(field->min));
	if (field->max <= INT64_MAX)
		set(schema, "maximum", json_integer((json_int_t)field->max));
	if (field->word == NULL)
		return schema;
	word = must(json_object());
	set(word, "const", json_string(field->word));
	pattern_add(pattern, field->word);
	return either(schema, either(word, pattern_schema(pattern)));
}

static json_t *
size_schema(const struct field *field)
{
	json_t *text = typed("string");

	set(text, "pattern", json_string("^[1-9][0-9]* ?([KkMmGgTt]?[Bb])?$"));
	return either(number_schema(field), text);
}

/* Plain text may look like a number to YAML. */
static json_t *
text_schema(const struct field *field)
{
	json_t *schema, *types;

	if (field->pattern != NULL) {
		schema = typed("string");
		set(schema, "pattern", json_string(field->pattern));
		return schema;
	}
	types = must(json_array());
	add(types, json_string("string"));
	add(types, json_string("number"));
	schema = must(json_object());
	set(schema, "type", types);
	set(schema, "minLength", json_integer(1));
	if (field->max != 0)
		set(schema, "maxLength", json_integer((json_int_t)field->max));
	return schema;
}

/* ---- Lists and mappings ---------------------------------------------- */

static json_t *
set_schema(const struct field *field)
{
	const struct words *words = field->words;
	json_t *schema = typed("array"), *one, *alone;

	set(schema, "items", word_schema(words, words->alone));
	set(schema, "uniqueItems", json_true());
	if ((field->flags & FIELD_FILLED) != 0)
		set(schema, "minItems", json_integer(1));
	if (words->alone == NULL)
		return schema;
	one = must(json_array());
	add(one, json_string(words->alone));
	alone = must(json_object());
	set(alone, "const", one);
	return either(schema, alone);
}

/* A list that may be empty may have no value: null to YAML. */
static json_t *
list_schema(const struct field *field)
{
	json_t *schema = typed("array"), *types;

	if ((field->flags & FIELD_FILLED) == 0) {
		types = must(json_array());
		add(types, json_string("array"));
		add(types, json_string("null"));
		set(schema, "type", types);
	}

	set(schema, "items", value_schema(field->element));
	if ((field->flags & FIELD_FILLED) != 0)
		set(schema, "minItems", json_integer(1));
	return schema;
}

static json_t *
names_schema(const struct field *field)
{
	json_t *schema = typed("object"), *properties, *names;
	int i;

	if (field->words == NULL) {
		names = must(json_object());
		set(names, "pattern", json_string(field->element->pattern));
		set(schema, "propertyNames", names);
		set(schema, "additionalProperties",
		    value_schema(field->element));
		return schema;
	}
	properties = must(json_object());
	for (i = 0; i < field->words->count; i++)
		if (field->words->name(i) != NULL)
			set(properties, field->words->name(i),
			    value_schema(field->element));
	set(schema, "properties", properties);
	set(schema, "additionalProperties", json_false());
	return schema;
}

static json_t *
record_schema(const struct field *field)
{
	char name[TEXT_SIZE], path[TEXT_SIZE + sizeof("#/$defs/")];
	json_t *schema = must(json_object());

	record_name(field->record, name);
	(void)snprintf(path, sizeof(path), "#/$defs/%s", name);
	set(schema, "$ref", json_string(path));
	return schema;
}

static json_t *
shape_schema(const struct field *field)
{
	switch (schema_shape(field)) {
	case SHAPE_TEXT:
		break;
	case SHAPE_BOOL:
		return typed("boolean");
	case SHAPE_NUMBER:
		return number_schema(field);
	case SHAPE_SIZE:
		return size_schema(field);
	case SHAPE_WORD:
		return word_schema(field->words, NULL);
	case SHAPE_SET:
		return set_schema(field);
	case SHAPE_LIST:
		return list_schema(field);
	case SHAPE_NAMES:
		return names_schema(field);
	case SHAPE_RECORD:
		return record_schema(field);
	}
	return text_schema(field);
}

static json_t *
value_schema(const struct field *field)
{
	json_t *schema = shape_schema(field);

	if (field->either != NULL)
		return either(schema, value_schema(field->either));
	return schema;
}

/* ---- Keys and records ------------------------------------------------ */

/* The preset as a value; NULL where there is none, or it is no value. */
static json_t *
default_value(const struct field *field)
{
	char buf[TABLES_TEXT_SIZE];
	const char *text = tables_default(field, buf);

	if (text == NULL || field->absent != NULL)
		return NULL;
	switch (schema_shape(field)) {
	case SHAPE_BOOL:
		return must(json_boolean(field->preset != 0));
	case SHAPE_NUMBER:
		if (text == field->word)
			break;
		return must(json_integer(field->preset));
	case SHAPE_WORD:
	case SHAPE_TEXT:
	case SHAPE_SIZE:
	case SHAPE_SET:
	case SHAPE_LIST:
	case SHAPE_NAMES:
	case SHAPE_RECORD:
		break;
	}
	return must(json_string(text));
}

/* One key: what its value is, after what it is for. */
static json_t *
key_schema(const struct field *field)
{
	json_t *schema = must(json_object()), *value = value_schema(field);
	json_t *preset = default_value(field);
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s", field->doc,
	    field->absent != NULL ? "; default: " : "",
	    field->absent != NULL ? field->absent : "",
	    field->exchange != NULL ? " (Exchange: " : "",
	    field->exchange != NULL ? field->exchange : "",
	    field->exchange != NULL ? ")" : "");
	set(schema, "description", json_string(text));
	if (preset != NULL)
		set(schema, "default", preset);
	if (json_object_update(schema, value) != 0)
		(void)must(NULL);
	json_decref(value);
	return schema;
}

/* The keys with a flag, each as {"required": [key]}; NULL if there are none. */
static json_t *
flagged(const struct record *record, unsigned flag)
{
	json_t *list = must(json_array());
	size_t i;

	for (i = 0; i < record->nfields; i++) {
		json_t *item, *keys;

		if ((record->fields[i].flags & flag) == 0)
			continue;
		item = must(json_object());
		keys = must(json_array());
		add(keys, json_string(record->fields[i].key));
		set(item, "required", keys);
		add(list, item);
	}
	if (json_array_size(list) > 0)
		return list;
	json_decref(list);
	return NULL;
}

static void
object_schema(json_t *schema, const struct record *record)
{
	json_t *properties = must(json_object()), *required, *list;
	size_t i;

	required = must(json_array());
	for (i = 0; i < record->nfields; i++) {
		const struct field *field = &record->fields[i];

		set(properties, field->key, key_schema(field));
		if ((field->flags & FIELD_REQUIRED) != 0)
			add(required, json_string(field->key));
	}
	set(schema, "type", json_string("object"));
	set(schema, "properties", properties);
	if (json_array_size(required) > 0)
		set(schema, "required", required);
	else
		json_decref(required);
	list = flagged(record, FIELD_ANY);
	if (list != NULL)
		set(schema, "anyOf", list);
	list = flagged(record, FIELD_ONE);
	if (list != NULL)
		set(schema, "oneOf", list);
	set(schema, "additionalProperties", json_false());
}

/* A record as it stands in $defs: a mapping, or the text that is short for
 * one. */
static json_t *
definition(const struct record *record)
{
	json_t *schema = must(json_object());
	size_t i;

	object_schema(schema, record);
	for (i = 0; record->shorthand != NULL && i < record->nfields; i++)
		if (strcmp(record->fields[i].key, record->shorthand) == 0)
			return either(key_schema(&record->fields[i]), schema);
	return schema;
}

static json_t *
policy_schema(void)
{
	const struct record *records[TABLES_RECORDS_MAX];
	size_t i, count = tables_records(records);
	json_t *schema = must(json_object()), *defs = must(json_object());
	char name[TEXT_SIZE];

	set(schema, "$schema",
	    json_string("https://json-schema.org/draft/2020-12/schema"));
	set(schema, "title", json_string("connector-milter policy"));
	set(schema, "description",
	    json_string("For editors, printed from the tables of "
			"connector-milter. connectorctl check knows more: "
			"other spellings of words, and the rules between "
			"keys. See connector-policy(5)."));
	object_schema(schema, records[0]);
	for (i = 1; i < count; i++) {
		record_name(records[i], name);
		if (json_object_get(defs, name) != NULL) {
			(void)fprintf(
			    stderr, "print: two records are %s\n", name);
			exit(2);
		}
		set(defs, name, definition(records[i]));
	}
	set(schema, "$defs", defs);
	return schema;
}

/* ---- Files ----------------------------------------------------------- */

static int
update(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
		perror(path);
		return 2;
	}
	return 0;
}

static int
compare(const char *path, const char *text)
{
	size_t len = strlen(text), read;
	char *old = malloc(len + 2);
	FILE *file = fopen(path, "rb");
	bool same;

	if (old == NULL || file == NULL) {
		perror(path);
		free(old);
		return 2;
	}
	read = fread(old, 1, len + 1, file);
	same = read == len && memcmp(old, text, len) == 0;
	free(old);
	(void)fclose(file);
	if (same)
		return 0;
	(void)fprintf(stderr,
	    "%s is not what the tables say; run print --update %s\n", path,
	    path);
	return 1;
}

int
main(int argc, char **argv)
{
	json_t *schema = policy_schema();
	char *json = json_dumps(schema, JSON_INDENT(2)), *text;
	int status = 2;

	if (json == NULL || (text = malloc(strlen(json) + 2)) == NULL)
		return 2;
	(void)sprintf(text, "%s\n", json);
	if (argc == 1)
		status = fputs(text, stdout) == EOF ? 2 : 0;
	else if (argc == 3 && strcmp(argv[1], "--update") == 0)
		status = update(argv[2], text);
	else if (argc == 3 && strcmp(argv[1], "--compare") == 0)
		status = compare(argv[2], text);
	else
		(void)fprintf(
		    stderr, "usage: print [--update|--compare FILE]\n");
	free(text);
	free(json);
	json_decref(schema);
	return status;
}
