/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff - the comparison of two policies against a linear scan.
 *
 * usage: oracle_diff [--all | SEED [COUNT]]
 *
 * Makes random policies and changes each as an admin would, or takes another
 * one. At every address where any range of the two begins or ends, and at
 * every listener, what the engine says was gained and lost must be what
 * naive.c finds as each principal; and the word for it all must be true of
 * every way to prove oneself, today and tomorrow. To take a range away must
 * give relay only by a wider range; some policies are cut off at every byte
 * and must be refused. --all takes twenty times as many. The
 * first difference ends it, with both policies; exit status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "diff.h"

#define BIT(x) (UINT32_C(1) << (x))

enum {
	POLICIES = 1000,
	CUTS_MAX = 1600,
	ALL = 20,
	SERVERS = 3, /* no certificate of a server, or that of one */
	WAYS = 4 * SERVERS,
	DAYS = 2,
	CUT_EACH = 100
};

struct trial {
	uint64_t seed;
	struct model models[2][DAYS]; /* old and new */
	char *texts[2];
	struct ruleset *rulesets[2];
	struct difference *difference;
	int node; /* that lost a range, or -1 */
	struct span removed;
	number cuts[2][CUTS_MAX];
	int ncuts[2];
	unsigned relation; /* that the pencil found */
	bool otherwise;    /* something differs */
	bool new_relay;
};

static uint64_t pairs, refused, equivalent, removals, cuts;

static void
differ(const struct trial *t, bool ipv6, number client, struct place place,
    const char *what)
{
	printf("seed %llu: %s\nclient %s%016llx%016llx, local %d, port %d\n"
	       "%s\nOLD\n%sNEW\n%s",
	    (unsigned long long)t->seed, what, ipv6 ? "IPv6 " : "IPv4 ",
	    (unsigned long long)(client >> 64), (unsigned long long)client,
	    place.local, place.port,
	    t->difference != NULL ? difference_summary(t->difference) : "",
	    t->texts[0], t->texts[1]);
	exit(1);
}

static struct netaddr
address(bool ipv6, number n)
{
	return (struct netaddr){ .family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4,
		.hi = (uint64_t)(n >> 64),
		.lo = (uint64_t)n };
}

/* ---- What a pencil finds --------------------------------------------- */

/* How a client stands, each way it could prove itself. */
struct stand {
	int chosen;
	principal_set base;
	bool partner, allowed, monitor;
	bool taken[SERVERS]; /* the certificate */
	right_set held[WAYS], usable[WAYS], denied[WAYS];
};

static const enum cert server_certs[SERVERS] = { CERT_NONE, CERT_HUB,
	CERT_OLD };

static bool
on_list(const struct spans *spans, bool ipv6, number client)
{
	for (int i = 0; i < spans->count; i++) {
		const struct span *span = &spans->items[i];

		if (!span->expired && span->ipv6 == ipv6 &&
		    span->first <= client && client <= span->last)
			return true;
	}
	return false;
}

static right_set
denied_of(const struct node *node, principal_set who)
{
	right_set denied = 0;

	for (int i = 0; i < node->nextended; i++)
		if (node->extended[i].deny &&
		    (who & BIT(node->extended[i].principal)) != 0)
			denied |= BIT(node->extended[i].right);
	return denied;
}

static struct stand
stand_of(
    const struct model *model, bool ipv6, number client, struct place place)
{
	struct stand s = {
		.chosen = naive_choose(model, ipv6, client, place),
		.allowed = on_list(&model->allow, ipv6, client),
	};
	const struct node *node =
	    s.chosen >= 0 ? &model->nodes[s.chosen] : NULL;
	bool blocked = naive_blocked(model, ipv6, client);

	s.base = naive_base(model, s.chosen, ipv6, client);
	if (node == NULL)
		return s;
	s.partner = node->partner;
	s.monitor = node->monitor;
	for (int i = 0; i < SERVERS; i++)
		s.taken[i] = naive_principals(model, s.chosen, ipv6, client,
				 server_certs[i], false) != s.base;
	for (int way = 0; way < WAYS; way++) {
		principal_set who = naive_principals(model, s.chosen, ipv6,
		    client, server_certs[way / 4], (way & 1) != 0);
		right_set needed = BIT(RIGHT_SUBMIT);

		if ((way & 2) != 0 && s.partner)
			who |= BIT(PRINCIPAL_PARTNER);
		if (blocked)
			needed |= BIT(RIGHT_BYPASS_ANTI_SPAM);
		s.held[way] = naive_rights(node, who);
		s.usable[way] =
		    (s.held[way] & needed) == needed ? s.held[way] : 0;
		s.denied[way] = denied_of(node, who);
	}
	return s;
}

