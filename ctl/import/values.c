/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values.c - values as dumps print them.
 *
 * Lists in any of their separators, ranges with zones and host bits, sizes
 * with a unit and the bytes in brackets. What the shell shortened, or printed
 * as the name of a type, is lost and therefore fatal.
 */
#include "import.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"

static const char cure[] =
    "set $FormatEnumerationLimit = -1 and print it again, or use "
    "Export-Clixml";

static int
check_whole(struct import *im, const struct import_object *object,
    const struct import_property *property, const struct import_value *value)
{
	const char *text = value->text;

	if (strstr(text, "...") || strstr(text, "\xe2\x80\xa6"))
		return import_fail(im, "I-TRUNCATED", object->file, value->line,
		    "%s: the shell cut this list (...); %s", property->name,
		    cure);
	if (strstr(text, "Microsoft.Exchange.Data.") ||
	    strstr(text, "System.Object[]") ||
	    strstr(text, "System.Collections.") || strstr(text, "@{"))
		return import_fail(im, "I-LOST", object->file, value->line,
		    "%s: the name of a type is printed instead of the values, "
		    "which are lost; use Export-Clixml",
		    property->name);
	return 0;
}

static int
split(const struct import_value *value,
    int (*fn)(void *ctx, const char *item, uint32_t line), void *ctx)
{
	char *at = value->text;
	int error = 0;

	at += strspn(at, " \t{");
	while (!error && *at) {
		size_t n = strcspn(at, ",;|\n\r\t{}");
		char after = at[n];
		size_t trimmed = n;

		while (trimmed > 0 && strchr(" '\"", at[trimmed - 1]))
			trimmed--;
		while (trimmed > 0 && strchr(" '\"", *at)) {
			at++;
			n--;
			trimmed--;
		}
		if (trimmed > 0) {
			char saved = at[trimmed];

			at[trimmed] = '\0';
			error = fn(ctx, at, value->line);
			at[trimmed] = saved;
		}
		at += n + (after != '\0');
	}
	return error;
}

int
import_list(struct import *im, const struct import_object *object,
    const struct import_property *property,
    int (*fn)(void *ctx, const char *item, uint32_t line), void *ctx)
{
	int error = 0;

	for (size_t i = 0; property && i < property->count && !error; i++) {
		error = check_whole(im, object, property, &property->values[i]);
		if (!error)
			error = split(&property->values[i], fn, ctx);
	}
	return error;
}

/* ---- Ranges ----------------------------------------------------------- */

int
import_range_read(struct import *im, const char *text, const char *file,
    uint32_t line, struct netrange *range)
{
	char why[NETADDR_WHY_SIZE], copy[128], *zone;
	bool host_bits = false;
	size_t len = strlen(text);

	if (len >= sizeof copy)
		return import_fail(im, "I-RANGE", file, line,
		    "%.60s...: this is no range", text);
	memcpy(copy, text, len + 1);
	while ((zone = strchr(copy, '%'))) {
		size_t n = 1 + strcspn(zone + 1, "-/");

		memmove(zone, zone + n, strlen(zone + n) + 1);
		import_say(im, SEVERITY_WARNING, "I-ZONE", file, line,
		    "%s: the zone was dropped; the range is for every "
		    "interface",
		    text);
	}
	if (strcmp(copy, "0.0.0.0") == 0)
		import_say(im, SEVERITY_WARNING, "I-ZERO", file, line,
		    "0.0.0.0: read as this one address; if Exchange served "
		    "everyone with it, write 0.0.0.0-255.255.255.255");
	if (netrange_parse(copy, range, &host_bits, why) < 0)
		return import_fail(
		    im, "I-RANGE", file, line, "%s: %s", text, why);
	if (host_bits)
		import_say(im, SEVERITY_WARNING, "I-HOST-BITS", file, line,
		    "%s: host bits are set; the range is the whole network",
		    text);
	return 0;
}

/* ---- Single values ---------------------------------------------------- */

bool
import_true(const char *text)
{
	if (!text)
		return false;
	if (*text == '$')
		text++;
	return ascii_same(text, "true") || strcmp(text, "1") == 0 ||
	       ascii_same(text, "yes");
}

static bool
is_unlimited(const char *text)
{
	return ascii_same(text, "unlimited");
}

