/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_mailaddr - mailboxes and accepted domains, said a second time.
 *
 * The first line is an argument of MAIL or RCPT, each further line an
 * accepted domain. A mailbox is plain if and only if it has one @ with a
 * plain local part and a domain around it, which is looked at here label by
 * label; UTF-8 is iconv's to judge. Its domain is known if and only if there
 * is one @ outside of quotes, no comment and no backslash, and labels or a
 * literal after it: of any other text some MTA could make a sender of ours.
 * The entry that a domain finds is that of a linear scan. A domain is the
 * same in capitals and with a final dot, and a plain mailbox stays one
 * between brackets.
 */
#include "domains.h"
#include "fuzz.h"
#include "mailbox.h"

#include <ctype.h>
#include <iconv.h>
#include <strings.h>

enum { TEXT_MAX = 2000, DOMAINS_MAX = 30 };

/* ---- The pencil ------------------------------------------------------ */

/* Whether a text is UTF-8 without control characters. */
static bool
is_text(const char *text)
{
	static iconv_t utf32;
	static uint32_t points[TEXT_MAX + 1];
	char *in = (char *)(uintptr_t)text, *out = (char *)points;
	size_t left = strlen(text), room = sizeof(points), i;

	if (utf32 == NULL)
		utf32 = iconv_open("UTF-32LE", "UTF-8");
	MUST(utf32 != (iconv_t)-1);
	(void)iconv(utf32, NULL, NULL, NULL, NULL);
	if (iconv(utf32, &in, &left, &out, &room) == (size_t)-1)
		return false;
	for (i = 0; i < sizeof(points) / 4 - room / 4; i++)
		if (points[i] < 0x20 || (points[i] >= 0x7f && points[i] < 0xa0))
			return false;
	return true;
}

/* Cuts blanks at both ends; in place. */
static char *
bare(char *text)
{
	size_t len;

	text += strspn(text, " ");
	for (len = strlen(text); len > 0 && text[len - 1] == ' '; len--)
		text[len - 1] = '\0';
	return text;
}

/* Labels between dots, none of them empty. */
static bool
is_dotted(char *text, bool (*is_label)(const char *))
{
	char *dot;

	for (; (dot = strchr(text, '.')) != NULL; text = dot + 1) {
		*dot = '\0';
		if (!is_label(text))
			return false;
	}
	return is_label(text);
}

/* A local part without quotes. */
static bool
is_atom(const char *text)
{
	return *text != '\0' && *text != ':' && strstr(text, "::") == NULL &&
	       strpbrk(text, " <>,;%!\\()[]\"@") == NULL;
}

