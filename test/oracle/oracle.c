/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle - the engine and connectorctl who against a linear scan.
 *
 * usage: oracle [--all | SEED [COUNT]]
 *
 * Makes random policies, and tries each at every address where any range of
 * it begins or ends, at every listener. A session must find the connector,
 * the rights and the verdicts that naive.c finds, in monitor mode too; export
 * must hold it if it relays without credentials; who must say the address
 * where naive.c says it may, and count all of them exactly: between two such
 * addresses nothing changes, so these are all there are. --all takes ten
 * times as many policies. The first difference ends it, with the seed and
 * the policy; exit status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "model.h"
#include "who.h"

#define BIT(x) (UINT32_C(1) << (x))

enum { POLICIES = 2000, CUTS_MAX = 800, ALL = 10, EXPORT_MAX = 20000 };

struct trial {
	uint64_t seed;
	struct model model;
	char *text, *file;
	struct ruleset *ruleset;
	struct who_question question;
	enum principal principal;
	struct who_answer answer;
	struct session *session;
	number cuts[2][CUTS_MAX]; /* by family; sorted, each once */
	int ncuts[2];
};

static uint64_t pairs, told, refused, exports, routes;

static void
differ(const struct trial *t, bool ipv6, number client, struct place place,
    const char *what)
{
	printf("seed %llu: %s\nclient %s%016llx%016llx, local %d, port %d\n%s",
	    (unsigned long long)t->seed, what, ipv6 ? "IPv6 " : "IPv4 ",
	    (unsigned long long)(client >> 64), (unsigned long long)client,
	    place.local, place.port, t->text);
	exit(1);
}

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

static struct listener
listener_of(struct place place)
{
	struct listener listener = {
		.addr = address(place.ipv6,
		    place.local < 0 ? 0
				    : local_number(place.ipv6, place.local)),
		.port =
		    (uint16_t)(place.port < 0 ? 0 : port_number(place.port)),
	};

	return listener;
}

/* ---- A session ------------------------------------------------------- */

static void
feed(struct trial *t, struct session_event event, struct decision *decision)
{
	event.now = NOW;
	session_feed(t->session, &event, decision);
}

static void
feed_rcpt(struct trial *t, const char *recipient, struct decision *decision)
{
	struct session_event event = { .stage = STAGE_RCPT };

	event.rcpt.recipient = recipient;
	feed(t, event, decision);
}

/* Verdicts at MAIL, at RCPT for a stranger and for one of ours. */
static void
check_verdicts(struct trial *t, bool ipv6, number client, struct place place,
    int chosen, enum cert cert, bool login)
{
	const struct node *node = chosen >= 0 ? &t->model.nodes[chosen] : NULL;
	principal_set who =
	    naive_principals(&t->model, chosen, ipv6, client, cert, login);
	right_set rights = node != NULL ? naive_rights(node, who) : 0;
	bool submit = (rights & BIT(RIGHT_SUBMIT)) != 0;
	bool blocked = naive_blocked(&t->model, ipv6, client) &&
		       (rights & BIT(RIGHT_BYPASS_ANTI_SPAM)) == 0;
	bool relay = (rights & BIT(RIGHT_ANY_RECIPIENT)) != 0 && !blocked;
	bool monitor = node != NULL && node->monitor;
	enum verdict mail = chosen == -2        ? VERDICT_TEMPFAIL
			    : submit || monitor ? VERDICT_ACCEPT
						: VERDICT_REJECT;
	struct session_event event = { .stage = STAGE_MAIL };
	struct decision d;

	event.mail.sender = "<>";
	event.mail.auth = login ? "kim" : NULL;
	event.mail.cert = cert_names[cert];
	event.mail.tls = event.mail.cert != NULL;
	feed(t, event, &d);
	if (d.verdict != mail)
		differ(t, ipv6, client, place, "verdict at MAIL");
	if (node != NULL && (session_rights(t->session) != rights ||
				session_principals(t->session) != who))
		differ(t, ipv6, client, place, "rights or principals");
	feed_rcpt(t, "kate@fabrikam.com", &d);
	if (d.verdict != (mail != VERDICT_ACCEPT ? mail
			     : relay && submit   ? VERDICT_ACCEPT
						 : VERDICT_REJECT) ||
	    d.relay != (submit && relay))
		differ(t, ipv6, client, place, "verdict on relaying");
	feed_rcpt(t, "kate@contoso.com", &d);
	if (d.verdict != (mail != VERDICT_ACCEPT   ? mail
			     : blocked && !monitor ? VERDICT_REJECT
						   : VERDICT_ACCEPT) ||
	    d.relay)
		differ(t, ipv6, client, place, "verdict on our own");
}

