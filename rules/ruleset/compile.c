/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compile - a policy to a ruleset.
 *
 * Computes what each connector gives to each principal, finds which
 * connectors compete on which listener, builds their range sets, and hands
 * what was won to exposure.c, which refuses open relays. All that is wrong is
 * said at once; nothing half compiled gets out.
 */
#include "ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address_list.h"
#include "listeners.h"
#include "exposure.h"

enum {
	CONFLICTS_MAX = 20,
	/* Of all contests: those without bindings compete on every port that
	 * another connector names. */
	ENTRIES_MAX = 32000000,
};

/* Two ranges of two connectors that may not stand together. */
struct rule_pair {
	struct slot a, b;
};

struct compile {
	struct ruleset *ruleset;
	struct diagnostics *diagnostics;
	struct rule_pair said[CONFLICTS_MAX]; /* over all contests */
	size_t nsaid;
	uint64_t left; /* entries that contests may still have */
};

/* ---- Rules ----------------------------------------------------------- */

static void
rule_init(struct rule *rule, const struct connector *connector)
{
	enum group group;
	enum principal principal;
	size_t i;

	rule->written = connector;
	rule->mode = connector->mode;
	rule->base = SET_OF(PRINCIPAL_ANONYMOUS);
	if ((connector->auth_mechanism &
		SET_OF(MECHANISM_EXTERNAL_AUTHORITATIVE)) != 0)
		rule->base = SET_OF(PRINCIPAL_EXTERNALLY_SECURED);
	for (group = 0; group < GROUP_COUNT; group++)
		if ((connector->permission_groups & SET_OF(group)) != 0)
			for (principal = 0; principal < PRINCIPAL_COUNT;
			     principal++)
				rule->allowed[principal] |=
				    group_rights(group, principal);
	for (i = 0; i < connector->nextended_rights; i++) {
		const struct extended_right *entry =
		    &connector->extended_rights[i];

		rule->allowed[entry->principal] |= entry->allow;
		rule->denied[entry->principal] |= entry->deny;
	}
}

/* ---- Listeners ------------------------------------------------------- */

/* One view for each address and port that an enabled connector names, and
 * the last for all the others. */
static int
make_views(struct ruleset *ruleset)
{
	const struct policy *policy = ruleset->policy;
	size_t i, j, room = 1, count = 0, kept = 0;

	for (i = 0; i < policy->nconnectors; i++)
		room += policy->connectors[i].nbindings;
	ruleset->views =
	    arena_array(ruleset->arena, room, sizeof(*ruleset->views));
	if (ruleset->views == NULL)
		return -ENOMEM;
	for (i = 0; i < policy->nconnectors; i++) {
		const struct connector *connector = &policy->connectors[i];

		for (j = 0; connector->enabled && j < connector->nbindings; j++)
			ruleset->views[count++] =
			    view_of_binding(&connector->bindings[j]);
	}
	ruleset->views[count++].type = VIEW_ANY;
	qsort(ruleset->views, count, sizeof(*ruleset->views), view_compare);
	for (i = 0; i < count; i++)
		if (i == 0 || view_compare(&ruleset->views[kept - 1],
				  &ruleset->views[i]) != 0)
			ruleset->views[kept++] = ruleset->views[i];
	ruleset->nviews = kept;
	return 0;
}

/* ---- Contests -------------------------------------------------------- */

/* A range as a message names it: what, whose, and where it stands. */
struct named_connector {
	char range[NETRANGE_TEXT_SIZE];
	const char *connector;
	const char *by, *network, *end; /* " (network NAME)", or empty */
	struct where where;
};

/* A range of a network stands where many connectors may use it; the place to
 * look at is then the list that names the network. */
static void
name_range(const struct compile *compile, const struct slot *slot,
    struct named_connector *named)
{
	const struct connector *connector =
	    compile->ruleset->rules[slot->rule].written;
	struct range range =
	    range_get(&connector->remote_ip_ranges, slot->range);
	bool by = range.network != NULL;

	(void)netrange_format(&range.range, named->range);
	named->connector = connector->name;
	named->by = by ? " (network " : "";
	named->network = by ? range.network : "";
	named->end = by ? ")" : "";
	named->where = by ? connector->remote_ip_ranges.where : range.where;
}

