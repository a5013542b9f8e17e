/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losers.h - how a connector was chosen, for those who ask.
 */
#ifndef LOSERS_H
#define LOSERS_H

#include "ruleset.h"

/* Tells of each connector that holds the client or names the local address,
 * the winner last. untold: the local address was not told and mattered, so
 * there is no winner. */
void candidates_tell(const struct ruleset *, const struct session_event *,
    const struct choice *, bool untold, const struct session_listener *);

#endif
