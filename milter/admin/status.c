/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - how the daemon is, as JSON.
 */
#include "status.h"
#include "log.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REFUSED_SHOWN = 10 };

int64_t
monotonic_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* null for 0: never. */
static json_t *
time_json(int64_t t)
{
	char text[TIME_TEXT_SIZE];

	return t ? json_string(time_format(t, text)) : json_null();
}

static json_t *
policy_json(const struct service *s, const struct ruleset *r,
    const struct reload_state *state)
{
	return json_pack("{s:s, s:s, s:o, s:b}", "id", ruleset_id(r), "file",
	    ruleset_file(r), "since", time_json(store_since(s->store)),
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

/* ---- What was decided ------------------------------------------------ */

static json_t *
totals_json(const struct service *s)
{
	struct totals totals = tally_totals(s->tally);

	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "sessions",
	    (json_int_t)totals.sessions, "messages",
	    (json_int_t)totals.messages, "refused", (json_int_t)totals.refused,
	    "requests", (json_int_t)totals.requests, "refused_requests",
	    (json_int_t)totals.refused_requests);
}

static uint64_t
outcome_sum(const struct tally_row *row, enum outcome outcome)
{
	uint64_t sum = 0;

	for (int via = 0; via < VIA_COUNT; via++)
		for (int stage = 0; stage < STAGE_COUNT; stage++)
			sum += tally_sum(row, (enum decision_via)via,
			    (enum stage)stage, outcome);
	return sum;
}

/* Why something was refused, or would have been: a number for each reason. */
static json_t *
reasons_json(const struct tally_row *row, bool monitored)
{
	json_t *all = json_object();
	const char *name;

	for (unsigned i = 1; (name = reason_name(i)); i++) {
		uint64_t n = 0;
		for (int v = 0; v < VIA_COUNT; v++)
			for (int o = OUTCOME_REJECT; o < OUTCOME_COUNT; o++)
				for (int st = 0; st < STAGE_COUNT; st++)
					if ((o == OUTCOME_MONITORED) ==
					    monitored)
						n += tally_read(row,
						    (enum decision_via)v,
						    (enum stage)st,
						    (enum outcome)o, i);
		if (n)
			json_object_set_new(
			    all, name, json_integer((json_int_t)n));
	}
	return all;
}

static json_t *
row_json(const struct tally_row *row)
{
	uint64_t messages =
	    tally_sum(row, VIA_MILTER, STAGE_EOM, OUTCOME_ACCEPT) +
	    tally_sum(row, VIA_MILTER, STAGE_EOM, OUTCOME_MONITORED);

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
	    "name", row->name, "open", (json_int_t)atomic_load(&row->open),
	    "sessions",
	    (json_int_t)tally_sum(
		row, VIA_MILTER, STAGE_CONNECT, OUTCOME_ACCEPT),
	    "requests",
	    (json_int_t)tally_sum(
		row, VIA_POLICY, STAGE_CONNECT, OUTCOME_ACCEPT),
	    "messages", (json_int_t)messages, "refused",
	    (json_int_t)(outcome_sum(row, OUTCOME_REJECT) +
			 outcome_sum(row, OUTCOME_TEMPFAIL)),
	    "monitored", (json_int_t)outcome_sum(row, OUTCOME_MONITORED),
	    "reasons", reasons_json(row, false), "monitored_reasons",
	    reasons_json(row, true));
}

/* ---- Connectors and ranges ------------------------------------------- */

/* What the edition says of a connector that the row does not. */
static void
connector_add(
    json_t *json, const struct edition *e, const struct connector_facts *facts)
{
	int64_t last, latest = 0;
	uint64_t used = 0;

	for (size_t i = 0; i < facts->nranges; i++) {
		used += edition_hits(e, facts->first_range + i, &last) != 0;
		latest = last > latest ? last : latest;
	}
	json_object_set_new(json, "mode",
	    json_string(!facts->enabled    ? "disabled"
			: facts->monitored ? "monitor"
					   : "enforce"));
	json_object_set_new(
	    json, "ranges", json_integer((json_int_t)facts->nranges));
	json_object_set_new(json, "unused_ranges",
	    json_integer((json_int_t)(facts->nranges - used)));
	json_object_set_new(json, "last_used", time_json(latest));
	json_object_set_new(json, "max_inbound_connection",
	    facts->max_inbound_connection
		? json_integer(facts->max_inbound_connection)
		: json_null());
}

static bool
facts_find(
    const struct ruleset *r, const char *name, struct connector_facts *facts)
{
	for (size_t i = 0; ruleset_connector(r, i, facts); i++)
		if (!strcmp(facts->name, name))
			return true;
	return false;
}

