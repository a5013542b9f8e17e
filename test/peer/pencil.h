/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pencil.h - which fields of a message arrive, as somebody finds it who has
 * the manual and a pencil.
 *
 * Shares nothing with the engine. One field at a time: what becomes of it
 * depends on its name and on its client alone.
 */
#ifndef PENCIL_H
#define PENCIL_H

#include <stdbool.h>

/* What a client may bring, and what it gets: "name: value\n", in their
 * order. Who gets any stamp loses what others say of who sent a message. */
struct pencil_client {
	bool organization, forest, routing;
	const char *stamps;
};

/* Whether a field needs a right. */
bool pencil_protects(const char *name);
/* Whether a field of the client's arrives. */
bool pencil_survives(const char *name, const struct pencil_client *);

#endif
