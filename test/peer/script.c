/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.c - what an MTA sends in a session, written down to be sent often.
 */
#include "script.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* NULL without memory. */
static struct turn *
turn_open(struct script *s)
{
	struct turn *grown;

	if (s->count && !s->turns[s->count - 1].ended)
		return &s->turns[s->count - 1];
	grown = reallocarray(s->turns, s->count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	s->turns = grown;
	grown[s->count] = (struct turn){ 0 };
	return &grown[s->count++];
}

int
script_add(struct script *s, char command, const void *data, size_t len)
{
	struct turn *turn = turn_open(s);
	char *grown;

	if (!turn)
		return -ENOMEM;
	grown = realloc(turn->bytes, turn->len + WIRE_HEAD + len);
	if (!grown)
		return -ENOMEM;
	turn->bytes = grown;
	wire_head(grown + turn->len, command, len);
	if (len)
		memcpy(grown + turn->len + WIRE_HEAD, data, len);
	turn->len += WIRE_HEAD + len;
	return 0;
}

int
script_wait(struct script *s)
{
	struct turn *turn = turn_open(s);

	if (!turn)
		return -ENOMEM;
	turn->ended = true;
	return 0;
}

void
script_fini(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->turns[i].bytes);
	free(s->turns);
	*s = (struct script){ 0 };
}
