/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition.c - what the daemon counts, as OpenMetrics 1.0.
 *
 * One table of the families that are one number; those with labels have a
 * function each. A series of decisions is there once it has happened.
 */
#include "metrics.h"

#include "log.h"
#include "status.h"

#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>

/* What several numbers are taken from, once. */
struct facts {
	const struct service *service;
	struct edition *edition;
	struct reload_state reload;
	struct counter_usage usage;
};

static double
started_of(const struct facts *f)
{
	return (double)f->service->started;
}

static double
since_of(const struct facts *f)
{
	return (double)store_since(f->service->store);
}

static double
last_good_of(const struct facts *f)
{
	return f->reload.restored;
}

static double
failed_of(const struct facts *f)
{
	return f->reload.failed;
}

static double
dropped_of(const struct facts *f)
{
	(void)f;
	return (double)log_dropped();
}

static double
unrecorded_of(const struct facts *f)
{
	return (double)recorder_dropped(f->service->recorder);
}

static double
missed_of(const struct facts *f)
{
	return (double)refused_missed(f->service->refused);
}

static double
room_of(const struct facts *f)
{
	return (double)f->usage.room;
}

static double
shared_of(const struct facts *f)
{
	return (double)f->usage.shared;
}

static const struct {
	const char *name; /* behind connector_milter_ */
	const char *type, *unit;
	const char *help;
	double (*value)(const struct facts *);
} numbers[] = {
	// clang-format off
	{ "start_time_seconds",    "gauge",   "seconds", "When the daemon was started.", started_of },
	{ "policy_since_seconds",  "gauge",   "seconds", "When the policy in use was loaded.", since_of },
	{ "policy_last_good",      "gauge",   NULL,      "1 if the last good policy is in use because the file is bad.", last_good_of },
	{ "reload_failed",         "gauge",   NULL,      "1 if the last reload was refused.", failed_of },
	{ "log_lines_dropped",     "counter", NULL,      "Lines of log that were lost.", dropped_of },
	{ "sessions_unrecorded",   "counter", NULL,      "Sessions that --record left out.", unrecorded_of },
	{ "refused_clients_missed","counter", NULL,      "Refusals that the list of clients refused most does not know of.", missed_of },
	{ "limit_counts_room",     "gauge",   NULL,      "Sources of each kind that limits have room for.", room_of },
	{ "limit_counts_shared",   "gauge",   NULL,      "Places where sources share a count for want of room.", shared_of },
	// clang-format on
};

static void
family_begin(struct evbuffer *out, const char *name, const char *type,
    const char *unit, const char *help)
{
	evbuffer_add_printf(out, "# TYPE connector_milter_%s %s\n", name, type);
	if (unit)
		evbuffer_add_printf(
		    out, "# UNIT connector_milter_%s %s\n", name, unit);
	evbuffer_add_printf(out, "# HELP connector_milter_%s %s\n", name, help);
}

/* A label value may hold anything but three bytes as they are. */
static void
label_add(struct evbuffer *out, const char *key, const char *value)
{
	evbuffer_add_printf(out, "%s=\"", key);
	for (; *value; value++) {
		if (*value == '\n')
			evbuffer_add(out, "\\n", 2);
		else if (*value == '"' || *value == '\\')
			evbuffer_add_printf(out, "\\%c", *value);
		else
			evbuffer_add(out, value, 1);
	}
	evbuffer_add(out, "\"", 1);
}

static void
numbers_print(const struct facts *f, struct evbuffer *out)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		bool counter = !strcmp(numbers[i].type, "counter");
		family_begin(out, numbers[i].name, numbers[i].type,
		    numbers[i].unit, numbers[i].help);
		evbuffer_add_printf(out, "connector_milter_%s%s %.0f\n",
		    numbers[i].name, counter ? "_total" : "",
		    numbers[i].value(f));
	}
}

static void
infos_print(const struct facts *f, struct evbuffer *out)
{
	family_begin(out, "build", "info", NULL, "The version that runs.");
	evbuffer_add_printf(
	    out, "connector_milter_build_info{version=\"%s\"} 1\n", VERSION);
	family_begin(
	    out, "policy", "info", NULL, "The id of the policy in use.");
	evbuffer_add_printf(out, "connector_milter_policy_info{id=\"%s\"} 1\n",
	    ruleset_id(edition_ruleset(f->edition)));
	family_begin(out, "reloads", "counter", NULL,
	    "Loads of the policy since the start, without the first.");
	evbuffer_add_printf(out,
	    "connector_milter_reloads_total{result=\"good\"} %" PRIu64 "\n"
	    "connector_milter_reloads_total{result=\"bad\"} %" PRIu64 "\n",
	    f->reload.good, f->reload.bad);
	family_begin(out, "limit_counts", "gauge", NULL,
	    "Sources that limits count now.");
	evbuffer_add_printf(out,
	    "connector_milter_limit_counts{kind=\"open\"} %zu\n"
	    "connector_milter_limit_counts{kind=\"rate\"} %zu\n",
	    f->usage.open, f->usage.windows);
}