static void
check_session(struct trial *t, bool ipv6, number client, struct place place)
{
	int chosen = naive_choose_untold(&t->model, ipv6, client, place);
	struct session_event event = { .stage = STAGE_CONNECT };
	const char *connector;
	char name[16] = "";
	struct decision d;

	event.connect.client = address(ipv6, client);
	event.connect.client_port = -1;
	event.connect.local = listener_of(place);
	feed(t, event, &d);
	connector = session_connector(t->session);
	if (chosen >= 0)
		snprintf(name, sizeof name, "c%d", chosen);
	if (chosen >= 0 ? connector == NULL || strcmp(connector, name) != 0
			: connector != NULL)
		differ(t, ipv6, client, place, "connector");
	for (int way = 0; way < CERTS * 2; way++)
		check_verdicts(t, ipv6, client, place, chosen,
		    (enum cert)(way / 2), way % 2 == 1);
}

/* ---- Export ---------------------------------------------------------- */

/* The table that export writes for a listener. */
static char *
exported(struct trial *t, struct place place)
{
	struct listener listener = listener_of(place);
	char addr[NETADDR_TEXT_SIZE], local[NETADDR_TEXT_SIZE + 16];
	char *argv[] = { "export", "postfix-cidr", "--policy", t->file, "--at",
		"2026-06-15T12:00:00Z", "--listener", local, NULL };
	FILE *was = stdout;
	char *text = NULL;
	size_t size;
	int status;

	snprintf(local, sizeof local, place.ipv6 ? "[%s]:%u" : "%s:%u",
	    netaddr_format(&listener.addr, addr), (unsigned)listener.port);
	optind = 0;
	stdout = open_memstream(&text, &size);
	status = verb_export.run(&verb_export, 8, argv);
	fclose(stdout);
	stdout = was;
	if (status != STATUS_YES)
		differ(t, place.ipv6, 0, place, "export fails");
	return text;
}

/* The ranges of a table; returns how many they are. */
static int
table_read(char *text, struct netrange *ranges, int room)
{
	int count = 0;
	char *save = NULL, why[NETADDR_WHY_SIZE];

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		bool host_bits;
		char *end = strchr(line, ' ');

		if (line[0] == '#' || end == NULL || count == room)
			continue;
		*end = '\0';
		if (netrange_parse(line, &ranges[count], &host_bits, why) == 0)
			count++;
	}
	return count;
}

/* Whether a client relays by its address alone. */
static bool
relays(const struct trial *t, bool ipv6, number client, struct place place)
{
	int chosen = naive_choose(&t->model, ipv6, client, place);

	return naive_may(&t->model, chosen, ipv6, client,
	    naive_base(&t->model, chosen, ipv6, client), RIGHT_ANY_RECIPIENT);
}

static void
check_export(struct trial *t, struct place place)
{
	static struct netrange ranges[EXPORT_MAX];
	char *text = exported(t, place);
	int count = table_read(text, ranges, EXPORT_MAX);
	bool ipv6 = place.ipv6;

	free(text);
	if (count == EXPORT_MAX)
		return;
	for (int i = 0; i < t->ncuts[ipv6]; i++) {
		number client = t->cuts[ipv6][i];
		struct netaddr addr = address(ipv6, client);
		bool found = false;

		if (ipv6 && client >> 32 == 0xffff)
			continue;
		for (int r = 0; r < count && !found; r++)
			found = netrange_holds(&ranges[r], &addr);
		if (found != relays(t, ipv6, client, place))
			differ(t, ipv6, client, place,
			    found ? "export grants relay to one that may not"
				  : "export lacks one that may relay");
		exports++;
	}
}

/* At one listener of each family. */
static void
check_exports(struct trial *t, struct random *random)
{
	char name[] = "/tmp/oracle-XXXXXX";
	int fd = mkstemp(name);
	FILE *out = fdopen(fd, "w");

	fputs(t->text, out);
	fclose(out);
	t->file = name;
	for (int f = 0; f < 2; f++)
		check_export(t,
		    (struct place){ f == 1, (int)random_below(random, LOCALS),
			(int)random_below(random, PORTS) });
	unlink(name);
}

