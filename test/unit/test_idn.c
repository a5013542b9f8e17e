/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains in UTF-8, against libidn2: every character that is called settled,
 * and every letter that is lower-cased.
 */
#include "cases.h"

#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>

#include "domains.h"
#include "idn.h"

/* Writes a character. Returns its length. */
static size_t
put_point(char *out, uint32_t point)
{
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* Whether UTS 46 maps one text to the other, as libidn2 does it. */
static bool
is_mapped(const char *from, const char *to)
{
	char *ascii = NULL, *unicode = NULL;
	bool same = idn2_to_ascii_8z(from, &ascii,
			IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
		    idn2_to_unicode_8z8z(ascii, &unicode, 0) == IDN2_OK &&
		    strcmp(unicode, to) == 0;

	idn2_free(ascii);
	idn2_free(unicode);
	return same;
}

/* Twice, so that what combines with what is before it would be seen. Every
 * script has its rules of direction, so no letter is beside it. */
static void
settled(void **state)
{
	size_t count = 0;
	uint32_t point;

	(void)state;
	for (point = 0xa0; point <= 0x10ffff; point++) {
		char text[16], lower[16];
		size_t len;

		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		len = put_point(text, point);
		len += put_point(text + len, point);
		text[len] = '\0';
		memcpy(lower, text, len + 1);
		idn_lower(lower);
		if (idn_settled(lower) != lower) {
			assert_string_equal(lower, text);
			continue;
		}
		if (!is_mapped(text, lower))
			fail_msg("U+%04X is not settled", (unsigned)point);
		count++;
	}
	assert_true(count > 35000);
}

static void
tails(void **state)
{
	(void)state;
	assert_string_equal(idn_settled("contoso.com"), "contoso.com");
	assert_string_equal(idn_settled("b\xc3\xbc"
					"cher.example"),
	    "b\xc3\xbc"
	    "cher.example");
	/* a mark above the u, and a fullwidth letter */
	assert_string_equal(idn_settled("bu\xcc\x88"
					"cher.example"),
	    "cher.example");
	assert_string_equal(idn_settled("a.\xef\xbd\x83om"), "om");
	assert_string_equal(idn_settled("contoso.com\xe3\x80\x82"), "");
}

/* Whatever libidn2 maps to a domain of ours is found, or could be it: for
 * every character of Unicode in each place of a name. */
static void
nothing_of_ours_is_foreign(void **state)
{
	static const struct accepted_domain entries[] = {
		{ .name = "co.test" },
		{ .name = "xn--c-0ga.test",
		    .unicode = "\xc3\xb6"
			       "c.test" },
	};
	struct domset *set = domset_new(entries, COUNT(entries));
	size_t found = 0, place;
	uint32_t point;

	(void)state;
	assert_non_null(set);
	for (point = 0xa0; point <= 0x1ffff; point++)
		for (place = 0; place <= 7; place++) {
			static const char name[] = "co.test";
			char text[32], *ascii = NULL;
			size_t len;

			if (point >= 0xd800 && point <= 0xdfff)
				continue;
			memcpy(text, name, place);
			len = place + put_point(text + place, point);
			/* in the place of a letter, and beside it */
			memcpy(text + len, name + place + (place % 2),
			    sizeof(name) - place - place % 2);
			if (idn2_to_ascii_8z(text, &ascii,
				IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) ==
				IDN2_OK &&
			    domset_find(set, ascii) != NULL) {
				idn_lower(text);
				if (domset_find(set, text) == NULL &&
				    !domset_may_hold(set, text))
					fail_msg("U+%04X at %zu",
					    (unsigned)point, place);
				found++;
			}
			idn2_free(ascii);
		}
	assert_true(found > 20);
	domset_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settled),
		cmocka_unit_test(tails),
		cmocka_unit_test(nothing_of_ours_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
