/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.c - a file as UTF-8.
 *
 * Windows tools write UTF-16 with and without a byte order mark, UTF-8 with
 * and without one, and the ANSI code page. A file that is none of these, or
 * breaks off inside a character, is fatal.
 */
#include "import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

enum { FILE_MAX = 256 << 20 };

static size_t
encode(uint32_t point, char *to)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

static uint32_t
unit(const unsigned char *at, bool big)
{
	return big ? (uint32_t)at[0] << 8 | at[1]
		   : (uint32_t)at[1] << 8 | at[0];
}

/* Once to count, once to write: exact memory for long dumps. */
static int
from_utf16(
    const unsigned char *in, size_t len, bool big, char *out, size_t *size)
{
	size_t used = 0;
	char scratch[4];

	if (len % 2 != 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		uint32_t point = unit(in + i, big);

		if (point >= 0xdc00 && point < 0xe000)
			return -EINVAL;
		if (point >= 0xd800 && point < 0xdc00) {
			uint32_t low = i + 4 <= len ? unit(in + i + 2, big) : 0;

			if (low < 0xdc00 || low >= 0xe000)
				return -EINVAL;
			point =
			    0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		used += encode(point, out ? out + used : scratch);
	}
	*size = used;
	return 0;
}

static bool
is_utf8(const unsigned char *text, size_t len)
{
	uint32_t point;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_decode(text + i, &point);

		if (n == 0 || n > len - i)
			return false;
		i += n;
	}
	return true;
}

static const uint16_t cp1252[32] = { 0x20ac, 0xfffd, 0x201a, 0x192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0xfffd,
	0x17d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0xfffd, 0x17e, 0x178 };
static const uint16_t cp1251[64] = { 0x402, 0x403, 0x201a, 0x453, 0x201e,
	0x2026, 0x2020, 0x2021, 0x20ac, 0x2030, 0x409, 0x2039, 0x40a, 0x40c,
	0x40b, 0x40f, 0x452, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0xfffd, 0x2122, 0x459, 0x203a, 0x45a, 0x45c, 0x45b, 0x45f, 0xa0,
	0x40e, 0x45e, 0x408, 0xa4, 0x490, 0xa6, 0xa7, 0x401, 0xa9, 0x404, 0xab,
	0xac, 0xad, 0xae, 0x407, 0xb0, 0xb1, 0x406, 0x456, 0x491, 0xb5, 0xb6,
	0xb7, 0x451, 0x2116, 0x454, 0xbb, 0x458, 0x405, 0x455, 0x457 };

/* Cyrillic words are runs of high bytes; accents stand alone. */
static bool
is_cyrillic(const unsigned char *in, size_t len)
{
	size_t alone = 0, runs = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] < 0xc0)
			continue;
		if (i + 1 < len && in[i + 1] >= 0xc0)
			runs++;
		else if (i == 0 || in[i - 1] < 0xc0)
			alone++;
	}
	return runs > alone;
}

static uint32_t
from_ansi(unsigned char c, bool cyrillic)
{
	if (c < 0x80)
		return c;
	if (!cyrillic)
		return c < 0xa0 ? cp1252[c - 0x80] : c;
	return c < 0xc0 ? cp1251[c - 0x80] : 0x410U + (c - 0xc0U);
}

static int
decode_ansi(struct import *im, const char *file, const unsigned char *in,
    size_t len, struct import_text *text)
{
	bool cyrillic = is_cyrillic(in, len);
	size_t used = 0;

	text->text = malloc(len * 3 + 1);
	if (!text->text)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		used += encode(from_ansi(in[i], cyrillic), text->text + used);
	text->len = used;
	import_say(im, SEVERITY_WARNING, "I-ENCODING", file, 0,
	    "not UTF-8 or UTF-16; read as Windows-%s; check names and "
	    "comments",
	    cyrillic ? "1251" : "1252");
	return 0;
}

static int
decode_utf16(struct import *im, const char *file, const unsigned char *in,
    size_t len, bool big, struct import_text *text)
{
	size_t size;

	if (from_utf16(in, len, big, NULL, &size) < 0)
		return import_fail(im, "I-CUT", file, 0,
		    "the UTF-16 text is broken or cut inside a character; "
		    "export it again");
	text->text = malloc(size + 1);
	if (!text->text)
		return -ENOMEM;
	text->len = size;
	return from_utf16(in, len, big, text->text, &size);
}

