/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * missed - the nearest miss against a linear scan.
 *
 * usage: oracle_missed [--all | SEED [COUNT]]
 *
 * Makes random policies, and asks for clients that are refused what edit
 * would let them pass. The pencil makes the first edit that is proposed: the
 * policy must load, the client pass, and as many others gain as was said.
 * Where others gain or nothing is proposed, the pencil tries every edit of the
 * same kinds, and none may let fewer others pass. The first difference ends
 * it, with the seed and the policy; exit status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "model.h"

#define BIT(x) (UINT32_C(1) << (x))

enum { POLICIES = 600, ALL = 10, ASKED = 8, CUTS_MAX = 1200 };

struct trial {
	uint64_t seed;
	struct model model;
	char *text;
	struct ruleset *ruleset;
	number cuts[2][CUTS_MAX]; /* by family, sorted */
	int ncuts[2];
	/* Who is asked about. */
	bool ipv6;
	number client;
	struct place place;
	bool mail; /* MAIL is what is refused, else RCPT */
	int chosen;
};

/* A policy with one edit. */
struct edited {
	struct model model;
	bool accepts; /* the recipient's domain */
};

static uint64_t refusals, proposed, strangers, tried;

static struct netaddr
address(bool ipv6, number n)
{
	return (struct netaddr){ .family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4,
		.hi = (uint64_t)(n >> 64),
		.lo = (uint64_t)n };
}

static number
number_of(const struct netaddr *addr)
{
	return (number)addr->hi << 64 | addr->lo;
}

static void
differ(const struct trial *t, const char *what, const struct missed *missed)
{
	struct netaddr addr = address(t->ipv6, t->client);
	char text[NETADDR_TEXT_SIZE];

	printf("seed %llu: %s\nclient %s, local %d, port %d, %s refused\n",
	    (unsigned long long)t->seed, what, netaddr_format(&addr, text),
	    t->place.local, t->place.port, t->mail ? "MAIL" : "RCPT");
	if (missed)
		printf("%s: %s, %s, also %s\n",
		    missed->connector ? missed->connector : "-",
		    missed->because, missed->edit, missed->would_also_allow);
	printf("%s", t->text);
	exit(1);
}

/* ---- What passes ----------------------------------------------------- */

static bool
passes(const struct model *model, bool accepts, bool mail, bool ipv6,
    number client, struct place place)
{
	int chosen = naive_choose(model, ipv6, client, place);
	right_set rights;

	if (chosen < 0)
		return false;
	rights = naive_rights(
	    &model->nodes[chosen], naive_base(model, chosen, ipv6, client));
	if ((rights & BIT(RIGHT_SUBMIT)) == 0 || mail)
		return (rights & BIT(RIGHT_SUBMIT)) != 0;
	if (naive_blocked(model, ipv6, client) &&
	    (rights & BIT(RIGHT_BYPASS_ANTI_SPAM)) == 0)
		return false;
	return accepts || (rights & BIT(RIGHT_ANY_RECIPIENT)) != 0;
}

static bool
gains(const struct trial *t, const struct edited *edited, bool ipv6,
    number client)
{
	for (int i = 0; i < LOCALS * PORTS; i++) {
		struct place place = { ipv6, i % LOCALS, i / LOCALS };

		if (!passes(&t->model, false, t->mail, ipv6, client, place) &&
		    passes(&edited->model, edited->accepts, t->mail, ipv6,
			client, place))
			return true;
	}
	return false;
}

/* All others who gain; between two cuts all clients are alike. */
static struct address_count
others(const struct trial *t, const struct edited *edited)
{
	struct address_count count = { { 0 } };

	for (int f = 0; f < 2; f++)
		for (int i = 0; i < t->ncuts[f]; i++) {
			number first = t->cuts[f][i];
			number last = i + 1 < t->ncuts[f]
					  ? t->cuts[f][i + 1] - 1
				      : f == 1 ? ~(number)0
					       : UINT32_MAX;

			if ((f == 1) == t->ipv6 && first == t->client)
				continue;
			if (gains(t, edited, f == 1, first))
				address_count_add(&count,
				    &(struct netrange){
					.first = address(f == 1, first),
					.last = address(f == 1, last) });
		}
	return count;
}

static bool
is_fewer(const struct address_count *a, const struct address_count *b)
{
	for (int i = 3; i-- > 0;)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i];
	return false;
}

static bool
helps(const struct trial *t, const struct edited *edited)
{
	return !naive_refused(&edited->model) &&
	       passes(&edited->model, edited->accepts, t->mail, t->ipv6,
		   t->client, t->place);
}

