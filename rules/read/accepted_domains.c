/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domains - the keys whose values are names of domains and hosts.
 *
 * Accepted domains, in place and from files, names on certificates, and the
 * server's own. Refuses what would accept mail to everybody, or believe
 * every certificate; finds no duplicates, which contradictions does.
 */
#include "accepted_domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "idna.h"
#include "lines.h"
#include "mailbox.h"
#include "policy.h"
#include "tenants.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
/* With U-labels: all beyond ASCII, which a pattern cannot say better. */
#define IDN_LABEL                                      \
	"[A-Za-z0-9\xc2\xa1-\xf4\x8f\xbf\xbf]"         \
	"([A-Za-z0-9\xc2\xa1-\xf4\x8f\xbf\xbf-]{0,61}" \
	"[A-Za-z0-9\xc2\xa1-\xf4\x8f\xbf\xbf])?"

const char domains_host_pattern[] = "^" LABEL "(\\." LABEL ")*$";

/* What a "*." stands for, in complaints. */
enum wild { WILD_RECIPIENTS, WILD_CERTIFICATES };

static const char *
everything_why(enum wild wild)
{
	return wild == WILD_RECIPIENTS
		   ? "accepts mail to every domain, which is an open relay; "
		     "write the domains out"
		   : "believes every certificate; write the names out";
}

static const char *
top_level_why(enum wild wild)
{
	return wild == WILD_RECIPIENTS
		   ? "accepts mail to a whole top-level domain, which is an "
		     "open relay; write the domains out"
		   : "believes the certificates of a whole top-level domain; "
		     "write the names out";
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/* Why text is not a domain, for people. */
static const char *
domain_why(const char *text)
{
	if (strchr(text, '@') != NULL)
		return "holds an @; write the part behind it only";
	if (strchr(text, '*') != NULL)
		return "holds a \"*\" that is not its first label; write "
		       "\"*.\" and a domain";
	if (strchr(text, '_') != NULL)
		return "holds an underscore; labels are letters, digits and "
		       "dashes";
	if (!is_ascii(text))
		return "is not ASCII; write the A-label, which begins with "
		       "xn--";
	return "is not a domain; write letters, digits and dashes, with dots "
	       "between labels";
}

static bool
is_address(const char *text)
{
	struct netaddr addr;

	return netaddr_parse(text, &addr, NULL) == 0;
}

/* A domain, or "*." and a domain, to lower case without the "*.". Returns
 * what is wrong with it, or NULL. */
static const char *
domain_parse(const char *text, enum wild wild, char name[MAILADDR_DOMAIN_SIZE],
    bool *subdomains)
{
	*subdomains = strncmp(text, "*.", 2) == 0;
	if (strcmp(text, "*") == 0)
		return everything_why(wild);
	if (*subdomains)
		text += 2;
	if (domain_normalise(text, strlen(text), name) != 0)
		return domain_why(text);
	if (is_address(text))
		return "is an address; write a domain";
	if (*subdomains && strchr(name, '.') == NULL)
		return top_level_why(wild);
	return NULL;
}

static int
domain_complain(struct decoder *decoder, const char *text, struct where where,
    const char *why)
{
	char show[SHOWN_SIZE];

	complain(decoder->complaints, "E-DOMAIN", where, "%s: \"%s\" %s",
	    decoder->key, shown(text, show), why);
	return -EINVAL;
}

int
domains_host(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	char name[MAILADDR_DOMAIN_SIZE];
	const char *copy;
	int result;

	if (item == NULL)
		return -EINVAL;
	if (domain_normalise(item->text, item->len, name) != 0 ||
	    item->text[item->len - 1] == '.' || is_address(item->text)) {
		result = domain_complain(decoder, item->text, item->where,
		    "is not a host's name; write it in full, without a final "
		    "dot, as in mx1.contoso.com");
	} else {
		result = schema_copy(decoder, item, field->max, &copy);
		if (result == 0)
			memcpy((char *)object + field->offset, &copy,
			    sizeof(copy));
	}
	source_next(decoder->source);
	return result;
}

/* ---- Names on certificates ------------------------------------------- */

static int
tls_name_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	char name[sizeof("*.") + MAILADDR_DOMAIN_SIZE] = "*.";
	const char *why, *text, *copy;
	bool subdomains;
	int result = 0;

	if (item == NULL)
		return -EINVAL;
	why = domain_parse(
	    item->text, WILD_CERTIFICATES, name + strlen("*."), &subdomains);
	text = name + (subdomains ? 0 : strlen("*."));
	if (why == NULL && field == &domains_server_name && tenants_share(text))
		why = "is on the certificate of a provider whose tenants "
		      "share it, so anybody's mail would be trusted; no name "
		      "can stand for one tenant";
	if (why == NULL) {
		copy = arena_text(decoder->arena, text, strlen(text));
		if (copy != NULL)
			memcpy((char *)object + field->offset, &copy,
			    sizeof(copy));
		else
			result = -ENOMEM;
	} else {
		result = domain_complain(decoder, item->text, item->where, why);
	}
	source_next(decoder->source);
	return result;
}

