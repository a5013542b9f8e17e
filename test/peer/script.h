/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h - what an MTA sends in a session, written down to be sent often.
 *
 * A script is turns: bytes that are sent together, at whose end the MTA waits
 * for the filter. A peer writes it (peer_write_down()), so that it honours
 * what the filter asked for; many sessions can then play it at once.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct turn {
	char *bytes;
	size_t len;
	bool ended; /* a reply is waited for; only the last one may be open */
};

struct script {
	struct turn *turns;
	size_t count;
};

/* Adds a packet to the turn that is open. 0 or -ENOMEM. */
int script_add(struct script *, char command, const void *data, size_t len);
/* Ends it. */
int script_wait(struct script *);
void script_fini(struct script *);

#endif