/* ---- Edits ----------------------------------------------------------- */

static bool
is_span(const struct span *span, bool ipv6, number first, number last)
{
	return span->ipv6 == ipv6 && span->first == first && span->last == last;
}

static bool
edit_add(const struct trial *t, struct edited *edited, int node)
{
	struct spans *spans = &edited->model.nodes[node].ranges;

	if (spans->count == RANGES_MAX)
		return false;
	spans->items[spans->count++] = (struct span){ .ipv6 = t->ipv6,
		.first = t->client,
		.last = t->client,
		.prefix = -1 };
	return true;
}

static bool
edit_remove(struct spans *spans, int i)
{
	if (spans->count == 1)
		return false;
	spans->items[i] = spans->items[--spans->count];
	return true;
}

static bool
edit_move(const struct trial *t, struct edited *edited, int node, int from)
{
	struct spans *spans = &edited->model.nodes[from].ranges;

	for (int i = 0; i < spans->count; i++)
		if (is_span(&spans->items[i], t->ipv6, t->client, t->client))
			return edit_remove(spans, i) &&
			       edit_add(t, edited, node);
	return false;
}

static bool
edit_extend(const struct trial *t, struct edited *edited, int node, int i)
{
	struct span *span = &edited->model.nodes[node].ranges.items[i];

	if (span->ipv6 != t->ipv6)
		return false;
	if (t->client < span->first)
		span->first = t->client;
	else if (t->client > span->last)
		span->last = t->client;
	else
		return false;
	return true;
}

static bool
edit_allow(
    struct edited *edited, int node, enum principal principal, enum right right)
{
	struct node *to = &edited->model.nodes[node];

	if (to->nextended == EXTENDED_MAX)
		return false;
	to->extended[to->nextended++] =
	    (struct entry){ principal, false, right };
	return true;
}

static bool
edit_unblock(const struct trial *t, struct edited *edited, int i)
{
	struct spans *block = &edited->model.block;
	struct span whole = block->items[i], above = whole;

	if (whole.ipv6 != t->ipv6 || t->client < whole.first ||
	    t->client > whole.last || block->count == RANGES_MAX)
		return false;
	block->items[i] = block->items[--block->count];
	above.first = t->client + 1;
	if (t->client != whole.last)
		block->items[block->count++] = above;
	whole.last = t->client - 1;
	if (t->client != whole.first && block->count < RANGES_MAX)
		block->items[block->count++] = whole;
	return true;
}

/* ---- What was proposed ----------------------------------------------- */

static int
node_number(const char *name)
{
	return name ? atoi(name + 1) : -1;
}

/* The entry that was named; -1: there is none. */
static int
span_find(const struct spans *spans, const struct netrange *range)
{
	for (int i = 0; i < spans->count; i++)
		if (is_span(&spans->items[i],
			range->first.family == FAMILY_IPV6,
			number_of(&range->first), number_of(&range->last)))
			return i;
	return -1;
}

static bool
edit_rights(struct edited *edited, int node, const char *text)
{
	for (int p = 0; p < PRINCIPAL_COUNT; p++)
		for (int r = 0; r < RIGHT_COUNT; r++) {
			char want[128];

			(void)snprintf(want, sizeof want, "allow %s to %s",
			    right_name((enum right)r),
			    principal_name((enum principal)p));
			if (strcmp(text, want) == 0)
				return edit_allow(edited, node,
				    (enum principal)p, (enum right)r);
		}
	return false;
}

static bool
edit_as_told(
    const struct trial *t, struct edited *edited, const struct missed *missed)
{
	int node = node_number(missed->connector);
	const char *from = strstr(missed->edit, " here from c");

	if (strncmp(missed->edit, "accept ", 7) == 0)
		return edited->accepts = true;
	if (node < 0)
		return edit_unblock(
		    t, edited, span_find(&edited->model.block, &missed->range));
	if (from)
		return edit_move(t, edited, node, atoi(from + 12));
	if (strncmp(missed->edit, "add ", 4) == 0)
		return edit_add(t, edited, node);
	if (strncmp(missed->edit, "extend ", 7) == 0)
		return edit_extend(t, edited, node,
		    span_find(
			&edited->model.nodes[node].ranges, &missed->range));
	return edit_rights(edited, node, missed->edit);
}

/* Whether the model can hold what was told. */
static bool
has_room(const struct trial *t, const struct missed *missed)
{
	int node = node_number(missed->connector);

	return node < 0 || (t->model.nodes[node].ranges.count < RANGES_MAX &&
			       t->model.nodes[node].nextended < EXTENDED_MAX);
}