/* Latin text in UTF-16LE without a mark: a NUL in every second byte. */
static bool
is_bare_utf16(const unsigned char *in, size_t len)
{
	size_t odd = 0, n = len < 512 ? len & ~(size_t)1 : 512;

	for (size_t i = 0; i + 1 < n; i += 2) {
		if (in[i] == 0)
			return false;
		odd += in[i + 1] == 0;
	}
	return n >= 4 && odd * 4 >= n;
}

static int
decode_bytes(struct import *im, const char *file, const unsigned char *in,
    size_t len, struct import_text *text)
{
	if (len >= 2 && in[0] == 0xff && in[1] == 0xfe)
		return decode_utf16(im, file, in + 2, len - 2, false, text);
	if (len >= 2 && in[0] == 0xfe && in[1] == 0xff)
		return decode_utf16(im, file, in + 2, len - 2, true, text);
	if (is_bare_utf16(in, len))
		return decode_utf16(im, file, in, len, false, text);
	if (len >= 3 && memcmp(in, "\xef\xbb\xbf", 3) == 0) {
		in += 3;
		len -= 3;
	}
	if (!is_utf8(in, len) && !memchr(in, 0, len))
		return decode_ansi(im, file, in, len, text);
	text->text = malloc(len + 1);
	if (!text->text)
		return -ENOMEM;
	memcpy(text->text, in, len);
	text->len = len;
	return 0;
}

/* bytes must have room for a NUL after len. */
int
import_decode(struct import *im, const char *file, char *bytes, size_t len,
    struct import_text *text)
{
	int error;

	*text = (struct import_text){ .file = file };
	bytes[len] = '\0';
	error = decode_bytes(im, file, (const unsigned char *)bytes, len, text);
	if (error < 0)
		return error;
	text->text[text->len] = '\0';
	if (memchr(text->text, 0, text->len))
		error = import_fail(im, "I-BINARY", file, 0,
		    "this is no text (it has NUL bytes); expected a dump, a "
		    "script or a list");
	if (!error && text->text[strspn(text->text, " \t\r\n")] == '\0')
		error = import_fail(im, "I-EMPTY", file, 0,
		    "the file is empty; export it again");
	if (error < 0) {
		free(text->text);
		text->text = NULL;
	}
	return error;
}

static int
read_all(FILE *in, char **bytes, size_t *len)
{
	size_t room = 65536, used = 0, n;
	char *more, *buffer = malloc(room + 1);
	int error = buffer ? 0 : -ENOMEM;

	while (!error && (n = fread(buffer + used, 1, room - used, in)) > 0) {
		used += n;
		if (used < room)
			continue;
		if (room >= FILE_MAX) {
			error = -EFBIG;
			break;
		}
		room *= 2;
		more = realloc(buffer, room + 1);
		if (!more)
			error = -ENOMEM;
		else
			buffer = more;
	}
	if (!error && ferror(in))
		error = errno ? -errno : -EIO;
	if (error < 0) {
		free(buffer);
		return error;
	}
	*bytes = buffer;
	*len = used;
	return 0;
}

int
import_read_file(struct import *im, const char *path, struct import_text *text)
{
	bool standard = strcmp(path, "-") == 0;
	const char *file = standard ? "standard input" : path;
	FILE *in = standard ? stdin : fopen(path, "rb");
	char *bytes = NULL;
	size_t len = 0;
	int error;

	text->text = NULL;
	if (!in)
		return import_fail(
		    im, "I-READ", file, 0, "%s", strerror(errno));
	error = read_all(in, &bytes, &len);
	if (!standard)
		fclose(in);
	if (error == -EFBIG)
		return import_fail(im, "I-READ", file, 0,
		    "larger than 256 MiB; export fewer connectors at a time");
	if (error < 0)
		return import_fail(
		    im, "I-READ", file, 0, "%s", strerror(-error));
	error = import_decode(im, file, bytes, len, text);
	free(bytes);
	if (error == -ENOMEM)
		im->memory = im->fatal = true;
	return error;
}
