/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netrepair - small edits that turn what people write elsewhere (other
 * programs, other notations, a word processor) into what is meant.
 *
 * Owns the table of repairs; its order is the order in which they are tried.
 * Each is sure of what it sees or leaves the draft alone; none widens beyond
 * what the text says by itself. The strict reader has the last word.
 */
#include "repair.h"

#include <stdio.h>
#include <string.h>

#include "cidr.h"

/* Answers whether it changed the draft. */
struct repair {
	bool (*mend)(struct draft *);
	const char *problem;
};

/* ---- Editing ---------------------------------------------------------- */

static void
cut(struct draft *draft, size_t at, size_t count)
{
	memmove(draft->text + at, draft->text + at + count,
	    draft->len - at - count + 1);
	draft->len -= count;
}

/* Puts text in place of count bytes. What would not fit stays as it was. */
static bool
put(struct draft *draft, size_t at, size_t count, const char *text)
{
	size_t len = strlen(text);

	if (draft->len - count + len > DRAFT_MAX)
		return false;
	memmove(draft->text + at + len, draft->text + at + count,
	    draft->len - at - count + 1);
	memcpy(draft->text + at, text, len);
	draft->len = draft->len - count + len;
	return true;
}

static bool
put_all(struct draft *draft, const char *text)
{
	return put(draft, 0, draft->len, text);
}

/* How many dotted numbers of up to three digits begin at from, and where
 * they end. */
static size_t
parts_count(const struct draft *draft, size_t from, size_t *end)
{
	size_t n, parts = 0;

	*end = from;
	while ((n = draft_digits(draft, from)) > 0 && n <= 3) {
		parts++;
		*end = from + n;
		if (draft->text[*end] != '.')
			break;
		from = *end + 1;
	}
	return parts;
}

static bool
read_part(const struct draft *draft, size_t from, size_t to, enum netkind kind,
    struct netvalue *value)
{
	struct netfault fault;

	return netaddr_read(
		   draft->text + from, to - from, kind, value, &fault) == 0;
}

/* ---- Repairs: bytes that do not belong into an address ----------------- */

struct substitute {
	const char *bytes, *instead;
};

static bool
substitute(struct draft *draft, const struct substitute *table, size_t count)
{
	bool changed = false;
	size_t i, k, len;

	for (i = 0; i < draft->len; i++)
		for (k = 0; k < count; k++) {
			len = strlen(table[k].bytes);
			if (strncmp(draft->text + i, table[k].bytes, len) == 0)
				changed |= put(draft, i, len, table[k].instead);
		}
	return changed;
}

static bool
mend_dash(struct draft *draft)
{
	static const struct substitute dashes[] = {
		{ "\xe2\x80\x90", "-" }, /* U+2010 hyphen */
		{ "\xe2\x80\x91", "-" }, /* U+2011 non-breaking hyphen */
		{ "\xe2\x80\x92", "-" }, /* U+2012 figure dash */
		{ "\xe2\x80\x93", "-" }, /* U+2013 en dash */
		{ "\xe2\x80\x94", "-" }, /* U+2014 em dash */
		{ "\xe2\x88\x92", "-" }, /* U+2212 minus */
	};

	return substitute(draft, dashes, sizeof(dashes) / sizeof(*dashes));
}

