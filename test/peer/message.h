/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - the header of a message, and the changes that a filter makes.
 *
 * Applies each change as an MTA does when it arrives: number n of a name
 * counts the fields of that name that are there now, without regard to case.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "peer.h"

struct message {
	struct peer_header *headers;
	size_t nheaders;
	struct peer_edit *edits;
	size_t nedits;
};

void message_clear(struct message *);
/* As sent: before any change. */
int message_header(struct message *, const char *name, const char *value);
int message_edit(struct message *, const struct peer_edit *);

#endif
