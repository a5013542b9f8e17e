/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamp.h - the headers that tell a downstream Exchange who sent a message.
 *
 * "Antispam stamps" and "Header firewall" on learn.microsoft.com. A stamp is
 * made from what the session is, never from what the message says.
 */
#ifndef STAMP_H
#define STAMP_H

#include "policy.h"

enum { STAMPS_MAX = STAMP_COUNT };

/* What a message is stamped by. */
struct stamp_facts {
	principal_set principals;
	right_set rights;
	bool allow_listed;       /* the client is on the IP allow list */
	const char *server;      /* AuthSource */
	const char *auth_domain; /* of a partner, or NULL */
	uint32_t chosen;         /* stamps that are wanted */
	const struct scl_choice *scl;
	int connector_scl; /* SCL_UNSET: that of scl */
};

/* Whether a header, whoever wrote it, says who sent a message: what our own
 * stamps replace even where it is not one of them. */
bool stamp_is_identity(const char *name, size_t len);

/* Writes the stamps in their order; answers how many. Values are static or
 * those of the facts. A real Exchange server that may send organization
 * headers has stamped its mail itself: none. */
size_t stamp_make(const struct stamp_facts *, struct edit out[STAMPS_MAX]);
/* "AuthAs", ...: the words of the policy. */
const char *stamp_word(enum stamp);

#endif
