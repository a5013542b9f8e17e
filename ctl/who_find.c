/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * who_find.c - interval arithmetic over what connectors win.
 *
 * Each listener is walked, neighbours with the same answer are joined, and
 * what all listeners of a family have in common is taken out and said once.
 * Nothing is sampled: what the engine won interval by interval is all there
 * is.
 */
#include "blocks.h"
#include "exposure.h"
#include "who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct who {
	const struct who_question *question;
	struct who_answer *found; /* by listener, before they are compared */
	size_t listener;
	const struct holding *holding;
	enum principal principal;
	size_t latest[PRINCIPAL_COUNT]; /* index + 1 of its last range */
};

static int
append(struct who_answer *to, const struct who_range *range)
{
	if (to->nranges == to->room) {
		size_t room = to->room == 0 ? 64 : to->room * 2;
		void *ranges = realloc(to->ranges, room * sizeof *to->ranges);

		if (ranges == NULL)
			return -ENOMEM;
		to->ranges = ranges;
		to->room = room;
	}
	to->ranges[to->nranges] = *range;
	to->ranges[to->nranges++].clients.form = netset_form(&range->clients);
	return 0;
}

static struct netaddr
behind(struct netaddr a)
{
	a.hi += ++a.lo == 0;
	return a;
}

static struct netaddr
before(struct netaddr a)
{
	a.hi -= a.lo-- == 0;
	return a;
}

/* ---- What the engine says of one listener ---------------------------- */

/* The rights of the holding's clients as one principal; 0: they cannot be
 * it. */
static right_set
rights_as(const struct holding *h, enum principal principal)
{
	switch (principal) {
	case PRINCIPAL_AUTHENTICATED:
		return h->authenticated;
	case PRINCIPAL_PARTNER:
		return h->partner;
	case PRINCIPAL_ANONYMOUS:
	case PRINCIPAL_EXTERNALLY_SECURED:
	case PRINCIPAL_EXCHANGE_SERVER:
	case PRINCIPAL_LEGACY_SERVER:
		return (h->principals & SET_OF(principal)) != 0 ? h->rights : 0;
	case PRINCIPAL_COUNT:
		break;
	}
	return 0;
}

static bool
may_use(const struct holding *h, right_set rights, enum right right)
{
	right_set needed = SET_OF(right) | SET_OF(RIGHT_SUBMIT);

	if (h->blocked)
		needed |= SET_OF(RIGHT_BYPASS_ANTI_SPAM);
	return (rights & needed) == needed;
}

/* By address, so that only the last range of a principal can adjoin. */
static int
add_part(void *ctx, const struct netrange *part)
{
	struct who *who = ctx;
	size_t *latest = &who->latest[who->principal];
	struct who_range range = {
		.clients = *part,
		.listener = who->listener,
		.connector = who->holding->connector,
		.principal = who->principal,
	};
	int rc;

	if (*latest != 0) {
		struct who_range *last = &who->found->ranges[*latest - 1];

		if (last->connector == range.connector &&
		    netaddr_adjoins(&last->clients.last, &part->first)) {
			last->clients.last = part->last;
			last->clients.form = netset_form(&last->clients);
			return 0;
		}
	}
	if ((rc = append(who->found, &range)) == 0)
		*latest = who->found->nranges;
	return rc;
}

static int
on_holding(void *ctx, const struct holding *h)
{
	struct who *who = ctx;
	int rc = 0;

	who->holding = h;
	for (unsigned i = 0; i < PRINCIPAL_COUNT && rc == 0; i++) {
		if ((who->question->principals & SET_OF(i)) == 0 ||
		    !may_use(h, rights_as(h, i), who->question->right))
			continue;
		who->principal = i;
		rc = who->question->public_only
			 ? exposure_public(&h->clients, add_part, who)
			 : add_part(who, &h->clients);
	}
	return rc;
}

static int
walk(struct who *who, const struct ruleset *ruleset)
{
	const struct who_question *question = who->question;
	int rc = 0;

	if (question->listener != NULL)
		return ruleset_walk(ruleset, question->listener, question->now,
		    on_holding, who);
	for (size_t i = 0; i < who->found->nlisteners && rc == 0; i++) {
		memset(who->latest, 0, sizeof who->latest);
		who->listener = i;
		rc = ruleset_walk_nth(
		    ruleset, i, question->now, on_holding, who);
	}
	return rc;
}

/* ---- What listeners have in common ----------------------------------- */

/* Ranges that may be joined over listeners stand together. */
static int
compare_kind(const struct who_range *a, const struct who_range *b)
{
	if (a->clients.first.family != b->clients.first.family)
		return a->clients.first.family < b->clients.first.family ? -1
									 : 1;
	if (a->connector != b->connector)
		return (uintptr_t)a->connector < (uintptr_t)b->connector ? -1
									 : 1;
	return (a->principal > b->principal) - (a->principal < b->principal);
}

static int
compare_by_kind(const void *left, const void *right)
{
	const struct who_range *a = left, *b = right;
	int order = compare_kind(a, b);

	return order != 0
		   ? order
		   : netaddr_compare(&a->clients.first, &b->clients.first);
}

static int
compare_by_address(const void *left, const void *right)
{
	const struct who_range *a = left, *b = right;

	return netaddr_compare(&a->clients.first, &b->clients.first);
}

static int
compare_by_listener(const void *left, const void *right)
{
	const struct who_range *a = left, *b = right;
	size_t la = a->listener + 1, lb = b->listener + 1; /* "*": 0 */
	int order;

	if (la != lb)
		return la < lb ? -1 : 1;
	order = compare_by_address(left, right);
	return order != 0 ? order
			  : (a->principal > b->principal) -
				(a->principal < b->principal);
}

