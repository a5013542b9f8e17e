/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_limits.c - the limits that a connector states, for those who explain.
 *
 * Walks the table of keys: a limit that is added there is listed here. Does not
 * enforce anything; checks.c and limit.c do.
 */
#include <string.h>

#include "keys.h"
#include "session.h"

static bool
is_limit(const struct field *field)
{
	size_t begin = offsetof(struct connector, limits);
	size_t end = begin + sizeof(struct connector_limits);

	return field->offset >= begin && field->offset < end;
}

static uint64_t
number_of(const struct field *field, const struct connector *connector)
{
	const char *member = (const char *)connector + field->offset;
	uint64_t large;
	uint32_t small;

	if (field->size == sizeof(large)) {
		memcpy(&large, member, sizeof(large));
		return large;
	}
	memcpy(&small, member, sizeof(small));
	return small;
}

/* Of whom messages are counted has a preset, which says nothing alone. */
static bool
is_stated(const struct field *field, const struct connector *connector)
{
	if (field->words != NULL && connector->limits.message_rate_limit == 0)
		return false;
	return number_of(field, connector) != 0;
}

bool
session_limit(const struct session *session, size_t i, struct limit *limit)
{
	const struct record *record = connector_keys();
	const struct connector *connector;

	if (session->choice.rule == NULL)
		return false;
	connector = session->choice.rule->written;
	for (size_t j = 0; j < record->nfields; j++) {
		const struct field *field = &record->fields[j];

		if (!is_limit(field) || !is_stated(field, connector) || i-- > 0)
			continue;
		*limit = (struct limit){ .key = field->key };
		limit->number = number_of(field, connector);
		if (field->words != NULL)
			limit->word = field->words->name((int)limit->number);
		limit->bytes = schema_shape(field) == SHAPE_SIZE;
		return true;
	}
	return false;
}