/* ---- Who ------------------------------------------------------------- */

/* Whether a client may, and by which connector: -1, it may not. */
static int
expected(const struct trial *t, bool ipv6, number client, struct place place)
{
	int chosen = naive_choose(&t->model, ipv6, client, place);
	enum principal as = t->principal;
	principal_set who;

	if (chosen < 0 ||
	    (t->question.public_only && !naive_public(ipv6, client)))
		return -1;
	who = naive_base(&t->model, chosen, ipv6, client);
	if (as == PRINCIPAL_AUTHENTICATED ||
	    (as == PRINCIPAL_PARTNER && t->model.nodes[chosen].partner))
		who |= BIT(as);
	if ((who & BIT(as)) == 0)
		return -1;
	return naive_may(
		   &t->model, chosen, ipv6, client, who, t->question.right)
		   ? chosen
		   : -1;
}

static bool
is_listener(
    const struct listener *listener, const struct trial *t, struct place place)
{
	bool other;
	struct place view = naive_view(&t->model, place, &other);
	struct listener want = listener_of(view);

	if (other)
		return listener->addr.family == FAMILY_NONE &&
		       listener->port == 0;
	return netaddr_compare(&listener->addr, &want.addr) == 0 &&
	       listener->port == want.port;
}

/* What who says of a client at a place; -1: nothing. Everywhere must be
 * true, and what is true everywhere said so. */
static void
check_who_at(struct trial *t, bool ipv6, number client, struct place place,
    bool everywhere)
{
	int want = expected(t, ipv6, client, place), hits = 0;
	struct netaddr addr = address(ipv6, client);

	for (size_t i = 0; i < t->answer.nranges; i++) {
		const struct who_range *r = &t->answer.ranges[i];

		if (!netrange_holds(&r->clients, &addr) ||
		    (r->listener != WHO_EVERYWHERE &&
			!is_listener(
			    &t->answer.listeners[r->listener], t, place)))
			continue;
		hits++;
		if (want < 0 || atoi(r->connector + 1) != want ||
		    r->principal != t->principal ||
		    (r->listener == WHO_EVERYWHERE) != everywhere)
			differ(t, ipv6, client, place, "who says it wrong");
	}
	if (hits != (want >= 0))
		differ(t, ipv6, client, place, "who misses or repeats it");
}

static bool
may_anywhere(struct trial *t, bool ipv6, number client)
{
	int first = -3;
	bool may = false, everywhere = true;

	for (int i = 0; i < LOCALS * PORTS; i++) {
		struct place place = { ipv6, i % LOCALS, i / LOCALS };
		int one = expected(t, ipv6, client, place);

		may |= one >= 0;
		everywhere &= one >= 0 && (first == -3 || one == first);
		first = one;
	}
	for (int i = 0; i < LOCALS * PORTS; i++)
		check_who_at(t, ipv6, client,
		    (struct place){ ipv6, i % LOCALS, i / LOCALS }, everywhere);
	return may;
}

/* Minimal: of one listener, connector and principal none adjoin. */
static void
check_minimal(const struct trial *t)
{
	for (size_t i = 1; i < t->answer.nranges; i++) {
		const struct who_range *a = &t->answer.ranges[i - 1];
		const struct who_range *b = &t->answer.ranges[i];
		number last = number_of(&a->clients.last);

		if (a->listener != b->listener ||
		    a->clients.first.family != b->clients.first.family)
			continue;
		if (number_of(&b->clients.first) <= last ||
		    (number_of(&b->clients.first) == last + 1 &&
			a->connector == b->connector))
			differ(t, false, last, (struct place){ 0 },
			    "who is not minimal");
	}
}

static void
check_who(struct trial *t)
{
	struct address_count sum = { { 0 } };
	char want[ADDRESS_COUNT_SIZE], got[ADDRESS_COUNT_SIZE];

	check_minimal(t);
	for (int f = 0; f < 2; f++) {
		number top = f == 1 ? ~(number)0 : UINT32_MAX;

		for (int i = 0; i < t->ncuts[f]; i++) {
			number first = t->cuts[f][i];
			number last =
			    i + 1 < t->ncuts[f] ? t->cuts[f][i + 1] - 1 : top;

			if (may_anywhere(t, f == 1, first))
				address_count_add(
				    &sum, &(struct netrange){
					      .first = address(f == 1, first),
					      .last = address(f == 1, last) });
		}
	}
	if (strcmp(address_count_format(&sum, want),
		address_count_format(&t->answer.addresses, got)) != 0) {
		printf("counted %s, not %s\n", got, want);
		differ(t, false, 0, (struct place){ 0 }, "count");
	}
}