static void
say_conflict(struct compile *compile, const struct rule_pair *pair,
    const struct netset_conflict *conflict)
{
	bool tie = conflict->type == NETSET_TIE;
	char client[NETADDR_TEXT_SIZE];
	struct named_connector a, b;

	name_range(compile, &pair->a, &a);
	name_range(compile, &pair->b, &b);
	(void)netaddr_format(&conflict->client, client);
	diagnostics_add(compile->diagnostics, SEVERITY_ERROR,
	    tie ? "E-TIE" : "E-CROSSING", b.where,
	    "%s%s%s%s of connector \"%s\" %s %s%s%s%s of \"%s\" (%s:%u), %s "
	    "client %s: %s",
	    b.range, b.by, b.network, b.end, b.connector,
	    tie ? "is the same range as" : "overlaps", a.range, a.by, a.network,
	    a.end, a.connector, a.where.file, (unsigned)a.where.line,
	    tie ? "so neither is more specific for"
		: "and neither lies inside the other; both hold",
	    client,
	    tie ? "remove one, or give the connectors different bindings"
		: "split one, so that they nest or are apart");
}

static bool
same_slot(const struct slot *a, const struct slot *b)
{
	return a->rule == b->rule && a->range == b->range;
}

/* The same pair may meet on several listeners. */
static bool
already_said(const struct compile *compile, const struct rule_pair *pair)
{
	size_t i;

	for (i = 0; i < compile->nsaid; i++)
		if (same_slot(&compile->said[i].a, &pair->a) &&
		    same_slot(&compile->said[i].b, &pair->b))
			return true;
	return false;
}

static void
say_conflicts(struct compile *compile, const struct contest *contest,
    const struct netset_conflict *conflicts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct rule_pair pair = {
			.a = contest_slot(contest, conflicts[i].a),
			.b = contest_slot(contest, conflicts[i].b),
		};

		if (compile->nsaid == CONFLICTS_MAX ||
		    already_said(compile, &pair))
			continue;
		say_conflict(compile, &pair, &conflicts[i]);
		compile->said[compile->nsaid++] = pair;
		if (compile->nsaid == CONFLICTS_MAX)
			diagnostics_add(compile->diagnostics, SEVERITY_NOTE,
			    "E-LIMIT",
			    (struct where){
				.file = compile->ruleset->policy->file },
			    "there may be more ranges that tie or cross; "
			    "mend these first");
	}
}

static void
say_too_many(struct diagnostics *diagnostics, struct where where)
{
	diagnostics_add(diagnostics, SEVERITY_ERROR, "E-LIMIT", where,
	    "too many ranges, or too many with `until` that hold the same "
	    "addresses: write fewer and larger ranges");
}

static int
say_too_often(struct compile *compile)
{
	const struct policy *policy = compile->ruleset->policy;
	const struct connector *most = NULL;
	size_t i;

	for (i = 0; i < policy->nconnectors; i++) {
		const struct connector *connector = &policy->connectors[i];

		if (connector->enabled && connector->nbindings == 0 &&
		    (most == NULL || most->remote_ip_ranges.count <
					 connector->remote_ip_ranges.count))
			most = connector;
	}
	if (most == NULL)
		most = &policy->connectors[0];
	diagnostics_add(compile->diagnostics, SEVERITY_ERROR, "E-LIMIT",
	    most->where,
	    "connector \"%s\" has no bindings, so its %zu ranges compete on "
	    "every port that another connector names, and that is more than "
	    "%d ranges in all: write the bindings that it is for",
	    most->name, most->remote_ip_ranges.count, ENTRIES_MAX);
	return -EINVAL;
}

/* Gives each that competes in a view a row of entries. */
static int
collect(struct compile *compile, const struct competitors *competitors,
    size_t view, struct contest *contest)
{
	struct ruleset *ruleset = compile->ruleset;
	const struct connector *connectors = ruleset->policy->connectors;
	size_t end = ruleset->policy->nconnectors, i, n = 0, room = 0;

	for (i = 0; (i = competitors_next(competitors, view, i)) < end; i++)
		room++;
	contest->firsts =
	    arena_array(ruleset->arena, room, sizeof(*contest->firsts));
	if (contest->firsts == NULL)
		return -ENOMEM;
	for (i = 0; (i = competitors_next(competitors, view, i)) < end; i++) {
		contest->firsts[contest->nfirsts++] = (struct slot){
			.rule = (uint32_t)i,
			.range = (uint32_t)n,
		};
		n += connectors[i].remote_ip_ranges.count;
	}
	if (n > compile->left)
		return say_too_often(compile);
	compile->left -= n;
	contest->nentries = n;
	return 0;
}

