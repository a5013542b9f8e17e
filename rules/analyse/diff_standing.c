/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_standing - all that decides about a client beside what it does, as a
 * number.
 */
#include "diff_standing.h"

enum {
	STANDING_BLOCKED = 1,
	STANDING_ALLOWED = 2,
	STANDING_SERVERS = 2, /* from which bit on, two of them */
	STANDING_RULE = 4,    /* the same */
	STANDING_LIMITS = 32, /* the same */
};

uint32_t
standing_rule(standing code)
{
	return (uint32_t)code >> STANDING_RULE;
}

/* Of what the entry states that has the clients; 0: nothing. */
static standing
limits_number(const struct ruleset *ruleset, const struct part *part)
{
	const struct client_limits *limits;

	if (ruleset->policy->nentry_limits == 0 || !part->choice.rule)
		return 0;
	limits = choice_range(&part->choice).limits;
	return limits ? limits->number : 0;
}

standing
standing_of(const struct ruleset *ruleset, const struct part *part)
{
	standing code =
	    part->choice.rule == NULL
		? 0
		: (uint32_t)(part->choice.rule - ruleset->rules) + 1;

	code = code << STANDING_RULE | part->server >> PRINCIPAL_EXCHANGE_SERVER
							   << STANDING_SERVERS;
	code |= part->allow_listed ? STANDING_ALLOWED : 0;
	code |= limits_number(ruleset, part) << STANDING_LIMITS;
	return code | (part->blocked ? STANDING_BLOCKED : 0);
}

struct side
side_of(const struct ruleset *ruleset, standing code)
{
	uint32_t rule = standing_rule(code);
	const struct credentials none = { 0 };
	size_t limits = (size_t)(code >> STANDING_LIMITS);
	struct side side = {
		.ruleset = ruleset,
		.rule = rule != 0 ? &ruleset->rules[rule - 1] : NULL,
		.allowed = (code & STANDING_ALLOWED) != 0,
	};

	side.blocked = (code & STANDING_BLOCKED) != 0 && !side.allowed;
	side.client = (struct client_state){
		.rule = side.rule,
		.server = (principal_set)(code >> STANDING_SERVERS & 3)
			  << PRINCIPAL_EXCHANGE_SERVER,
		.allow_listed = side.allowed,
		.block_listed = side.blocked,
	};
	if (side.rule)
		side.client.limits = rule_limits(side.rule,
		    limits ? ruleset->policy->entry_limits[limits - 1] : NULL);
	side.base = claim_find(ruleset, &side.client, &none).principals;
	return side;
}
