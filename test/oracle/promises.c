/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * promises - the key never against a linear scan.
 *
 * usage: oracle_never [--all | SEED [COUNT]]
 *
 * Makes random policies with one random line of never each, and looks at every
 * client where any range or the line's own begins or ends, at every listener,
 * while entries still take part that have ended since, today, and tomorrow.
 * The policy must be refused where naive.c finds a client of whom the line is
 * true, and only there; and the line must be true of the client that the error
 * shows. The first difference ends it, with the seed and the policy; exit
 * status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define BIT(x) (UINT32_C(1) << (x))

enum {
	POLICIES = 4000,
	ALL = 25,
	TIMES = 3,
	PREDICATES = 5,
	POINTS_MAX = 4096,
};

/* One line of never. */
struct line {
	enum { OF_EVERYONE, OF_PUBLIC, OF_SPAN } subject;
	struct span span;
	int predicate; /* in the order of print_line() */
	enum right right;
};

struct trial {
	uint64_t seed;
	struct model models[TIMES]; /* the same policy, as time goes on */
	struct line line;
	char *text;
	struct {
		bool ipv6;
		number client;
	} points[POINTS_MAX];
	int npoints;
};

static uint64_t refused, broken, held, pairs;

static void
differ(const struct trial *t, const char *what, const char *message)
{
	printf("seed %llu: %s: %s\n%s", (unsigned long long)t->seed, what,
	    message, t->text);
	exit(1);
}

/* ---- What the line says ---------------------------------------------- */

/* The rights of a client, 0 if it is refused. */
static right_set
usable(const struct model *model, bool ipv6, number client, struct place place,
    principal_set *who)
{
	int chosen = naive_choose(model, ipv6, client, place);
	right_set rights;

	*who = 0;
	if (chosen < 0)
		return 0;
	*who = naive_base(model, chosen, ipv6, client);
	rights = naive_rights(&model->nodes[chosen], *who);
	if ((rights & BIT(RIGHT_SUBMIT)) == 0 ||
	    (naive_blocked(model, ipv6, client) &&
		(rights & BIT(RIGHT_BYPASS_ANTI_SPAM)) == 0))
		return 0;
	return rights;
}

static bool
is_true(const struct trial *t, int when, bool ipv6, number client,
    struct place place)
{
	principal_set who;
	right_set rights = usable(&t->models[when], ipv6, client, place, &who);

	switch (t->line.predicate) {
	case 0:
		return (rights & BIT(RIGHT_ANY_RECIPIENT)) != 0;
	case 1:
		return (who & BIT(PRINCIPAL_EXTERNALLY_SECURED)) != 0;
	case 2:
		return (rights & BIT(t->line.right)) != 0;
	case 3:
		return (rights & BIT(RIGHT_AUTHORITATIVE_DOMAIN_SENDER)) != 0;
	default:
		return (rights & BIT(RIGHT_HEADERS_ORGANIZATION)) != 0;
	}
}

static bool
is_meant(const struct line *line, bool ipv6, number client)
{
	if (line->subject == OF_PUBLIC)
		return naive_public(ipv6, client);
	return line->subject == OF_EVERYONE ||
	       (line->span.ipv6 == ipv6 && line->span.first <= client &&
		   client <= line->span.last);
}

static bool
is_broken_by(const struct trial *t, bool ipv6, number client)
{
	if (!is_meant(&t->line, ipv6, client))
		return false;
	for (int i = 0; i < TIMES * LOCALS * PORTS; i++)
		if (is_true(t, i / (LOCALS * PORTS), ipv6, client,
			(struct place){ ipv6, i % LOCALS, i / LOCALS % PORTS }))
			return true;
	return false;
}

/* ---- Clients --------------------------------------------------------- */

static void
add_point(struct trial *t, bool ipv6, number client)
{
	if (t->npoints == POINTS_MAX) {
		printf("too many points\n");
		exit(2);
	}
	/* that is IPv4, and no session has it as IPv6 */
	if (ipv6 && client >> 32 == 0xffff)
		return;
	t->points[t->npoints].ipv6 = ipv6;
	t->points[t->npoints++].client = ipv6 ? client : (client & UINT32_MAX);
}

/* Where it begins, and where others do behind it. */
static void
add_range(struct trial *t, bool ipv6, number first, number last)
{
	add_point(t, ipv6, first);
	add_point(t, ipv6, last + 1);
}

static void
add_spans(struct trial *t, const struct spans *spans)
{
	for (int i = 0; i < spans->count; i++)
		add_range(t, spans->items[i].ipv6, spans->items[i].first,
		    spans->items[i].last);
}

static void
add_points(struct trial *t)
{
	static const uint32_t blocks[][2] = { { 10u << 24, 8 },
		{ 127u << 24, 8 }, { 100u << 24 | 64 << 16, 10 },
		{ 169u << 24 | 254 << 16, 16 }, { 172u << 24 | 16 << 16, 12 },
		{ 192u << 24 | 168 << 16, 16 } };
	const struct model *model = &t->models[0];

	add_point(t, false, 0);
	add_point(t, true, 0);
	add_range(t, true, 1, 1);
	add_range(t, true, (number)0xfc << 120, ((number)0xfe << 120) - 1);
	add_range(t, true, (number)0xfe8 << 116, ((number)0xfec << 116) - 1);
	for (int i = 0; i < 6; i++)
		add_range(t, false, blocks[i][0],
		    blocks[i][0] | (UINT32_MAX >> blocks[i][1]));
	for (int i = 0; i < model->count; i++)
		add_spans(t, &model->nodes[i].ranges);
	add_spans(t, &model->exchange);
	add_spans(t, &model->legacy);
	add_spans(t, &model->allow);
	add_spans(t, &model->block);
	if (t->line.subject == OF_SPAN)
		add_range(t, t->line.span.ipv6, t->line.span.first,
		    t->line.span.last);
}

