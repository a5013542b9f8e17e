/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables - walks the tables of keys.
 */
#include "tables.h"

#include <stdio.h>
#include <stdlib.h>

#include "keys.h"

struct walk {
	const struct record **records;
	size_t count;
};

static void record_walk(struct walk *, const struct record *);

static void
field_walk(struct walk *walk, const struct field *field)
{
	if (field == NULL)
		return;
	if (field->record != NULL)
		record_walk(walk, field->record);
	field_walk(walk, field->element);
	field_walk(walk, field->either);
}

static void
record_walk(struct walk *walk, const struct record *record)
{
	size_t i;

	for (i = 0; i < walk->count; i++)
		if (walk->records[i] == record)
			return;
	if (walk->count == TABLES_RECORDS_MAX) {
		(void)fprintf(stderr, "more records than are known here\n");
		exit(2);
	}
	walk->records[walk->count++] = record;
	for (i = 0; i < record->nfields; i++)
		field_walk(walk, &record->fields[i]);
}

size_t
tables_records(const struct record *records[TABLES_RECORDS_MAX])
{
	struct walk walk = { records, 0 };

	record_walk(&walk, policy_record());
	return walk.count;
}

const char *
tables_default(const struct field *field, char buf[TABLES_TEXT_SIZE])
{
	if ((field->flags & FIELD_REQUIRED) != 0)
		return NULL;
	if (field->absent != NULL)
		return field->absent;
	switch (schema_shape(field)) {
	case SHAPE_BOOL:
		return field->preset != 0 ? "true" : "false";
	case SHAPE_WORD:
		return field->words->name((int)field->preset);
	case SHAPE_NUMBER:
		if (field->word != NULL && field->preset == field->word_value)
			return field->word;
		(void)snprintf(
		    buf, TABLES_TEXT_SIZE, "%lld", (long long)field->preset);
		return buf;
	case SHAPE_TEXT:
	case SHAPE_SIZE:
	case SHAPE_SET:
	case SHAPE_LIST:
	case SHAPE_NAMES:
	case SHAPE_RECORD:
		break;
	}
	(void)fprintf(
	    stderr, "%s: nothing says what goes without it\n", field->key);
	exit(1);
}
