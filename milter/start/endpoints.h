/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoints.h - the sockets of the daemon, from the options to what is
 * listening: which there are, whose they are, and that no two are the same.
 */
#ifndef ENDPOINTS_H
#define ENDPOINTS_H

#include "options.h"
#include "process.h"
#include "sockets.h"

enum endpoint {
	ENDPOINT_MILTER,
	ENDPOINT_POLICY,
	ENDPOINT_CONTROL,
	ENDPOINT_METRICS,
	ENDPOINT_COUNT
};

struct endpoints {
	struct {
		struct spec spec;
		bool wanted;
		int fd; /* once it is open; libmilter keeps its own */
	} of[ENDPOINT_COUNT];
};

/* These say on the log what went wrong. */

/* -EINVAL. */
int endpoints_parse(struct endpoints *, const struct options *);
/* Opens all that are wanted. A control socket that nobody asked for and that
 * cannot be made is not wanted any more. Call while there is one thread. */
int endpoints_open(
    struct endpoints *, const struct options *, const struct identity *);
/* Removes the files of those that were opened. */
void endpoints_remove(const struct endpoints *);

#endif
