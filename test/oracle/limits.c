/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits - allowed_senders, allowed_recipients and message_quota against a
 * list and a pencil.
 *
 * usage: oracle_limits [--all | SEED [COUNT]]
 *
 * Makes small random policies that state the three keys on entries, networks
 * and connectors, and plays sessions of a few clients that are open at once,
 * while the clock goes on. At each MAIL and RCPT the model says, by looking
 * through everything that was written and sent, which reply is due: none
 * exceeds a limit, and none is refused wrongly. --all plays a million
 * sessions. The first difference ends it; exit status 1.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum {
	POLICIES = 40,
	ALL = 50,
	SESSIONS = 500, /* of a policy */
	OPEN = 4,
	CLIENTS = 6,
	SPENT_MAX = 4096,
	TEXT_SIZE = 8192,
	STATED = 3, /* entry, network, connector */
};

static const char *const mailboxes[] = { "kate@contoso.com", "Joe@contoso.com",
	"kate@lab.contoso.com", "kate@fabrikam.com", "joe@eu.fabrikam.com",
	"kate@xfabrikam.com", "" };
static const char *const items[] = { "kate@contoso.com", "*@contoso.com",
	"contoso.com", "*.contoso.com", "JOE@Contoso.com", "*@*.fabrikam.com",
	"kate@fabrikam.com", "fabrikam.com", "<>" };
enum {
	MAILBOXES = sizeof mailboxes / sizeof mailboxes[0],
	ITEMS = sizeof items / sizeof items[0],
};

/* What one place states; items by bit, 0: not stated. */
struct statement {
	unsigned senders, recipients;
	unsigned quota; /* 0: not stated */
	bool day;
};

struct world {
	uint64_t seed;
	struct random random;
	struct statement of[CLIENTS][STATED]; /* clients of one network or
						 connector state the same */
	char text[TEXT_SIZE];
	struct ruleset *ruleset;
	struct counter_table *table;
	struct counters counters;
	int64_t now;
	struct {
		unsigned client;
		int64_t at;
	} spent[SPENT_MAX];
	size_t nspent;
};

struct open_session {
	struct session *session;
	unsigned client;
	bool mail;    /* accepted */
	bool counted; /* one of its recipients was accepted */
};

static uint64_t sessions, refusals[REASONS_MAX];

/* ---- The policy ------------------------------------------------------ */

static struct statement
statement_make(struct random *random)
{
	struct statement s = { 0 };

	if (random_below(random, 3) == 0)
		s.senders = 1 + random_below(random, (1 << ITEMS) - 1);
	if (random_below(random, 3) == 0)
		s.recipients = 1 + random_below(random, (1 << (ITEMS - 1)) - 1);
	if (random_below(random, 3) == 0)
		s.quota = 1 + random_below(random, 5);
	s.day = random_below(random, 2) == 0;
	return s;
}

static void
list_print(FILE *out, const char *indent, const char *key, unsigned set)
{
	const char *comma = "";

	if (set == 0)
		return;
	fprintf(out, "%s%s: [", indent, key);
	for (unsigned i = 0; i < ITEMS; i++) {
		if ((set & 1U << i) == 0)
			continue;
		fprintf(out, "%s\"%s\"", comma, items[i]);
		comma = ", ";
	}
	fprintf(out, "]\n");
}

static void
statement_print(FILE *out, const char *indent, const struct statement *s)
{
	list_print(out, indent, "allowed_senders", s->senders);
	list_print(out, indent, "allowed_recipients", s->recipients);
	if (s->quota > 0)
		fprintf(out, "%smessage_quota: %u per %s\n", indent, s->quota,
		    s->day ? "day" : "hour");
}

/* Clients 0 and 1 are in a network that a name alone stands for, 2 and 3 in
 * one that an entry names, 4 and 5 in none; the odd ones relay. */
