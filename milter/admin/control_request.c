/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_request.c - one line of the control socket.
 */
#include "control_request.h"
#include "log.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

static const struct {
	const char *name;
	bool changes;
	const char *key; /* that it may have beside "verb", or NULL */
} verbs[ORDER_COUNT] = {
	// clang-format off
	[ORDER_STATUS]    = { "status",    false, "ranges" },
	[ORDER_SESSIONS]  = { "sessions",  false, NULL },
	[ORDER_RELOAD]    = { "reload",    true,  NULL },
	[ORDER_LOG_LEVEL] = { "log-level", true,  "level" },
	// clang-format on
};

static int
level_parse(const char *name, int *level)
{
	for (int i = 0; i <= LOG_DEBUG; i++) {
		if (strcmp(log_level_name(i), name) != 0)
			continue;
		*level = i;
		return 0;
	}
	return -EINVAL;
}

bool
order_changes(enum order_verb verb)
{
	return verbs[verb].changes;
}

static int
verb_find(const char *name, enum order_verb *verb)
{
	for (int i = 0; i < ORDER_COUNT; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		*verb = (enum order_verb)i;
		return 0;
	}
	return -EINVAL;
}

static int
order_take(const json_t *json, struct order *o, const char **why)
{
	const char *name = json_string_value(json_object_get(json, "verb"));
	const json_t *value = NULL;
	size_t keys = 1;

	*why = "there is no such verb";
	if (!name || verb_find(name, &o->verb))
		return -EINVAL;
	if (verbs[o->verb].key)
		value = json_object_get(json, verbs[o->verb].key);
	keys += value != NULL;
	*why = "there is a key that the verb does not have";
	if (json_object_size(json) != keys)
		return -EINVAL;
	*why = "ranges is not true or false";
	if (o->verb == ORDER_STATUS && value && !json_is_boolean(value))
		return -EINVAL;
	o->ranges = o->verb == ORDER_STATUS && json_is_true(value);
	*why = "level is not err, warning, notice, info or another of syslog";
	if (o->verb != ORDER_LOG_LEVEL)
		return 0;
	name = json_string_value(value);
	return name ? level_parse(name, &o->level) : -EINVAL;
}

int
order_parse(const char *text, size_t len, struct order *out, const char **why)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	struct order o = { 0 };
	int rc = -EINVAL;

	*why = "the request is not a JSON object";
	if (json_is_object(json))
		rc = order_take(json, &o, why);
	json_decref(json);
	if (!rc)
		*out = o;
	return rc;
}
