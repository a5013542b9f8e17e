/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yamladvice - what to write instead of text that is not YAML.
 *
 * libyaml says what it did not find; an admin has to be told what he did: a
 * tab, a dash without a blank, an IPv6 address without quotes.
 */
#include "yaml_advice.h"

#include <stdbool.h>
#include <string.h>

/* Whether a word that begins with a colon, or two colons together, stand in
 * a line outside of quotes: an IPv6 address that YAML takes for a key. */
static bool
bare_colons(const char *text, size_t len, size_t i)
{
	char quote = '\0';

	for (; i < len; i++) {
		char c = text[i];

		if (c == '\n' || c == '\r' || (c == '#' && quote == '\0'))
			break;
		if (quote != '\0' && c == quote)
			quote = '\0';
		else if (quote != '\0')
			continue;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == ':' && i + 1 < len && text[i + 1] == ':')
			return true;
	}
	return false;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

const char *
yaml_blank_missing(const char *text, size_t len)
{
	size_t i = 0;

	if (len > 1 && text[0] == '-' && strchr("- \t\r\n", text[1]) == NULL)
		return "write a blank behind the dash";
	while (i < len && (is_word(text[i])))
		i++;
	if (i > 0 && i + 1 < len && text[i] == ':' &&
	    strchr(": /\t\r\n", text[i + 1]) == NULL)
		return "write a blank behind the colon";
	return NULL;
}

/* What to write instead, by what libyaml says. */
static const struct {
	const char *problem;
	const char *advice;
} advices[] = {
	{ "mapping values are not allowed",
	    "quote text that holds \": \", and check the indent" },
	{ "could not find expected ':'",
	    "write a colon and a space behind a key, and a dash before an "
	    "entry of a list" },
	{ "did not find expected ',' or ']'",
	    "put commas between the entries, and close the list with ]" },
	{ "did not find expected ',' or '}'",
	    "put commas between the entries, and close the mapping with }" },
	{ "did not find expected key",
	    "the indent differs from the lines above" },
	{ "did not find expected '-' indicator",
	    "the entry lacks its dash, or its indent differs from the others" },
	{ "block sequence entries are not allowed",
	    "put the dash on a line of its own" },
	{ "unexpected end of stream", "what begins here is never closed" },
	{ "unexpected document indicator", "what begins here is never closed" },
	{ "did not find expected alphabetic or numeric character",
	    "quote text that begins with * or &" },
	{ "unknown escape character", "a backslash in double quotes begins an "
				      "escape; use single quotes" },
	{ "did not find expected <document start>",
	    "text follows the end of the document" },
};

const char *
yaml_advice(
    const char *text, size_t len, const char *problem, size_t begin, size_t at)
{
	const char *missing;
	size_t i;

	for (i = begin; i < at && text[i] == ' ';)
		i++;
	if (i < len && text[i] == '\t' && i <= at)
		return "indent with spaces, not with tabs";
	if (at < len && text[at] == '\t')
		return "indent with spaces, not with tabs";
	missing = yaml_blank_missing(text + at, len - at);
	if (missing != NULL)
		return missing;
	if (bare_colons(text, len, begin))
		return "quote IPv6 addresses, as in \"::1\"";
	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (strstr(problem, advices[i].problem) != NULL)
			return advices[i].advice;
	if (at < len && strchr("@`%*&!|>", text[at]) != NULL)
		return "quote text that begins with a special character";
	return "check the indent, quotes, brackets and colons";
}
