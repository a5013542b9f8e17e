/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.h - what those who tell how the daemon is are told of its parts.
 *
 * Nothing here is changed once threads run; each part guards itself.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "reload.h"
#include "store.h"

struct service {
	struct store *store;
	struct reload *reload;
	int64_t started;   /* the time of day, and that of a clock that never */
	int64_t monotonic; /* goes back */
};

#endif
