/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naive - the rules of the policy, in the words of its manual, by linear
 * scan.
 */
#include "model.h"

#define BIT(x) (UINT32_C(1) << (x))
#define ALL5                                                                 \
	(BIT(RIGHT_SUBMIT) | BIT(RIGHT_ANY_RECIPIENT) |                      \
	    BIT(RIGHT_ANY_SENDER) | BIT(RIGHT_AUTHORITATIVE_DOMAIN_SENDER) | \
	    BIT(RIGHT_AUTHENTICATION_FLAG) | BIT(RIGHT_EXCH50) |             \
	    BIT(RIGHT_HEADERS_ROUTING) | BIT(RIGHT_BYPASS_ANTI_SPAM) |       \
	    BIT(RIGHT_BYPASS_MESSAGE_SIZE_LIMIT))

const char *const group_words[5] = { "AnonymousUsers", "ExchangeUsers",
	"ExchangeServers", "ExchangeLegacyServers", "Partners" };

const char *const cert_names[CERTS] = { NULL, "partner.example", "hub.example",
	"old.example", "all.example" };

/* Microsoft's page, "Receive connector permission groups". */
static right_set
group_gives(int group, enum principal principal)
{
	right_set routed = BIT(RIGHT_SUBMIT) | BIT(RIGHT_HEADERS_ROUTING);

	if (group == 0 && principal == PRINCIPAL_ANONYMOUS)
		return routed | BIT(RIGHT_ANY_SENDER) |
		       BIT(RIGHT_AUTHORITATIVE_DOMAIN_SENDER);
	if (group == 1 && principal == PRINCIPAL_AUTHENTICATED)
		return routed | BIT(RIGHT_ANY_RECIPIENT) |
		       BIT(RIGHT_BYPASS_ANTI_SPAM);
	if (group == 2 && principal == PRINCIPAL_EXCHANGE_SERVER)
		return ALL5 | BIT(RIGHT_HEADERS_ORGANIZATION) |
		       BIT(RIGHT_HEADERS_FOREST);
	if (group == 2 && principal == PRINCIPAL_EXTERNALLY_SECURED)
		return ALL5;
	if (group == 3 && principal == PRINCIPAL_LEGACY_SERVER)
		return ALL5;
	if (group == 4 && principal == PRINCIPAL_PARTNER)
		return routed;
	return 0;
}

/* What a principal is allowed, denies aside. */
static right_set
allowed(const struct node *node, enum principal p)
{
	right_set rights = 0;
	int i;

	for (i = 0; i < 5; i++)
		if ((node->groups & BIT(i)) != 0)
			rights |= group_gives(i, p);
	for (i = 0; i < node->nextended; i++)
		if (node->extended[i].principal == p && !node->extended[i].deny)
			rights |= BIT(node->extended[i].right);
	return rights;
}

static right_set
denied(const struct node *node, enum principal p)
{
	right_set rights = 0;
	int i;

	for (i = 0; i < node->nextended; i++)
		if (node->extended[i].principal == p && node->extended[i].deny)
			rights |= BIT(node->extended[i].right);
	return rights;
}

/* A deny takes from its own principal; that of authenticated from all. */
right_set
naive_rights(const struct node *node, principal_set principals)
{
	right_set rights = 0;
	int p;

	for (p = 0; p < PRINCIPAL_COUNT; p++)
		if ((principals & BIT(p)) != 0)
			rights |= allowed(node, (enum principal)p) &
				  ~denied(node, (enum principal)p);
	if ((principals & BIT(PRINCIPAL_AUTHENTICATED)) != 0)
		rights &= ~denied(node, PRINCIPAL_AUTHENTICATED);
	return rights;
}

static bool
holds(const struct span *span, bool ipv6, number client)
{
	return span->ipv6 == ipv6 && span->first <= client &&
	       client <= span->last;
}

static bool
listed(const struct spans *spans, bool ipv6, number client)
{
	int i;

	for (i = 0; i < spans->count; i++)
		if (!spans->items[i].expired &&
		    holds(&spans->items[i], ipv6, client))
			return true;
	return false;
}

bool
naive_blocked(const struct model *model, bool ipv6, number client)
{
	return listed(&model->block, ipv6, client) &&
	       !listed(&model->allow, ipv6, client);
}

principal_set
naive_base(const struct model *model, int node, bool ipv6, number client)
{
	if (node >= 0 && model->nodes[node].external)
		return BIT(PRINCIPAL_EXTERNALLY_SECURED);
	if (node >= 0 && listed(&model->exchange, ipv6, client) &&
	    allowed(&model->nodes[node], PRINCIPAL_EXCHANGE_SERVER) != 0)
		return BIT(PRINCIPAL_EXCHANGE_SERVER);
	if (node >= 0 && listed(&model->legacy, ipv6, client) &&
	    allowed(&model->nodes[node], PRINCIPAL_LEGACY_SERVER) != 0)
		return BIT(PRINCIPAL_LEGACY_SERVER);
	return BIT(PRINCIPAL_ANONYMOUS);
}

/* Whether a certificate is on the list of one. */
static bool
shows(enum cert cert, enum cert one)
{
	return cert == one || cert == CERT_ALL;
}

principal_set
naive_principals(const struct model *model, int node, bool ipv6, number client,
    enum cert cert, bool login)
{
	principal_set who = naive_base(model, node, ipv6, client);
	const struct node *at = &model->nodes[node < 0 ? 0 : node];