/* What the netset of a contest is made of. */
struct entrants {
	const struct policy *policy;
	const struct contest *contest;
};

static struct netset_entry
entry_of(const struct range_list *list, size_t i, uint32_t owner)
{
	return (struct netset_entry){
		.range = range_clients(list, i),
		.owner = owner,
		.expires = range_expires(list, i),
	};
}

static struct netset_entry
list_entry(const void *ctx, size_t i)
{
	return entry_of(ctx, i, 0);
}

static struct netset_entry
contest_entry(const void *ctx, size_t i)
{
	const struct entrants *entrants = ctx;
	struct slot slot = contest_slot(entrants->contest, i);

	return entry_of(
	    &entrants->policy->connectors[slot.rule].remote_ip_ranges,
	    slot.range, slot.rule);
}

static int
make_contest(struct compile *compile, struct contest *contest)
{
	struct netset_conflict conflicts[CONFLICTS_MAX];
	struct entrants entrants = { .policy = compile->ruleset->policy,
		.contest = contest };
	struct netset_input input = {
		.count = contest->nentries,
		.entry = contest_entry,
		.ctx = &entrants,
	};
	size_t nconflicts = CONFLICTS_MAX;
	int error;

	error = netset_new(&input, &contest->set, conflicts, &nconflicts);
	if (error == -EINVAL) {
		say_conflicts(compile, contest, conflicts, nconflicts);
		error = 0; /* others may have some to say, too */
	} else if (error == -E2BIG) {
		say_too_many(compile->diagnostics,
		    compile->ruleset->policy->connectors[0].where);
	}
	return error;
}

/* Who is asked on an exact listener where those bound to it have no range for
 * the client: whoever would be asked if nobody were bound to it. */
static void
find_fallbacks(struct ruleset *ruleset)
{
	size_t i;

	for (i = 0; i < ruleset->nviews; i++) {
		struct view *view = &ruleset->views[i], like = *view;

		view->fallback = CONTEST_NONE;
		if (view->type != VIEW_EXACT)
			continue;
		like.type = VIEW_PORT;
		view->fallback = view_for(ruleset, &like)->contest;
	}
}

/* One contest for all views in which the same connectors compete. */
static int
share_contests(struct compile *compile, const struct competitors *competitors)
{
	struct ruleset *ruleset = compile->ruleset;
	size_t i;
	int error = competitors_share(competitors, ruleset);

	for (i = 0; i < ruleset->nviews && error == 0; i++) {
		struct view *view = &ruleset->views[i];

		if (view->contest != i) {
			view->contest = ruleset->views[view->contest].contest;
			continue;
		}
		view->contest = (uint32_t)ruleset->ncontests;
		error = collect(compile, competitors, i,
		    &ruleset->contests[ruleset->ncontests++]);
	}
	return error;
}

static int
make_contests(struct compile *compile)
{
	struct ruleset *ruleset = compile->ruleset;
	struct competitors competitors;
	size_t i;
	int error = competitors_find(ruleset, &competitors);

	if (error != 0)
		return error;
	ruleset->contests = arena_array(
	    ruleset->arena, ruleset->nviews, sizeof(*ruleset->contests));
	error = ruleset->contests != NULL
		    ? share_contests(compile, &competitors)
		    : -ENOMEM;
	free(competitors.bits);
	if (error == 0)
		find_fallbacks(ruleset);
	for (i = 0; error == 0 && i < ruleset->ncontests; i++)
		error = make_contest(compile, &ruleset->contests[i]);
	return error;
}

static int
make_list(const struct range_list *list, struct netset **set,
    struct diagnostics *diagnostics)
{
	struct netset_input input = {
		.count = list->count, .entry = list_entry, .ctx = list
	};
	size_t none = 0;
	int error = netset_new(&input, set, NULL, &none);

	if (error == -E2BIG)
		say_too_many(diagnostics, list->where);
	return error;
}

/* ---- The whole ------------------------------------------------------- */

/* Headers always, since stamps replace foreign ones whatever the rights;
 * bodies where their size matters. */