const struct field domains_tls_name = {
	.decode = tls_name_decode,
	.size = sizeof(const char *),
	.max = MAILADDR_DOMAIN_SIZE,
	.pattern = "^(\\*\\." LABEL "\\.)?" LABEL "(\\." LABEL ")*$",
};

const struct field domains_server_name = {
	.decode = tls_name_decode,
	.size = sizeof(const char *),
	.max = MAILADDR_DOMAIN_SIZE,
	.pattern = "^(\\*\\." LABEL "\\.)?" LABEL "(\\." LABEL ")*$",
};

/* ---- Accepted domains ------------------------------------------------ */

/* One entry as written. */
struct domain_entry {
	struct accepted_domain domain;
	struct list_file file;
};

/* A domain of U-labels to A-labels, its "*." kept. Any other text is left as
 * it is, for domain_parse() to say what is wrong with it. */
static int
domain_ascii(
    const char *text, char ascii[2 + MAILADDR_DOMAIN_SIZE], const char **out)
{
	size_t wild = strncmp(text, "*.", 2) == 0 ? 2 : 0;
	int error;

	*out = text;
	if (is_ascii(text))
		return 0;
	error = idna_ascii(text + wild, ascii + wild);
	if (error != 0)
		return error == -ENOMEM ? error : 0;
	memcpy(ascii, "*.", wild);
	*out = ascii;
	return 0;
}

static int
domain_store(struct decoder *decoder, const char *text, struct where where,
    struct accepted_domain *domain)
{
	char ascii[2 + MAILADDR_DOMAIN_SIZE], name[MAILADDR_DOMAIN_SIZE];
	const char *mapped, *why;

	domain->where = where;
	if (domain_ascii(text, ascii, &mapped) != 0)
		return -ENOMEM;
	why = domain_parse(mapped, WILD_RECIPIENTS, name, &domain->subdomains);
	if (why != NULL)
		return domain_complain(decoder, text, where, why);
	domain->name = arena_text(decoder->arena, name, strlen(name));
	if (domain->name == NULL)
		return -ENOMEM;
	return idna_unicode(decoder->arena, name, &domain->unicode);
}

static int
domain_decode(struct decoder *decoder, const struct field *field, void *object)
{
	struct domain_entry *entry = object;
	const struct item *item = schema_item(decoder);
	int result;

	(void)field;
	if (item == NULL)
		return -EINVAL;
	result = domain_store(decoder, item->text, item->where, &entry->domain);
	source_next(decoder->source);
	return result;
}

static const char *
type_word(int i)
{
	static const char *const names[] = {
		[DOMAIN_AUTHORITATIVE] = "authoritative",
		[DOMAIN_INTERNAL_RELAY] = "internal_relay",
		[DOMAIN_EXTERNAL_RELAY] = "external_relay",
	};

	return names[i];
}

const struct words domains_types = {
	.what = "a type of domain", .name = type_word, .count = 3
};

