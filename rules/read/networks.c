/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * networks - names for lists of ranges.
 *
 * Reads the mapping of networks, and network files line by line, without
 * YAML. networks_resolve() puts ranges where names stand: the ranges of a
 * network are copied there, but a list that is one bare name shares them, so
 * that a million ranges are held once. A network cannot hold another.
 */
#include "networks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client_limits.h"
#include "lines.h"
#include "nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* So many names are looked through for one that was meant. */
enum { NEAREST_MAX = 1000 };

static bool
is_reference(const struct range *range)
{
	return range->range.first.family == FAMILY_NONE &&
	       range->network != NULL;
}

/* ---- The mapping, and its files -------------------------------------- */

/* A network that is written as a mapping. */
struct mapping {
	struct network network;
	struct list_file file;
};

/* clang-format off */
static const struct field file_fields[] = {
	{ .key = "file", .decode = lines_path, .flags = FIELD_ONE,
	  AT(mapping, file), .max = LINES_PATH_MAX,
	  .absent = "none; file or ranges is due",
	  .doc = "one entry a line, # comments; relative to the policy" },
	{ .key = "ranges", .decode = ranges_list, .shape = SHAPE_LIST, .flags = FIELD_ONE | FIELD_FILLED,
	  LIST_AT(mapping, network.ranges.pack, network.ranges.count),
	  .where = offsetof(struct mapping, network.ranges.where), .element = &range_element,
	  .absent = "none; file or ranges is due",
	  .doc = "its ranges, where more than they is stated" },
	CLIENT_LIMITS_ROWS(mapping, network.narrowed),
};

/* clang-format on */

const struct record networks_file_record = {
	.what = "a network",
	.fields = file_fields,
	.nfields = COUNT(file_fields),
};

static const struct field file_field = {
	.decode = schema_record,
	.record = &networks_file_record,
};

const struct field networks_element = {
	.decode = ranges_list,
	.shape = SHAPE_LIST,
	.flags = FIELD_FILLED,
	LIST_AT(network, ranges.pack, ranges.count),
	.where = offsetof(struct network, ranges.where),
	.element = &range_element,
	.either = &file_field,
	.pattern = "^[A-Za-z][A-Za-z0-9._-]{0,63}$",
};

static int
line_decode(struct decoder *decoder, const struct lines *lines)
{
	struct loading *loading = decoder->ctx;
	struct range range = { .until = UNTIL_FOREVER, .where = lines->where };
	char why[NETADDR_WHY_SIZE], show[SHOWN_SIZE];
	int result;

	result =
	    netrange_parse(lines->text, &range.range, &range.host_bits, why);
	if (result == 0) {
		result = ranges_spend(decoder, 1, lines->where);
		if (range_add(&loading->ranges, &range) != 0)
			result = -ENOMEM;
	} else if (result == -EINVAL) {
		shown(lines->text, show);
		if (strcmp(lines->text, "...") == 0)
			complain(decoder->complaints, "E-CUT", lines->where,
			    "an end marker; it is the last line of a file "
			    "whose first line is \"# end_marker: true\"");
		else if (range_looks_like_address(lines->text))
			complain(decoder->complaints, "E-ADDRESS", lines->where,
			    "\"%s\": %s", show, why);
		else
			complain(decoder->complaints, "E-ADDRESS", lines->where,
			    "\"%s\" is not an address; a network file holds "
			    "one address, range or CIDR a line",
			    show);
	}
	return result;
}

static int
lines_decode(
    struct decoder *decoder, struct lines *lines, struct range_list *list)
{
	struct loading *loading = decoder->ctx;
	int result = 0, status;

	while (decoder->complaints->left > 0 && lines_next(lines)) {
		status = line_decode(decoder, lines);
		if (status == -ENOMEM)
			return status;
		if (status != 0)
			result = status;
	}
	if (range_made(&loading->ranges, decoder->arena, list) != 0)
		return -ENOMEM;
	return result;
}

