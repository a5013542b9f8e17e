/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event - the names of stages and verdicts, as logs and tools write them.
 */
#include <assert.h>

#include "rules.h"

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_CONNECT] = "connect",
	[STAGE_HELO] = "helo",
	[STAGE_MAIL] = "mail",
	[STAGE_RCPT] = "rcpt",
	[STAGE_DATA] = "data",
	[STAGE_HEADER] = "header",
	[STAGE_EOH] = "end of headers",
	[STAGE_BODY] = "body",
	[STAGE_EOM] = "end of message",
	[STAGE_ABORT] = "abort",
};

const char *
stage_name(enum stage stage)
{
	assert(stage < STAGE_COUNT);
	return stage_names[stage];
}

const char *
verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return "accept";
	case VERDICT_REJECT:
		return "reject";
	case VERDICT_TEMPFAIL:
		return "tempfail";
	}
	return "tempfail";
}
