/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy - the tables of the policy file, and its loading.
 *
 * A row here is a key of connector-policy(5); the names stand beside those
 * of Exchange's Set-ReceiveConnector. Reads through the reader alone, and
 * answers a policy or all that is wrong with it. Chooses, sorts and counts
 * nothing; that is compile's work.
 */
#include "policy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "contradictions.h"
#include "mailaddr.h"
#include "networks.h"
#include "refusals.h"
#include "schema.h"

enum {
	TEXT_MAX = 64 << 20, /* bytes of a policy and its files together */
	COMPLAINTS_MAX = 200,
};

#define FINGERPRINT_SIZE sizeof(XXH128_canonical_t)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Words ----------------------------------------------------------- */

static const char *
right_word(int i)
{
	return right_name((enum right)i);
}

static const char *
principal_word(int i)
{
	return principal_name((enum principal)i);
}

static const char *
group_word(int i)
{
	return group_name((enum group)i);
}

static const char *
mechanism_word(int i)
{
	return mechanism_name((enum mechanism)i);
}

static const char *
mode_word(int i)
{
	static const char *const names[] = {
		[MODE_ENFORCE] = "enforce",
		[MODE_MONITOR] = "monitor",
	};

	return names[i];
}

static const char *
domain_type_word(int i)
{
	static const char *const names[] = {
		[DOMAIN_AUTHORITATIVE] = "authoritative",
		[DOMAIN_INTERNAL_RELAY] = "internal_relay",
		[DOMAIN_EXTERNAL_RELAY] = "external_relay",
	};

	return names[i];
}

/* clang-format off */
static const struct words
	rights       = { "a right", right_word, right_parse, RIGHT_COUNT },
	principals   = { "a principal", principal_word, principal_parse, PRINCIPAL_COUNT },
	groups       = { "a permission group", group_word, group_parse, GROUP_COUNT },
	mechanisms   = { "an authentication mechanism", mechanism_word, mechanism_parse, MECHANISM_COUNT },
	modes        = { "a mode", mode_word, NULL, 2 },
	domain_types = { "a type of domain", domain_type_word, NULL, 3 };
/* clang-format on */

/* ---- Decoders of this file's types ----------------------------------- */

static int
domain_complain(
    struct decoder *decoder, const struct item *item, const char *why)
{
	char show[SHOWN_SIZE];

	complain(decoder->complaints, "E-DOMAIN", item->where, "%s: \"%s\" %s",
	    decoder->key, shown(item->text, show), why);
	return -EINVAL;
}