static void
sort(struct who_answer *answer, int (*compare)(const void *, const void *))
{
	if (answer->nranges > 1)
		qsort(answer->ranges, answer->nranges, sizeof *answer->ranges,
		    compare);
}

/* Where a range begins or, inclusively, ends. */
struct edge {
	struct netaddr at;
	bool end;
};

static int
compare_edges(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;
	int order = netaddr_compare(&a->at, &b->at);

	return order != 0 ? order : a->end - b->end;
}

/* Adds what all of depth listeners have of count ranges of one kind. */
static int
add_common(const struct who_range *ranges, size_t count, size_t depth,
    struct who_answer *answer)
{
	struct edge *edges = calloc(count, 2 * sizeof *edges);
	struct who_range common = ranges[0];
	size_t open = 0;
	int rc = 0;

	if (edges == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		edges[2 * i].at = ranges[i].clients.first;
		edges[2 * i + 1].at = ranges[i].clients.last;
		edges[2 * i + 1].end = true;
	}
	qsort(edges, 2 * count, sizeof *edges, compare_edges);
	common.listener = WHO_EVERYWHERE;
	for (size_t i = 0; i < 2 * count && rc == 0; i++) {
		if (!edges[i].end) {
			if (++open == depth)
				common.clients.first = edges[i].at;
			continue;
		}
		common.clients.last = edges[i].at;
		if (open-- == depth)
			rc = append(answer, &common);
	}
	free(edges);
	return rc;
}

/* Adds what is left of a range without those that hold everywhere. They are
 * sorted, and each lies within the range or apart from it. */
static int
add_rest(const struct who_range *range, size_t from, size_t to,
    struct who_answer *answer)
{
	struct who_range rest = *range;
	size_t low = from, high = to;
	int rc;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (netaddr_compare(&answer->ranges[middle].clients.first,
			&range->clients.first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < to; low++) {
		struct netrange common = answer->ranges[low].clients;

		if (netaddr_compare(&common.first, &range->clients.last) > 0)
			break;
		rest.clients.last = before(common.first);
		if (netaddr_compare(&common.first, &rest.clients.first) != 0 &&
		    (rc = append(answer, &rest)) != 0)
			return rc;
		if (netaddr_compare(&common.last, &range->clients.last) == 0)
			return 0;
		rest.clients.first = behind(common.last);
	}
	rest.clients.last = range->clients.last;
	return append(answer, &rest);
}

static size_t
listeners_of(const struct who_answer *answer, enum family family)
{
	size_t count = 0;

	for (size_t i = 0; i < answer->nlisteners; i++) {
		enum family one = answer->listeners[i].addr.family;

		count += one == family || one == FAMILY_NONE;
	}
	return count;
}

static int
compare_listeners(struct who_answer *found, struct who_answer *answer)
{
	size_t end;
	int rc = 0;

	sort(found, compare_by_kind);
	for (size_t i = 0; i < found->nranges && rc == 0; i = end) {
		const struct who_range *kind = &found->ranges[i];
		size_t from = answer->nranges, to;

		for (end = i + 1; end < found->nranges &&
				  compare_kind(kind, &found->ranges[end]) == 0;
		     end++)
			;
		rc = add_common(kind, end - i,
		    listeners_of(found, kind->clients.first.family), answer);
		to = answer->nranges;
		for (size_t j = i; j < end && rc == 0; j++)
			rc = add_rest(&found->ranges[j], from, to, answer);
	}
	return rc;
}

/* ---- The answer ------------------------------------------------------ */

static void
count_addresses(struct who_answer *answer)
{
	struct netrange run = { .first.family = FAMILY_NONE };

	sort(answer, compare_by_address);
	for (size_t i = 0; i < answer->nranges; i++) {
		const struct netrange *next = &answer->ranges[i].clients;

		if (run.first.family == next->first.family &&
		    netaddr_compare(&next->first, &run.last) <= 0) {
			if (netaddr_compare(&next->last, &run.last) > 0)
				run.last = next->last;
			continue;
		}
		if (run.first.family != FAMILY_NONE)
			wide_add_range(&answer->addresses, &run);
		run = *next;
	}
	if (run.first.family != FAMILY_NONE)
		wide_add_range(&answer->addresses, &run);
}

static int
take_listeners(const struct ruleset *ruleset,
    const struct who_question *question, struct who_answer *found)
{
	found->nlisteners = question->listener != NULL
				? 1
				: ruleset_listeners(ruleset, NULL, 0);
	found->listeners = calloc(found->nlisteners, sizeof *found->listeners);
	if (found->listeners == NULL)
		return -ENOMEM;
	if (question->listener != NULL)
		found->listeners[0] = *question->listener;
	else
		(void)ruleset_listeners(
		    ruleset, found->listeners, found->nlisteners);
	return 0;
}

int
who_find(const struct ruleset *ruleset, const struct who_question *question,
    struct who_answer *out)
{
	struct who_answer found = { 0 }, answer = { 0 };
	struct who who = { .question = question, .found = &found };
	int rc = take_listeners(ruleset, question, &found);

	if (rc == 0)
		rc = walk(&who, ruleset);
	if (rc == 0 && question->listener == NULL) {
		rc = compare_listeners(&found, &answer);
		answer.listeners = found.listeners;
		answer.nlisteners = found.nlisteners;
		found.listeners = NULL;
		who_fini(&found);
	} else {
		answer = found;
	}
	if (rc != 0) {
		who_fini(&answer);
		return rc;
	}
	count_addresses(&answer);
	sort(&answer, compare_by_listener);
	*out = answer;
	return 0;
}

void
who_fini(struct who_answer *answer)
{
	free(answer->ranges);
	free(answer->listeners);
	*answer = (struct who_answer){ 0 };
}
