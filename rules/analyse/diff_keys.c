/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_keys - which keys of two policies mean something else.
 *
 * Walks the tables of keys: each row says what another value means. Compares
 * meanings, never text: order, case, places and names of networks say nothing.
 */
#include "diff_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accepted_domains.h"
#include "keys.h"
#include "claim.h"

enum { VALUE_SIZE = 512 };

int
settings_add(struct settings *settings, const struct setting *setting)
{
	void *items = settings->items;

	if (arena_grow(settings->arena, &items, settings->count,
		sizeof(*settings->items)) != 0)
		return -ENOMEM;
	settings->items = items;
	settings->items[settings->count++] = *setting;
	return 0;
}

/* ---- Values of any key ----------------------------------------------- */

static int64_t
number_of(const struct field *field, const void *object)
{
	const char *member = (const char *)object + field->offset;
	uint64_t large;
	uint32_t small;
	bool truth;

	if (field->size == sizeof(large)) {
		memcpy(&large, member, sizeof(large));
		return (int64_t)large;
	}
	if (field->size == sizeof(truth)) {
		memcpy(&truth, member, sizeof(truth));
		return truth;
	}
	memcpy(&small, member, sizeof(small));
	return (int32_t)small;
}

static void
set_format(const struct words *words, uint64_t set, char buf[VALUE_SIZE])
{
	size_t used = 0;

	buf[0] = '\0';
	for (int i = 0; i < words->count && used < VALUE_SIZE; i++)
		if ((set & UINT64_C(1) << i) != 0)
			used += (size_t)snprintf(buf + used, VALUE_SIZE - used,
			    "%s%s", used > 0 ? ", " : "", words->name(i));
	if (buf[0] == '\0')
		snprintf(buf, VALUE_SIZE, "none");
}

static void
size_format(uint64_t size, char buf[VALUE_SIZE])
{
	static const char *const units[] = { "", "KB", "MB" };
	unsigned i;

	for (i = 0; i < 2 && size % 1024 == 0; i++)
		size /= 1024;
	snprintf(buf, VALUE_SIZE, "%llu%s", (unsigned long long)size, units[i]);
}

/* As the policy would have it. */
static const char *
value_format(const struct field *field, int64_t value, char buf[VALUE_SIZE])
{
	switch (schema_shape(field)) {
	case SHAPE_BOOL:
		return value != 0 ? "true" : "false";
	case SHAPE_WORD:
		return field->words->name((int)value);
	case SHAPE_SET:
		set_format(field->words, (uint64_t)value, buf);
		return buf;
	case SHAPE_SIZE:
		if (value == field->preset)
			return field->absent;
		size_format((uint64_t)value, buf);
		return buf;
	case SHAPE_NUMBER:
		if (value == field->preset && field->absent != NULL)
			return field->absent;
		if (field->word != NULL && value == field->word_value)
			return field->word;
		break;
	case SHAPE_TEXT:
	case SHAPE_LIST:
	case SHAPE_NAMES:
	case SHAPE_RECORD:
		break;
	}
	snprintf(buf, VALUE_SIZE, "%lld", (long long)value);
	return buf;
}

static enum relation
relation_of(const struct field *field, int64_t older, int64_t newer)
{
	bool wider = false;

	switch (field->diff) {
	case DIFF_LIMIT:
		wider = newer == 0 || (older != 0 && newer > older);
		break;
	case DIFF_STRICT:
		wider = newer < older;
		break;
	case DIFF_LENIENT:
		wider = newer > older;
		break;
	case DIFF_CHANGE:
	case DIFF_NONE:
		return RELATION_INCOMPARABLE;
	}
	return wider ? RELATION_WIDER : RELATION_NARROWER;
}