/* What a client may use as one principal; as connectorctl who has it. */
static right_set
usable_as(const struct stand *s, enum principal as)
{
	if (s->chosen < 0)
		return 0;
	if (as == PRINCIPAL_AUTHENTICATED)
		return s->usable[1];
	if (as == PRINCIPAL_PARTNER)
		return s->partner ? s->usable[2] : 0;
	return s->base == BIT(as) ? s->usable[0] : 0;
}

/* What a client may use with the certificate of a server alone; one that is a
 * server by its address in either policy is told of as that. */
static right_set
usable_with(const struct stand *s, const struct stand *other, unsigned p)
{
	int way = p == PRINCIPAL_EXCHANGE_SERVER ? 4
		  : p == PRINCIPAL_LEGACY_SERVER ? 8
						 : 0;

	if (way == 0 || s->chosen < 0 || !s->taken[way / 4] ||
	    (s->base | other->base) != BIT(PRINCIPAL_ANONYMOUS))
		return 0;
	return s->usable[way];
}

static bool
relays(const struct stand *s)
{
	return ((usable_as(s, PRINCIPAL_ANONYMOUS) |
		    usable_as(s, PRINCIPAL_EXTERNALLY_SECURED)) &
		   BIT(RIGHT_ANY_RECIPIENT)) != 0;
}

/* ---- What the engine says -------------------------------------------- */

/* The listener of either policy that a place belongs to. */
static bool
is_listener(
    const struct trial *t, const struct listener *listener, struct place place)
{
	bool other[2];
	struct place views[2] = { naive_view(
				      &t->models[0][0], place, &other[0]),
		naive_view(&t->models[1][0], place, &other[1]) };
	struct place view = views[0].local >= 0 ? views[0] : views[1];

	if (listener == NULL)
		return true;
	if (other[0] && other[1])
		return listener->addr.family == FAMILY_NONE;
	return listener->addr.family ==
		   (place.ipv6 ? FAMILY_IPV6 : FAMILY_IPV4) &&
	       ((number)listener->addr.hi << 64 | listener->addr.lo) ==
		   (view.local < 0 ? 0 : local_number(view.ipv6, view.local)) &&
	       listener->port == port_number(view.port);
}

/* What was gained and lost as each principal by what the engine says. */
static void
said(const struct trial *t, bool ipv6, number client, struct place place,
    bool certificate, right_set gained[PRINCIPAL_COUNT],
    right_set lost[PRINCIPAL_COUNT])
{
	struct netaddr addr = address(ipv6, client);
	struct changed c;

	for (size_t i = 0; difference_change(t->difference, i, &c); i++) {
		if (!netrange_holds(&c.clients, &addr) ||
		    !is_listener(t, c.listener, place))
			continue;
		for (unsigned p = 0; p < PRINCIPAL_COUNT; p++) {
			if (c.as != BIT(p) || c.certificate != certificate)
				continue;
			if (((gained[p] | lost[p]) & (c.gained | c.lost)) != 0)
				differ(t, ipv6, client, place, "said twice");
			gained[p] |= c.gained;
			lost[p] |= c.lost;
		}
	}
}

static void
check_said(const struct trial *t, bool ipv6, number client, struct place place,
    const struct stand *was, const struct stand *is)
{
	for (int certificate = 0; certificate < 2; certificate++) {
		right_set gained[PRINCIPAL_COUNT] = { 0 };
		right_set lost[PRINCIPAL_COUNT] = { 0 };

		said(t, ipv6, client, place, certificate == 1, gained, lost);
		for (unsigned p = 0; p < PRINCIPAL_COUNT; p++) {
			right_set older =
			    certificate == 1
				? usable_with(was, is, p)
				: usable_as(was, (enum principal)p);
			right_set newer =
			    certificate == 1 ? usable_with(is, was, p)
					     : usable_as(is, (enum principal)p);

			if (gained[p] != (newer & ~older) ||
			    lost[p] != (older & ~newer))
				differ(t, ipv6, client, place,
				    principal_name((enum principal)p));
		}
	}
}

/* ---- The word -------------------------------------------------------- */

