/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hidden.c - characters that an editor does not show.
 *
 * Knows line feed, and CR LF, as the only line ends. A no-break space is not
 * here: it is no blank to any reader of ours, and so never changes a meaning.
 */
#include "hidden.h"

#include <string.h>

#include "utf8.h"

/* clang-format off */
static const struct {
	uint32_t first, last;
	const char *what;
} rows[] = {
	{ 0x000d,  0x000d,  "a carriage return (U+000D) without a line feed" },
	{ 0x0085,  0x0085,  "the line end NEL (U+0085)" },
	{ 0x00ad,  0x00ad,  "a soft hyphen (U+00AD)" },
	{ 0x061c,  0x061c,  "a direction mark (U+061C)" },
	{ 0x115f,  0x1160,  "an invisible filler (U+115F or U+1160)" },
	{ 0x180e,  0x180e,  "an invisible separator (U+180E)" },
	{ 0x200b,  0x200d,  "a character of no width (U+200B to U+200D)" },
	{ 0x200e,  0x200f,  "a direction mark (U+200E or U+200F)" },
	{ 0x2028,  0x2028,  "the line end U+2028" },
	{ 0x2029,  0x2029,  "the paragraph end U+2029" },
	{ 0x202a,  0x202e,  "a change of direction (U+202A to U+202E)" },
	{ 0x2060,  0x2065,  "a character of no width (U+2060 to U+2065)" },
	{ 0x2066,  0x2069,  "a change of direction (U+2066 to U+2069)" },
	{ 0x206a,  0x206f,  "an invisible control (U+206A to U+206F)" },
	{ 0x3164,  0x3164,  "an invisible filler (U+3164)" },
	{ 0xfe00,  0xfe0f,  "a variation selector (U+FE00 to U+FE0F)" },
	{ 0xfeff,  0xfeff,  "a byte order mark (U+FEFF) inside the text" },
	{ 0xffa0,  0xffa0,  "an invisible filler (U+FFA0)" },
	{ 0xe0000, 0xe0fff, "an invisible tag (U+E0000 to U+E0FFF)" },
};
/* clang-format on */

/* The name of the character at the beginning of text, or NULL. */
static const char *
hidden_name(const char *text, size_t left)
{
	unsigned char bytes[5] = { 0 };
	uint32_t point;

	memcpy(bytes, text, left < 4 ? left : 4);
	if (utf8_decode(bytes, &point) == 0)
		return NULL;
	if (point == '\r' && bytes[1] == '\n')
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (point >= rows[i].first && point <= rows[i].last)
			return rows[i].what;
	return NULL;
}

/* The next byte that can begin a hidden character, or len. Eight at a time:
 * a networks file has millions of other bytes. */
static size_t
candidate_next(const char *text, size_t len, size_t i)
{
	const uint64_t ones = 0x0101010101010101, high = ones << 7;
	uint64_t word, returns;

	for (; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		returns = word ^ ones * '\r';
		if (((word | ((returns - ones) & ~returns)) & high) != 0)
			break;
	}
	while (i < len && text[i] != '\r' && (unsigned char)text[i] < 0xc2)
		i++;
	return i;
}

bool
hidden_find(const char *text, size_t len, struct hidden *hidden)
{
	const char *what = NULL;
	size_t at = candidate_next(text, len, 0);

	while (at < len && (what = hidden_name(text + at, len - at)) == NULL)
		at = candidate_next(text, len, at + 1);
	if (what == NULL)
		return false;
	*hidden = (struct hidden){ .what = what, .line = 1, .column = 1 };
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			hidden->line++;
			hidden->column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80)
			hidden->column++;
	}
	return true;
}
