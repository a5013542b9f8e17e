/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta_lists.c - who may relay by other MTAs' lists.
 *
 * Postfix mynetworks, cidr and access tables; Sendmail access and relay-
 * domains; the relay list of IIS. Each becomes a connector of its own. In
 * mynetworks and cidr tables the first match counts, in access maps the most
 * specific one; what a list excepts is cut out.
 */
#include "import.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "step.h"

enum { ENTRIES_MAX = 50000, WORDS_MAX = 256, KEY_SIZE = 256 };

enum import_mta_kind { KIND_NETWORKS, KIND_ACCESS, KIND_SENDMAIL, KIND_IIS };

struct import_mta_entry {
	struct netrange range;
	int verdict; /* 1 may relay, 0 may not, -1 is refused */
	uint32_t line;
};

struct import_mta_reader {
	struct import *im;
	const char *file;
	enum import_role role;
	enum import_mta_kind kind;
	struct import_mta_entry *entries;
	size_t nentries;
	bool excepts, ordered; /* file order counts */
	struct import_value *names;
	size_t nnames;
	const struct import_mta_entry *at;
};

static const char *
base(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

/* "192.168" and "2001:db8:5": the first groups of an address. */
static bool
prefix_read(const char *text, struct netrange *range)
{
	bool six = strchr(text, ':') != NULL;
	size_t groups = 1, len = strlen(text);
	char full[KEY_SIZE + 32];

	if (len == 0 || len > 60 || strstr(text, "::"))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (six ? !isxdigit((unsigned char)text[i]) && text[i] != ':'
			: !isdigit((unsigned char)text[i]) && text[i] != '.')
			return false;
		groups += text[i] == (six ? ':' : '.');
	}
	if (text[len - 1] == (six ? ':' : '.'))
		return false;
	if (groups >= (six ? 8U : 4U))
		return false;
	snprintf(full, sizeof full, "%s", text);
	for (size_t i = groups; i < (six ? 8U : 4U); i++)
		strcat(full, six ? ":0" : ".0");
	snprintf(full + strlen(full), 8, "/%zu", groups * (six ? 16 : 8));
	return netrange_parse(full, range, NULL, NULL) == 0;
}

/* Without brackets and Sendmail's tag. */
static bool
key_read(struct import_mta_reader *r, const char *text, uint32_t line,
    struct netrange *range)
{
	char key[KEY_SIZE];
	size_t used = 0;
	bool host_bits = false;

	if (ascii_prefix(text, "IPv6:"))
		text += 5;
	for (; *text && used < sizeof key - 1; text++)
		if (*text != '[' && *text != ']' && *text != '"')
			key[used++] = *text;
	key[used] = '\0';
	if (netrange_parse(key, range, &host_bits, NULL) < 0)
		return prefix_read(key, range);
	if (host_bits && line > 0)
		import_say(r->im, SEVERITY_WARNING, "I-HOST-BITS", r->file,
		    line,
		    "%s: host bits are set; the range is the whole "
		    "network",
		    key);
	return true;
}

static int
add(struct import_mta_reader *r, const struct netrange *range, int verdict,
    uint32_t line)
{
	struct import_mta_entry *e =
	    IMPORT_MORE(r->im, r->entries, r->nentries);

	if (!e)
		return -ENOMEM;
	*e = (struct import_mta_entry){ *range, verdict, line };
	r->excepts = r->excepts || verdict != 1;
	return 0;
}

static int
add_name(struct import_mta_reader *r, const char *text, uint32_t line)
{
	struct import_value *v = IMPORT_MORE(r->im, r->names, r->nnames);

	if (!v)
		return -ENOMEM;
	*v = (struct import_value){ import_copy(r->im, text, strlen(text)),
		line };
	return 0;
}