static struct address_count
check_told(const struct trial *t, const struct missed *missed)
{
	struct edited edited;
	struct address_count count;
	char text[ADDRESS_COUNT_SIZE];

	edited.model = t->model;
	edited.accepts = false;
	if (!edit_as_told(t, &edited, missed))
		differ(t, "the edit cannot be made", missed);
	if (!helps(t, &edited))
		differ(t, "the edit does not help", missed);
	count = others(t, &edited);
	if (strcmp(address_count_format(&count, text),
		missed->would_also_allow) != 0) {
		printf("others: %s\n", text);
		differ(t, "others are counted otherwise", missed);
	}
	return count;
}

/* ---- Every edit ------------------------------------------------------ */

struct best {
	const struct trial *t;
	const struct missed *missed;
	struct address_count told; /* of what was proposed */
};

/* Nothing that helps may let fewer others pass than what was proposed. */
static void
weigh(const struct best *best, const char *what, const struct edited *edited,
    bool made)
{
	struct address_count count;

	tried++;
	if (!made || !helps(best->t, edited))
		return;
	if (!best->missed)
		differ(best->t, what, NULL);
	count = others(best->t, edited);
	if (is_fewer(&count, &best->told)) {
		char text[ADDRESS_COUNT_SIZE];

		printf("%s: %s others\n", what,
		    address_count_format(&count, text));
		differ(best->t, "another edit allows fewer", best->missed);
	}
}

static void
weigh_node(const struct best *best, int node)
{
	const struct trial *t = best->t;
	struct edited edited;
	bool made;

	edited.model = t->model;
	edited.accepts = false;
	made = edit_add(t, &edited, node);
	weigh(best, "adding would help", &edited, made);
	for (int i = 0; i < t->model.nodes[node].ranges.count; i++) {
		edited.model = t->model;
		made = edit_extend(t, &edited, node, i);
		weigh(best, "extending would help", &edited, made);
	}
	for (int from = 0; from < t->model.count; from++) {
		edited.model = t->model;
		made = from != node && edit_move(t, &edited, node, from);
		weigh(best, "moving would help", &edited, made);
	}
}

static void
weigh_all(const struct best *best)
{
	static const enum right rights[] = { RIGHT_SUBMIT, RIGHT_ANY_RECIPIENT,
		RIGHT_BYPASS_ANTI_SPAM };
	const struct trial *t = best->t;
	struct edited edited;
	principal_set who =
	    naive_base(&t->model, t->chosen, t->ipv6, t->client);
	bool made;

	edited.model = t->model;
	edited.accepts = !t->mail;
	weigh(best, "accepting the domain would help", &edited, true);
	edited.accepts = false;
	for (int i = 0; i < t->model.count; i++)
		if (t->model.nodes[i].enabled)
			weigh_node(best, i);
	for (int i = 0; i < t->model.block.count; i++) {
		edited.model = t->model;
		made = edit_unblock(t, &edited, i);
		weigh(best, "unblocking would help", &edited, made);
	}
	for (int i = 0; i < 3 * PRINCIPAL_COUNT && t->chosen >= 0; i++) {
		edited.model = t->model;
		made = (who & BIT(i / 3)) != 0 &&
		       edit_allow(&edited, t->chosen, (enum principal)(i / 3),
			   rights[i % 3]);
		weigh(best, "a right would help", &edited, made);
	}
}

/* ---- A policy -------------------------------------------------------- */

/* Public, and held by nothing but everybody's range. */
static bool
is_stranger(const struct trial *t)
{
	const struct spans *spans;
	number top = t->ipv6 ? ~(number)0 : UINT32_MAX;

	if (!naive_public(t->ipv6, t->client))
		return false;
	if (t->chosen < 0)
		return true;
	spans = &t->model.nodes[t->chosen].ranges;
	for (int i = 0; i < spans->count; i++)
		if (!spans->items[i].expired &&
		    spans->items[i].ipv6 == t->ipv6 &&
		    spans->items[i].first <= t->client &&
		    t->client <= spans->items[i].last &&
		    !is_span(&spans->items[i], t->ipv6, 0, top))
			return false;
	return true;
}

static void
add_cut(struct trial *t, bool ipv6, number cut)
{
	int i = t->ncuts[ipv6]++;

	if (!ipv6)
		cut &= UINT32_MAX;
	for (; i > 0 && t->cuts[ipv6][i - 1] > cut; i--)
		t->cuts[ipv6][i] = t->cuts[ipv6][i - 1];
	t->cuts[ipv6][i] = cut;
	if (i > 0 && t->cuts[ipv6][i - 1] == cut) {
		memmove(&t->cuts[ipv6][i], &t->cuts[ipv6][i + 1],
		    (size_t)(t->ncuts[ipv6] - i - 1) * sizeof cut);
		t->ncuts[ipv6]--;
	}
}