static int
network_read(struct decoder *decoder, struct network *network,
    const struct list_file *file)
{
	struct lines lines;
	int result = lines_open(decoder, file, &lines);

	if (result != 0)
		return result;
	result = lines_decode(decoder, &lines, &network->ranges);
	lines_close(&lines);
	network->unmarked = lines.marked ? NULL : lines.where.file;
	if (result == 0 && network->ranges.count == 0)
		result = lines_none(decoder, file);
	return result;
}

static int
network_value(struct decoder *decoder, struct network *network)
{
	struct mapping mapping = { .network = *network };
	int result;

	if (source_item(decoder->source)->type != ITEM_MAP)
		return ranges_list(decoder, &networks_element, network);
	mapping.network.ranges.where = network->where;
	result = schema_record(decoder, &file_field, &mapping);
	*network = mapping.network;
	if (result == 0 && mapping.file.path)
		result = network_read(decoder, network, &mapping.file);
	return result;
}

static int
network_name(
    struct decoder *decoder, const struct item *item, const char **name)
{
	char show[SHOWN_SIZE];

	if (item->type != ITEM_TEXT)
		return -EINVAL; /* complained of by the source */
	if (!range_is_name(item->text)) {
		complain(decoder->complaints, "E-NETWORK", item->where,
		    range_looks_like_address(item->text)
			? "the network's name \"%s\" looks like an address; "
			  "begin it with a letter"
			: "\"%s\" cannot be a network's name; write a letter, "
			  "then letters, digits, \"-\", \"_\" and \".\", "
			  "64 at most",
		    shown(item->text, show));
		return -EINVAL;
	}
	*name = arena_text(decoder->arena, item->text, item->len);
	return *name != NULL ? 0 : -ENOMEM;
}

static int
network_decode(struct decoder *decoder, struct network *network)
{
	const struct item *item = source_item(decoder->source);
	int result;

	network->where = item->where;
	result = network_name(decoder, item, &network->name);
	source_skip(decoder->source);
	if (result != 0) {
		source_skip(decoder->source);
		return result;
	}
	decoder->key = network->name;
	decoder->key_where = network->where;
	return network_value(decoder, network);
}

int
networks_decode(
    struct decoder *decoder, const struct field *field, void *object)
{
	struct policy *policy = object;
	void *networks = NULL;
	int result = schema_enter_map(decoder);

	(void)field;
	if (result != 0)
		return result;
	while (source_item(decoder->source)->type != ITEM_MAP_END &&
	       source_item(decoder->source)->type != ITEM_STOP) {
		struct network *network;
		int status;

		if (arena_grow(decoder->arena, &networks, policy->nnetworks,
			sizeof(*network)) != 0)
			return -ENOMEM;
		policy->networks = networks;
		network = &policy->networks[policy->nnetworks];
		*network = (struct network){ 0 };
		status = network_decode(decoder, network);
		if (status == -ENOMEM)
			return status;
		if (status != 0)
			result = status;
		if (network->name != NULL)
			policy->nnetworks++;
	}
	source_next(decoder->source);
	return result;
}

/* ---- Names to ranges ------------------------------------------------- */

static int
network_compare(const void *left, const void *right)
{
	const struct network *const *a = left, *const *b = right;
	int names = strcmp((*a)->name, (*b)->name);

	return names != 0 ? names : (*a > *b) - (*a < *b);
}

static int
networks_index(struct decoder *decoder)
{
	struct loading *loading = decoder->ctx;
	const struct policy *policy = loading->policy;
	const struct network **index;
	size_t i;
	int result = 0;

	index = arena_array(decoder->arena, policy->nnetworks, sizeof(*index));
	if (index == NULL)
		return -ENOMEM;
	for (i = 0; i < policy->nnetworks; i++)
		index[i] = &policy->networks[i];
	if (policy->nnetworks > 1)
		qsort(
		    index, policy->nnetworks, sizeof(*index), network_compare);
	for (i = 1; i < policy->nnetworks; i++)
		if (strcmp(index[i - 1]->name, index[i]->name) == 0) {
			complain(decoder->complaints, "E-KEY", index[i]->where,
			    "the network %s stands there twice; the first is "
			    "in line %u",
			    index[i]->name, (unsigned)index[i - 1]->where.line);
			result = -EINVAL;
		}
	loading->by_name = index;
	return result;
}