static int
field_compare(struct settings *settings, const struct field *field,
    const char *under, struct setting setting, const void *older,
    const void *newer)
{
	int64_t was = number_of(field, older), is = number_of(field, newer);
	char buf[VALUE_SIZE];
	const char *text;

	if (was == is)
		return 0;
	setting.key = under != NULL ? under : field->key;
	setting.item = under != NULL ? field->key : NULL;
	setting.relation = relation_of(field, was, is);
	text = value_format(field, was, buf);
	setting.older = arena_text(settings->arena, text, strlen(text));
	text = value_format(field, is, buf);
	setting.newer = arena_text(settings->arena, text, strlen(text));
	if (setting.older == NULL || setting.newer == NULL)
		return -ENOMEM;
	return settings_add(settings, &setting);
}

/* A key whose value is no number, word, set or record says DIFF_NONE
 * (test/unit/test_keys.c). under is the key of a record within the policy, or
 * NULL. */
static int
record_compare(struct settings *settings, const struct record *record,
    const char *under, const struct setting *setting, const void *older,
    const void *newer)
{
	int result = 0;

	for (size_t i = 0; i < record->nfields && result == 0; i++) {
		const struct field *field = &record->fields[i];
		enum shape shape = schema_shape(field);

		if (field->diff == DIFF_NONE)
			continue;
		if (shape == SHAPE_RECORD)
			result =
			    record_compare(settings, field->record, field->key,
				setting, (const char *)older + field->offset,
				(const char *)newer + field->offset);
		else
			result = field_compare(
			    settings, field, under, *setting, older, newer);
	}
	return result;
}

/* ---- Replies and names ----------------------------------------------- */

static const char *
reply_text(struct settings *settings, const struct connector *connector,
    enum reply_id id)
{
	const struct reply *reply = NULL;
	char buf[VALUE_SIZE];

	for (size_t i = 0; i < connector->nreplies; i++)
		if (connector->replies[i].id == id)
			reply = &connector->replies[i].reply;
	if (reply == NULL)
		return "that of the policy's style";
	snprintf(buf, sizeof(buf), "%s %s %s", reply->code, reply->enhanced,
	    reply->text);
	return arena_text(settings->arena, buf, strlen(buf));
}

static int
replies_compare(struct settings *settings, struct setting setting,
    const struct connector *older, const struct connector *newer)
{
	int result = 0;

	setting.key = "replies";
	setting.relation = RELATION_INCOMPARABLE;
	for (int id = REPLY_NONE + 1; id < REPLY_COUNT && result == 0; id++) {
		setting.item = reply_key((enum reply_id)id);
		if (setting.item == NULL)
			continue;
		setting.older = reply_text(settings, older, (enum reply_id)id);
		setting.newer = reply_text(settings, newer, (enum reply_id)id);
		if (setting.older == NULL || setting.newer == NULL)
			return -ENOMEM;
		if (strcmp(setting.older, setting.newer) != 0)
			result = settings_add(settings, &setting);
	}
	return result;
}

static bool
name_listed(const struct name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return true;
	return false;
}

/* Adds names of one list that are not on the other. */
static int
names_missing(struct settings *settings, struct setting setting,
    const struct name_list *from, const struct name_list *in)
{
	int result = 0;

	for (size_t i = 0; i < from->count && result == 0; i++) {
		setting.item = from->items[i];
		if (!name_listed(in, setting.item))
			result = settings_add(settings, &setting);
	}
	return result;
}

/* A name on a certificate gives what the principal is given; where that is
 * not simply more, gives says so. */
static int
names_compare(struct settings *settings, struct setting setting, bool gives,
    const struct name_list *older, const struct name_list *newer)
{
	int result;

	setting.older = "listed";
	setting.relation = gives ? RELATION_NARROWER : RELATION_INCOMPARABLE;
	result = names_missing(settings, setting, older, newer);
	if (result != 0)
		return result;
	setting.older = NULL;
	setting.newer = "listed";
	setting.relation = gives ? RELATION_WIDER : RELATION_INCOMPARABLE;
	return names_missing(settings, setting, newer, older);
}

