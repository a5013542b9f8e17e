/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.c - New- and Set-ReceiveConnector, Add- and Remove-ADPermission.
 *
 * Literal arguments only: nothing is ever evaluated. A variable, a hash or a
 * call is fatal where one of these commands uses it. Each command becomes an
 * object, or changes the one that the same script made.
 */
#include "import.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"

enum {
	TOKEN_END,
	TOKEN_LINE,
	TOKEN_PIPE,
	TOKEN_COMMA,
	TOKEN_PARAMETER,
	TOKEN_WORD,
	TOKEN_OTHER
};

struct import_token {
	int type;
	char *text;
	uint32_t line;
};

struct import_script_reader {
	struct import *im;
	const char *file, *at;
	uint32_t line;
	size_t first; /* object of this file */
	struct import_token token;
	char *piped; /* the connector that Get-ReceiveConnector named */
};

static size_t
quote(const char *at)
{
	static const char *const quotes[] = { "'", "\"", "\xe2\x80\x98",
		"\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d",
		"\xe2\x80\x9e" };

	for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
		if (strncmp(at, quotes[i], strlen(quotes[i])) == 0)
			return strlen(quotes[i]);
	return 0;
}

/* A single quote ends with a single one of any shape, a double likewise. */
static bool
is_single(const char *at)
{
	return *at == '\'' || strncmp(at, "\xe2\x80\x98", 3) == 0 ||
	       strncmp(at, "\xe2\x80\x99", 3) == 0;
}

static int
fail_variable(struct import_script_reader *r, const char *at)
{
	size_t n = 1;

	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return import_fail(r->im, "I-VARIABLE", r->file, r->line,
	    "%.*s: nothing is evaluated; write the value itself, or use "
	    "Export-Clixml of the connectors",
	    n > 60 ? 60 : (int)n, at);
}

static int
quoted(struct import_script_reader *r)
{
	bool single = is_single(r->at);
	char *text, *to;
	size_t n;

	r->at += quote(r->at);
	text = to = arena_alloc(
	    r->im->arena, strlen(r->at) + 1 > 4096 ? 4096 : strlen(r->at) + 1);
	if (!text)
		return -ENOMEM;
	while (*r->at && to - text < 4090) {
		n = quote(r->at);
		if (n > 0 && is_single(r->at) == single) {
			if (quote(r->at + n) == 0 ||
			    is_single(r->at + n) != single) {
				r->at += n;
				*to = '\0';
				r->token = (struct import_token){ TOKEN_WORD,
					text, r->line };
				return 0;
			}
			r->at += n; /* doubled: one of them is meant */
		}
		if (!single && *r->at == '$')
			return fail_variable(r, r->at);
		if (!single && *r->at == '`' && r->at[1])
			r->at++;
		if (*r->at == '\n')
			r->line++;
		*to++ = *r->at++;
	}
	return import_fail(r->im, "I-CUT", r->file, r->line,
	    "a quote has no end; the script is cut");
}

static void
skip_blanks(struct import_script_reader *r)
{
	for (;;) {
		r->at += strspn(r->at, " \t\r");
		if (*r->at == '`' &&
		    r->at[1 + strspn(r->at + 1, " \t\r")] == '\n') {
			r->at = strchr(r->at, '\n') + 1;
			r->line++;
		} else if (strncmp(r->at, "<#", 2) == 0) {
			while (*r->at && strncmp(r->at, "#>", 2) != 0)
				r->line += *r->at++ == '\n';
			r->at += *r->at ? 2 : 0;
		} else if (*r->at == '#') {
			r->at += strcspn(r->at, "\n");
		} else {
			return;
		}
	}
}

static int
bare(struct import_script_reader *r)
{
	const char *from = r->at;
	bool parameter = *from == '-' && isalpha((unsigned char)from[1]);

	while (*r->at && !strchr(" \t\r\n,;|(){}`", *r->at) && !quote(r->at)) {
		if (parameter && *r->at == ':') {
			break;
		}
		if (*r->at == '$' && strncasecmp(r->at, "$true", 5) != 0 &&
		    strncasecmp(r->at, "$false", 6) != 0 &&
		    strncasecmp(r->at, "$null", 5) != 0) {
			r->token = (struct import_token){ TOKEN_OTHER,
				import_copy(r->im, r->at,
				    strcspn(r->at, " \t\r\n,;|(){}")),
				r->line };
			r->at += strcspn(r->at, " \t\r\n,;|(){}");
			return 0;
		}
		r->at++;
	}
	r->token =
	    (struct import_token){ parameter ? TOKEN_PARAMETER : TOKEN_WORD,
		    import_copy(r->im, from, (size_t)(r->at - from)), r->line };
	if (parameter && *r->at == ':')
		r->at++;
	return 0;
}

