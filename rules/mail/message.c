/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message - notes what passes.
 *
 * Hops are counted here, before the firewall takes Received fields away. The
 * mailboxes of From are read as RFC 5322 section 3.4 has them, and as people
 * write them; what cannot be read is noted as malformed: it could be ours.
 */
#include "message.h"

#include <string.h>

#include "ascii.h"

void
message_init(struct message *message, struct arena *arena, bool keep_from)
{
	*message = (struct message){
		.original_size = UINT64_MAX,
		.keep_from = keep_from,
	};
	firewall_init(&message->firewall, arena);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- Received -------------------------------------------------------- */

/* Whether a Received value holds "by SERVER", RFC 5321 section 4.4. */
static bool
is_by(const char *value, const char *server)
{
	size_t len = strlen(server);
	const char *at;

	for (at = value; *at != '\0'; at++) {
		const char *name = at + 2;

		if (!ascii_same_n(at, "by", 1) || ascii_lower(at[1]) != 'y' ||
		    !is_blank(at[2]) || (at != value && !is_blank(at[-1])))
			continue;
		while (is_blank(*name))
			name++;
		return strlen(name) >= len && ascii_same_n(name, server, len) &&
		       (name[len] == '\0' || is_blank(name[len]) ||
			   strchr(";(", name[len]) != NULL);
	}
	return false;
}

/* ---- From ------------------------------------------------------------ */

/* Longer than any mailbox: what does not fit is none. */
enum { MAILBOX_SIZE = 400 };

/* A reader of one field's value that hands out its mailboxes: comments and
 * folds are passed over. */
struct reading {
	const char *at;
	bool broken; /* it is not as RFC 5322 has it, and somebody else may
			read another mailbox there */
	char mailbox[MAILBOX_SIZE];
	size_t len; /* of mailbox; more than there is room for: cut off */
};

static void
put(struct reading *reading, char c)
{
	if (reading->len < MAILBOX_SIZE - 1)
		reading->mailbox[reading->len] = c;
	reading->len += reading->len < MAILBOX_SIZE;
}

static void
skip_comment(struct reading *reading)
{
	size_t depth = 0;

	for (; *reading->at != '\0'; reading->at++) {
		if (*reading->at == '\\' && reading->at[1] != '\0')
			reading->at++;
		else if (*reading->at == '(')
			depth++;
		else if (*reading->at == ')' && --depth == 0) {
			reading->at++;
			return;
		}
	}
	reading->broken = true;
}

/* Takes a quoted string with its quotes. */
static void
take_quoted(struct reading *reading)
{
	put(reading, *reading->at++);
	while (*reading->at != '\0' && *reading->at != '"') {
		if (*reading->at == '\\' && reading->at[1] != '\0')
			put(reading, *reading->at++);
		put(reading, *reading->at++);
	}
	if (*reading->at == '\0') {
		reading->broken = true;
		return;
	}
	put(reading, *reading->at++);
}

/* One element of the list, up to a comma, or a group's colon or semicolon,
 * which is returned and passed; '\0' at the end. The mailbox is what is
 * between angle brackets, or all of the element where there are none. After
 * the brackets there may be words, but no second address. */
static char
next_element(struct reading *reading)
{
	enum { PHRASE, ANGLE, BEHIND } state = PHRASE;
	bool at = false;
	char c;

	reading->len = 0;
	while ((c = *reading->at) != '\0') {
		if (c == '(') {
			skip_comment(reading);
			continue;
		}
		if (state != ANGLE && (c == ',' || c == ':' || c == ';'))
			break;
		at = at || c == '@';
		reading->broken =
		    reading->broken ||
		    (state == BEHIND && strchr("@<>\"%!", c) != NULL);
		if (c == '"') {
			take_quoted(reading);
			continue;
		}
		reading->at++;
		if (c == '<' && state == PHRASE) {
			state = ANGLE;
			reading->len = 0;
		} else if (c == '>' && state == ANGLE) {
			state = BEHIND;
		} else if (state != BEHIND) {
			put(reading, is_blank(c) ? ' ' : c);
		}
	}
	if (state == ANGLE || (c == ':' && (at || state != PHRASE)))
		reading->broken = true;
	if (c != '\0')
		reading->at++;
	return c;
}

static void
from_add(struct message *message, const char *text, bool broken)
{
	struct arena *arena = message->firewall.arena;
	void *from = message->from;

	if (message->nfrom == MESSAGE_FROM_MAX)
		return;
	if (arena_grow(arena, &from, message->nfrom, sizeof(*message->from)) !=
	    0) {
		message->failed = true;
		return;
	}
	message->from = from;
	mailaddr_classify(text, &message->from[message->nfrom]);
	if (broken || message->nfrom + 1 == MESSAGE_FROM_MAX)
		message->from[message->nfrom] =
		    (struct mailaddr){ .class = MAILADDR_MALFORMED };
	message->nfrom++;
}

/* Words alone have no domain of anybody: a name with a comma in it, or a
 * sender that some MTA completes. */
static bool
is_words(const struct reading *reading)
{
	return reading->len < MAILBOX_SIZE &&
	       strpbrk(reading->mailbox, "@%!") == NULL;
}

static void
from_header(struct message *message, const char *value)
{
	struct reading reading = { .at = value };
	bool cut;
	char end;

	do {
		end = next_element(&reading);
		cut = reading.len == MAILBOX_SIZE;
		reading.mailbox[reading.len - cut] = '\0';
		/* before a colon stands the name of a group */
		if (reading.broken || (!is_words(&reading) && end != ':'))
			from_add(
			    message, reading.mailbox, reading.broken || cut);
	} while (end != '\0' && !reading.broken &&
		 message->nfrom < MESSAGE_FROM_MAX);
}

/* ---- All fields ------------------------------------------------------ */

static uint64_t
number_of(const char *text)
{
	uint64_t number = 0;

	while (is_blank(*text))
		text++;
	if (*text < '0' || *text > '9')
		return UINT64_MAX;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (number > UINT64_MAX / 10 - 1)
			return UINT64_MAX;
		number = number * 10 + (uint64_t)(*text - '0');
	}
	while (is_blank(*text))
		text++;
	return *text == '\0' ? number : UINT64_MAX;
}

static uint64_t
field_size(const char *name, const char *value)
{
	uint64_t size = strlen(name) + strlen(value) + strlen(": \r\n");

	/* Folds come as bare LF. */
	for (; (value = strchr(value, '\n')) != NULL; value++)
		size++;
	return size;
}

/* Blanks before the colon are no part of a name; some MTA leaves them. */
static bool
is_named(const char *name, const char *want)
{
	size_t len = ascii_prefix(name, want);

	return len != 0 && name[len + strspn(name + len, " \t")] == '\0';
}

void
message_header(struct message *message, const char *name, const char *value,
    const char *server)
{
	message->header_size += field_size(name, value);
	firewall_header(&message->firewall, name);
	if (is_named(name, "Received")) {
		message->hops += message->hops != UINT32_MAX;
		message->local_hops +=
		    message->local_hops != UINT32_MAX && is_by(value, server);
	} else if (message->keep_from && is_named(name, "From")) {
		from_header(message, value);
	} else if (is_named(name, "X-MS-Exchange-Organization-OriginalSize")) {
		uint64_t size = number_of(value);

		if (size < message->original_size)
			message->original_size = size;
	}
}

void
message_body(struct message *message, size_t bytes)
{
	message->body_size += bytes;
}

uint64_t
message_size(const struct message *message)
{
	return message->header_size + strlen("\r\n") + message->body_size;
}
