/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * who_find.c - interval arithmetic over what connectors win.
 *
 * Each listener is walked, neighbours with the same answer are joined, and
 * what all listeners of a family have in common is taken out and said once.
 * Nothing is sampled: what the engine won interval by interval is all there
 * is.
 */
#include "claim.h"
#include "exposure.h"
#include "regions.h"
#include "who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct who {
	const struct who_question *question;
	const struct ruleset *ruleset;
	struct regions found; /* a kind is a connector, a principal and, if it
				 is asked for, what an entry narrows to */
	size_t listener;
	uint32_t kind;
};

/* ---- What the engine says of one listener ---------------------------- */

bool
who_may_use(const struct claim *claim, enum right right)
{
	return right == RIGHT_ANY_RECIPIENT ? claim->relay
					    : claim_may_use(claim, right);
}

/* Whether the holding's clients may use a right as one principal: by their
 * address, with a login, or with a partner's certificate. */
static bool
may_use(const struct holding *h, enum principal principal, enum right right)
{
	const struct credentials credentials = {
		.login = principal == PRINCIPAL_AUTHENTICATED,
		.partner = principal == PRINCIPAL_PARTNER,
	};
	struct claim claim;

	return holding_claim(h, &credentials, &claim) &&
	       (claim.principals & SET_OF(principal)) != 0 &&
	       who_may_use(&claim, right);
}

static int
add_part(void *ctx, const struct netrange *part)
{
	struct who *who = ctx;

	return regions_add(&who->found, part, who->listener, who->kind);
}

static size_t
kind_of(const struct who *who, const struct holding *h)
{
	if (!who->question->worth)
		return h->number;
	return h->limits.number * who->ruleset->policy->nconnectors + h->number;
}

static int
on_holding(void *ctx, const struct holding *h)
{
	struct who *who = ctx;
	int rc = 0;

	for (unsigned i = 0; i < PRINCIPAL_COUNT && rc == 0; i++) {
		if ((who->question->principals & SET_OF(i)) == 0 ||
		    !may_use(h, (enum principal)i, who->question->right))
			continue;
		who->kind = (uint32_t)(kind_of(who, h) * PRINCIPAL_COUNT) + i;
		rc = who->question->public_only
			 ? exposure_public(&h->clients, add_part, who)
			 : add_part(who, &h->clients);
	}
	return rc;
}

/* ---- The answer ------------------------------------------------------ */

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
walk(struct who *who, const struct ruleset *ruleset,
    const struct who_answer *answer)
{
	const struct who_question *question = who->question;
	const size_t listeners[] = { listeners_of(answer, FAMILY_IPV4),
		listeners_of(answer, FAMILY_IPV6) };
	int rc = 0;

	if (question->listener != NULL)
		return ruleset_walk(ruleset, question->listener, question->now,
		    on_holding, who);
	for (size_t i = 0; i < answer->nlisteners && rc == 0; i++) {
		who->listener = i;
		rc = ruleset_walk_nth(
		    ruleset, i, question->now, on_holding, who);
	}
	return rc != 0 ? rc : regions_fold(&who->found, listeners);
}

static int
take_listeners(const struct ruleset *ruleset,
    const struct who_question *question, struct who_answer *answer)
{
	answer->nlisteners = question->listener != NULL
				 ? 1
				 : ruleset_listeners(ruleset, NULL, 0);
	answer->listeners =
	    calloc(answer->nlisteners, sizeof *answer->listeners);
	if (answer->listeners == NULL)
		return -ENOMEM;
	if (question->listener != NULL)
		answer->listeners[0] = *question->listener;
	else
		(void)ruleset_listeners(
		    ruleset, answer->listeners, answer->nlisteners);
	return 0;
}

static int
take_ranges(const struct ruleset *ruleset, struct regions *found,
    struct who_answer *answer)
{
	const struct policy *policy = ruleset->policy;

	answer->ranges = calloc(found->count + 1, sizeof *answer->ranges);
	if (answer->ranges == NULL ||
	    regions_count(found, &answer->addresses) != 0)
		return -ENOMEM;
	regions_sort(found);
	for (size_t i = 0; i < found->count; i++) {
		const struct region *region = &found->items[i];
		size_t kind = region->kind / PRINCIPAL_COUNT;
		size_t entry = kind / policy->nconnectors;
		const struct rule *rule =
		    &ruleset->rules[kind % policy->nconnectors];

		answer->ranges[i] = (struct who_range){
			.clients = region->clients,
			.listener = region->place,
			.connector = rule->written->name,
			.limits = rule_limits(rule,
			    entry > 0 ? policy->entry_limits[entry - 1] : NULL),
			.principal =
			    (enum principal)(region->kind % PRINCIPAL_COUNT),
		};
	}
	answer->nranges = found->count;
	return 0;
}

int
who_find(const struct ruleset *ruleset, const struct who_question *question,
    struct who_answer *out)
{
	struct who_answer answer = { 0 };
	struct who who = { .question = question, .ruleset = ruleset };
	int rc = take_listeners(ruleset, question, &answer);

	if (rc == 0)
		rc = walk(&who, ruleset, &answer);
	if (rc == 0)
		rc = take_ranges(ruleset, &who.found, &answer);
	if (rc == 0)
		rc = who_routes(ruleset, question, &answer);
	regions_fini(&who.found);
	if (rc == 0)
		*out = answer;
	else
		who_fini(&answer);
	return rc;
}

void
who_fini(struct who_answer *answer)
{
	free(answer->routes);
	free(answer->ranges);
	free(answer->listeners);
	*answer = (struct who_answer){ 0 };
}