static const struct network *
network_find(const struct loading *loading, const char *name)
{
	size_t low = 0, high = loading->policy->nnetworks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, loading->by_name[middle]->name);

		if (order == 0)
			return loading->by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const char *
network_at(const void *ctx, size_t i)
{
	const struct policy *policy = ctx;

	return policy->networks[i].name;
}

static void
unknown_network(struct decoder *decoder, const struct range *range)
{
	const struct loading *loading = decoder->ctx;
	const struct policy *policy = loading->policy;
	const char *nearest;

	nearest = word_nearest(range->network, network_at, policy,
	    policy->nnetworks < NEAREST_MAX ? policy->nnetworks : NEAREST_MAX);
	if (nearest != NULL)
		complain(decoder->complaints, "E-NETWORK", range->where,
		    "no network is named %s; did you mean %s?", range->network,
		    nearest);
	else if (strchr(range->network, '.') != NULL)
		complain(decoder->complaints, "E-NETWORK", range->where,
		    "no network is named %s; if it is a host, write its "
		    "address: names of hosts are not looked up",
		    range->network);
	else
		complain(decoder->complaints, "E-NETWORK", range->where,
		    "no network is named %s; write an address, or add it "
		    "under networks",
		    range->network);
}

/* Limits under way from what is nearer to what is farther. */
struct narrowing {
	struct decoder *decoder;
	const struct client_limits *far;
	/* The last that were combined, and with what. */
	const struct client_limits *near, *both;
	bool done;
};

static int
limits_combine(void *ctx, const struct client_limits **limits)
{
	struct narrowing *narrowing = ctx;
	struct client_limits both;

	if (!narrowing->far)
		return 0;
	if (!*limits) {
		*limits = narrowing->far;
		return 0;
	}
	if (!narrowing->done || narrowing->near != *limits) {
		narrowing->near = *limits;
		both = client_limits_nearest(*limits, narrowing->far);
		if (client_limits_keep(
			narrowing->decoder, &both, &narrowing->both) != 0)
			return -ENOMEM;
		narrowing->done = true;
	}
	*limits = narrowing->both;
	return 0;
}

/* An entry that names a network is nearer than the network. */
static int
narrowing_init(struct narrowing *narrowing, const struct client_limits *entry,
    const struct network *network)
{
	struct client_limits far = network->narrowed;

	if (entry)
		far = client_limits_nearest(entry, &network->narrowed);
	return client_limits_keep(narrowing->decoder, &far, &narrowing->far);
}

/* What an entry says of a network goes for each of its ranges. */
static struct range
range_under(struct range range, const struct range *entry)
{
	if (entry->until < range.until)
		range.until = entry->until;
	if (range.comment == NULL)
		range.comment = entry->comment;
	if (range.owner == NULL)
		range.owner = entry->owner;
	return range;
}

/* Whether a list is one name and nothing else. */
static bool
shares(const struct range_list *list)
{
	struct range entry;

	if (list->count != 1)
		return false;
	entry = range_get(list, 0);
	return is_reference(&entry) && entry.comment == NULL &&
	       entry.owner == NULL && entry.limits == NULL &&
	       entry.until == UNTIL_FOREVER;
}

/* Copies a list with its references replaced. */
static int
list_expand(struct decoder *decoder, struct range_list *list)
{
	struct loading *loading = decoder->ctx;
	struct range_maker *maker = &loading->ranges;
	size_t i, j;
	int error = 0;

	for (i = 0; i < list->count && error == 0; i++) {
		struct range entry = range_get(list, i), under;
		struct narrowing narrowing = { .decoder = decoder };
		const struct network *network;

		if (!is_reference(&entry)) {
			error = range_add(maker, &entry);
			continue;
		}
		network = network_find(loading, entry.network);
		error = narrowing_init(&narrowing, entry.limits, network);
		for (j = 0; j < network->ranges.count && error == 0; j++) {
			under =
			    range_under(range_get(&network->ranges, j), &entry);
			error = limits_combine(&narrowing, &under.limits);
			if (error == 0)
				error = range_add(maker, &under);
		}
	}
	if (error == 0)
		error = range_made(maker, decoder->arena, list);
	return error;
}