/* ---- By connector ---------------------------------------------------- */

static void
sessions_print(const struct facts *f, struct evbuffer *out)
{
	const struct tally_row *row;

	family_begin(out, "sessions_open", "gauge", NULL,
	    "Sessions of the milter that are open.");
	for (size_t i = 0; (row = tally_get(f->service->tally, i)); i++) {
		evbuffer_add_printf(out, "connector_milter_sessions_open{");
		label_add(out, "connector", row->name);
		evbuffer_add_printf(out, "} %zu\n", atomic_load(&row->open));
	}
}

static void
row_print(struct evbuffer *out, const struct tally_row *row,
    enum decision_via via, enum stage stage, enum outcome outcome)
{
	for (unsigned i = 0; reason_name(i); i++) {
		uint64_t n = tally_read(row, via, stage, outcome, i);
		if (!n)
			continue;
		evbuffer_add_printf(out, "connector_milter_decisions_total{");
		label_add(out, "connector", row->name);
		evbuffer_add_printf(out,
		    ",via=\"%s\",stage=\"%s\",verdict=\"%s\",reason=\"%s\"} "
		    "%" PRIu64 "\n",
		    via_name(via), stage_name(stage), outcome_name(outcome),
		    reason_name(i), n);
	}
}

static void
decisions_print(const struct facts *f, struct evbuffer *out)
{
	const struct tally_row *row;

	family_begin(out, "decisions", "counter", NULL,
	    "Decisions; the verdict monitored let pass what would have been "
	    "refused.");
	for (size_t i = 0; (row = tally_get(f->service->tally, i)); i++)
		for (int via = 0; via < VIA_COUNT; via++)
			for (int stage = 0; stage < STAGE_COUNT; stage++)
				for (int o = 0; o < OUTCOME_COUNT; o++)
					row_print(out, row,
					    (enum decision_via)via,
					    (enum stage)stage, (enum outcome)o);
}

/* Connectors that have no row of their own are left out. */
static bool
connector_next(
    const struct facts *f, size_t *i, struct connector_facts *connector)
{
	const struct ruleset *r = edition_ruleset(f->edition);

	return *i < TALLY_CONNECTORS_MAX &&
	       ruleset_connector(r, (*i)++, connector);
}

static void
ranges_print(const struct facts *f, struct evbuffer *out)
{
	struct connector_facts c;
	int64_t last;

	family_begin(out, "ranges", "gauge", NULL,
	    "Ranges of a connector that were used since the start, or not.");
	for (size_t i = 0; connector_next(f, &i, &c);) {
		size_t used = 0;
		for (size_t n = 0; n < c.nranges; n++)
			used += edition_hits(
				    f->edition, c.first_range + n, &last) != 0;
		for (int u = 0; u <= 1; u++) {
			evbuffer_add_printf(out, "connector_milter_ranges{");
			label_add(out, "connector", c.name);
			evbuffer_add_printf(out, ",used=\"%s\"} %zu\n",
			    u ? "yes" : "no", u ? used : c.nranges - used);
		}
	}
}

static void
limits_print(const struct facts *f, struct evbuffer *out)
{
	struct connector_facts c;

	family_begin(out, "max_inbound_connection", "gauge", NULL,
	    "The limit of that name, of connectors that have it.");
	for (size_t i = 0; connector_next(f, &i, &c);) {
		if (!c.max_inbound_connection)
			continue;
		evbuffer_add_printf(
		    out, "connector_milter_max_inbound_connection{");
		label_add(out, "connector", c.name);
		evbuffer_add_printf(
		    out, "} %" PRIu32 "\n", c.max_inbound_connection);
	}
}

int
exposition_print(const struct service *s, struct evbuffer *out)
{
	struct facts f = {
		.service = s,
		.edition = store_get(s->store),
		.reload = reload_state(s->reload),
		.usage = counter_table_usage(
		    s->table, (uint64_t)monotonic_now() * 1000),
	};
	int rc;

	infos_print(&f, out);
	numbers_print(&f, out);
	sessions_print(&f, out);
	decisions_print(&f, out);
	ranges_print(&f, out);
	limits_print(&f, out);
	/* If memory ran out before, this most likely fails too. */
	rc = evbuffer_add_printf(out, "# EOF\n") < 0 ? -ENOMEM : 0;
	edition_unref(f.edition);
	return rc;
}