static int
next(struct import_script_reader *r)
{
	int type = TOKEN_OTHER;

	/* Brackets of a list group, and mean nothing else here. */
	for (skip_blanks(r);
	     *r->at == '(' || *r->at == ')' || strncmp(r->at, "@(", 2) == 0;
	     skip_blanks(r))
		r->at++;
	r->token = (struct import_token){ TOKEN_END, NULL, r->line };
	if (!*r->at)
		return 0;
	if (quote(r->at))
		return quoted(r);
	if (!strchr("\n;|,{}`", *r->at) && strncmp(r->at, "@{", 2) != 0)
		return bare(r);
	if (*r->at == '\n' || *r->at == ';')
		type = TOKEN_LINE;
	else if (*r->at == '|')
		type = TOKEN_PIPE;
	else if (*r->at == ',')
		type = TOKEN_COMMA;
	r->token = (struct import_token){ type, import_copy(r->im, r->at, 1),
		r->line };
	r->line += *r->at == '\n';
	r->at++;
	/* A line that ends with a comma or a bar goes on. */
	if (type == TOKEN_COMMA || type == TOKEN_PIPE)
		for (skip_blanks(r); *r->at == '\n'; skip_blanks(r)) {
			r->at++;
			r->line++;
		}
	return 0;
}

/* ---- Commands --------------------------------------------------------- */

static const struct {
	const char *usage, *groups, *mechanisms, *bindings, *ranges;
} usages[] = {
	{ "Client", "ExchangeUsers",
	    "Tls, BasicAuth, BasicAuthRequireTLS, Integrated", "0.0.0.0:587",
	    NULL },
	{ "Custom", "None", "Tls", NULL, NULL },
	{ "Internal", "ExchangeServers, ExchangeLegacyServers",
	    "Tls, ExchangeServer", "0.0.0.0:25", NULL },
	{ "Internet", "AnonymousUsers", "Tls", NULL,
	    "0.0.0.0-255.255.255.255" },
	{ "Partner", "Partners", "Tls", NULL, NULL },
};

static void
preset(struct import *im, const char *name, const char *text, uint32_t line)
{
	const struct import_object *object = &im->objects[im->nobjects - 1];

	if (text && !import_find(object, name))
		import_put(im, name, text, strlen(text), line);
}

/* What -Usage seeds, where the command does not say it. */
static void
apply_usage(struct import *im, uint32_t line)
{
	const struct import_object *object = &im->objects[im->nobjects - 1];
	const char *usage = import_first(object, "Usage");

	for (size_t i = 0; i < sizeof usages / sizeof *usages; i++) {
		if (usage ? !ascii_same(usage, usages[i].usage)
			  : !import_find(object, usages[i].usage))
			continue;
		preset(im, "PermissionGroups", usages[i].groups, line);
		preset(im, "AuthMechanism", usages[i].mechanisms, line);
		preset(im, "Bindings", usages[i].bindings, line);
		preset(im, "RemoteIPRanges", usages[i].ranges, line);
		return;
	}
	preset(im, "PermissionGroups", "None", line);
	preset(im, "AuthMechanism", "Tls", line);
}

/* The values after a parameter: word, word, ... */
static int
take_values(struct import_script_reader *r, const char *name)
{
	uint32_t line = r->token.line;
	int error = 0;

	if (r->token.type != TOKEN_WORD)
		import_put(r->im, name, "True", 4, line);
	while (r->token.type == TOKEN_WORD) {
		import_put(r->im, name, r->token.text, strlen(r->token.text),
		    r->token.line);
		if ((error = next(r)) < 0 || r->token.type != TOKEN_COMMA)
			break;
		if ((error = next(r)) < 0)
			break;
		if (r->token.type != TOKEN_WORD && r->token.type != TOKEN_OTHER)
			return import_fail(r->im, "I-CUT", r->file,
			    r->token.line,
			    "a list ends with a comma; the "
			    "script is cut");
	}
	return error;
}

static int
take_arguments(struct import_script_reader *r)
{
	int error = 0;

	while (!error) {
		if (r->token.type == TOKEN_END || r->token.type == TOKEN_LINE ||
		    r->token.type == TOKEN_PIPE)
			return 0;
		if (r->token.type == TOKEN_OTHER)
			return *r->token.text == '$'
				   ? fail_variable(r, r->token.text)
				   : import_fail(r->im, "I-SCRIPT", r->file,
					 r->token.line,
					 "%s: only literal arguments are "
					 "read; use Export-Clixml",
					 r->token.text);
		if (r->token.type == TOKEN_PARAMETER) {
			const char *name = r->token.text + 1;

			error = next(r);
			if (!error)
				error = take_values(r, name);
		} else if (r->token.type == TOKEN_WORD) {
			error = take_values(r, "Identity");
		} else {
			error = next(r);
		}
	}
	return error;
}

