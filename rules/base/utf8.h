/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8.h - what of a text is UTF-8 that may be shown: no control, no byte that
 * is of no character.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* The length of the character at text; 0 if it is none: overlong, a surrogate,
 * cut off, a C0 or C1 control, DEL. The text ends with a NUL. */
static inline size_t
utf8_length(const unsigned char *text)
{
	size_t len, i;
	unsigned long point;

	if (text[0] < 0x80)
		return text[0] < 0x20 || text[0] == 0x7f ? 0 : 1;
	len = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	point = text[0] & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < 0xa0 || (len == 3 && point < 0x800) ||
	    (len == 4 && (point < 0x10000 || point > 0x10ffff)) ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return len;
}

#endif