static unsigned
needs_of(const struct policy *policy)
{
	unsigned needs =
	    NEED_HEADERS | (policy->header_from_check ? NEED_FROM : 0);
	size_t i;

	for (i = 0; i < policy->nconnectors; i++)
		if (policy->connectors[i].limits.max_message_size != 0)
			needs |= NEED_BODY;
	return needs;
}

static bool
is_accepted(const void *ctx, const struct accepted_domain *domain)
{
	(void)ctx;
	return domain != NULL;
}

static bool
is_own_sender(const void *ctx, const struct accepted_domain *domain)
{
	return domain_protects_senders(ctx, domain);
}

/* What the address lists let be sent at all. */
static int
make_lists(struct ruleset *ruleset)
{
	const struct policy *policy = ruleset->policy;
	const struct address_list *list = policy->address_lists;
	size_t i;

	ruleset->lists = arena_array(
	    ruleset->arena, policy->naddress_lists, sizeof *ruleset->lists);
	if (!ruleset->lists)
		return -ENOMEM;
	for (; list; list = list->next) {
		struct address_facts *facts = &ruleset->lists[list->number];

		*facts = (struct address_facts){ 0 };
		for (i = 0; i < list->count; i++) {
			facts->null |= list->items[i][0] == '\0';
			address_item_domains(list->items[i], ruleset->domains,
			    policy->accepted_domains, policy->naccepted_domains,
			    list->senders ? is_own_sender : is_accepted, policy,
			    &facts->own, &facts->foreign);
		}
	}
	return 0;
}

static int
fill(struct compile *compile, const char *server)
{
	struct ruleset *ruleset = compile->ruleset;
	const struct policy *policy = ruleset->policy;
	size_t nranges = 0, i;
	int error;

	ruleset->server = policy->server;
	if (ruleset->server == NULL)
		ruleset->server =
		    arena_text(ruleset->arena, server, strlen(server));
	ruleset->rules = arena_array(
	    ruleset->arena, policy->nconnectors, sizeof(*ruleset->rules));
	ruleset->domains =
	    domset_new(policy->accepted_domains, policy->naccepted_domains);
	if (ruleset->server == NULL || ruleset->rules == NULL ||
	    ruleset->domains == NULL || make_lists(ruleset) != 0)
		return -ENOMEM;
	for (i = 0; i < policy->nconnectors; i++) {
		rule_init(&ruleset->rules[i], &policy->connectors[i]);
		ruleset->rules[i].first_range = nranges;
		nranges += policy->connectors[i].remote_ip_ranges.count;
	}
	ruleset->needs = needs_of(policy);
	if ((error = make_list(&policy->ip_allow_list, &ruleset->allow,
		 compile->diagnostics)) != 0 ||
	    (error = make_list(&policy->ip_block_list, &ruleset->block,
		 compile->diagnostics)) != 0 ||
	    (error = make_list(&policy->exchange_servers.remote_ip_ranges,
		 &ruleset->servers, compile->diagnostics)) != 0 ||
	    (error =
		    make_list(&policy->exchange_legacy_servers.remote_ip_ranges,
			&ruleset->legacy_servers, compile->diagnostics)) != 0 ||
	    (error = make_views(ruleset)) != 0 ||
	    (error = make_contests(compile)) != 0)
		return error;
	if (diagnostics_count(compile->diagnostics, SEVERITY_ERROR) != 0)
		return -EINVAL;
	return exposure_check(ruleset, compile->diagnostics);
}

int
ruleset_compile(struct policy *policy, const char *server, struct ruleset **out,
    struct diagnostics *diagnostics)
{
	struct compile compile = {
		.diagnostics = diagnostics,
		.left = ENTRIES_MAX,
	};
	struct where nowhere = { .file = policy->file };
	int error = -ENOMEM;

	compile.ruleset = calloc(1, sizeof(*compile.ruleset));
	if (compile.ruleset != NULL) {
		compile.ruleset->policy = policy;
		atomic_init(&compile.ruleset->references, 1);
		compile.ruleset->arena = arena_new(0);
		if (compile.ruleset->arena != NULL)
			error = fill(&compile, server);
	}
	if (error == -ENOMEM)
		diagnostics_add(diagnostics, SEVERITY_ERROR, "E-MEMORY",
		    nowhere, "out of memory while compiling the policy");
	if (error != 0) {
		if (compile.ruleset == NULL)
			policy_free(policy);
		ruleset_free(compile.ruleset);
		return error;
	}
	*out = compile.ruleset;
	return 0;
}
