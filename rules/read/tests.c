/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests - reads entries of the key tests.
 *
 * An entry is a session of one message, and what must be decided about it.
 * Runs nothing: that is rules/verify.
 */
#include "expectations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "calendar.h"
#include "policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TEST_TEXT_MAX = 1000, LINE_SIZE = 8192, TIME_SIZE = 80 };

/* The client's address, or where it connected to. */
static int
address_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	struct policy_test *test = object;
	char why[NETADDR_WHY_SIZE], show[SHOWN_SIZE];
	int error;

	if (!item)
		return -EINVAL;
	if (field->offset == offsetof(struct policy_test, probe.client))
		error = netaddr_parse(item->text, &test->probe.client, why);
	else
		error = endpoint_parse(item->text, &test->probe.local.addr,
		    &test->probe.local.port, why);
	if (error != 0)
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"%s\": %s", decoder->key, shown(item->text, show),
		    why);
	source_next(decoder->source);
	return error;
}

/* "T09:30:00Z" to seconds of the day; -1 if it is none. */
static int64_t
clock_read(const char *text)
{
	static const char form[] = "T00:00:00Z";
	int64_t part[3] = { 0 };

	if (strlen(text) != sizeof form - 1)
		return -1;
	for (size_t i = 0; form[i] != '\0'; i++) {
		if (form[i] != '0' && text[i] != form[i])
			return -1;
		if (form[i] == '0' && (text[i] < '0' || text[i] > '9'))
			return -1;
		if (form[i] == '0')
			part[i / 3] = part[i / 3] * 10 + text[i] - '0';
	}
	if (part[0] > 23 || part[1] > 59 || part[2] > 59)
		return -1;
	return (part[0] * 60 + part[1]) * 60 + part[2];
}

static int
at_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	char show[SHOWN_SIZE];
	int64_t day, second = 0;

	if (!item)
		return -EINVAL;
	day = calendar_parse(item->text);
	if (day >= 0 && item->text[10] != '\0')
		second = clock_read(item->text + 10);
	if (day < 0 || second < 0)
		complain(decoder->complaints, "E-VALUE", item->where,
		    "%s: \"%s\" is not a time; write 2027-03-31, or "
		    "2027-03-31T09:00:00Z",
		    decoder->key, shown(item->text, show));
	else
		schema_store(
		    field, object, (uint64_t)(day * CALENDAR_DAY + second));
	source_next(decoder->source);
	return day < 0 || second < 0 ? -EINVAL : 0;
}

/* ---- What is expected ------------------------------------------------ */

/* Whether text begins with three digits of a reply that refuses. */
static bool
is_code(const char *text)
{
	return (text[0] == '4' || text[0] == '5') && text[1] >= '0' &&
	       text[1] <= '9' && text[2] >= '0' && text[2] <= '9' &&
	       (text[3] == '\0' || text[3] == ' ');
}

static bool
is_enhanced(const char *text, char class)
{
	size_t dots = 0, i;

	for (i = 0; text[i] != '\0'; i++)
		if (text[i] == '.')
			dots++;
		else if (text[i] < '0' || text[i] > '9')
			return false;
	return dots == 2 && text[0] == class && text[1] == '.' &&
	       text[i - 1] != '.';
}

/* Cuts text, which is writable, into the parts of a reply. */
static bool
reply_read(char *text, struct policy_test *test)
{
	char *enhanced;

	if (!is_code(text))
		return false;
	test->expected = text[0] == '4' ? VERDICT_TEMPFAIL : VERDICT_REJECT;
	test->reply.code = text;
	if (text[3] == '\0')
		return true;
	enhanced = text + 4;
	text[3] = '\0';
	text = strchr(enhanced, ' ');
	if (text)
		*text++ = '\0';
	test->reply.enhanced = enhanced;
	test->reply.text = text && text[0] != '\0' ? text : NULL;
	return is_enhanced(enhanced, test->reply.code[0]);
}

static bool
expect_read(char *text, struct policy_test *test)
{
	static const struct {
		const char *word;
		enum verdict verdict;
	} words[] = {
		{ "accept", VERDICT_ACCEPT },
		{ "250", VERDICT_ACCEPT },
		{ "reject", VERDICT_REJECT },
		{ "tempfail", VERDICT_TEMPFAIL },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (ascii_same(text, words[i].word)) {
			test->expected = words[i].verdict;
			return true;
		}
	return reply_read(text, test);
}

static int
expect_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	struct policy_test *test = object;
	char show[SHOWN_SIZE], *parts;
	int error;

	if (!item)
		return -EINVAL;
	error = schema_copy(decoder, item, field->max, &test->expect);
	if (error == 0) {
		parts = arena_text(decoder->arena, item->text, item->len);
		if (!parts)
			return -ENOMEM;
		if (!expect_read(parts, test)) {
			complain(decoder->complaints, "E-VALUE", item->where,
			    "%s: \"%s\" is not a decision; write accept, "
			    "reject, tempfail, or a reply, as in 550 5.7.1 "
			    "Unable to relay",
			    decoder->key, shown(item->text, show));
			error = -EINVAL;
		}
	}
	source_next(decoder->source);
	return error;
}

/* ---- An entry -------------------------------------------------------- */

