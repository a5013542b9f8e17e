/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - how the daemon is, as JSON.
 */
#include "status.h"
#include "log.h"

#include <time.h>
#include <unistd.h>

int64_t
monotonic_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static json_t *
policy_json(const struct service *s, const struct ruleset *r,
    const struct reload_state *state)
{
	char since[TIME_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:b}", "id", ruleset_id(r), "file",
	    ruleset_file(r), "since", time_format(store_since(s->store), since),
	    "last_good", state->restored);
}

static json_t *
reload_json(const struct service *s, const struct reload_state *state)
{
	return json_pack("{s:I, s:I, s:b, s:b, s:o?}", "good",
	    (json_int_t)state->good, "bad", (json_int_t)state->bad, "running",
	    state->asked != state->done, "unsaved", state->unsaved, "last",
	    reload_report(s->reload));
}

json_t *
status_json(const struct service *s, bool ranges)
{
	struct reload_state state = reload_state(s->reload);
	struct ruleset *r = store_get(s->store);
	char started[TIME_TEXT_SIZE];
	json_t *json;

	(void)ranges;
	json = json_pack("{s:s, s:I, s:s, s:I, s:b, s:s, s:o, s:o}", "version",
	    VERSION, "pid", (json_int_t)getpid(), "started",
	    time_format(s->started, started), "uptime",
	    (json_int_t)(monotonic_now() - s->monotonic), "ok",
	    !state.failed && !state.restored, "log_level",
	    log_level_name(log_level()), "policy", policy_json(s, r, &state),
	    "reload", reload_json(s, &state));
	ruleset_unref(r);
	return json;
}