/* ---- A connector ----------------------------------------------------- */

/* Whether nobody is denied anything as this principal. */
static bool
denies_nothing(const struct connector *connector, enum principal principal)
{
	for (size_t i = 0; i < connector->nextended_rights; i++)
		if (connector->extended_rights[i].principal == principal &&
		    connector->extended_rights[i].deny != 0)
			return false;
	return true;
}

int
settings_connector(struct settings *settings, const struct connector *older,
    const struct connector *newer)
{
	struct setting setting = {
		.older_connector = older->name,
		.newer_connector = newer->name,
		.older_where = older->where,
		.newer_where = newer->where,
	};
	int result;

	result = record_compare(
	    settings, connector_keys(), NULL, &setting, older, newer);
	if (result == 0)
		result = replies_compare(settings, setting, older, newer);
	if (result != 0)
		return result;
	setting.key = "tls_domains";
	return names_compare(settings, setting,
	    denies_nothing(older, PRINCIPAL_PARTNER) &&
		denies_nothing(newer, PRINCIPAL_PARTNER),
	    &older->tls_domains, &newer->tls_domains);
}

/* ---- Accepted domains ------------------------------------------------ */

struct domains {
	struct settings *settings;
	const struct ruleset *older, *newer;
	bool senders; /* some connector asks whose domain a sender's is */
};

static const char *
type_of(const struct accepted_domain *domain)
{
	return domain != NULL ? domains_types.name((int)domain->type) : NULL;
}

static bool
same_type(const struct accepted_domain *a, const struct accepted_domain *b)
{
	return a == NULL || b == NULL ? a == b : a->type == b->type;
}

/* Mail to a domain that is accepted is more; but who may not send from our
 * own domains may send less. */
static enum relation
domain_relation(const struct domains *domains,
    const struct accepted_domain *older, const struct accepted_domain *newer)
{
	if ((older != NULL && newer != NULL) || domains->senders)
		return RELATION_INCOMPARABLE;
	return older == NULL ? RELATION_WIDER : RELATION_NARROWER;
}

static int
domain_add(struct domains *domains, const char *prefix, const char *name,
    const struct accepted_domain *older, const struct accepted_domain *newer)
{
	struct arena *arena = domains->settings->arena;
	size_t len = strlen(prefix) + strlen(name) + 1;
	char *item = arena_array(arena, len, 1);
	struct setting setting = {
		.key = "accepted_domains",
		.item = item,
		.older = type_of(older),
		.newer = type_of(newer),
		.relation = domain_relation(domains, older, newer),
	};

	if (item == NULL)
		return -ENOMEM;
	snprintf(item, len, "%s%s", prefix, name);
	return settings_add(domains->settings, &setting);
}

/* What a name means, and all those below it that no entry names: nobody is
 * called "*", so it stands for each of them. */
static int
domain_compare(struct domains *domains, const char *name)
{
	const struct accepted_domain *was, *is, *was_below, *is_below;
	char below[256 + 3];
	bool differs, differs_below;

	snprintf(below, sizeof(below), "*.%s", name);
	was = domset_find(domains->older->domains, name);
	is = domset_find(domains->newer->domains, name);
	was_below = domset_find(domains->older->domains, below);
	is_below = domset_find(domains->newer->domains, below);
	differs = !same_type(was, is);
	differs_below = !same_type(was_below, is_below);
	if (differs && differs_below && same_type(was, was_below) &&
	    same_type(is, is_below))
		return domain_add(domains, "*.", name, was, is);
	if (differs && domain_add(domains, "", name, was, is) != 0)
		return -ENOMEM;
	if (differs_below &&
	    domain_add(domains, ".", name, was_below, is_below) != 0)
		return -ENOMEM;
	return 0;
}