/* ---- Routes ---------------------------------------------------------- */

enum { CREDENTIALS = 2 * CERT_ALL };

/* Whether a client may with a certificate and, if odd, a login. */
static bool
may_with(const struct trial *t, int chosen, bool ipv6, number client, int way)
{
	return naive_may(&t->model, chosen, ipv6, client,
	    naive_principals(&t->model, chosen, ipv6, client,
		(enum cert)(way / 2), way % 2 == 1),
	    t->question.right);
}

static void
add_routes(const struct trial *t, bool ipv6, number client,
    bool want[CONNECTORS_MAX][CREDENTIALS])
{
	if (t->question.public_only && !naive_public(ipv6, client))
		return;
	for (int p = 0; p < LOCALS * PORTS; p++) {
		struct place place = { ipv6, p % LOCALS, p / LOCALS };
		int chosen = naive_choose(&t->model, ipv6, client, place);

		if (chosen < 0 || may_with(t, chosen, ipv6, client, 0))
			continue;
		for (int way = 1; way < CREDENTIALS; way++)
			want[chosen][way] |=
			    may_with(t, chosen, ipv6, client, way) &&
			    (way < 3 || way % 2 == 0 ||
				(!may_with(t, chosen, ipv6, client, 1) &&
				    !may_with(
					t, chosen, ipv6, client, way - 1)));
	}
}

/* Which of the credentials a route is. */
static int
way_of(const struct who_route *route)
{
	const principal_set certificate =
	    route->principals & ~BIT(PRINCIPAL_AUTHENTICATED);
	int cert = certificate == BIT(PRINCIPAL_PARTNER) ? CERT_PARTNER
		   : certificate == BIT(PRINCIPAL_EXCHANGE_SERVER) ? CERT_HUB
		   : certificate == BIT(PRINCIPAL_LEGACY_SERVER)   ? CERT_OLD
								   : CERT_NONE;

	return 2 * cert + route->login;
}

static void
check_routes(struct trial *t)
{
	static bool want[CONNECTORS_MAX][CREDENTIALS];
	const struct who_route *route = t->answer.routes;
	size_t count = 0;

	memset(want, 0, sizeof want);
	for (int f = 0; f < 2; f++)
		for (int i = 0; i < t->ncuts[f]; i++)
			add_routes(t, f == 1, t->cuts[f][i], want);
	for (size_t i = 0; i < t->answer.nroutes; i++, route++)
		if (!want[atoi(route->connector + 1)][way_of(route)])
			differ(t, false, 0, (struct place){ 0 },
			    "who tells a route that is none");
	for (int i = 0; i < CONNECTORS_MAX; i++)
		for (int way = 0; way < CREDENTIALS; way++)
			count += want[i][way];
	if (count != t->answer.nroutes)
		differ(t, false, 0, (struct place){ 0 }, "who lacks a route");
	routes += count;
}

/* ---- A policy -------------------------------------------------------- */