/* A word and a value behind what is there; a value of NULL adds nothing. */
static void
line_add(char line[LINE_SIZE], const char *word, const char *value)
{
	size_t used = strlen(line);

	if (value)
		(void)snprintf(line + used, LINE_SIZE - used, "%s%s%s%s",
		    used > 0 ? " " : "", word, value[0] != '\0' ? " " : "",
		    value);
}

static const char *
at_format(const struct policy_test *test, char buf[TIME_SIZE])
{
	char date[CALENDAR_TEXT_SIZE];
	int64_t second = test->probe.at % CALENDAR_DAY;

	if (test->probe.at == 0)
		return NULL;
	(void)snprintf(buf, TIME_SIZE, "%sT%02d:%02d:%02dZ",
	    calendar_format(test->probe.at / CALENDAR_DAY, date),
	    (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
	return buf;
}

static const char *
local_format(const struct policy_test *test, char buf[TIME_SIZE])
{
	char addr[NETADDR_TEXT_SIZE];

	if (test->probe.local.port == 0)
		return NULL;
	(void)snprintf(buf, TIME_SIZE, "%s port %u",
	    netaddr_format(&test->probe.local.addr, addr),
	    (unsigned)test->probe.local.port);
	return buf;
}

/* The session as one line, for messages and for diff. */
static int
test_text(struct decoder *decoder, struct policy_test *test)
{
	char line[LINE_SIZE] = "", addr[NETADDR_TEXT_SIZE];
	char local[TIME_SIZE], at[TIME_SIZE];

	line_add(line, "client", netaddr_format(&test->probe.client, addr));
	line_add(line, "local", local_format(test, local));
	line_add(line, "helo", test->probe.helo);
	line_add(line, "auth", test->probe.auth);
	line_add(line, "tls", test->probe.tls ? "" : NULL);
	line_add(line, "certificate", test->probe.certificate);
	line_add(line, "from", test->probe.from);
	line_add(line, "rcpt", test->probe.rcpt);
	line_add(line, "header", test->probe.header);
	line_add(line, "at", at_format(test, at));
	test->text = arena_text(decoder->arena, line, strlen(line));
	return test->text ? 0 : -ENOMEM;
}

static int
test_check(struct decoder *decoder, const struct keys *keys, void *object)
{
	struct policy_test *test = object;
	const char *colon =
	    test->probe.header ? strchr(test->probe.header, ':') : NULL;

	if (test->probe.header && (!colon || colon == test->probe.header)) {
		complain(decoder->complaints, "E-VALUE",
		    *keys_given(keys, "header"),
		    "header: \"%s\" is not a header field; write 'Name: "
		    "value'",
		    test->probe.header);
		return -EINVAL;
	}
	return test_text(decoder, test);
}

/* clang-format off */
#define TEXT(member) .decode = schema_text, AT(policy_test, probe.member), .max = TEST_TEXT_MAX, .absent = "none"

static const struct field test_fields[] = {
	{ .key = "client",      .decode = address_decode, AT(policy_test, probe.client), .flags = FIELD_REQUIRED, .diff = DIFF_NONE,
	  .pattern = "^[0-9A-Fa-f.:]+$",
	                        .doc = "the client's address" },
	{ .key = "local",       .decode = address_decode, AT(policy_test, probe.local), .diff = DIFF_NONE, .absent = "port 25, on no address that a connector names",
	  .pattern = "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
	                        .doc = "where it connected to" },
	{ .key = "helo",        TEXT(helo), .diff = DIFF_NONE, .doc = "the name in EHLO" },
	{ .key = "auth",        TEXT(auth), .diff = DIFF_NONE, .doc = "the login name, after AUTH" },
	{ .key = "tls",         .decode = schema_bool, AT(policy_test, probe.tls), .diff = DIFF_NONE,
	                        .doc = "true: the session is encrypted" },
	{ .key = "certificate", TEXT(certificate), .diff = DIFF_NONE,
	                        .doc = "the name on a client certificate that the MTA verified" },
	{ .key = "from",        TEXT(from), .diff = DIFF_NONE, .doc = "the sender; <> for the empty one" },
	{ .key = "rcpt",        TEXT(rcpt), .diff = DIFF_NONE, .doc = "the recipient" },
	{ .key = "header",      TEXT(header), .diff = DIFF_NONE, .doc = "a header field of the message" },
	{ .key = "at",          .decode = at_decode, AT(policy_test, probe.at), .diff = DIFF_NONE,
	  .absent = "a time at which every entry takes part",
	  .pattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$",
	                        .doc = "the time (UTC) of the session" },
	{ .key = "expect",      .decode = expect_decode, .max = TEST_TEXT_MAX, .flags = FIELD_REQUIRED, .diff = DIFF_NONE,
	  .pattern = "^([Aa]ccept|250|[Rr]eject|[Tt]empfail|[45][0-9]{2}( [45]\\.[0-9]+\\.[0-9]+( .+)?)?)$",
	                        .doc = "what must be decided" },
};
/* clang-format on */

const struct record test_record = {
	.what = "a test",
	.fields = test_fields,
	.nfields = COUNT(test_fields),
	.where = offsetof(struct policy_test, where),
	.check = test_check,
};

const struct field test_element = {
	.decode = schema_record,
	.record = &test_record,
	.size = sizeof(struct policy_test),
};
