/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rates.h - how much a minute, over the last 1, 5 and 15 minutes.
 *
 * Made of samples of the totals that somebody takes every RATES_STEP seconds;
 * who counts does nothing for it. For one thread.
 */
#ifndef RATES_H
#define RATES_H

#include "tally.h"

enum { RATES_STEP = 10, RATES_MINUTES = 15 };

struct rates {
	struct {
		int64_t at;
		struct totals totals;
	} samples[RATES_MINUTES * 60 / RATES_STEP + 1]; /* a ring */
	size_t first, count;
};

/* at: seconds of a clock that never goes back. */
void rates_sample(struct rates *, int64_t at, const struct totals *);
/* What has come since so many minutes, as if of one minute; since the first
 * sample, where that is later. Of less than a minute nothing is made more. */
struct rate {
	double sessions, messages, refused, requests;
};
struct rate rates_over(
    const struct rates *, int minutes, int64_t at, const struct totals *);

#endif