static const char *
name_of(const char *identity)
{
	const char *slash = identity ? strrchr(identity, '\\') : NULL;

	return slash ? slash + 1 : identity;
}

/* Moves what Set-ReceiveConnector says to the connector it names. */
static int
apply_set(struct import_script_reader *r)
{
	struct import *im = r->im;
	struct import_object set = im->objects[--im->nobjects], *target = NULL;
	const char *name = name_of(import_first(&set, "Identity"));

	for (size_t i = r->first; name && i < im->nobjects; i++) {
		const char *other = import_first(&im->objects[i], "Name");

		if (other && ascii_same(other, name))
			target = &im->objects[i];
	}
	if (!target)
		return import_fail(im, "I-SCRIPT", r->file, set.line,
		    "Set-ReceiveConnector of %s, which this script does not "
		    "create; use Export-Clixml of the connectors",
		    name ? name : "no connector");
	for (size_t i = 0; i < set.count; i++) {
		struct import_property *to = NULL;

		if (ascii_same(set.properties[i].name, "Identity"))
			continue;
		for (size_t j = 0; j < target->count && !to; j++)
			if (ascii_same(target->properties[j].name,
				set.properties[i].name))
				to = &target->properties[j];
		if (!to)
			to = IMPORT_MORE(im, target->properties, target->count);
		if (!to)
			return -ENOMEM;
		*to = set.properties[i];
	}
	return 0;
}

static int
take_command(struct import_script_reader *r, const char *verb)
{
	struct import *im = r->im;
	uint32_t line = r->token.line;
	struct import_object *object;
	int error;

	object = import_object_new(im, r->file, line);
	if (!object)
		return -ENOMEM;
	object->dump = false;
	if (strcmp(verb, "Get-ReceiveConnector") != 0 && r->piped)
		import_put(im, "Identity", r->piped, strlen(r->piped), line);
	if ((error = next(r)) < 0 || (error = take_arguments(r)) < 0)
		return error;
	object = &im->objects[im->nobjects - 1];
	if (strcmp(verb, "Get-ReceiveConnector") == 0) {
		const char *name = import_first(object, "Identity");

		r->piped = r->token.type == TOKEN_PIPE && name
			       ? import_copy(im, name, strlen(name))
			       : NULL;
		im->nobjects--;
		return 0;
	}
	if (strcmp(verb, "Set-ReceiveConnector") == 0)
		return apply_set(r);
	if (strcmp(verb, "New-ReceiveConnector") == 0) {
		const char *name = import_first(object, "Name");

		apply_usage(im, line);
		r->piped = r->token.type == TOKEN_PIPE && name
			       ? import_copy(im, name, strlen(name))
			       : NULL;
	} else if (strcmp(verb, "Remove-ADPermission") == 0) {
		import_put(im, "Removed", "True", 4, line);
	}
	return 0;
}

int
import_script(struct import *im, const struct import_text *text)
{
	static const char *const verbs[] = { "New-ReceiveConnector",
		"Set-ReceiveConnector", "Get-ReceiveConnector",
		"Add-ADPermission", "Remove-ADPermission" };
	struct import_script_reader r = { .im = im,
		.file = text->file,
		.at = text->text,
		.line = 1,
		.first = im->nobjects };
	bool start = true;
	int error = 0;

	while ((error = next(&r)) == 0 && r.token.type != TOKEN_END) {
		const char *verb = NULL;

		if (start && r.token.type == TOKEN_WORD)
			for (size_t i = 0; i < sizeof verbs / sizeof *verbs;
			     i++)
				if (ascii_same(verbs[i], r.token.text))
					verb = verbs[i];
		start =
		    r.token.type == TOKEN_LINE || r.token.type == TOKEN_PIPE;
		if (r.token.type == TOKEN_LINE)
			r.piped = NULL;
		if (verb && (error = take_command(&r, verb)) < 0)
			return error;
		if (verb) {
			start = true;
			if (r.token.type != TOKEN_PIPE)
				r.piped = NULL;
			continue;
		}
		if (r.token.type == TOKEN_OTHER && *r.token.text == '$' &&
		    strstr(r.at, "ReceiveConnector"))
			return fail_variable(&r, r.token.text);
	}
	return error;
}