/* What an access map says; 2: it is no action. */
static int
action_of(const char *word, bool sendmail)
{
	static const struct {
		const char *word;
		int postfix, sendmail;
	} actions[] = {
		{ "RELAY", 0, 1 },
		{ "OK", 1, 0 },
		{ "permit", 1, 0 },
		{ "permit_auth_destination", 0, 0 },
		{ "DUNNO", 0, 0 },
		{ "SKIP", 0, 0 },
		{ "REJECT", -1, -1 },
		{ "DISCARD", -1, -1 },
		{ "DROP", -1, -1 },
		{ "DEFER", -1, -1 },
		{ "DEFER_IF_PERMIT", 0, 0 },
	};

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (ascii_same(actions[i].word, word))
			return sendmail ? actions[i].sendmail
					: actions[i].postfix;
	if (ascii_prefix(word, "ERROR:") || *word == '4' || *word == '5')
		return -1;
	return 2;
}

static int
take_name(struct import_mta_reader *r, const char *name, const char *action,
    uint32_t line)
{
	if (!action)
		return add_name(r, name, line);
	import_say(r->im, SEVERITY_WARNING, "I-NAME", r->file, line,
	    "%.100s %.40s was dropped: clients are told by address, not by "
	    "name",
	    name, action);
	return 0;
}

/* Sendmail: To:domain RELAY makes the domain one to relay to. */
static int
take_tag(struct import_mta_reader *r, char **words, size_t count, uint32_t line)
{
	char *key = strchr(words[0], ':') + 1;
	const char *action = count > 1 ? words[1] : "";

	if (ascii_prefix(words[0], "To:") && ascii_same(action, "RELAY"))
		return add_name(r, key, line);
	import_say(r->im, SEVERITY_WARNING, "I-TAG", r->file, line,
	    "%.100s %.40s was dropped; it concerns no client's right to "
	    "relay",
	    words[0], action);
	return 0;
}

/* A mask behind the address, as IIS keeps it. */
static bool
mask_read(const char *mask, struct netrange *range)
{
	char text[NETADDR_TEXT_SIZE], joined[NETRANGE_TEXT_SIZE];
	struct netaddr bits;
	unsigned n = 0;

	if (netaddr_parse(mask, &bits, NULL) < 0 ||
	    bits.family != FAMILY_IPV4 || range->first.family != FAMILY_IPV4)
		return false;
	while (n < 32 && (bits.lo >> (31 - n) & 1) != 0)
		n++;
	if (n < 32 && (bits.lo & (UINT64_C(0xffffffff) >> n)) != 0)
		return false;
	snprintf(joined, sizeof joined, "%s/%u",
	    netaddr_format(&range->first, text), n);
	return netrange_parse(joined, range, NULL, NULL) == 0;
}

static int
take_key(struct import_mta_reader *r, char **words, size_t count, uint32_t line)
{
	bool sendmail =
	    ascii_prefix(words[0], "Connect:") || r->kind == KIND_SENDMAIL;
	char *key = words[0];
	struct netrange range;
	int action;

	if (ascii_prefix(key, "Connect:"))
		key += 8;
	else if (strchr(key, ':') && !ascii_prefix(key, "IPv6:") &&
		 isalpha((unsigned char)*key) && !key_read(r, key, 0, &range))
		return take_tag(r, words, count, line);
	if (sendmail)
		r->kind = KIND_SENDMAIL;
	if (!key_read(r, key, line, &range))
		return take_name(r, key, count > 1 ? words[1] : NULL, line);
	if (count == 2 && mask_read(words[1], &range)) {
		r->kind = KIND_IIS;
		return add(r, &range, 1, line);
	}
	if (count < 2)
		return add(r, &range, 1, line);
	action = action_of(words[1], sendmail);
	if (action == 2)
		return import_fail(r->im, "I-ACTION", r->file, line,
		    "%.60s: unknown action %.60s; expected %s", key, words[1],
		    sendmail ? "RELAY, OK or REJECT" : "OK, DUNNO or REJECT");
	if (r->kind == KIND_NETWORKS)
		r->kind = KIND_ACCESS;
	if (strchr(key, '/'))
		r->ordered = true;
	return add(r, &range, action, line);
}