static int
compare_names(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

/* Whether any principal may send from our own domains but not from others,
 * or the other way round. */
static bool
tells_senders(const struct ruleset *ruleset)
{
	const right_set both = SET_OF(RIGHT_ANY_SENDER) |
			       SET_OF(RIGHT_AUTHORITATIVE_DOMAIN_SENDER);

	for (size_t i = 0; i < ruleset->policy->nconnectors; i++) {
		const struct rule *rule = &ruleset->rules[i];

		if (!rule->written->enabled)
			continue;
		if (rule->written->tls_domains.count != 0 ||
		    (rule->denied[PRINCIPAL_AUTHENTICATED] & both) != 0)
			return true;
		for (int p = 0; p < PRINCIPAL_COUNT; p++) {
			right_set held = rule_rights(rule, SET_OF(p)) & both;

			if (held != 0 && held != both &&
			    p != PRINCIPAL_AUTHENTICATED)
				return true;
		}
	}
	return false;
}

static int
domains_compare(struct settings *settings, const struct ruleset *older,
    const struct ruleset *newer)
{
	const struct policy *policies[] = { older->policy, newer->policy };
	struct domains domains = {
		.settings = settings,
		.older = older,
		.newer = newer,
		.senders = tells_senders(older) || tells_senders(newer),
	};
	size_t count = 0;
	const char **names = calloc(
	    policies[0]->naccepted_domains + policies[1]->naccepted_domains + 1,
	    sizeof(*names));
	int result = 0;

	if (names == NULL)
		return -ENOMEM;
	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < policies[i]->naccepted_domains; j++)
			names[count++] = policies[i]->accepted_domains[j].name;
	if (count > 1)
		qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count && result == 0; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			result = domain_compare(&domains, names[i]);
	free(names);
	return result;
}

/* ---- The policy ------------------------------------------------------ */

/* Whether a certificate of this principal gives no less anywhere than it
 * takes away: such a client is anonymous no more. */
static bool
gives(const struct ruleset *ruleset, enum principal principal)
{
	for (size_t i = 0; i < ruleset->policy->nconnectors; i++) {
		const struct rule *rule = &ruleset->rules[i];
		right_set alone =
		    rule_rights(rule, SET_OF(PRINCIPAL_ANONYMOUS));

		if (rule_principals(rule, SET_OF(principal)) ==
			SET_OF(principal) &&
		    (alone & ~rule_rights(rule, SET_OF(principal))) != 0)
			return false;
	}
	return true;
}

static int
servers_compare(struct settings *settings, const char *key,
    enum principal principal, const struct ruleset *older,
    const struct ruleset *newer, const struct servers *was,
    const struct servers *is)
{
	const struct setting setting = { .key = key };

	return names_compare(settings, setting,
	    gives(older, principal) && gives(newer, principal),
	    &was->tls_domains, &is->tls_domains);
}

int
settings_policy(struct settings *settings, const struct ruleset *older,
    const struct ruleset *newer)
{
	const struct policy *was = older->policy, *is = newer->policy;
	struct setting setting = { 0 };
	int result =
	    record_compare(settings, policy_record(), NULL, &setting, was, is);

	if (result == 0 && strcmp(older->server, newer->server) != 0) {
		setting.key = "server";
		setting.older = older->server;
		setting.newer = newer->server;
		setting.relation = RELATION_INCOMPARABLE;
		result = settings_add(settings, &setting);
	}
	if (result == 0)
		result =
		    servers_compare(settings, "exchange_servers.tls_domains",
			PRINCIPAL_EXCHANGE_SERVER, older, newer,
			&was->exchange_servers, &is->exchange_servers);
	if (result == 0)
		result = servers_compare(settings,
		    "exchange_legacy_servers.tls_domains",
		    PRINCIPAL_LEGACY_SERVER, older, newer,
		    &was->exchange_legacy_servers,
		    &is->exchange_legacy_servers);
	if (result == 0)
		result = domains_compare(settings, older, newer);
	return result != 0 ? result : settings_expectations(settings, was, is);
}