/* clang-format off */
static const struct field fields[] = {
	{ .key = "domain", .decode = domain_decode, .flags = FIELD_ONE,
	  .max = MAILADDR_DOMAIN_SIZE + 2,
	  .pattern = "^(\\*\\." IDN_LABEL "\\.)?" IDN_LABEL
		     "(\\." IDN_LABEL ")*\\.?$",
	  .exchange = "DomainName", .absent = "none; domain or file is due",
	  .doc = "a domain, or \"*.\" and a domain: it and every subdomain; U-labels and A-labels match both" },
	{ .key = "file", .decode = lines_path, .flags = FIELD_ONE,
	  AT(domain_entry, file), .max = LINES_PATH_MAX,
	  .absent = "none; domain or file is due",
	  .doc = "a file with one domain a line, # comments; relative to the policy" },
	{ .key = "type", .decode = schema_word, AT(domain_entry, domain.type),
	  .words = &domains_types, .exchange = "DomainType",
	  .doc = "whose the domain is; only authoritative ones protect their senders" },
};
/* clang-format on */

const struct record domains_record = {
	.what = "an accepted domain",
	.shorthand = "domain",
	.fields = fields,
	.nfields = COUNT(fields),
};

const struct field domains_element = {
	.decode = schema_record,
	.record = &domains_record,
	.size = sizeof(struct domain_entry),
};

/* The list as it grows; not in the arena, which would keep what it outgrew. */
struct domain_list {
	struct accepted_domain *items;
	size_t count, room;
};

static int
list_add(struct domain_list *list, const struct accepted_domain *domain)
{
	size_t room = list->room == 0 ? 16 : list->room * 2;
	struct accepted_domain *items = list->items;

	if (list->count == list->room) {
		items = realloc(items, room * sizeof(*items));
		if (items == NULL)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	items[list->count++] = *domain;
	return 0;
}

/* Writes the list into the object, with memory of the arena. */
static int
list_keep(struct decoder *decoder, const struct field *field, void *object,
    const struct domain_list *list)
{
	void *kept =
	    arena_array(decoder->arena, list->count, sizeof(*list->items));

	if (kept == NULL)
		return -ENOMEM;
	if (list->count != 0)
		memcpy(kept, list->items, list->count * sizeof(*list->items));
	memcpy((char *)object + field->offset, &kept, sizeof(kept));
	memcpy(
	    (char *)object + field->count, &list->count, sizeof(list->count));
	return 0;
}

/* Adds the domains of an entry's file. */
static int
file_add(struct decoder *decoder, struct domain_list *list,
    const struct domain_entry *entry)
{
	struct lines lines;
	size_t before = list->count;
	int result = lines_open(decoder, &entry->file, &lines), status = 0;

	if (result != 0)
		return result;
	while (status != -ENOMEM && decoder->complaints->left > 0 &&
	       lines_next(&lines)) {
		struct accepted_domain domain = entry->domain;

		status =
		    domain_store(decoder, lines.text, lines.where, &domain);
		if (status == 0)
			status = list_add(list, &domain);
		result = status != 0 ? status : result;
	}
	lines_close(&lines);
	if (result == 0 && list->count == before)
		result = lines_none(decoder, &entry->file);
	return result;
}

static int
list_read(struct decoder *decoder, const struct field *field,
    struct domain_list *list)
{
	int result = 0;

	while (schema_list_goes_on(decoder)) {
		struct domain_entry entry = { 0 };
		int status = schema_record(decoder, field->element, &entry);

		if (status == 0 && entry.file.path != NULL)
			status = file_add(decoder, list, &entry);
		else if (entry.domain.name != NULL)
			status = list_add(list, &entry.domain) != 0 ? -ENOMEM
								    : status;
		if (status == -ENOMEM)
			return status;
		result = status != 0 ? status : result;
	}
	source_next(decoder->source);
	return result;
}

int
domains_decode(struct decoder *decoder, const struct field *field, void *object)
{
	int result = schema_enter_list(decoder, field, object);
	struct domain_list list = { 0 };

	if (result != 0)
		return result;
	result = list_read(decoder, field, &list);
	if (result != -ENOMEM && list_keep(decoder, field, object, &list) != 0)
		result = -ENOMEM;
	free(list.items);
	return result;
}
