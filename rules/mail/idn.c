/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idn - domains in UTF-8 as a session compares them, without libidn2.
 *
 * The ranges are scripts in use whose characters UTS 46 maps to themselves,
 * that never combine with the character before them (NFC_Quick_Check is Yes)
 * and are no combining marks. test_idn holds each of them to libidn2. A
 * character that is missing here is only compared less exactly.
 */
#include "idn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "utf8.h"

struct label_span {
	uint32_t first, last;
};

/* clang-format off */
static const struct label_span settled[] = {
	{ 0x0000, 0x007f },
	{ 0x00e0, 0x00f6 }, /* Latin, without the sharp s */
	{ 0x00f8, 0x00ff },
	{ 0x03ac, 0x03c1 }, /* Greek, without the final sigma */
	{ 0x03c3, 0x03ce },
	{ 0x0430, 0x045f }, /* Cyrillic */
	{ 0x0561, 0x0586 }, /* Armenian */
	{ 0x05d0, 0x05ea }, /* Hebrew */
	{ 0x0621, 0x063a }, /* Arabic */
	{ 0x0641, 0x064a },
	{ 0x0679, 0x06d3 },
	{ 0x0904, 0x0939 }, /* Devanagari */
	{ 0x0e01, 0x0e30 }, /* Thai */
	{ 0x0e40, 0x0e46 },
	{ 0x10d0, 0x10fa }, /* Georgian */
	{ 0x3041, 0x3096 }, /* Hiragana */
	{ 0x30a1, 0x30fa }, /* Katakana */
	{ 0x30fc, 0x30fe },
	{ 0x3400, 0x4db5 }, /* Han */
	{ 0x4e00, 0x9fa5 },
	{ 0xac00, 0xd7a3 }, /* Hangul */
};
/* clang-format on */

/* In these, a capital and its small letter are neighbours; even says that
 * capitals are the even ones. */
static const struct pairs {
	uint32_t first, last, even;
} pairs[] = {
	{ 0x100, 0x12f, 1 },
	{ 0x134, 0x137, 1 },
	{ 0x139, 0x13e, 0 },
	{ 0x141, 0x148, 0 },
	{ 0x14a, 0x177, 1 },
	{ 0x179, 0x17e, 0 },
};

static bool
is_capital_of_pair(uint32_t point, bool *small)
{
	size_t i;

	*small = false;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (point < pairs[i].first || point > pairs[i].last)
			continue;
		*small = (point % 2 == 0) != (pairs[i].even == 1);
		return !*small;
	}
	return false;
}

static uint32_t
point_lower(uint32_t point)
{
	bool small;

	if ((point >= 0xc0 && point <= 0xde && point != 0xd7) ||
	    (point >= 0x391 && point <= 0x3a9 && point != 0x3a2) ||
	    (point >= 0x410 && point <= 0x42f))
		return point + 0x20;
	if (point >= 0x400 && point <= 0x40f)
		return point + 0x50;
	return is_capital_of_pair(point, &small) ? point + 1 : point;
}

void
idn_lower(char *domain)
{
	unsigned char *at = (unsigned char *)domain;
	uint32_t point;
	size_t len;

	for (; *at != '\0' && (len = utf8_decode(at, &point)) != 0; at += len) {
		if (len != 2)
			continue;
		point = point_lower(point);
		at[0] = (unsigned char)(0xc0 | point >> 6);
		at[1] = (unsigned char)(0x80 | (point & 0x3f));
	}
}

static bool
is_settled(uint32_t point)
{
	bool small;
	size_t i;

	for (i = 0; i < sizeof(settled) / sizeof(settled[0]); i++)
		if (point >= settled[i].first && point <= settled[i].last)
			return true;
	(void)is_capital_of_pair(point, &small);
	return small;
}

const char *
idn_settled(const char *domain)
{
	const unsigned char *at = (const unsigned char *)domain;
	const char *tail = domain;
	uint32_t point;
	size_t len;

	for (; *at != '\0' && (len = utf8_decode(at, &point)) != 0; at += len)
		if (!is_settled(point))
			tail = (const char *)at + len;
	return tail;
}
