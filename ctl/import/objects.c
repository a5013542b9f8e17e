/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * objects.c - the neutral model that every reader fills, and findings.
 *
 * An object is a list of properties; a property a list of values with their
 * lines. Nothing is interpreted here.
 */
#include "import.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "ascii.h"

enum { FINDINGS_MAX = 10000, FINDING_SIZE = 1200 };

static void
add(struct import *im, enum severity severity, const char *id, const char *file,
    uint32_t line, const char *message)
{
	struct where where = { .file = file, .line = line };

	if (severity > SEVERITY_NOTE)
		im->nfindings++;
	if (im->nfindings > FINDINGS_MAX && severity != SEVERITY_ERROR)
		return;
	diagnostics_add(im->findings, severity, id, where, "%s", message);
}

void
import_say(struct import *im, enum severity severity, const char *id,
    const char *file, uint32_t line, const char *format, ...)
{
	char message[FINDING_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	add(im, severity, id, file, line, message);
}

int
import_fail(struct import *im, const char *id, const char *file, uint32_t line,
    const char *format, ...)
{
	char message[FINDING_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	add(im, SEVERITY_ERROR, id, file, line, message);
	im->fatal = true;
	return -EINVAL;
}

char *
import_copy(struct import *im, const char *text, size_t len)
{
	static char nothing[1];
	char *copy = arena_text(im->arena, text, len);

	if (copy == NULL) {
		im->memory = im->fatal = true;
		return nothing;
	}
	return copy;
}

char *
import_format(struct import *im, const char *format, ...)
{
	char buffer[FINDING_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(buffer, sizeof buffer, format, args);
	va_end(args);
	return import_copy(im, buffer, strlen(buffer));
}

void *
import_more(struct import *im, void **array, size_t *count, size_t size)
{
	char *slot;

	if (arena_grow(im->arena, array, *count, size) < 0) {
		im->memory = im->fatal = true;
		return NULL;
	}
	slot = (char *)*array + *count * size;
	memset(slot, 0, size);
	++*count;
	return slot;
}

struct import_object *
import_object_new(struct import *im, const char *file, uint32_t line)
{
	struct import_object *object =
	    IMPORT_MORE(im, im->objects, im->nobjects);

	if (object == NULL)
		return NULL;
	object->file = file;
	object->line = line;
	object->dump = true;
	return object;
}

/* "Allowed IP Ranges" and "allowedipranges" are one name. */
static bool
same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == ' ' || *a == '_')
			a++;
		while (*b == ' ' || *b == '_')
			b++;
		if (ascii_lower(*a) != ascii_lower(*b))
			return false;
		if (!*a)
			return true;
	}
}

void
import_put(struct import *im, const char *name, const char *text, size_t len,
    uint32_t line)
{
	struct import_object *object;
	struct import_property *property = NULL;
	struct import_value *value;

	if (im->nobjects == 0)
		return;
	object = &im->objects[im->nobjects - 1];
	for (size_t i = object->count; i-- > 0 && !property;)
		if (same_name(object->properties[i].name, name))
			property = &object->properties[i];
	if (!property) {
		property = IMPORT_MORE(im, object->properties, object->count);
		if (!property)
			return;
		property->name = import_copy(im, name, strlen(name));
	}
	if (!text)
		return;
	value = IMPORT_MORE(im, property->values, property->count);
	if (!value)
		return;
	value->text = import_copy(im, text, len);
	value->line = line;
}

/* Column names of exports that people made by hand. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "AllowedIPRanges", "RemoteIPRanges" },
	{ "AllowedRanges", "RemoteIPRanges" },
	{ "RemoteIP", "RemoteIPRanges" },
	{ "RemoteIPs", "RemoteIPRanges" },
	{ "RemoteIPRange", "RemoteIPRanges" },
	{ "AuthMethod", "AuthMechanism" },
	{ "AuthMethods", "AuthMechanism" },
	{ "ConnectorName", "Name" },
	{ "Connector", "Name" },
	{ "ServerName", "Server" },
	{ "Permissions", "PermissionGroups" },
	{ "PermissionGroup", "PermissionGroups" },
	{ "Binding", "Bindings" },
	{ "Inherited", "IsInherited" },
	{ "Rights", "ExtendedRights" },
};

const struct import_property *
import_find(const struct import_object *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++)
		if (same_name(object->properties[i].name, name))
			return &object->properties[i];
	for (size_t a = 0; a < sizeof aliases / sizeof *aliases; a++) {
		if (strcmp(aliases[a].name, name) != 0)
			continue;
		for (size_t i = 0; i < object->count; i++)
			if (same_name(
				object->properties[i].name, aliases[a].alias))
				return &object->properties[i];
	}
	return NULL;
}

const char *
import_first(const struct import_object *object, const char *name)
{
	const struct import_property *property = import_find(object, name);

	return property && property->count > 0 ? property->values[0].text
					       : NULL;
}

uint32_t
import_line(const struct import_object *object, const char *name)
{
	const struct import_property *property = import_find(object, name);

	return property && property->count > 0 ? property->values[0].line
					       : object->line;
}