static int
list_resolve(struct decoder *decoder, struct range_list *list)
{
	const struct loading *loading = decoder->ctx;
	const struct network *network = NULL;
	size_t i, references = 0;
	bool shared = shares(list);
	int result = 0;

	for (i = 0; i < list->count && result != -ENOMEM; i++) {
		struct range entry;

		if (range_clients(list, i).first.family != FAMILY_NONE)
			continue;
		entry = range_get(list, i);
		if (!is_reference(&entry))
			continue;
		references++;
		network = network_find(loading, entry.network);
		if (network == NULL) {
			unknown_network(decoder, &entry);
			result = -EINVAL;
			continue;
		}
		if (!shared && ranges_spend(decoder, network->ranges.count,
				   entry.where) != 0)
			return -EINVAL;
	}
	if (result != 0 || references == 0)
		return result;
	if (shared) {
		list->pack = network->ranges.pack;
		list->count = network->ranges.count;
		return 0;
	}
	return list_expand(decoder, list);
}

/* A network holds addresses only; each is told whose it is. */
static int
network_close(struct decoder *decoder, struct network *network)
{
	size_t i;
	int result = 0;

	for (i = 0; i < network->ranges.count; i++) {
		struct range range;

		if (range_clients(&network->ranges, i).first.family !=
		    FAMILY_NONE)
			continue;
		range = range_get(&network->ranges, i);
		if (!is_reference(&range))
			continue;
		complain(decoder->complaints, "E-NETWORK", range.where,
		    "\"%s\" is not an address, and a network cannot hold "
		    "another; write its ranges",
		    range.network);
		result = -EINVAL;
	}
	range_list_name(&network->ranges, network->name);
	return result;
}

/* For lists that share the network's ranges. Entries that name the network
 * have been nearer. */
static int
network_narrow(struct decoder *decoder, struct network *network)
{
	struct narrowing narrowing = { .decoder = decoder };
	int error = narrowing_init(&narrowing, NULL, network);

	if (error == 0)
		error = range_list_map_limits(
		    &network->ranges, limits_combine, &narrowing);
	return error;
}

/* Limits are of clients of a connector. */
static int
list_unlimited(struct decoder *decoder, const struct range_list *list)
{
	struct where where;

	if (!range_list_limited(list, &where))
		return 0;
	complain(decoder->complaints, "E-CONFLICT", where,
	    "allowed_senders, allowed_recipients and message_quota limit "
	    "clients of a connector; write them there, and remove them here");
	return -EINVAL;
}

int
networks_resolve(struct decoder *decoder)
{
	struct policy *policy = ((struct loading *)decoder->ctx)->policy;
	struct range_list *const lists[] = {
		&policy->ip_allow_list,
		&policy->ip_block_list,
		&policy->exchange_servers.remote_ip_ranges,
		&policy->exchange_legacy_servers.remote_ip_ranges,
	};
	int result = networks_index(decoder), status = 0;
	size_t i;

	if (result == -ENOMEM)
		return result;
	for (i = 0; i < policy->nnetworks; i++)
		if (network_close(decoder, &policy->networks[i]) != 0)
			result = -EINVAL;
	for (i = 0; i < policy->nconnectors && status != -ENOMEM; i++) {
		status = list_resolve(
		    decoder, &policy->connectors[i].remote_ip_ranges);
		result = status != 0 ? status : result;
	}
	for (i = 0; i < COUNT(lists) && status != -ENOMEM; i++) {
		if (list_unlimited(decoder, lists[i]) != 0)
			result = -EINVAL;
		status = list_resolve(decoder, lists[i]);
		result = status != 0 ? status : result;
	}
	for (i = 0; i < policy->nnever && status != -ENOMEM; i++) {
		if (list_unlimited(decoder, &policy->never[i].ranges) != 0)
			result = -EINVAL;
		status = list_resolve(decoder, &policy->never[i].ranges);
		result = status != 0 ? status : result;
	}
	for (i = 0; i < policy->nnetworks && result == 0; i++)
		result = network_narrow(decoder, &policy->networks[i]);
	return result;
}