static void
note(struct trial *t, const struct stand *was, const struct stand *is)
{
	t->new_relay |= relays(is) && !relays(was);
	t->otherwise |= (was->chosen < 0) != (is->chosen < 0) ||
			was->base != is->base || was->monitor != is->monitor ||
			was->allowed != is->allowed ||
			(was->chosen >= 0 && is->chosen >= 0 &&
			    was->partner != is->partner);
	for (int way = 0; way < WAYS; way++) {
		if ((is->usable[way] & ~was->usable[way]) != 0)
			t->relation |= RELATION_WIDER;
		if ((was->usable[way] & ~is->usable[way]) != 0)
			t->relation |= RELATION_NARROWER;
		t->otherwise |= is->held[way] != was->held[way] ||
				is->usable[way] != was->usable[way];
	}
}

/* A deny is felt even where the right is not held: a sender who logged in is
 * judged by it alone. So these may differ though no right does. */
static bool
denies_differ(const struct stand *was, const struct stand *is)
{
	return memcmp(was->denied, is->denied, sizeof was->denied) != 0;
}

/* Whoever relays now because a range is gone has a wider one. */
static void
check_removal(const struct trial *t, bool ipv6, number client,
    struct place place, const struct stand *was, const struct stand *is)
{
	const struct span *removed = &t->removed;
	const struct spans *ranges;
	number size = removed->last - removed->first;

	if (t->node < 0 || !relays(is) || relays(was))
		return;
	ranges = &t->models[1][0].nodes[is->chosen].ranges;
	if (was->chosen != t->node || removed->ipv6 != ipv6 ||
	    client < removed->first || client > removed->last)
		differ(t, ipv6, client, place, "relays by a removed range");
	for (int i = 0; i < ranges->count; i++) {
		const struct span *span = &ranges->items[i];

		if (!span->expired && span->ipv6 == ipv6 &&
		    span->first <= client && client <= span->last &&
		    span->last - span->first < size)
			differ(t, ipv6, client, place, "not by a wider range");
	}
}

/* How connectors part a listener's clients, and the names of servers that no
 * connector takes, are told of though nobody feels them. */
static void
check_word(const struct trial *t, bool denies)
{
	unsigned said = difference_relation(t->difference);
	const struct setting *setting;
	bool splits = false;
	const struct place nowhere = { 0 };

	for (size_t i = 0;
	     (setting = difference_setting(t->difference, i)) != NULL; i++)
		splits |= strcmp(setting->key, "connectors") == 0 ||
			  strncmp(setting->key, "exchange_", 9) == 0;
	if ((t->relation & ~said) != 0)
		differ(t, false, 0, nowhere, "the word is too weak");
	if (said == RELATION_EQUIVALENT && t->otherwise)
		differ(t, false, 0, nowhere, "not equivalent");
	if (said != RELATION_EQUIVALENT && !t->otherwise && !splits && !denies)
		differ(t, false, 0, nowhere, "equivalent");
	if (difference_new_relay(t->difference) != t->new_relay)
		differ(t, false, 0, nowhere, "new relay");
	equivalent += said == RELATION_EQUIVALENT;
}

/* ---- Two policies ---------------------------------------------------- */

static int
compare_numbers(const void *left, const void *right)
{
	const number *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void
add_cuts(struct trial *t, const struct spans *spans)
{
	for (int i = 0; i < spans->count; i++) {
		const struct span *span = &spans->items[i];
		number top = span->ipv6 ? ~(number)0 : UINT32_MAX;
		int *count = &t->ncuts[span->ipv6];

		t->cuts[span->ipv6][(*count)++] = span->first;
		t->cuts[span->ipv6][(*count)++] = span->last;
		if (span->last != top)
			t->cuts[span->ipv6][(*count)++] = span->last + 1;
	}
}

static void
make_cuts(struct trial *t)
{
	for (int f = 0; f < 2; f++)
		t->cuts[f][t->ncuts[f]++] = 0;
	for (int m = 0; m < 2; m++) {
		const struct model *model = &t->models[m][0];

		for (int i = 0; i < model->count; i++)
			add_cuts(t, &model->nodes[i].ranges);
		add_cuts(t, &model->exchange);
		add_cuts(t, &model->legacy);
		add_cuts(t, &model->allow);
		add_cuts(t, &model->block);
	}
	for (int f = 0; f < 2; f++) {
		int kept = 0;

		qsort(t->cuts[f], (size_t)t->ncuts[f], sizeof t->cuts[f][0],
		    compare_numbers);
		for (int i = 0; i < t->ncuts[f]; i++)
			if (kept == 0 || t->cuts[f][kept - 1] != t->cuts[f][i])
				t->cuts[f][kept++] = t->cuts[f][i];
		t->ncuts[f] = kept;
	}
}

static void
check_client(struct trial *t, bool ipv6, number client, bool *denies)
{
	for (int p = 0; p < LOCALS * PORTS; p++) {
		struct place place = { ipv6, p % LOCALS, p / LOCALS };

		for (int day = 0; day < DAYS; day++) {
			struct stand was =
			    stand_of(&t->models[0][day], ipv6, client, place);
			struct stand is =
			    stand_of(&t->models[1][day], ipv6, client, place);

			note(t, &was, &is);
			*denies |= denies_differ(&was, &is);
			if (day > 0)
				continue;
			check_said(t, ipv6, client, place, &was, &is);
			check_removal(t, ipv6, client, place, &was, &is);
		}
	}
	pairs++;
}

static int
text_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	(void)path;
	*len = strlen(ctx);
	if (*len > max)
		return -EFBIG;
	*text = strdup(ctx);
	return *text != NULL ? 0 : -ENOMEM;
}

