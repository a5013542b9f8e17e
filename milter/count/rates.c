/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rates.c - how much a minute, over the last 1, 5 and 15 minutes.
 */
#include "rates.h"

enum {
	ROOM = sizeof(((struct rates *)0)->samples) /
	       sizeof(*((struct rates *)0)->samples)
};

void
rates_sample(struct rates *r, int64_t at, const struct totals *totals)
{
	size_t i = (r->first + r->count) % ROOM;

	r->samples[i].at = at;
	r->samples[i].totals = *totals;
	if (r->count < ROOM)
		r->count++;
	else
		r->first = (r->first + 1) % ROOM;
}

struct rate
rates_over(
    const struct rates *r, int minutes, int64_t at, const struct totals *now)
{
	struct totals then = { 0 };
	int64_t since = at;
	double per;

	/* The newest sample that is old enough, else the oldest. */
	for (size_t n = r->count; n > 0; n--) {
		size_t i = (r->first + n - 1) % ROOM;
		then = r->samples[i].totals;
		since = r->samples[i].at;
		if (at - since >= (int64_t)minutes * 60)
			break;
	}
	if (r->count == 0)
		return (struct rate){ 0 };
	per = 60.0 / (at - since > 60 ? (double)(at - since) : 60.0);
	return (struct rate){
		.sessions = (double)(now->sessions - then.sessions) * per,
		.messages = (double)(now->messages - then.messages) * per,
		.refused = (double)(now->refused - then.refused) * per,
		.requests = (double)(now->requests - then.requests) * per,
	};
}