/* Why text is not a domain, for people. */
static const char *
domain_why(const char *text)
{
	const char *c;

	for (c = text; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return "is not ASCII; write the A-label, which begins "
			       "with xn--";
	if (strchr(text, '@') != NULL)
		return "holds an @; write the part behind it only";
	if (strchr(text, '*') != NULL)
		return "holds a \"*\" that is not its first label; write "
		       "\"*.\" and a domain";
	if (strchr(text, '_') != NULL)
		return "holds an underscore; labels are letters, digits and "
		       "dashes";
	return "is not a domain; write letters, digits and dashes, with dots "
	       "between labels";
}

static bool
is_address(const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr addr;

	return netaddr_parse(text, &addr, why) == 0;
}

/* A domain, or "*." and a domain. */
static int
domain_read(struct decoder *decoder, const struct item *item,
    struct accepted_domain *domain)
{
	bool subdomains = strncmp(item->text, "*.", 2) == 0;
	const char *text = item->text + (subdomains ? 2 : 0);
	char name[MAILADDR_DOMAIN_SIZE];

	if (strcmp(item->text, "*") == 0)
		return domain_complain(decoder, item,
		    "accepts mail to every domain, which is an open relay; "
		    "write the domains out");
	if (domain_normalise(text, strlen(text), name) != 0)
		return domain_complain(decoder, item, domain_why(text));
	if (is_address(text))
		return domain_complain(
		    decoder, item, "is an address; write a domain");
	if (subdomains && strchr(name, '.') == NULL)
		return domain_complain(decoder, item,
		    "accepts mail to a whole top-level domain, which is an "
		    "open relay; write the domains out");
	domain->name = arena_text(decoder->arena, name, strlen(name));
	domain->subdomains = subdomains;
	return domain->name != NULL ? 0 : -ENOMEM;
}

static int
domain_decode(struct decoder *decoder, const struct field *field, void *object)
{
	struct accepted_domain *domain = object;
	const struct item *item = schema_item(decoder);
	int result;

	(void)field;
	if (item == NULL)
		return -EINVAL;
	domain->where = item->where;
	result = domain_read(decoder, item, domain);
	source_next(decoder->source);
	return result;
}

/* A host's name, kept as it is written. */
static int
host_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	char name[MAILADDR_DOMAIN_SIZE];
	const char *copy;
	int result;

	if (item == NULL)
		return -EINVAL;
	if (domain_normalise(item->text, item->len, name) != 0 ||
	    item->text[item->len - 1] == '.' || is_address(item->text)) {
		result = domain_complain(decoder, item,
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

static int
binding_decode(struct decoder *decoder, const struct field *field, void *object)
{
	struct binding *binding = object;
	const struct item *item = schema_item(decoder);
	char why[NETADDR_WHY_SIZE], show[SHOWN_SIZE];
	int result;

	(void)field;
	if (item == NULL)
		return -EINVAL;
	binding->where = item->where;
	result =
	    endpoint_parse(item->text, &binding->addr, &binding->port, why);
	if (result == -EINVAL)
		complain(decoder->complaints, "E-ADDRESS", item->where,
		    "%s: \"%s\": %s", decoder->key, shown(item->text, show),
		    why);
	source_next(decoder->source);
	return result;
}

static int
extended_right_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	struct extended_right *entry = object;
	int result = schema_record(decoder, field, object);

	if (result != 0 || entry->allow != 0 || entry->deny != 0)
		return result;
	complain(decoder->complaints, "E-KEY", entry->where,
	    "an entry of extended_rights needs allow or deny");
	return -EINVAL;
}

/* ---- Tables ---------------------------------------------------------- */

/* clang-format off */
static const struct field domain_fields[] = {
	{ .key = "domain", .decode = domain_decode, .flags = FIELD_REQUIRED,
	  .exchange = "DomainName",
	  .doc = "a domain, or \"*.\" and a domain: it and every subdomain" },
	{ .key = "type", .decode = schema_word, AT(accepted_domain, type),
	  .words = &domain_types, .exchange = "DomainType",
	  .doc = "authoritative, internal_relay or external_relay" },
};
static const struct record domain_record = {
	.what = "an accepted domain", .shorthand = "domain",
	.fields = domain_fields, .nfields = COUNT(domain_fields),
};
static const struct field domain_element = {
	.decode = schema_record, .record = &domain_record,
	.size = sizeof(struct accepted_domain),
};

static const struct field binding_element = {
	.decode = binding_decode, .size = sizeof(struct binding),
};

static const struct field extended_right_fields[] = {
	{ .key = "principal", .decode = schema_word, .flags = FIELD_REQUIRED,
	  AT(extended_right, principal), .words = &principals,
	  .exchange = "User", .doc = "who" },
	{ .key = "allow", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(extended_right, allow), .words = &rights,
	  .exchange = "ExtendedRights", .doc = "rights that are added" },
	{ .key = "deny", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(extended_right, deny), .words = &rights,
	  .exchange = "Deny", .doc = "rights that are taken away last" },
};
static const struct record extended_right_record = {
	.what = "an entry of extended_rights",
	.fields = extended_right_fields, .nfields = COUNT(extended_right_fields),
	.where = offsetof(struct extended_right, where),
};
static const struct field extended_right_element = {
	.decode = extended_right_decode, .record = &extended_right_record,
	.size = sizeof(struct extended_right),
};

static const struct field connector_fields[] = {
	{ .key = "name", .decode = schema_text, .flags = FIELD_REQUIRED,
	  AT(connector, name), .max = NAME_MAX_LENGTH, .exchange = "Name",
	  .doc = "unique without regard to case" },
	{ .key = "comment", .decode = schema_text, AT(connector, comment),
	  .max = NOTE_MAX_LENGTH, .exchange = "Comment", .doc = "what it is for" },
	{ .key = "enabled", .decode = schema_bool, AT(connector, enabled),
	  .preset = true, .exchange = "Enabled",
	  .doc = "false: takes no part" },
	{ .key = "mode", .decode = schema_word, AT(connector, mode),
	  .preset = MODE_OF_POLICY, .words = &modes,
	  .doc = "enforce or monitor; default: the policy's" },
	{ .key = "bindings", .decode = schema_list, .flags = FIELD_FILLED,
	  LIST_AT(connector, bindings, nbindings),
	  .element = &binding_element, .exchange = "Bindings",
	  .doc = "local addresses and ports; default: every listener" },
	{ .key = "remote_ip_ranges", .decode = schema_list,
	  .flags = FIELD_REQUIRED | FIELD_FILLED,
	  LIST_AT(connector, remote_ip_ranges.items, remote_ip_ranges.count),
	  .where = offsetof(struct connector, remote_ip_ranges.where),
	  .element = &range_element, .exchange = "RemoteIPRanges",
	  .doc = "the clients that it is for" },
	{ .key = "auth_mechanism", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(connector, auth_mechanism),
	  .where = offsetof(struct connector, auth_mechanism_where),
	  .words = &mechanisms, .exchange = "AuthMechanism",
	  .doc = "how clients prove who they are" },
	{ .key = "permission_groups", .decode = schema_set, .flags = FIELD_FILLED,
	  AT(connector, permission_groups),
	  .where = offsetof(struct connector, permission_groups_where),
	  .words = &groups, .exchange = "PermissionGroups",
	  .doc = "whom it serves, each with a fixed set of rights" },
	{ .key = "extended_rights", .decode = schema_list,
	  LIST_AT(connector, extended_rights, nextended_rights),
	  .element = &extended_right_element, .exchange = "Add-ADPermission",
	  .doc = "single rights, allowed and denied" },
	{ .key = "public_addresses", .decode = schema_number,
	  AT(connector, public_addresses), .min = 1, .max = UINT64_MAX,
	  .doc = "how many public addresses may relay, if many do" },
};
static const struct record connector_record = {
	.what = "a connector",
	.fields = connector_fields, .nfields = COUNT(connector_fields),
	.where = offsetof(struct connector, where),
};
static const struct field connector_element = {
	.decode = schema_record, .record = &connector_record,
	.size = sizeof(struct connector),
};

static const struct field policy_fields[] = {
	{ .key = "version", .decode = schema_number, .flags = FIELD_REQUIRED,
	  .min = 1, .max = 1, .doc = "of this format: 1" },
	{ .key = "server", .decode = host_decode, AT(policy, server),
	  .max = MAILADDR_DOMAIN_SIZE,
	  .doc = "the name in stamps and messages; default: this host's" },
	{ .key = "mode", .decode = schema_word, AT(policy, mode),
	  .words = &modes, .doc = "enforce, or monitor: log but refuse nothing" },
	{ .key = "mta_refuses_strangers", .decode = schema_bool,
	  AT(policy, mta_refuses_strangers),
	  .doc = "true: the MTA itself refuses to relay for the unlisted" },
	{ .key = "accepted_domains", .decode = schema_list,
	  LIST_AT(policy, accepted_domains, naccepted_domains),
	  .element = &domain_element, .exchange = "New-AcceptedDomain",
	  .doc = "mail to these is not relaying" },
	{ .key = "networks", .decode = networks_decode,
	  .doc = "named lists of ranges" },
	{ .key = "ip_allow_list", .decode = schema_list, .flags = FIELD_FILLED,
	  LIST_AT(policy, ip_allow_list.items, ip_allow_list.count),
	  .where = offsetof(struct policy, ip_allow_list.where),
	  .element = &range_element, .exchange = "Add-IPAllowListEntry",
	  .doc = "anonymous clients whose mail gets SCL -1" },
	{ .key = "ip_block_list", .decode = schema_list, .flags = FIELD_FILLED,
	  LIST_AT(policy, ip_block_list.items, ip_block_list.count),
	  .where = offsetof(struct policy, ip_block_list.where),
	  .element = &range_element, .exchange = "Add-IPBlockListEntry",
	  .doc = "clients that are refused at RCPT" },
	{ .key = "connectors", .decode = schema_list,
	  .flags = FIELD_REQUIRED | FIELD_FILLED, LIST_AT(policy, connectors, nconnectors),
	  .element = &connector_element, .exchange = "New-ReceiveConnector",
	  .doc = "who may do what" },
};
static const struct record policy_record = {
	.what = "a policy",
	.fields = policy_fields, .nfields = COUNT(policy_fields),
};
static const struct field policy_field = {
	.decode = schema_record, .record = &policy_record,
};
/* clang-format on */

static const struct record *const records[] = { &policy_record,
	&connector_record, &domain_record, &extended_right_record,
	&range_record, &networks_file_record, NULL };

static const struct schema schema = {
	.records = records,
	.elsewhere = refusals_elsewhere,
	.nelsewhere = REFUSALS_ELSEWHERE_COUNT,
	.later = refusals_later,
};

/* ---- Loading --------------------------------------------------------- */

struct load {
	struct loading loading; /* the decoder's ctx */
	const struct reader *reader;
	size_t text_left;
	unsigned char fingerprint[FINGERPRINT_SIZE];
};

/* Each text is hashed with what came before and its length, so that moving
 * text from one file to the next changes the id. */
static void
fingerprint_add(
    unsigned char fingerprint[FINGERPRINT_SIZE], const char *text, size_t len)
{
	unsigned char chain[2 * FINGERPRINT_SIZE + sizeof(uint64_t)];
	XXH128_canonical_t digest;
	size_t i;

	XXH128_canonicalFromHash(&digest, XXH3_128bits(text, len));
	memcpy(chain, fingerprint, FINGERPRINT_SIZE);
	memcpy(chain + FINGERPRINT_SIZE, &digest, FINGERPRINT_SIZE);
	for (i = 0; i < sizeof(uint64_t); i++)
		chain[2 * FINGERPRINT_SIZE + i] =
		    (unsigned char)((uint64_t)len >> (8 * i));
	XXH128_canonicalFromHash(&digest, XXH3_128bits(chain, sizeof(chain)));
	memcpy(fingerprint, &digest, FINGERPRINT_SIZE);
}

static const char *
read_error(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such file";
	case -ENOTDIR:
		return "a part of its path is not a folder";
	case -EACCES:
	case -EPERM:
		return "permission denied";
	case -EISDIR:
		return "it is a folder";
	case -ELOOP:
		return "too many symbolic links";
	case -ENAMETOOLONG:
		return "its name is too long";
	case -ENOMEM:
		return "out of memory";
	case -EINVAL:
		return "it is not a plain file";
	case -EAGAIN:
		return "it changed while it was read; try again";
	default:
		return NULL;
	}
}

static int
text_read(struct decoder *decoder, const char *path, struct where where,
    char **text, size_t *len)
{
	struct load *load = decoder->ctx;
	const struct reader *reader = load->reader;
	char *read;
	char show[SHOWN_SIZE];
	size_t size;
	int result;

	result = reader->read(reader->ctx, path, load->text_left, &read, &size);
	if (result == -EFBIG)
		complain(decoder->complaints, "E-LIMIT", where,
		    "%s: a policy and its files may have %d MiB together",
		    shown(path, show), TEXT_MAX >> 20);
	else if (result != 0 && read_error(result) != NULL)
		complain(decoder->complaints, "E-FILE", where,
		    "cannot read %s: %s", shown(path, show),
		    read_error(result));
	else if (result != 0)
		complain(decoder->complaints, "E-FILE", where,
		    "cannot read %s: error %d", shown(path, show), -result);
	if (result != 0)
		return result;
	assert(size <= load->text_left);
	load->text_left -= size;
	fingerprint_add(load->fingerprint, read, size);
	*text = read;
	*len = size;
	return 0;
}

static int
text_decode(struct decoder *decoder, struct policy *policy, const char *text,
    size_t len)
{
	int result, status;

	decoder->key = "the policy";
	decoder->key_where = (struct where){ policy->file, 1, 1 };
	decoder->source =
	    source_new(text, len, policy->file, decoder->complaints);
	if (decoder->source == NULL)
		return -ENOMEM;
	result = 0;
	if (source_item(decoder->source)->type != ITEM_STOP)
		result = schema_record(decoder, &policy_field, policy);
	status = source_status(decoder->source);
	/* Without the rest of the text, names would seem unknown. */
	if (result != -ENOMEM && status == 0)
		status = contradictions_find(decoder, policy);
	source_free(decoder->source);
	return result == -ENOMEM ? result : status;
}

static void
policy_id(struct policy *policy, const unsigned char *fingerprint)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i + 1 < sizeof(policy->id); i++)
		policy->id[i] =
		    digits[fingerprint[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
	policy->id[i] = '\0';
}

static int
policy_read(struct policy *policy, const struct reader *reader,
    struct complaints *complaints)
{
	struct load load = {
		.loading = { .policy = policy,
		    .ranges_left = RANGES_MAX,
		    .read = text_read },
		.reader = reader,
		.text_left = TEXT_MAX,
	};
	struct decoder decoder = {
		.schema = &schema,
		.arena = policy->arena,
		.complaints = complaints,
		.ctx = &load,
	};
	char *text;
	size_t len;
	int result;

	result = text_read(&decoder, policy->file,
	    (struct where){ .file = policy->file }, &text, &len);
	if (result != 0)
		return result;
	result = text_decode(&decoder, policy, text, len);
	free(text);
	policy_id(policy, load.fingerprint);
	if (result == 0 && complaints->left < COMPLAINTS_MAX)
		result = -EINVAL;
	return result;
}

int
policy_load(const struct reader *reader, const char *file,
    struct policy **loaded, struct diagnostics *diagnostics)
{
	struct complaints complaints = { diagnostics, COMPLAINTS_MAX };
	struct arena *arena = arena_new(0);
	struct policy *policy = NULL;
	int result = -ENOMEM;

	if (arena != NULL)
		policy = arena_alloc(arena, sizeof(*policy));
	if (policy != NULL) {
		policy->arena = arena;
		policy->file = arena_text(arena, file, strlen(file));
	}
	if (policy != NULL && policy->file != NULL)
		result = policy_read(policy, reader, &complaints);
	if (result == 0) {
		*loaded = policy;
		return 0;
	}
	if (result == -ENOMEM)
		complain(&complaints, "E-LIMIT", (struct where){ .file = file },
		    "out of memory while the policy was read");
	arena_free(arena);
	return result;
}

void
policy_free(struct policy *policy)
{
	if (policy != NULL)
		arena_free(policy->arena);
}