static bool
mend_invisible(struct draft *draft)
{
	static const struct substitute marks[] = {
		{ "\xe2\x80\x8b", "" }, /* U+200B zero width space */
		{ "\xe2\x80\x8e", "" }, /* U+200E left-to-right mark */
		{ "\xe2\x80\x8f", "" }, /* U+200F right-to-left mark */
		{ "\xe2\x80\xaa", "" }, /* U+202A left-to-right embedding */
		{ "\xe2\x80\xac", "" }, /* U+202C end of embedding */
		{ "\xe2\x81\xa0", "" }, /* U+2060 word joiner */
		{ "\xef\xbb\xbf", "" }, /* U+FEFF byte order mark */
		{ "\xc2\xad", "" },     /* U+00AD soft hyphen */
		{ "\xc2\xa0", " " },    /* U+00A0 no-break space */
	};

	return substitute(draft, marks, sizeof(marks) / sizeof(*marks));
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
mend_ends(struct draft *draft)
{
	size_t len = draft->len;

	while (draft->len > 0 && is_space(draft->text[draft->len - 1]))
		cut(draft, draft->len - 1, 1);
	while (is_space(draft->text[0]))
		cut(draft, 0, 1);
	return draft->len != len;
}

static bool
mend_quotes(struct draft *draft)
{
	static const struct substitute curly[] = {
		{ "\xe2\x80\x98", "'" },  /* U+2018 left single */
		{ "\xe2\x80\x99", "'" },  /* U+2019 right single */
		{ "\xe2\x80\x9c", "\"" }, /* U+201C left double */
		{ "\xe2\x80\x9d", "\"" }, /* U+201D right double */
		{ "\xe2\x80\x9e", "\"" }, /* U+201E low double */
	};

	(void)substitute(draft, curly, sizeof curly / sizeof *curly);
	if (draft->len < 2 || strchr("'\"`", draft->text[0]) == NULL ||
	    draft->text[draft->len - 1] != draft->text[0])
		return false;
	cut(draft, draft->len - 1, 1);
	cut(draft, 0, 1);
	return true;
}

static bool
mend_comment(struct draft *draft)
{
	size_t at = draft_find(draft, 0, '#');

	if (at == draft->len)
		return false;
	cut(draft, at, draft->len - at);
	(void)mend_ends(draft);
	return true;
}

static bool
mend_comma(struct draft *draft)
{
	size_t len = draft->len;

	while (draft->len > 0 && (draft->text[draft->len - 1] == ',' ||
				     draft->text[draft->len - 1] == ';'))
		cut(draft, draft->len - 1, 1);
	(void)mend_ends(draft);
	return draft->len != len;
}

/* Two addresses with spaces around the dash, a prefix behind a space. */
static bool
mend_spaces(struct draft *draft)
{
	size_t i, len = draft->len;

	for (i = 0; i < draft->len; i++) {
		if (draft->text[i] != '-' && draft->text[i] != '/')
			continue;
		while (draft->text[i + 1] == ' ')
			cut(draft, i + 1, 1);
		for (; i > 0 && draft->text[i - 1] == ' '; i--)
			cut(draft, i - 1, 1);
	}
	return draft->len != len;
}

/* ---- Repairs: what belongs to an address elsewhere --------------------- */

/* IPv6:::1 is RFC 5321's, ip4: and ip6: are SPF's. */
static bool
mend_tag(struct draft *draft)
{
	size_t colon = draft_find(draft, 0, ':');
	const char *t = draft->text;

	if (colon == draft->len || (colon != 3 && colon != 4) ||
	    (t[0] | 0x20) != 'i' || (t[1] | 0x20) != 'p' ||
	    (colon == 4 && (t[2] | 0x20) != 'v') ||
	    (t[colon - 1] != '4' && t[colon - 1] != '6'))
		return false;
	cut(draft, 0, colon + 1);
	return true;
}

static bool
mend_zone(struct draft *draft)
{
	bool changed = false;
	size_t at, end;

	while ((at = draft_find(draft, 0, '%')) < draft->len) {
		for (end = at; end < draft->len &&
			       strchr("]/-, ", draft->text[end]) == NULL;
		     end++)
			;
		cut(draft, at, end - at);
		changed = true;
	}
	return changed;
}

/* [::1] and [::1]:25; an endpoint keeps them around IPv6. */
static bool
mend_brackets(struct draft *draft)
{
	size_t end = draft_find(draft, 0, ']'), i = end + 1;

	if (draft->text[0] != '[' || end == 1 || end == draft->len)
		return false;
	if (draft->kind == NETKIND_ENDPOINT) {
		if (draft_find(draft, 0, ':') < end)
			return false;
	} else if (draft->text[i] == ':' && draft_digits(draft, i + 1) > 0)
		cut(draft, i, draft_digits(draft, i + 1) + 1);
	cut(draft, end, 1);
	cut(draft, 0, 1);
	return true;
}

static bool
mend_port(struct draft *draft)
{
	size_t end, n;

	if (draft->kind == NETKIND_ENDPOINT ||
	    parts_count(draft, 0, &end) != 4 || draft->text[end] != ':')
		return false;
	n = draft_digits(draft, end + 1);
	if (n == 0 || end + 1 + n != draft->len)
		return false;
	cut(draft, end, n + 1);
	return true;
}

/* ---- Repairs: other notations for a network ---------------------------- */

static bool
mend_wildcard(struct draft *draft)
{
	size_t end, parts = parts_count(draft, 0, &end), i, stars = 0;
	char tail[16];

	if (parts == 0 || parts > 3 || draft->kind != NETKIND_RANGE)
		return false;
	for (i = end;
	     draft->text[i] == '.' &&
	     (draft->text[i + 1] == '*' || (draft->text[i + 1] | 32) == 'x');
	     i += 2)
		stars++;
	if (stars == 0 || stars > 4 - parts || i != draft->len)
		return false;
	(void)snprintf(tail, sizeof(tail), "%s/%zu", &".0.0.0"[(parts - 1) * 2],
	    parts * 8);
	return put(draft, end, draft->len - end, tail);
}

/* The zeros in front of a part of a dotted quad. */
static bool
mend_octal(struct draft *draft)
{
	size_t i, len = draft->len, n, parts, end;

	for (i = 0; i < draft->len; i++) {
		if (i > 0 && strchr("-:[", draft->text[i - 1]) == NULL)
			continue;
		parts = parts_count(draft, i, &end);
		if (parts < 2)
			continue;
		for (; parts > 0; parts--) {
			n = draft_digits(draft, i);
			for (; n > 1 && draft->text[i] == '0'; n--)
				cut(draft, i, 1);
			i += n + 1;
		}
		i--;
	}
	return draft->len != len;
}

static bool
mend_prefix_zero(struct draft *draft)
{
	size_t at = draft_find(draft, 0, '/'), len = draft->len;

	while (at < draft->len && draft->text[at + 1] == '0' &&
	       draft_is_digit(draft->text[at + 2]))
		cut(draft, at + 1, 1);
	return draft->len != len;
}

/* 10.0.0.0/255.0.0.0, with a space or in brackets, as Exchange prints it:
 * 10.0.0.0(255.0.0.0), and the inverted 10.0.0.0/0.255.255.255. */
static bool
mend_netmask(struct draft *draft)
{
	struct netvalue addr, mask;
	struct netaddr bits;
	unsigned prefix;
	char tail[8];
	size_t at = draft_find(draft, 0, '/'), begin, end = draft->len;

	if (at == draft->len)
		at = draft_find(draft, 0, ' ');
	if (at == draft->len)
		at = draft_find(draft, 0, '(');
	begin = at;
	while (begin < end && strchr(" /(", draft->text[begin]) != NULL)
		begin++;
	if (begin < end && draft->text[end - 1] == ')')
		end--;
	if (begin == at || !read_part(draft, 0, at, NETKIND_ADDRESS, &addr) ||
	    !read_part(draft, begin, end, NETKIND_ADDRESS, &mask) ||
	    addr.range.first.family != FAMILY_IPV4 ||
	    mask.range.first.family != FAMILY_IPV4)
		return false;
	bits = mask.range.first;
	if (bits.lo >> 31 == 0)
		bits.lo ^= UINT32_MAX;
	/* Not 0.0.0.0 or 255.255.255.255: those mean everything or one host,
	 * depending on who reads them. */
	if (netmask_length(&bits, &prefix) != 0 || prefix == 32)
		return false;
	(void)snprintf(tail, sizeof(tail), "/%u", prefix);
	return put(draft, at, draft->len - at, tail);
}

/* 10.0.0, 10., 10.1/16: the network where the address stops. Not 10 and
 * 127.1, which are 0.0.0.10 and 127.0.0.1 to inet_aton(3). */
static bool
mend_short_ipv4(struct draft *draft)
{
	size_t end, parts = parts_count(draft, 0, &end), rest = end;
	char zeros[16];

	if (parts == 0 || parts > 3 || draft->kind != NETKIND_RANGE)
		return false;
	if (draft->text[rest] == '.')
		rest++;
	if (draft->text[rest] == '/')
		(void)snprintf(
		    zeros, sizeof(zeros), "%s", &".0.0.0"[(parts - 1) * 2]);
	else if (rest == draft->len && (parts == 3 || rest > end))
		(void)snprintf(zeros, sizeof(zeros), "%s/%zu",
		    &".0.0.0"[(parts - 1) * 2], parts * 8);
	else
		return false;
	return put(draft, end, rest - end, zeros);
}

/* ---- Repairs: ranges with a dash --------------------------------------- */

/* 192.168.1.100-101, 192.168.1.100-2.5, 2001:db8::1-f: the second address
 * borrows what it lacks from the first. */
static bool
mend_half_range(struct draft *draft)
{
	size_t dash = draft_find(draft, 0, '-'), end, keep, n, parts;
	struct netvalue first;
	struct draft whole = *draft;
	char head[NETADDR_TEXT_SIZE];
	bool wide = draft_find(draft, 0, ':') < dash;

	if (draft->kind != NETKIND_RANGE || dash == draft->len ||
	    !read_part(draft, 0, dash, NETKIND_ADDRESS, &first))
		return false;
	n = draft->len - dash - 1;
	if (wide) {
		if (n == 0 || n > 4 ||
		    strspn(draft->text + dash + 1, "0123456789abcdefABCDEF") !=
			n)
			return false;
		for (keep = dash; draft->text[keep - 1] != ':'; keep--)
			;
	} else {
		parts = parts_count(draft, dash + 1, &end);
		if (parts == 0 || parts > 3 || end != draft->len)
			return false;
		for (keep = dash; parts > 0; keep--)
			parts -= draft->text[keep - 1] == '.' ? 1 : 0;
		keep++;
	}
	memcpy(head, draft->text, keep);
	head[keep] = '\0';
	if (!put(&whole, dash + 1, 0, head))
		return false;
	*draft = whole;
	return true;
}

static bool
mend_backwards(struct draft *draft)
{
	size_t dash = draft_find(draft, 0, '-');
	struct netvalue first, last;
	char a[NETADDR_TEXT_SIZE], b[NETADDR_TEXT_SIZE];
	char swapped[NETRANGE_TEXT_SIZE];

	if (dash == draft->len ||
	    !read_part(draft, 0, dash, NETKIND_ADDRESS, &first) ||
	    !read_part(draft, dash + 1, draft->len, NETKIND_ADDRESS, &last) ||
	    netaddr_compare(&first.range.first, &last.range.first) <= 0)
		return false;
	(void)snprintf(swapped, sizeof(swapped), "%s-%s",
	    netaddr_format(&last.range.first, a),
	    netaddr_format(&first.range.first, b));
	return put_all(draft, swapped);
}

/* ---- Repairs: an endpoint is expected ------------------------- */

static bool
mend_any_host(struct draft *draft)
{
	if (draft->kind != NETKIND_ENDPOINT)
		return false;
	if (draft->text[0] == '*' && draft->text[1] == ':')
		return put(draft, 0, 1, "0.0.0.0");
	if (draft->text[0] == ':' && draft_is_digit(draft->text[1]) &&
	    draft_digits(draft, 1) + 1 == draft->len)
		return put(draft, 0, 0, "0.0.0.0");
	if (draft->len > 0 && draft_digits(draft, 0) == draft->len)
		return put(draft, 0, 0, "0.0.0.0:");
	return false;
}

/* An address without a port; :::25 and ::1:25, where the last group of what
 * may be a whole address is taken for the port only if it is a mail port. */
static bool
mend_bare_host(struct draft *draft)
{
	static const char *const ports[] = { ":25", ":465", ":587" };
	size_t i, n, from = draft->text[0] == '[' ? 1 : 0, to = draft->len;
	struct netvalue value;
	char text[NETADDR_TEXT_SIZE], endpoint[NETADDR_TEXT_SIZE + 8];
	const char *port = ":25";
	bool wide;

	if (draft->kind != NETKIND_ENDPOINT)
		return false;
	if (from == 1 && draft->text[--to] != ']')
		return false;
	for (i = 0; i < sizeof(ports) / sizeof(*ports) && from == 0; i++) {
		n = strlen(ports[i]);
		if (to > n && strcmp(draft->text + to - n, ports[i]) == 0 &&
		    read_part(draft, 0, to - n, NETKIND_ADDRESS, &value)) {
			to -= n;
			port = ports[i];
			break;
		}
	}
	if (!read_part(draft, from, to, NETKIND_ADDRESS, &value))
		return false;
	wide = value.range.first.family == FAMILY_IPV6;
	(void)snprintf(endpoint, sizeof(endpoint), "%s%s%s%s", wide ? "[" : "",
	    netaddr_format(&value.range.first, text), wide ? "]" : "", port);
	return put_all(draft, endpoint);
}

/* ---- The table --------------------------------------------------------- */

/* Without a problem of its own the reader's words stand. */
/* clang-format off */
static const struct repair repairs[] = {
	{ mend_dash,        "the dash is not a plain '-'" },
	{ mend_invisible,   "an invisible character stands in it" },
	{ mend_ends,        "a space or line end stands around it" },
	{ mend_quotes,      "quotes are part of the text" },
	{ mend_comment,     "a comment needs a space before its '#'" },
	{ mend_comma,       "a comma ends it" },
	{ mend_spaces,      "spaces stand in it (two entries are two lines)" },
	{ mend_tag,         "the tag before the address does not belong here" },
	{ mend_zone,        "an address is written without a zone ('%...')" },
	{ mend_brackets,    "an address is written without brackets" },
	{ mend_port,        "an address is written without a port" },
	{ mend_wildcard,    "wildcards are not known here" },
	{ mend_octal,       "a leading zero might be octal" },
	{ mend_prefix_zero, "a prefix length has no leading zero" },
	{ mend_netmask,     "a network has a prefix length, not a netmask" },
	{ mend_short_ipv4,  NULL },
	{ mend_half_range,  "both ends of a range are full addresses" },
	{ mend_backwards,   NULL },
	{ mend_any_host,    "a listener has an address (0.0.0.0 and [::] are any)" },
	{ mend_bare_host,   NULL },
};
/* clang-format on */

size_t
netrepair_count(void)
{
	return sizeof(repairs) / sizeof(*repairs);
}

bool
netrepair_try(struct draft *draft, size_t i, const char **problem)
{
	if (!repairs[i].mend(draft))
		return false;
	*problem = repairs[i].problem;
	return true;
}
