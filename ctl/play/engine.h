/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h - a ruleset as a partner in conversation.
 *
 * Feeds recorded sessions to the engine in this process; nothing is sent.
 * What limits count is counted through all sessions of one engine.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "conversation.h"

struct engine {
	struct ruleset *ruleset;
	struct session *session;  /* of one conversation after the other */
	right_set rights;         /* that it had before AUTH */
	struct arena *arena;      /* of one message's outcome */
	const struct edit *edits; /* of the last message that was accepted */
	size_t nedits;
	struct counter_table *table;
	struct counters counters;
};

/* Takes the reference on the ruleset, in every case. -ENOMEM. */
int engine_init(struct engine *, struct ruleset *);
void engine_fini(struct engine *);
/* The engine as who decides; lives as long as the engine. */
struct conversation engine_conversation(struct engine *);

#endif