static void
world_print(struct world *w)
{
	FILE *out = fmemopen(w->text, sizeof w->text, "w");

	fprintf(
	    out, "version: 1\naccepted_domains: [contoso.com]\nnetworks:\n");
	for (unsigned i = 0; i < 4; i++) {
		fprintf(out, "  n%u:\n    ranges:\n      - range: 192.0.2.%u\n",
		    i, i);
		statement_print(out, "        ", &w->of[i][0]);
		statement_print(out, "    ", &w->of[i][1]);
	}
	fprintf(out, "connectors:\n");
	for (unsigned c = 0; c < 2; c++) {
		fprintf(out,
		    "  - name: c%u\n    permission_groups: [AnonymousUsers]\n"
		    "    remote_ip_ranges:\n      - n%u\n      - range: n%u\n"
		    "        comment: named\n      - range: 192.0.2.%u\n",
		    c, c, c + 2, c + 4);
		statement_print(out, "        ", &w->of[c + 4][0]);
		statement_print(out, "    ", &w->of[c][2]);
		if (c == 1)
			fprintf(out,
			    "    extended_rights:\n"
			    "      - principal: anonymous\n        allow: "
			    "[ms-Exch-SMTP-Accept-Any-Recipient]\n");
	}
	fclose(out);
}

static int
text_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	(void)path;
	*len = strlen(ctx);
	*text = strdup(ctx);
	return *text && *len <= max ? 0 : -1;
}

static void
world_make(struct world *w)
{
	struct reader reader = { .ctx = w->text, .read = text_read };
	struct diagnostics *list = diagnostics_new();
	const struct diagnostic *d;

	for (unsigned i = 0; i < CLIENTS; i++)
		for (unsigned s = 0; s < STATED; s++)
			w->of[i][s] = statement_make(&w->random);
	for (unsigned i = 0; i < CLIENTS; i++) {
		w->of[i][2] = w->of[i % 2][2];
		if (i >= 4)
			w->of[i][1] = (struct statement){ 0 };
	}
	world_print(w);
	if (ruleset_load(&reader, "policy.yaml", "mx.contoso.com", &w->ruleset,
		list) != 0) {
		for (size_t i = 0; (d = diagnostics_get(list, i)); i++)
			printf("%u: %s\n", (unsigned)d->where.line, d->message);
		printf("%s", w->text);
		exit(1);
	}
	diagnostics_free(list);
	w->table = counter_table_new(64, w->seed);
	w->counters = counter_table_counters(w->table);
	w->now = 1700000000;
}

/* ---- The pencil ------------------------------------------------------ */

static bool
same(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if ((*a | 0x20) != (*b | 0x20))
			return false;
	return *a == *b;
}

static bool
item_holds(const char *item, const char *mailbox)
{
	const char *domain = strchr(mailbox, '@');
	size_t less;

	if (mailbox[0] == '\0')
		return strcmp(item, "<>") == 0;
	domain++;
	if (strchr(item, '@') && item[0] != '*')
		return same(item, mailbox);
	if (strncmp(item, "*@", 2) == 0)
		item += 2;
	if (strncmp(item, "*.", 2) != 0)
		return same(item, domain);
	item += 2;
	if (same(item, domain))
		return true;
	if (strlen(domain) <= strlen(item))
		return false;
	less = strlen(domain) - strlen(item);
	return domain[less - 1] == '.' && same(item, domain + less);
}

static bool
set_holds(unsigned set, const char *mailbox)
{
	for (unsigned i = 0; i < ITEMS; i++)
		if ((set & 1U << i) != 0 && item_holds(items[i], mailbox))
			return true;
	return false;
}

static bool
sender_allowed(const struct world *w, unsigned client, const char *mailbox)
{
	for (unsigned s = 0; s < STATED; s++)
		if (w->of[client][s].senders != 0)
			return set_holds(w->of[client][s].senders, mailbox);
	return true;
}

static bool
recipient_allowed(const struct world *w, unsigned client, const char *mailbox)
{
	for (unsigned s = 0; s < STATED; s++)
		if (w->of[client][s].recipients != 0)
			return set_holds(w->of[client][s].recipients, mailbox);
	return true;
}

static bool
quota_left(const struct world *w, unsigned client)
{
	const struct statement *s = w->of[client];
	unsigned used = 0, last = 0;
	int64_t period;

	while (last < STATED && s[last].quota == 0)
		last++;
	if (last == STATED)
		return true;
	period = s[last].day ? 86400 : 3600;
	for (size_t i = 0; i < w->nspent; i++)
		used += w->spent[i].client == client &&
			w->spent[i].at / period == w->now / period;
	assert(used <= s[last].quota);
	return used < s[last].quota;
}

static const char *
naive_mail(const struct world *w, unsigned client, const char *sender)
{
	if (!sender_allowed(w, client, sender))
		return "allowed_senders";
	return quota_left(w, client) ? "none" : "message_quota";
}