static bool
load_text(char *text, struct ruleset **ruleset)
{
	struct diagnostics *list = diagnostics_new();
	struct reader reader = { .ctx = text, .read = text_read };
	int rc = ruleset_load(
	    &reader, "policy.yaml", "mx.contoso.com", ruleset, list);

	diagnostics_free(list);
	return rc == 0;
}

static bool
load(struct trial *t, int m)
{
	size_t size;
	FILE *out = open_memstream(&t->texts[m], &size);

	model_print(&t->models[m][0], out);
	fclose(out);
	return load_text(t->texts[m], &t->rulesets[m]);
}

/* With an end marker nothing that was cut off is taken for a policy. */
static void
check_cuts(const struct trial *t)
{
	struct ruleset *ruleset = NULL;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("end_marker: true\n", out);
	model_print(&t->models[0][0], out);
	fputs("...\n", out);
	fclose(out);
	if (!load_text(text, &ruleset))
		differ(t, false, 0, (struct place){ 0 }, "end marker");
	ruleset_unref(ruleset);
	while (--size > 0) {
		text[size] = '\0';
		if (load_text(text, &ruleset))
			differ(t, false, 0, (struct place){ 0 }, "cut off");
		cuts++;
	}
	free(text);
}

static void
compare(struct trial *t)
{
	bool denies = false;

	if (difference_find(
		t->rulesets[0], t->rulesets[1], NOW, &t->difference) != 0)
		differ(t, false, 0, (struct place){ 0 }, "fails");
	make_cuts(t);
	for (int f = 0; f < 2; f++)
		for (int i = 0; i < t->ncuts[f]; i++)
			check_client(t, f == 1, t->cuts[f][i], &denies);
	check_word(t, denies);
	removals += t->node >= 0;
	difference_free(t->difference);
	t->difference = NULL;
	if (t->seed % CUT_EACH == 0)
		check_cuts(t);
}

static void
try(uint64_t seed)
{
	struct trial *t = calloc(1, sizeof *t);
	struct random random = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	int count;

	t->seed = seed;
	t->node = -1;
	model_make(&t->models[0][0], &random);
	t->models[1][0] = t->models[0][0];
	count = (int)random_below(&random, 4);
	if (count == 3 && random_below(&random, 2) == 0)
		model_make(&t->models[1][0], &random);
	else
		for (int i = 0; i < count; i++)
			model_change(
			    &t->models[1][0], &random, &t->node, &t->removed);
	t->node = count == 1 ? t->node : -1;
	for (int m = 0; m < 2; m++) {
		t->models[m][1] = t->models[m][0];
		model_sleep(&t->models[m][1]);
	}
	if (load(t, 0) && load(t, 1))
		compare(t);
	else
		refused++;
	for (int m = 0; m < 2; m++) {
		ruleset_unref(t->rulesets[m]);
		free(t->texts[m]);
	}
	free(t);
}

int
main(int argc, char **argv)
{
	struct seeds seeds = seeds_asked(argc, argv, POLICIES, ALL);

	for (uint64_t i = 0; i < seeds.count; i++)
		try(seeds.first + i);
	printf("%llu pairs of policies, %llu of them refused, %llu "
	       "equivalent, %llu with a range less; %llu pairs of those and "
	       "address; %llu cuts\n",
	    (unsigned long long)seeds.count, (unsigned long long)refused,
	    (unsigned long long)equivalent, (unsigned long long)removals,
	    (unsigned long long)pairs, (unsigned long long)cuts);
	return 0;
}
