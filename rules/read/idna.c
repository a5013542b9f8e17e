/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idna - the two forms of an internationalized domain.
 *
 * Non-transitional, as Postfix does it unless it is told otherwise. What is
 * read is cut to size first: no label of DNS has room for more.
 */
#include "idna.h"

#include <errno.h>
#include <idn2.h>
#include <stdbool.h>
#include <string.h>

#include "ascii.h"

enum { TEXT_MAX = 4 * MAILADDR_DOMAIN_SIZE };

static bool
is_host_byte(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.';
}

static int
status_of(int status)
{
	if (status == IDN2_OK)
		return 0;
	return status == IDN2_MALLOC ? -ENOMEM : -EINVAL;
}

int
idna_ascii(const char *text, char name[MAILADDR_DOMAIN_SIZE])
{
	char *ascii = NULL;
	const char *c;
	int error;

	if (strlen(text) > TEXT_MAX)
		return -EINVAL;
	/* libidn2 would leave out what cannot be in a label. */
	for (c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x80 && !is_host_byte(*c))
			return -EINVAL;
	error = status_of(idn2_to_ascii_8z(
	    text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL));
	if (error == 0 && domain_normalise(ascii, strlen(ascii), name) != 0)
		error = -EINVAL;
	idn2_free(ascii);
	return error;
}

int
idna_unicode(struct arena *arena, const char *name, const char **unicode)
{
	char *text = NULL;
	int error;

	*unicode = NULL;
	if (strncmp(name, "xn--", 4) != 0 && strstr(name, ".xn--") == NULL)
		return 0;
	error = status_of(idn2_to_unicode_8z8z(name, &text, 0));
	if (error == 0 && strcmp(text, name) != 0) {
		*unicode = arena_text(arena, text, strlen(text));
		error = *unicode == NULL ? -ENOMEM : 0;
	}
	idn2_free(text);
	return error == -ENOMEM ? error : 0;
}