static void
add_spans(struct trial *t, const struct spans *spans)
{
	for (int i = 0; i < spans->count; i++) {
		add_cut(t, spans->items[i].ipv6, spans->items[i].first);
		add_cut(t, spans->items[i].ipv6, spans->items[i].last + 1);
	}
}

static void
make_cuts(struct trial *t)
{
	t->ncuts[0] = t->ncuts[1] = 0;
	add_cut(t, false, 0);
	add_cut(t, true, 0);
	for (int i = 0; i < t->model.count; i++)
		add_spans(t, &t->model.nodes[i].ranges);
	add_spans(t, &t->model.exchange);
	add_spans(t, &t->model.legacy);
	add_spans(t, &t->model.allow);
	add_spans(t, &t->model.block);
	add_cut(t, t->ipv6, t->client);
	add_cut(t, t->ipv6, t->client + 1);
}

static void
check_misses(struct trial *t)
{
	struct probe probe = {
		.client = address(t->ipv6, t->client),
		.local = { address(
			       t->ipv6, local_number(t->ipv6, t->place.local)),
		    (uint16_t)port_number(t->place.port) },
		.rcpt = "kate@fabrikam.com",
		.at = NOW,
	};
	struct best best = { .t = t };
	struct misses *misses;

	if (misses_find(t->ruleset, &probe, &misses) != 0)
		differ(t, "out of memory", NULL);
	best.missed = misses_get(misses, 0);
	refusals++;
	if (best.missed && !has_room(t, best.missed)) {
		misses_free(misses);
		return;
	}
	if (best.missed) {
		proposed++;
		best.told = check_told(t, best.missed);
	}
	if (is_stranger(t))
		strangers++;
	else if (!best.missed ||
		 strcmp(best.missed->would_also_allow, "0") != 0)
		weigh_all(&best);
	misses_free(misses);
}

static void
ask(struct trial *t, struct random *random)
{
	int cut;

	t->ipv6 = random_below(random, 3) == 0;
	cut = (int)random_below(random, (unsigned)t->ncuts[t->ipv6]);
	t->client = t->cuts[t->ipv6][cut] + random_below(random, 4) - 1;
	if (!t->ipv6)
		t->client &= UINT32_MAX;
	else if (t->client >> 32 == 0xffff)
		return;
	t->place = (struct place){ t->ipv6, (int)random_below(random, LOCALS),
		(int)random_below(random, PORTS) };
	t->chosen = naive_choose(&t->model, t->ipv6, t->client, t->place);
	t->mail = !passes(&t->model, false, true, t->ipv6, t->client, t->place);
	if (passes(&t->model, false, false, t->ipv6, t->client, t->place))
		return;
	make_cuts(t);
	check_misses(t);
}

static int
text_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	(void)path;
	*len = strlen(ctx);
	if (*len > max)
		return -EFBIG;
	*text = strdup(ctx);
	return *text ? 0 : -ENOMEM;
}

static void
try(uint64_t seed)
{
	struct trial *t = calloc(1, sizeof *t);
	struct random random = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	struct diagnostics *list = diagnostics_new();
	struct reader reader = { .read = text_read };
	size_t size;
	FILE *out;

	t->seed = seed;
	model_make(&t->model, &random);
	out = open_memstream(&t->text, &size);
	model_print(&t->model, out);
	fclose(out);
	reader.ctx = t->text;
	if (t->model.count <= CONNECTORS_FEW &&
	    ruleset_load(&reader, "policy.yaml", "mx.contoso.com", &t->ruleset,
		list) == 0) {
		make_cuts(t);
		for (int i = 0; i < ASKED; i++)
			ask(t, &random);
	}
	ruleset_unref(t->ruleset);
	diagnostics_free(list);
	free(t->text);
	free(t);
}

int
main(int argc, char **argv)
{
	struct seeds seeds = seeds_asked(argc, argv, POLICIES, ALL);

	for (uint64_t i = 0; i < seeds.count; i++)
		try(seeds.first + i);
	printf("%llu policies; %llu refusals, %llu of strangers; an edit for "
	       "%llu; %llu other edits tried\n",
	    (unsigned long long)seeds.count, (unsigned long long)refusals,
	    (unsigned long long)strangers, (unsigned long long)proposed,
	    (unsigned long long)tried);
	return 0;
}