static bool
is_ldh_label(const char *text)
{
	static const char ldh[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-";
	size_t len = strlen(text);

	return len >= 1 && len <= 63 && strspn(text, ldh) == len &&
	       text[0] != '-' && text[len - 1] != '-';
}

/* Letters, digits, - and _, or UTF-8. */
static bool
is_any_label(const char *text)
{
	const char *c;

	for (c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_' &&
		    (unsigned char)*c < 0x80)
			return false;
	return c != text;
}

static bool
is_harmless_quoted(const char *text)
{
	size_t len = strlen(text), i;

	if (len < 3 || text[0] != '"' || text[len - 1] != '"')
		return false;
	for (i = 1; i + 1 < len; i++)
		if (strchr("\"\\@%!:,;", text[i]) != NULL ||
		    (unsigned char)text[i] > 0x7e)
			return false;
	return true;
}

static bool
is_domain(const char *text, bool (*is_label)(const char *))
{
	char copy[TEXT_MAX + 1];
	size_t len = strlen(text);

	memcpy(copy, text, len + 1);
	if (len > 0 && copy[len - 1] == '.')
		copy[--len] = '\0';
	return len <= 253 && is_dotted(copy, is_label);
}

static bool
is_literal(const char *text)
{
	static const char address[] = "0123456789:.-abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(text);

	return len >= 3 && len <= 253 && text[0] == '[' &&
	       text[len - 1] == ']' && strspn(text + 1, address) == len - 2;
}

/* What follows the only @ outside of quotes, or NULL where that is not clear.
 * Quoted strings become a letter first. */
static const char *
pencil_domain(const char *box)
{
	static char flat[TEXT_MAX + 1];
	char *at, *out = flat;
	bool quoted = false;

	for (; *box != '\0'; box++) {
		if (*box == '"') {
			quoted = !quoted;
			/* in a domain it is what it is */
			*out = memchr(flat, '@', (size_t)(out - flat)) != NULL
				   ? '"'
				   : 'q';
			out++;
		} else if (!quoted) {
			*out++ = *box;
		} else if (*box == '\\' && box[1] != '\0') {
			box++;
		}
	}
	*out = '\0';
	at = strchr(flat, '@');
	if (quoted || at == NULL || at == flat || strchr(at + 1, '@') != NULL ||
	    strpbrk(flat, "\\()<>,; ") != NULL)
		return NULL;
	return is_domain(at + 1, is_any_label) || is_literal(at + 1) ? at + 1
								     : NULL;
}

static enum mailaddr_class
pencil_classify(const char *text, char domain[TEXT_MAX + 1])
{
	const char *known;
	char copy[TEXT_MAX + 1], *box, *at;

	domain[0] = '\0';
	memcpy(copy, text, strlen(text) + 1);
	box = bare(copy);
	if (box[0] == '<' && box[1] != '\0' && box[strlen(box) - 1] == '>') {
		box[strlen(box) - 1] = '\0';
		box = bare(box + 1);
		if (*box == '\0')
			return MAILADDR_NULL;
	}
	if (!is_text(text) || *box == '\0' || strlen(box) > 254)
		return MAILADDR_MALFORMED;
	if (strcasecmp(box, "postmaster") == 0)
		return MAILADDR_POSTMASTER;
	known = pencil_domain(box);
	if (known != NULL)
		memcpy(domain, known, strlen(known) + 1);
	at = strchr(box, '@');
	if (at == NULL || strchr(at + 1, '@') != NULL)
		return MAILADDR_ROUTED;
	*at++ = '\0';
	return (is_harmless_quoted(box) || is_atom(box)) &&
		       is_domain(at, is_any_label)
		   ? MAILADDR_PLAIN
		   : MAILADDR_ROUTED;
}

/* Neither is ever ours: which of the two is not told from each other here. */
static enum mailaddr_class merged(enum mailaddr_class class)
{
	return class == MAILADDR_MALFORMED ? MAILADDR_ROUTED : class;
}

/* ---- Mailboxes ------------------------------------------------------- */

static void
mailbox_check(const char *text, struct mailaddr *addr)
{
	char domain[TEXT_MAX + 1], written[TEXT_MAX + 3];
	struct mailaddr again;
	size_t i, len;

	mailaddr_classify(text, addr);
	MUST(merged(addr->class) == merged(pencil_classify(text, domain)));
	MUST(is_text(text) || addr->class == MAILADDR_MALFORMED ||
	     addr->class == MAILADDR_NULL);
	MUST((addr->domain[0] != '\0') == (domain[0] != '\0'));
	MUST(addr->class != MAILADDR_PLAIN || addr->domain[0] != '\0');
	len = strlen(addr->domain);
	/* UTF-8 is lower-cased as well; unit.idn has that. */
	MUST(addr->utf8 || strncasecmp(domain, addr->domain, len) == 0);
	MUST(strcmp(domain + len, "") == 0 || strcmp(domain + len, ".") == 0);
	for (i = 0; i < len; i++)
		MUST(isupper((unsigned char)addr->domain[i]) == 0);
	if (addr->class != MAILADDR_PLAIN || addr->utf8)
		return;
	(void)snprintf(written, sizeof(written), "<u@%s.>", addr->domain);
	for (i = 0; written[i] != '\0'; i++)
		written[i] = (char)toupper((unsigned char)written[i]);
	mailaddr_classify(written, &again);
	/* A dot more may be one more than a path has room for. */
	MUST(again.class == MAILADDR_PLAIN || len > 251);
	MUST(again.class != MAILADDR_PLAIN ||
	     strcmp(again.domain, addr->domain) == 0);
}

/* ---- Domains --------------------------------------------------------- */

struct entries {
	struct accepted_domain items[DOMAINS_MAX];
	char names[DOMAINS_MAX][MAILADDR_DOMAIN_SIZE];
	size_t count;
};

static void
entry_add(struct entries *entries, const char *text)
{
	struct accepted_domain *item = &entries->items[entries->count];
	char *name = entries->names[entries->count];
	bool subdomains = strncmp(text, "*.", 2) == 0;

	text += subdomains ? 2 : 0;
	MUST((domain_normalise(text, strlen(text), name) == 0) ==
	     is_domain(text, is_ldh_label));
	if (!is_domain(text, is_ldh_label))
		return;
	*item = (struct accepted_domain){ .name = name,
		.subdomains = subdomains,
		.type = DOMAIN_AUTHORITATIVE };
	entries->count++;
}

/* The exact one, else the longest that the name is in or below. */
static const struct accepted_domain *
pencil_find(const struct entries *entries, const char *name)
{
	const struct accepted_domain *best = NULL;
	size_t i, have = strlen(name), best_len = 0;

	for (i = 0; i < entries->count; i++) {
		const struct accepted_domain *item = &entries->items[i];
		size_t len = strlen(item->name);
		bool same = strcmp(item->name, name) == 0;

		if (same && !item->subdomains)
			return item;
		if (!item->subdomains || len < best_len || len > have ||
		    strcmp(name + have - len, item->name) != 0 ||
		    (!same && name[have - len - 1] != '.'))
			continue;
		best = item;
		best_len = len;
	}
	return best;
}

static void
domain_check(
    const struct entries *entries, const struct domset *set, const char *name)
{
	const struct accepted_domain *found = domset_find(set, name);
	const struct accepted_domain *expected = pencil_find(entries, name);

	MUST((found == NULL) == (expected == NULL));
	if (found == NULL)
		return;
	MUST(strcmp(found->name, expected->name) == 0);
	MUST(found->subdomains == expected->subdomains);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct entries entries;
	char *text, *rest, *line;
	struct mailaddr addr;
	struct domset *set;
	size_t i;

	if (size > TEXT_MAX)
		return 0;
	text = rest = text_of(data, size);
	line = next_line(&rest);
	mailbox_check(line != NULL ? line : "", &addr);
	entries.count = 0;
	while (entries.count < DOMAINS_MAX && (line = next_line(&rest)) != NULL)
		entry_add(&entries, line);
	set = domset_new(entries.items, entries.count);
	MUST(set != NULL);
	if (addr.class == MAILADDR_PLAIN)
		domain_check(&entries, set, addr.domain);
	for (i = 0; i < entries.count; i++)
		domain_check(&entries, set, entries.names[i]);
	domset_free(set);
	free(text);
	return 0;
}