/* One word of mynetworks. */
static int
take_network(struct import_mta_reader *r, char *word, uint32_t line)
{
	bool except = *word == '!';
	struct netrange range;

	word += except;
	if (*word == '/' ||
	    (strchr(word, '/') && isalpha((unsigned char)*word) &&
		strchr(word, ':') && strstr(word, ":/")))
		return import_fail(r->im, "I-FILE", r->file, line,
		    "%.100s: the networks are in another file; name it "
		    "instead of this one, or write them in its place",
		    word);
	if (except)
		r->ordered = true;
	if (!key_read(r, word, line, &range))
		return except ? import_fail(r->im, "I-NAME", r->file, line,
				    "!%.100s: an exception that is no address",
				    word)
			      : add_name(r, word, line);
	return add(r, &range, except ? 0 : 1, line);
}

/* Words of the IIS console: "Single computer", "Group of computers". */
static bool
is_filler(const char *word)
{
	static const char *const words[] = { "Single", "computer", "Group",
		"of", "computers", "Granted", "Domain", "Mask:", "=",
		"mynetworks" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ascii_same(words[i], word))
			return true;
	return false;
}

static int
take_line(struct import_mta_reader *r, char *line, uint32_t number)
{
	char *words[WORDS_MAX], *save = NULL;
	size_t count = 0;
	int error = 0;
	bool network = false;

	line[strcspn(line, "#")] = '\0';
	for (char *word = strtok_r(line, " \t\r,;()", &save); word;
	     word = strtok_r(NULL, " \t\r,;()", &save)) {
		network = network || *word == '!';
		if (ascii_prefix(word, "mynetworks="))
			word += 11;
		if (!*word || is_filler(word))
			continue;
		if (count == WORDS_MAX)
			return import_fail(r->im, "I-TOO-LARGE", r->file,
			    number, "more than 256 words in a line");
		words[count++] = word;
	}
	if (count == 0)
		return 0;
	if (count > 1 && !network) {
		struct netrange range;
		bool mask = strncmp(words[1], "255.", 4) == 0;

		network = strstr(words[1], ":/") != NULL;
		network = network ||
			  (!mask && (key_read(r, words[1], 0, &range) &&
					strchr("0123456789[:", words[1][0]) &&
					strpbrk(words[1], ".:")));
	}
	if (!network && *words[0] != '/' && *words[0] != '!')
		return take_key(r, words, count, number);
	for (size_t i = 0; i < count && !error; i++)
		error = take_network(r, words[i], number);
	return error;
}

/* ---- From entries to objects ------------------------------------------ */

