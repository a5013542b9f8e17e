/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replies - the texts. Nothing from the network is ever put into one.
 */
#include "replies.h"

#include <assert.h>

/* clang-format off */
static const struct {
	struct reply reply;
	bool permission;
} replies[REPLY_COUNT] = {
	[REPLY_NO_CONNECTOR]      = { { "550", "5.7.1", "No Receive connector accepts this client" }, true },
	[REPLY_NO_CLIENT]         = { { "451", "4.3.0", "Client address is not known" }, false },
	[REPLY_NO_LISTENER]       = { { "451", "4.3.0", "Local address of this connection is not known" }, false },
	[REPLY_NOT_AUTHENTICATED] = { { "530", "5.7.1", "Client was not authenticated" }, true },
	[REPLY_NO_SUBMIT]         = { { "550", "5.7.1", "Client does not have permissions to submit to this server" }, true },
	[REPLY_BAD_SENDER]        = { { "553", "5.1.7", "Invalid address" }, false },
	[REPLY_SENDER_ANONYMOUS]  = { { "550", "5.7.1", "Anonymous client does not have permissions to send as this sender" }, true },
	[REPLY_SENDER]            = { { "550", "5.7.1", "Client does not have permissions to send as this sender" }, true },
	[REPLY_BAD_RECIPIENT]     = { { "553", "5.1.3", "Invalid address" }, false },
	[REPLY_BLOCKED]           = { { "550", "5.7.1", "Client address is on the IP block list" }, true },
	[REPLY_UNABLE_TO_RELAY]   = { { "550", "5.7.1", "Unable to relay" }, true },
	[REPLY_HEADER_FLOOD]      = { { "554", "5.6.0", "Message has too many different organization headers" }, false },
	[REPLY_SEQUENCE]          = { { "451", "4.3.0", "Bad sequence of commands" }, false },
	[REPLY_NO_MEMORY]         = { { "451", "4.3.0", "Insufficient system resources" }, false },
};
/* clang-format on */

struct reply
reply_get(enum reply_id id)
{
	assert(id > REPLY_NONE && id < REPLY_COUNT);
	return replies[id].reply;
}

bool
reply_is_permission(enum reply_id id)
{
	assert(id < REPLY_COUNT);
	return replies[id].permission;
}