	if (node < 0)
		return who;
	if (who == BIT(PRINCIPAL_ANONYMOUS)) {
		if (model->exchange_named && shows(cert, CERT_HUB) &&
		    allowed(at, PRINCIPAL_EXCHANGE_SERVER) != 0)
			who = BIT(PRINCIPAL_EXCHANGE_SERVER);
		else if (model->legacy_named && shows(cert, CERT_OLD) &&
			 allowed(at, PRINCIPAL_LEGACY_SERVER) != 0)
			who = BIT(PRINCIPAL_LEGACY_SERVER);
	}
	if (at->partner && shows(cert, CERT_PARTNER))
		who |= BIT(PRINCIPAL_PARTNER);
	return who | (login ? BIT(PRINCIPAL_AUTHENTICATED) : 0);
}

bool
naive_may(const struct model *model, int node, bool ipv6, number client,
    principal_set who, enum right right)
{
	right_set needed = BIT(right) | BIT(RIGHT_SUBMIT);

	if (node < 0)
		return false;
	if (naive_blocked(model, ipv6, client))
		needed |= BIT(RIGHT_BYPASS_ANTI_SPAM);
	return (naive_rights(&model->nodes[node], who) & needed) == needed;
}

static bool
bound(const struct node *node, struct place place)
{
	int i;

	for (i = 0; i < node->nbindings; i++)
		if (node->bindings[i].ipv6 == place.ipv6 &&
		    node->bindings[i].local == place.local &&
		    node->bindings[i].port == place.port)
			return true;
	return false;
}

static bool
anybody_bound(const struct model *model, struct place place)
{
	int i;

	for (i = 0; i < model->count; i++)
		if (model->nodes[i].enabled && bound(&model->nodes[i], place))
			return true;
	return false;
}

/* First those bound to the place, then those of its wildcard and of none. */
static bool
competes(const struct model *model, int i, struct place place, bool exactly)
{
	struct place wildcard = place;
	const struct node *node = &model->nodes[i];

	wildcard.local = -1;
	if (!node->enabled)
		return false;
	if (exactly)
		return bound(node, place);
	return node->nbindings == 0 || bound(node, wildcard);
}

static int
choose_among(const struct model *model, bool ipv6, number client,
    struct place place, bool exactly)
{
	number best = 0;
	int i, j, winner = -1;

	for (i = 0; i < model->count; i++) {
		const struct spans *ranges = &model->nodes[i].ranges;

		if (!competes(model, i, place, exactly))
			continue;
		for (j = 0; j < ranges->count; j++) {
			const struct span *span = &ranges->items[j];
			number size = span->last - span->first;

			if (span->expired || !holds(span, ipv6, client) ||
			    (winner >= 0 && size >= best))
				continue;
			best = size;
			winner = i;
		}
	}
	return winner;
}

int
naive_choose(
    const struct model *model, bool ipv6, number client, struct place place)
{
	int winner = choose_among(model, ipv6, client, place, true);

	return winner >= 0 ? winner
			   : choose_among(model, ipv6, client, place, false);
}

int
naive_choose_untold(
    const struct model *model, bool ipv6, number client, struct place place)
{
	int local, port, first = -3;

	for (local = 0; local < LOCALS; local++) {
		for (port = 0; port < PORTS; port++) {
			int one;

			if ((place.local >= 0 && place.local != local) ||
			    (place.port >= 0 && place.port != port))
				continue;
			one = naive_choose(model, ipv6, client,
			    (struct place){ ipv6, local, port });
			if (first != -3 && one != first)
				return -2;
			first = one;
		}
	}
	return first;
}

struct place
naive_view(const struct model *model, struct place place, bool *other)
{
	*other = false;
	if (anybody_bound(model, place))
		return place;
	place.local = -1;
	*other = !anybody_bound(model, place);
	return place;
}

static bool
conflict(const struct span *a, const struct span *b)
{
	if (a->ipv6 != b->ipv6 || a->last < b->first || b->last < a->first)
		return false;
	if (a->first == b->first && a->last == b->last)
		return true;
	return !(a->first <= b->first && b->last <= a->last) &&
	       !(b->first <= a->first && a->last <= b->last);
}

/* On any listener: the loader does not ask whether its family is that of the
 * ranges. */
static bool
meet(const struct model *model, int a, int b)
{
	int i;

	for (i = 0; i < 2 * LOCALS * PORTS; i++) {
		struct place place = { i % 2 == 1, i / 2 % LOCALS,
			i / 2 / LOCALS };

		if ((competes(model, a, place, true) &&
			competes(model, b, place, true)) ||
		    (competes(model, a, place, false) &&
			competes(model, b, place, false)))
			return true;
	}
	return false;
}

bool
naive_refused(const struct model *model)
{
	int a, b, i, j;

	for (a = 0; a < model->count; a++)
		for (b = a + 1; b < model->count; b++)
			for (i = 0; i < model->nodes[a].ranges.count; i++)
				for (j = 0; j < model->nodes[b].ranges.count;
				     j++) {
					const struct span *x =
					    &model->nodes[a].ranges.items[i];

					if (conflict(
						x, &model->nodes[b]
							.ranges.items[j]) &&
					    meet(model, a, b))
						return true;
				}
	return false;
}

static bool
within(number client, unsigned top, unsigned bits, unsigned of)
{
	return client >> (of - bits) == top;
}

bool
naive_public(bool ipv6, number client)
{
	if (ipv6)
		return client != 1 && !within(client, 0xfc >> 1, 7, 128) &&
		       !within(client, 0xfe80 >> 6, 10, 128);
	return !within(client, 10, 8, 32) && !within(client, 127, 8, 32) &&
	       !within(client, 100 << 2 | 1, 10, 32) &&
	       !within(client, 169 << 8 | 254, 16, 32) &&
	       !within(client, 172 << 4 | 1, 12, 32) &&
	       !within(client, 192 << 8 | 168, 16, 32);
}
