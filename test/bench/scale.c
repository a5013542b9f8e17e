/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scale - time and memory for a number of something, to be asked with ten
 * times as many again.
 *
 * Ranges, accepted domains and connectors are loaded, and then looked up or
 * chosen from; sessions are opened and held open, past the second recipient.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "domains.h"
#include "ruleset.h"

enum { LOOKUPS = 200000 };

struct figures {
	double once;   /* ns for all */
	size_t bytes;  /* of heap for all */
	double lookup; /* ns for one look-up or event */
};

static struct ruleset *
load_measured(struct texts *texts, struct figures *figures)
{
	size_t heap = heap_bytes();
	double before = now_ns();
	struct ruleset *ruleset = ruleset_of(texts);

	figures->once = now_ns() - before;
	figures->bytes = heap_bytes() - heap;
	return ruleset;
}

static void
lookup_client(
    const struct ruleset *ruleset, size_t ports, struct figures *figures)
{
	uint64_t state = 3;
	double before = now_ns();
	size_t i;

	for (i = 0; i < LOOKUPS; i++) {
		uint64_t noise = next_random(&state);
		struct netaddr client = { .family = FAMILY_IPV4,
			.lo = noise >> 32 };
		struct listener listener = {
			.addr = { .family = FAMILY_IPV4, .lo = 0x0a010101 },
			.port = (uint16_t)(1024 + noise % ports % 60000),
		};
		struct choice choice;

		if (ruleset_choose(
			ruleset, &client, &listener, 1795000000, &choice) != 0)
			give_up("no connector is chosen");
	}
	figures->lookup = (now_ns() - before) / LOOKUPS;
}

static void
scale_ranges(size_t count, struct figures *figures)
{
	struct texts texts = { 0 };
	struct ruleset *ruleset;

	policy_ranges(&texts, SHAPE_FILE, FAMILY_IPV4, count);
	ruleset = load_measured(&texts, figures);
	lookup_client(ruleset, 1, figures);
	ruleset_unref(ruleset);
	texts_fini(&texts);
}

static void
scale_connectors(size_t count, struct figures *figures)
{
	struct texts texts = { 0 };
	struct ruleset *ruleset;

	policy_connectors(&texts, count);
	ruleset = load_measured(&texts, figures);
	lookup_client(ruleset, count, figures);
	ruleset_unref(ruleset);
	texts_fini(&texts);
}

static void
scale_domains(size_t count, struct figures *figures)
{
	struct texts texts = { 0 };
	struct ruleset *ruleset;
	uint64_t state = 4;
	double before;
	char name[64];
	size_t i, found = 0;

	policy_domains(&texts, count);
	ruleset = load_measured(&texts, figures);
	before = now_ns();
	for (i = 0; i < LOOKUPS; i++) {
		(void)snprintf(name, sizeof(name), "customer%zu.example",
		    (size_t)(next_random(&state) % (2 * count)));
		found += domset_find(ruleset->domains, name) != NULL;
	}
	figures->lookup = (now_ns() - before) / LOOKUPS;
	if (found == 0)
		give_up("no domain is found");
	ruleset_unref(ruleset);
	texts_fini(&texts);
}

static void
scale_sessions(size_t count, struct figures *figures)
{
	struct session **sessions = need(calloc(count, sizeof(*sessions)));
	struct texts texts = { 0 };
	struct ruleset *ruleset;
	size_t heap, i;
	double before;

	policy_session(&texts);
	ruleset = ruleset_of(&texts);
	heap = heap_bytes();
	before = now_ns();
	for (i = 0; i < count; i++) {
		sessions[i] = need(session_new(ruleset));
		session_play(sessions[i], i, false);
	}
	figures->once = now_ns() - before;
	figures->bytes = heap_bytes() - heap;
	figures->lookup = figures->once / (double)count / 5;
	for (i = 0; i < count; i++)
		session_free(sessions[i]);
	free(sessions);
	ruleset_unref(ruleset);
	texts_fini(&texts);
}

static const struct {
	const char *name;
	void (*run)(size_t count, struct figures *);
} kinds[] = {
	{ "ranges", scale_ranges },
	{ "domains", scale_domains },
	{ "connectors", scale_connectors },
	{ "sessions", scale_sessions },
};

int
bench_scale(int argc, char **argv)
{
	size_t count = count_argument(argv[1]), i;
	struct figures figures = { 0 };

	(void)argc;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[0], kinds[i].name) != 0)
			continue;
		kinds[i].run(count, &figures);
		(void)printf("{\"seconds\": %.6f, \"bytes\": %zu, "
			     "\"lookup_ns\": %.1f}\n",
		    figures.once / 1e9, figures.bytes, figures.lookup);
		return 0;
	}
	give_up("scale is of ranges, domains, connectors or sessions");
}