static int
by_size(const void *left, const void *right)
{
	const struct import_mta_entry *a = left, *b = right;
	struct netaddr one = a->range.last, other = b->range.last;
	int order;

	one.lo -= a->range.first.lo;
	one.hi -= a->range.first.hi + (a->range.last.lo < a->range.first.lo);
	other.lo -= b->range.first.lo;
	other.hi -= b->range.first.hi + (b->range.last.lo < b->range.first.lo);
	order = netaddr_compare(&one, &other);
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static int
put_part(void *ctx, const struct netrange *part)
{
	struct import_mta_reader *r = ctx;
	char text[NETRANGE_TEXT_SIZE];

	netrange_format(part, text);
	if (r->at->verdict < 0 || r->role == IMPORT_BLOCK ||
	    r->role == IMPORT_ALLOW) {
		if (!import_object_new(r->im, r->file, r->at->line))
			return -ENOMEM;
		import_put(r->im, "IPRange", text, strlen(text), r->at->line);
		if (r->role == IMPORT_ANY)
			import_put(r->im, "List", "block", 5, r->at->line);
	} else {
		import_put(
		    r->im, "RemoteIPRanges", text, strlen(text), r->at->line);
	}
	return 0;
}

static int
put_entries(struct import_mta_reader *r, bool refused)
{
	struct rangeset seen = { 0 };
	int error = 0;

	for (size_t i = 0; i < r->nentries && !error; i++) {
		int verdict = r->entries[i].verdict;

		r->at = &r->entries[i];
		if (refused ? verdict < 0 : verdict > 0)
			error = r->excepts ? rangeset_outside(&seen,
						 &r->at->range, put_part, r)
					   : put_part(r, &r->at->range);
		if (error || !r->excepts)
			continue;
		error = rangeset_add(&seen, &r->at->range);
		rangeset_sort(&seen);
	}
	rangeset_fini(&seen);
	return error;
}

static void
put(struct import *im, const char *name, const char *text, uint32_t line)
{
	import_put(im, name, text, text ? strlen(text) : 0, line);
}

static const char *
unique(struct import *im, const char *name)
{
	size_t n = 1;

	for (size_t i = 0; i < im->nobjects; i++) {
		const char *other = import_first(&im->objects[i], "Name");

		if (other && import_find(&im->objects[i], "Relay") &&
		    strncmp(other, name, strlen(name)) == 0)
			n++;
	}
	return n == 1 ? name : import_format(im, "%s %zu", name, n);
}

static int
put_connector(struct import_mta_reader *r)
{
	static const char *const names[] = {
		[KIND_NETWORKS] = "Postfix mynetworks",
		[KIND_ACCESS] = "Postfix access map",
		[KIND_SENDMAIL] = "Sendmail access",
		[KIND_IIS] = "IIS relay list",
	};
	const char *name = unique(r->im, names[r->kind]);
	struct import_object *object =
	    import_object_new(r->im, r->file, r->entries[0].line);

	if (!object)
		return -ENOMEM;
	object->dump = false;
	put(r->im, "Name", name, r->entries[0].line);
	put(r->im, "Comment", import_format(r->im, "from %s", base(r->file)),
	    r->entries[0].line);
	put(r->im, "Relay", "True", r->entries[0].line);
	put(r->im, "PermissionGroups", "AnonymousUsers", r->entries[0].line);
	return put_entries(r, false);
}

static int
put_names(struct import_mta_reader *r)
{
	bool domains = r->nentries == 0 || r->kind == KIND_SENDMAIL;

	for (size_t i = 0; i < r->nnames; i++) {
		const char *name = r->names[i].text;

		if (*name == '.')
			name = import_format(r->im, "*%s", name);
		if (!domains) {
			import_say(r->im, SEVERITY_WARNING, "I-NAME", r->file,
			    r->names[i].line,
			    "%.100s was dropped: clients are told by "
			    "address, not by name",
			    name);
			continue;
		}
		if (!import_object_new(r->im, r->file, r->names[i].line))
			return -ENOMEM;
		put(r->im, "DomainName", name, r->names[i].line);
		put(r->im, "DomainType", "ExternalRelay", r->names[i].line);
	}
	return 0;
}

static int
finish(struct import_mta_reader *r)
{
	bool list = r->role == IMPORT_ALLOW || r->role == IMPORT_BLOCK;
	size_t relaying = 0;
	int error = 0;

	if (r->excepts && r->nentries > ENTRIES_MAX)
		return import_fail(r->im, "I-TOO-MANY", r->file, 0,
		    "more than %d entries with exceptions", ENTRIES_MAX);
	for (size_t i = 0; i < r->nentries; i++)
		relaying += r->entries[i].verdict > 0;
	if (r->excepts && !r->ordered)
		qsort(r->entries, r->nentries, sizeof *r->entries, by_size);
	if (relaying > 0)
		error = list ? put_entries(r, false) : put_connector(r);
	if (!error && r->excepts)
		error = put_entries(r, true);
	return error ? error : put_names(r);
}

int
import_mta(
    struct import *im, const struct import_text *text, enum import_role role)
{
	struct import_mta_reader r = {
		.im = im, .file = text->file, .role = role
	};
	char *at = text->text;
	uint32_t number = 0;
	int error = 0;

	if (text->text[text->len - 1] != '\n')
		return import_fail(im, "I-CUT", text->file, 0,
		    "the last line has no end, so the file may be cut; end "
		    "the line if it is whole");
	while (!error && *at) {
		size_t n = strcspn(at, "\n");
		char *line = import_copy(im, at, n);

		error = take_line(&r, line, ++number);
		at += n + (at[n] == '\n');
	}
	return error ? error : finish(&r);
}