static const char *
naive_rcpt(
    const struct world *w, const struct open_session *o, const char *recipient)
{
	if (o->client % 2 == 0 && !same(strchr(recipient, '@'), "@contoso.com"))
		return "unable_to_relay";
	if (!recipient_allowed(w, o->client, recipient))
		return "allowed_recipients";
	return o->counted || quota_left(w, o->client)
		   ? "none"
		   : "message_quota_at_recipient";
}

/* ---- Sessions -------------------------------------------------------- */

static void
check(const struct world *w, const struct open_session *o,
    const struct decision *d, const char *argument, const char *due)
{
	refusals[d->reason]++;
	if (strcmp(reason_name(d->reason), due) == 0)
		return;
	printf("seed %llu: client %u, %s <%s>: %s, and %s is due\n%s",
	    (unsigned long long)w->seed, o->client, stage_name(d->stage),
	    argument, reason_name(d->reason), due, w->text);
	exit(1);
}

static void
begin(struct world *w, struct open_session *o)
{
	struct session_event event = { .stage = STAGE_CONNECT, .now = w->now };
	struct decision decision;

	session_free(o->session);
	sessions++;
	*o = (struct open_session){
		.session = session_new(w->ruleset),
		.client = random_below(&w->random, CLIENTS),
	};
	session_count(o->session, &w->counters);
	event.connect.client = (struct netaddr){ .family = FAMILY_IPV4,
		.lo = 0xc0000200 + o->client };
	event.connect.client_port = 1025;
	event.connect.local =
	    (struct listener){ { .family = FAMILY_IPV4, .lo = 0x0a000001 },
		    25 };
	session_feed(o->session, &event, &decision);
}

static void
mail(struct world *w, struct open_session *o)
{
	const char *sender = mailboxes[random_below(&w->random, MAILBOXES)];
	struct session_event event = { .stage = STAGE_MAIL, .now = w->now };
	struct decision decision;
	char path[64];

	snprintf(path, sizeof path, "<%s>", sender);
	event.mail.sender = path;
	session_feed(o->session, &event, &decision);
	check(w, o, &decision, sender, naive_mail(w, o->client, sender));
	o->mail = decision.verdict == VERDICT_ACCEPT;
	o->counted = false;
}

static void
rcpt(struct world *w, struct open_session *o)
{
	const char *to = mailboxes[random_below(&w->random, MAILBOXES - 1)];
	struct session_event event = { .stage = STAGE_RCPT, .now = w->now };
	struct decision decision;
	char path[64];

	snprintf(path, sizeof path, "<%s>", to);
	event.rcpt.recipient = path;
	session_feed(o->session, &event, &decision);
	check(w, o, &decision, to, naive_rcpt(w, o, to));
	if (decision.verdict != VERDICT_ACCEPT || o->counted)
		return;
	o->counted = true;
	assert(w->nspent < SPENT_MAX);
	w->spent[w->nspent].client = o->client;
	w->spent[w->nspent++].at = w->now;
}

static void
try(uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	struct open_session open[OPEN] = { 0 };
	uint64_t last = sessions + SESSIONS;

	w->seed = seed;
	w->random.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	world_make(w);
	for (int i = 0; i < OPEN; i++)
		begin(w, &open[i]);
	while (sessions < last && w->nspent < SPENT_MAX) {
		struct open_session *o = &open[random_below(&w->random, OPEN)];
		unsigned what = random_below(&w->random, 8);

		w->now += random_below(&w->random, 240);
		if (what == 0)
			begin(w, o);
		else if (what < 4 || !o->mail)
			mail(w, o);
		else
			rcpt(w, o);
	}
	for (int i = 0; i < OPEN; i++)
		session_free(open[i].session);
	counter_table_free(w->table);
	ruleset_unref(w->ruleset);
	free(w);
}

int
main(int argc, char **argv)
{
	struct seeds seeds = seeds_asked(argc, argv, POLICIES, ALL);
	unsigned seen = 0;

	for (uint64_t i = 0; i < seeds.count; i++)
		try(seeds.first + i);
	printf("%llu policies, %llu sessions:", (unsigned long long)seeds.count,
	    (unsigned long long)sessions);
	for (unsigned i = 0; reason_name(i); i++) {
		if (refusals[i] > 0)
			printf(" %s %llu", reason_name(i),
			    (unsigned long long)refusals[i]);
		seen += refusals[i] > 0;
	}
	printf("\n");
	/* All that can be due was, or it was no test. */
	return seeds.count > 1 && seen != 6;
}