static int
compare_numbers(const void *left, const void *right)
{
	const number *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void
add_cuts(struct trial *t, bool ipv6, number first, number last)
{
	number top = ipv6 ? ~(number)0 : UINT32_MAX;
	int *count = &t->ncuts[ipv6];

	t->cuts[ipv6][(*count)++] = first;
	if (last != top)
		t->cuts[ipv6][(*count)++] = last + 1;
}

static void
add_spans(struct trial *t, const struct spans *spans)
{
	for (int i = 0; i < spans->count; i++)
		add_cuts(t, spans->items[i].ipv6, spans->items[i].first,
		    spans->items[i].last);
}

static void
make_cuts(struct trial *t)
{
	static const uint32_t blocks[][2] = { { 10u << 24, 8 },
		{ 127u << 24, 8 }, { 100u << 24 | 64 << 16, 10 },
		{ 169u << 24 | 254 << 16, 16 }, { 172u << 24 | 16 << 16, 12 },
		{ 192u << 24 | 168 << 16, 16 } };

	add_cuts(t, false, 0, UINT32_MAX);
	add_cuts(t, true, 0, ~(number)0);
	add_cuts(t, true, 1, 1);
	add_cuts(t, true, (number)0xfc << 120, ((number)0xfe << 120) - 1);
	add_cuts(t, true, (number)0xfe8 << 116, ((number)0xfec << 116) - 1);
	for (int i = 0; i < 6; i++)
		add_cuts(t, false, blocks[i][0],
		    blocks[i][0] | (UINT32_MAX >> blocks[i][1]));
	for (int i = 0; i < t->model.count; i++)
		add_spans(t, &t->model.nodes[i].ranges);
	add_spans(t, &t->model.exchange);
	add_spans(t, &t->model.legacy);
	add_spans(t, &t->model.allow);
	add_spans(t, &t->model.block);
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

/* False: refused, as the pencil says, too. */
static bool
load(struct trial *t)
{
	struct reader reader = { .ctx = t->text, .read = text_read };
	struct diagnostics *list = diagnostics_new();
	int rc = ruleset_load(
	    &reader, "policy.yaml", "mx.contoso.com", &t->ruleset, list);
	const struct diagnostic *d;
	bool other = false;

	for (size_t i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
		if (d->severity == SEVERITY_ERROR &&
		    strcmp(d->id, "E-TIE") != 0 &&
		    strcmp(d->id, "E-CROSSING") != 0) {
			printf("%s\n", d->message);
			other = true;
		}
	diagnostics_free(list);
	if (other || (rc != 0) != naive_refused(&t->model))
		differ(t, false, 0, (struct place){ 0 },
		    rc != 0 ? "refused" : "not refused");
	return rc == 0;
}

static void
check_sessions(struct trial *t, struct random *random)
{
	for (int f = 0; f < 2; f++) {
		for (int i = 0; i < t->ncuts[f]; i++) {
			number client = t->cuts[f][i];

			if (random_below(random, 4) == 0)
				client += random_below(random, 300);
			if (f == 0)
				client &= UINT32_MAX;
			/* that is IPv4, and no session has it as IPv6 */
			if (f == 1 && client >> 32 == 0xffff)
				continue;
			for (int p = 0; p < LOCALS * PORTS; p++)
				check_session(t, f == 1, client,
				    (struct place){
					f == 1, p % LOCALS, p / LOCALS });
			for (int p = -1; p < PORTS; p++)
				check_session(t, f == 1, client,
				    (struct place){ f == 1, -1, p });
			pairs++;
		}
	}
}

static void
try(uint64_t seed)
{
	struct trial *t = calloc(1, sizeof *t);
	struct random random = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	size_t size;
	FILE *out;

	t->seed = seed;
	model_make(&t->model, &random);
	out = open_memstream(&t->text, &size);
	model_print(&t->model, out);
	fclose(out);
	if (!load(t)) {
		refused++;
		free(t->text);
		free(t);
		return;
	}
	make_cuts(t);
	t->session = session_new(t->ruleset);
	check_sessions(t, &random);
	check_exports(t, &random);
	for (int p = 0; p < PRINCIPAL_COUNT; p++) {
		t->principal = (enum principal)p;
		t->question = (struct who_question){
			.right = random_below(&random, 2) == 0
				     ? RIGHT_ANY_RECIPIENT
				     : (enum right)random_below(
					   &random, RIGHT_COUNT),
			.principals = BIT(p),
			.routes = p == 0 ? UINT32_MAX : 0,
			.now = NOW,
			.public_only = random_below(&random, 4) == 0,
		};
		if (who_find(t->ruleset, &t->question, &t->answer) != 0)
			differ(t, false, 0, (struct place){ 0 }, "who fails");
		check_who(t);
		if (p == 0)
			check_routes(t);
		told += t->answer.nranges;
		who_fini(&t->answer);
	}
	session_free(t->session);
	ruleset_unref(t->ruleset);
	free(t->text);
	free(t);
}

int
main(int argc, char **argv)
{
	struct seeds seeds = seeds_asked(argc, argv, POLICIES, ALL);

	for (uint64_t i = 0; i < seeds.count; i++)
		try(seeds.first + i);
	printf("%llu policies, %llu of them refused; %llu pairs of policy and "
	       "address; %llu ranges of who; %llu clients of exports; "
	       "%llu routes\n",
	    (unsigned long long)seeds.count, (unsigned long long)refused,
	    (unsigned long long)pairs, (unsigned long long)told,
	    (unsigned long long)exports, (unsigned long long)routes);
	return 0;
}
