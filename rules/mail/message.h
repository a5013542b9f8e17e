/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - what is noted of a message while it passes: its size, its
 * hops, who it says it is from, and the fields that may have to go.
 *
 * Nothing is kept of a body, and of the header only what somebody asked for.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "firewall.h"
#include "mailbox.h"

enum { MESSAGE_FROM_MAX = 100 }; /* mailboxes in From that are looked at */

struct message {
	struct firewall firewall;
	uint64_t header_size, body_size; /* bytes, as on the wire */
	uint64_t original_size; /* X-MS-Exchange-Organization-OriginalSize,
				   UINT64_MAX if there is none */
	uint32_t hops, local_hops;
	bool keep_from;
	struct mailaddr *from; /* of every From field, if they are kept */
	size_t nfrom;
	bool failed; /* out of memory: undecidable */
};

/* keep_from: the From fields will be asked for. */
void message_init(struct message *, struct arena *, bool keep_from);
/* Notes a field. server is this host's name, for local hops. */
void message_header(
    struct message *, const char *name, const char *value, const char *server);
void message_body(struct message *, size_t bytes);
/* Header, the line between, and body. */
uint64_t message_size(const struct message *);

#endif