/* ---- A policy -------------------------------------------------------- */

/* Before anything ended, and as it is. */
static void
wake(struct spans *spans)
{
	for (int i = 0; i < spans->count; i++)
		spans->items[i].expired = false;
}

static void
make_times(struct trial *t)
{
	t->models[1] = t->models[2] = t->models[0];
	model_sleep(&t->models[2]);
	wake(&t->models[0].exchange);
	wake(&t->models[0].legacy);
	wake(&t->models[0].allow);
	wake(&t->models[0].block);
	for (int i = 0; i < t->models[0].count; i++)
		wake(&t->models[0].nodes[i].ranges);
}

/* A span of the policy, or a part of one, most often. */
static void
make_line(struct trial *t, struct random *random)
{
	const struct model *model = &t->models[0];
	const struct spans *spans =
	    &model->nodes[random_below(random, (unsigned)model->count)].ranges;
	struct line *line = &t->line;

	line->predicate = (int)random_below(random, PREDICATES);
	line->right = (enum right)random_below(random, RIGHT_COUNT);
	line->subject = OF_SPAN;
	if (random_below(random, 8) == 0)
		line->subject =
		    random_below(random, 2) == 0 ? OF_EVERYONE : OF_PUBLIC;
	line->span = spans->items[random_below(random, (unsigned)spans->count)];
	if (random_below(random, 3) == 0)
		line->span.first += (line->span.last - line->span.first) / 2;
	if (random_below(random, 3) == 0)
		line->span.last -= (line->span.last - line->span.first) / 3;
}

static void
print_number(bool ipv6, number n, FILE *out)
{
	struct netaddr addr = { .family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4,
		.hi = (uint64_t)(n >> 64),
		.lo = (uint64_t)n };
	char text[NETADDR_TEXT_SIZE];

	fputs(netaddr_format(&addr, text), out);
}

static void
print_line(const struct line *line, FILE *out)
{
	static const char *const predicates[PREDICATES] = { "relays",
		"is externally_secured", "holds ", "may send as an own domain",
		"keeps organization headers" };

	fputs("never:\n  - \"", out);
	if (line->subject == OF_SPAN) {
		print_number(line->span.ipv6, line->span.first, out);
		fputc('-', out);
		print_number(line->span.ipv6, line->span.last, out);
	} else {
		fputs(line->subject == OF_PUBLIC ? "public addresses"
						 : "everyone",
		    out);
	}
	fprintf(out, " %s%s\"\n", predicates[line->predicate],
	    line->predicate == 2 ? right_name(line->right) : "");
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

/* The client of "... is of client ADDRESS[ at|,| from]..." */
static void
check_witness(const struct trial *t, const char *message)
{
	static const char mark[] = "is of client ";
	const char *found = strstr(message, mark);
	char text[NETADDR_TEXT_SIZE] = "";
	struct netaddr addr;

	if (found)
		(void)snprintf(text, sizeof text, "%.*s",
		    (int)strcspn(found + sizeof mark - 1, ", "),
		    found + sizeof mark - 1);
	if (netaddr_parse(text, &addr, NULL) != 0 ||
	    !is_broken_by(
		t, addr.family == FAMILY_IPV6, (number)addr.hi << 64 | addr.lo))
		differ(t, "the client shown is no witness", message);
}

static void
check(struct trial *t)
{
	struct reader reader = { .ctx = t->text, .read = text_read };
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset = NULL;
	int error = ruleset_load(
	    &reader, "policy.yaml", "mx.contoso.com", &ruleset, list);
	const struct diagnostic *first = diagnostics_get(list, 0);
	bool want = false;

	for (int i = 0; i < t->npoints && !want; i++)
		want = is_broken_by(t, t->points[i].ipv6, t->points[i].client);
	pairs += (uint64_t)t->npoints;
	if (want != (error != 0))
		differ(t, want ? "not refused" : "refused",
		    first ? first->message : "");
	if (error != 0 && strcmp(first->id, "E-NEVER") != 0)
		differ(t, "another error", first->message);
	if (error != 0)
		check_witness(t, first->message);
	*(error != 0 ? &broken : &held) += 1;
	ruleset_unref(ruleset);
	diagnostics_free(list);
}

static void
try(uint64_t seed)
{
	struct trial *t = calloc(1, sizeof *t);
	struct random random = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	size_t size;
	FILE *out;

	t->seed = seed;
	model_make(&t->models[0], &random);
	make_line(t, &random);
	if (naive_refused(&t->models[0])) {
		refused++;
		free(t);
		return;
	}
	out = open_memstream(&t->text, &size);
	model_print(&t->models[0], out);
	print_line(&t->line, out);
	fclose(out);
	make_times(t);
	add_points(t);
	check(t);
	free(t->text);
	free(t);
}

int
main(int argc, char **argv)
{
	struct seeds seeds = seeds_asked(argc, argv, POLICIES, ALL);

	for (uint64_t i = 0; i < seeds.count; i++)
		try(seeds.first + i);
	printf("%llu policies, %llu of them with ranges that tie or cross; "
	       "never true in %llu, true of somebody in %llu; %llu pairs of "
	       "policy and address\n",
	    (unsigned long long)seeds.count, (unsigned long long)refused,
	    (unsigned long long)held, (unsigned long long)broken,
	    (unsigned long long)pairs);
	return 0;
}
