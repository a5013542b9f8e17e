/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.h - OpenMetrics over HTTP, at /metrics, from a thread of its own.
 *
 * For a Prometheus on this host. Tells counts, never who was counted: labels
 * are connectors of the policy and words of the program. Bounded in
 * connections, bytes and time; nobody else waits for it.
 */
#ifndef METRICS_H
#define METRICS_H

#include "service.h"

struct evbuffer;
struct metrics;

/* Serves a listening, non-blocking socket, which becomes its own. The service
 * must outlive it. Call when signals are blocked. */
int metrics_start(int fd, const struct service *, struct metrics **);
/* Ends the thread; open connections are closed. Takes NULL. */
void metrics_stop(struct metrics *);

/* What is at /metrics. -ENOMEM. */
int exposition_print(const struct service *, struct evbuffer *);

#endif
