/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8.h - the project's one decoder of UTF-8 (RFC 3629).
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the character at text, and which it is; 0 if it is none:
 * overlong, a surrogate, cut off. The text ends with a NUL. */
static inline size_t
utf8_decode(const unsigned char *text, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = text[0] < 0x80   ? 1
		     : text[0] < 0xe0 ? 2
		     : text[0] < 0xf0 ? 3
				      : 4;

	*point = len == 1 ? text[0] : text[0] & (0x7fU >> len);
	if (text[0] >= 0x80 && (text[0] < 0xc2 || text[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (text[i] & 0x3f);
	}
	if (*point < least[len] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return len;
}

/* The length of the character at text if it may be shown: neither a control
 * (C0, C1, DEL) nor a byte of no character; else 0. */
static inline size_t
utf8_length(const unsigned char *text)
{
	uint32_t point;
	size_t len;

	if (text[0] < 0x80)
		return text[0] < 0x20 || text[0] == 0x7f ? 0 : 1;
	len = utf8_decode(text, &point);
	return point < 0xa0 ? 0 : len;
}

#endif
