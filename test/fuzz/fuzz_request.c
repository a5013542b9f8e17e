/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_request - requests of Postfix's policy delegation, one behind the
 * other, as they come over a socket.
 *
 * Whatever the bytes: a request stays within its measures; what is kept of
 * it stood there; what is not the client's own text holds no control byte;
 * an attribute that stands twice is complained of; and a mailbox gets its
 * brackets and loses nothing.
 */
#include "fuzz.h"
#include "request.h"

#include <errno.h>
#include <stdbool.h>

/* Those that the SMTP client chose stay as they are. */
static bool
is_verbatim(enum attribute a)
{
	return a == ATTRIBUTE_HELO_NAME || a == ATTRIBUTE_SENDER ||
	       a == ATTRIBUTE_RECIPIENT;
}

static void
check_value(enum attribute a, const char *value)
{
	MUST(strlen(value) <= REQUEST_LINE_MAX);
	MUST(!strchr(value, '\n'));
	for (const char *c = value; *c && !is_verbatim(a); c++)
		MUST((unsigned char)*c >= ' ' && *c != 0x7f);
}

/* Taking brackets and quotes away again gives what went in. */
static void
check_mailbox(const char *plain)
{
	char text[MAILBOX_SIZE], again[MAILBOX_SIZE];
	size_t len, n = 0, i = 1;
	bool quoted;

	memset(text, 'x', sizeof(text));
	mailbox_format(plain, text);
	MUST(memchr(text, '\0', sizeof(text)));
	len = strlen(text);
	MUST(len >= 2 && text[0] == '<' && text[len - 1] == '>');
	/* The last quote ends what the first one began. */
	quoted = text[1] == '"' && plain[0] != '"' && strchr(plain, '@');
	if (!quoted)
		return;
	for (i = 2; text[i] != '"'; i++) {
		if (text[i] == '\\')
			i++;
		MUST(i + 1 < len);
		again[n++] = text[i];
	}
	MUST(text[i + 1] == '@');
	memcpy(again + n, text + i + 1, len - i - 2);
	again[n + len - i - 2] = '\0';
	MUST(!strcmp(again, plain));
}

static void
check_request(const struct request *r)
{
	const char *wrong = request_check(r);

	MUST(r->lines <= REQUEST_LINES_MAX && r->bytes <= REQUEST_SIZE_MAX);
	for (int a = 0; a < ATTRIBUTE_COUNT; a++)
		if (r->values[a])
			check_value((enum attribute)a, r->values[a]);
	if (wrong) {
		MUST(strlen(wrong) > 0);
		return;
	}
	MUST(!strcmp(r->values[ATTRIBUTE_REQUEST], "smtpd_access_policy"));
	MUST(r->values[ATTRIBUTE_PROTOCOL_STATE]);
	if (r->values[ATTRIBUTE_SENDER])
		check_mailbox(r->values[ATTRIBUTE_SENDER]);
	if (r->values[ATTRIBUTE_RECIPIENT])
		check_mailbox(r->values[ATTRIBUTE_RECIPIENT]);
}

/* How many lines of a request begin like this. */
static size_t
lines_count(const char *begin, const char *end, const char *name)
{
	size_t count = 0, len = strlen(name);

	while (begin < end) {
		const char *newline =
		    memchr(begin, '\n', (size_t)(end - begin));

		count += (size_t)(newline - begin) >= len &&
			 !memcmp(begin, name, len);
		begin = newline + 1;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *begin = at;
	const char *newline;
	struct request r;
	int rc = 0;

	request_init(&r);
	while (rc >= 0 && at < end &&
	       (newline = memchr(at, '\n', (size_t)(end - at)))) {
		rc = request_line(&r, at, (size_t)(newline - at));
		MUST(rc == 0 || rc == 1 || rc == -E2BIG);
		MUST((rc == 1) == (newline == at));
		at = newline + 1;
		if (rc != 1)
			continue;
		check_request(&r);
		if (lines_count(begin, at, "client_address=") > 1)
			MUST(request_check(&r));
		request_fini(&r);
		begin = at;
	}
	request_fini(&r);
	return 0;
}