static json_t *
connectors_json(const struct service *s, const struct edition *e)
{
	json_t *all = json_array(), *one;
	struct connector_facts facts;
	const struct tally_row *row;

	for (size_t i = 0; (row = tally_get(s->tally, i)); i++) {
		bool there = facts_find(edition_ruleset(e), row->name, &facts);
		/* One that is gone is told while it has sessions. */
		if (!there && !atomic_load(&row->open) &&
		    (*row->name || !outcome_sum(row, OUTCOME_ACCEPT)))
			continue;
		one = row_json(row);
		if (there)
			connector_add(one, e, &facts);
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *
range_json(const struct range_facts *range,
    const struct connector_facts *connector, uint32_t hits, int64_t last)
{
	char text[NETRANGE_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s?, s:I, s:o, s:s?, s:I}", "connector",
	    connector->name, "range", netrange_format(&range->range, text),
	    "network", range->network, "hits", (json_int_t)hits, "last_used",
	    time_json(last), "file", range->where.file, "line",
	    (json_int_t)range->where.line);
}

/* Those that were never used come first: they are what is looked for. */
static json_t *
ranges_json(const struct edition *e)
{
	const struct ruleset *r = edition_ruleset(e);
	struct connector_facts connector;
	struct range_facts range;
	json_t *all = json_array();
	int64_t last;

	for (int used = 0; used <= 1; used++) {
		for (size_t i = 0; ruleset_range(r, i, &range); i++) {
			uint32_t hits = edition_hits(e, i, &last);
			if ((hits != 0) != used ||
			    json_array_size(all) == STATUS_RANGES_MAX)
				continue;
			ruleset_connector(r, range.connector, &connector);
			json_array_append_new(
			    all, range_json(&range, &connector, hits, last));
		}
	}
	return all;
}

/* ---- Clients and limits ---------------------------------------------- */

static json_t *
refused_json(const struct service *s)
{
	struct refused_client top[REFUSED_SHOWN];
	size_t count = refused_top(s->refused, top, REFUSED_SHOWN);
	json_t *all = json_array();
	char addr[NETADDR_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    all, json_pack("{s:s, s:I, s:I, s:s, s:o}", "client",
			     netaddr_format(&top[i].client, addr), "refused",
			     (json_int_t)top[i].count, "at_most_too_many",
			     (json_int_t)top[i].extra, "reason",
			     reason_name(top[i].reason), "last",
			     time_json(top[i].last)));
	return all;
}

static json_t *
limits_json(const struct service *s)
{
	struct counter_usage u =
	    counter_table_usage(s->table, (uint64_t)monotonic_now() * 1000);

	return json_pack("{s:I, s:I, s:I, s:I}", "room", (json_int_t)u.room,
	    "open", (json_int_t)u.open, "rates", (json_int_t)u.windows,
	    "shared", (json_int_t)u.shared);
}

json_t *
status_json(const struct service *s, bool ranges)
{
	struct reload_state state = reload_state(s->reload);
	struct edition *e = store_get(s->store);
	json_t *json;

	json = json_pack("{s:s, s:I, s:o, s:I, s:b, s:{s:s, s:I}, s:o, s:o, "
			 "s:I, s:o, s:o, s:o, s:I, s:o}",
	    "version", VERSION, "pid", (json_int_t)getpid(), "started",
	    time_json(s->started), "uptime",
	    (json_int_t)(monotonic_now() - s->monotonic), "ok",
	    !state.failed && !state.restored, "log", "level",
	    log_level_name(log_level()), "dropped", (json_int_t)log_dropped(),
	    "policy", policy_json(s, edition_ruleset(e), &state), "reload",
	    reload_json(s, &state), "sessions",
	    (json_int_t)roster_count(s->roster), "totals", totals_json(s),
	    "connectors", connectors_json(s, e), "refused_clients",
	    refused_json(s), "refused_clients_missed",
	    (json_int_t)refused_missed(s->refused), "limits", limits_json(s));
	if (json && ranges)
		json_object_set_new(json, "ranges", ranges_json(e));
	edition_unref(e);
	return json;
}

/* ---- Sessions -------------------------------------------------------- */

struct listing {
	json_t *all;
	size_t left_out;
};

static void
visit_list(void *ctx, const struct visit *v)
{
	struct listing *l = ctx;
	char addr[NETADDR_TEXT_SIZE];

	if (json_array_size(l->all) >= STATUS_SESSIONS_MAX) {
		l->left_out++;
		return;
	}
	json_array_append_new(
	    l->all, json_pack("{s:s, s:s, s:s?, s:s, s:o, s:s, s:I, s:I, s:I}",
			"id", v->id, "client", netaddr_format(&v->client, addr),
			"connector", session_connector(v->session), "policy",
			ruleset_id(session_ruleset(v->session)), "since",
			time_json(v->since), "stage",
			stage_name((enum stage)atomic_load(&v->stage)),
			"messages", (json_int_t)atomic_load(&v->messages),
			"recipients", (json_int_t)atomic_load(&v->recipients),
			"refused", (json_int_t)atomic_load(&v->refused)));
}

json_t *
sessions_json(const struct service *s)
{
	struct edition *e = store_get(s->store);
	struct listing l = { .all = json_array() };
	json_t *json;

	roster_walk(s->roster, visit_list, &l);
	json = json_pack("{s:s, s:o, s:I}", "policy",
	    ruleset_id(edition_ruleset(e)), "sessions", l.all, "left_out",
	    (json_int_t)l.left_out);
	edition_unref(e);
	return json;
}
