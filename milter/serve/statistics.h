/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics.h - a decision into what is counted, for both drivers.
 */
#ifndef STATISTICS_H
#define STATISTICS_H

#include "service.h"

/* Counts a decision, and the client that it refuses. Never waits. What is
 * accepted counts at the stages that are logged only. */
void account_decision(const struct service *, struct edition *,
    enum decision_via, const struct session *, const struct netaddr *client,
    const struct event *, const struct decision *);

#endif