/* The number in brackets, or one with a unit. false: neither. */
static bool
size_of(const char *text, uint64_t *bytes, bool *bare)
{
	const char *bracket = strchr(text, '(');
	uint64_t number = 0, unit = 1;
	const char *at = bracket ? bracket + 1 : text;
	unsigned digits = 0;

	/* In brackets any separator of thousands, a no-break space, too. */
	for (; isdigit((unsigned char)*at) ||
	       (bracket && *at && *at != ')' && !isalpha((unsigned char)*at));
	     at++) {
		if (!isdigit((unsigned char)*at))
			continue;
		if (++digits > 15)
			return false;
		number = number * 10 + (uint64_t)(*at - '0');
	}
	if (digits == 0)
		return false;
	at += strspn(at, " ");
	*bare = !bracket && *at == '\0';
	switch (ascii_lower(*at)) {
	case 'k':
		unit = 1024;
		break;
	case 'm':
		unit = 1024 * 1024;
		break;
	case 'g':
		unit = UINT64_C(1024) * 1024 * 1024;
		break;
	case 'b':
	case '\0':
		break;
	default:
		if (!bracket)
			return false;
		break;
	}
	*bytes = number * (bracket ? 1 : unit);
	return true;
}

static const char *
clamp(struct import *im, const struct import_row *row, uint64_t number,
    const char *text, const char *file, uint32_t line)
{
	uint64_t kept = number < row->least  ? row->least
			: number > row->most ? row->most
					     : number;

	if (kept != number)
		import_say(im, SEVERITY_WARNING, "I-VALUE", file, line,
		    "%s %s: written as %llu, the nearest value that is "
		    "allowed",
		    row->property, text, (unsigned long long)kept);
	return import_format(im, "%llu", (unsigned long long)kept);
}

static const char *
read_size(struct import *im, const struct import_row *row, const char *text,
    const char *file, uint32_t line)
{
	bool bare = false, header = strcmp(row->property, "MaxHeaderSize") == 0;
	uint64_t bytes;

	if (!size_of(text, &bytes, &bare)) {
		import_fail(im, "I-VALUE", file, line,
		    "%s: %s is no size; expected bytes, or as in 36MB",
		    row->property, text);
		return NULL;
	}
	if (bare && bytes > 0 && bytes < 65536 && !header) {
		import_say(im, SEVERITY_WARNING, "I-UNIT", file, line,
		    "%s %s: no unit; read as MB", row->property, text);
		bytes *= 1024 * 1024;
	} else if (bare && bytes > 0 && bytes <= 1024 && header) {
		import_say(im, SEVERITY_WARNING, "I-UNIT", file, line,
		    "%s %s: no unit; read as KB", row->property, text);
		bytes *= 1024;
	}
	return clamp(im, row, bytes, text, file, line);
}

static const char *
read_source(const char *text)
{
	static const struct {
		const char *exchange, *word;
	} words[] = {
		{ "None", "none" },
		{ "IPAddress", "ip_address" },
		{ "IP", "ip_address" },
		{ "1", "ip_address" },
		{ "User", "user" },
		{ "2", "user" },
		{ "All", "all" },
		{ "3", "all" },
		{ "0", "none" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ascii_same(words[i].exchange, text))
			return words[i].word;
	return NULL;
}

const char *
import_value_read(struct import *im, const struct import_row *row,
    const char *text, const char *file, uint32_t line)
{
	const char *word;
	uint64_t number;
	bool bare;

	switch (row->reading) {
	case IMPORT_READ_BOOL:
		if (import_true(text))
			return "true";
		if (*text == '$' || ascii_same(text, "false") ||
		    strcmp(text, "0") == 0 || ascii_same(text, "no"))
			return "false";
		break;
	case IMPORT_READ_SOURCE:
		if ((word = read_source(text)))
			return word;
		break;
	case IMPORT_READ_SIZE:
		return read_size(im, row, text, file, line);
	case IMPORT_READ_NUMBER:
		if (is_unlimited(text))
			return "unlimited";
		if (size_of(text, &number, &bare) && bare)
			return clamp(im, row, number, text, file, line);
		break;
	case IMPORT_READ_TEXT:
		return text;
	}
	import_fail(im, "I-VALUE", file, line, "%s: unexpected value %s",
	    row->property, text);
	return NULL;
}
