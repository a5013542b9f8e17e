/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load - what it costs to load a policy, beside the least that it can.
 *
 * The baseline reads the same list as YAML, event by event, and parses each
 * address, strictly as we do or with libcidr alone, and does nothing more. It
 * is the same for a file of networks, which needs no YAML.
 */
#include "bench.h"

#include <libcidr.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct baseline {
	double events, libcidr, strict;
	size_t addresses;
};

/* The addresses are kept between the two, so that each is timed alone, and
 * some bytes behind the begin of their room, since libcidr looks back. */
static struct baseline
time_baseline(const struct text *text, size_t count)
{
	enum { PADDING = 16, ROOM = 64 + PADDING };
	char(*addresses)[ROOM] = need(calloc(count, ROOM));
	struct baseline base = { 0 };
	yaml_parser_t parser;
	yaml_event_t event;
	bool over = false;
	double before;
	size_t i, n = 0;
	struct netrange range;
	char why[NETADDR_WHY_SIZE];

	before = now_ns();
	(void)yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)text->bytes, text->len);
	while (!over && yaml_parser_parse(&parser, &event)) {
		over = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_SCALAR_EVENT && n < count &&
		    event.data.scalar.length < ROOM - PADDING &&
		    strpbrk((const char *)event.data.scalar.value, ".:"))
			memcpy(addresses[n++] + PADDING,
			    event.data.scalar.value, event.data.scalar.length);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	base.events = now_ns() - before;
	before = now_ns();
	for (i = 0; i < n; i++) {
		CIDR *cidr = cidr_from_str(addresses[i] + PADDING);

		if (cidr == NULL)
			give_up("libcidr refuses an address");
		cidr_free(cidr);
	}
	base.libcidr = now_ns() - before;
	before = now_ns();
	for (i = 0; i < n; i++)
		if (netrange_parse(addresses[i] + PADDING, &range, NULL, why) !=
		    0)
			give_up(why);
	base.strict = now_ns() - before;
	base.addresses = n;
	free(addresses);
	return base;
}

int
bench_load(int argc, char **argv)
{
	enum shape shape = shape_argument(argv[0]);
	enum family family = family_argument(argv[1]);
	size_t count = count_argument(argv[2]);
	size_t rounds = count_argument(argv[3]), i;
	struct texts yaml = { 0 }, texts = { 0 };

	(void)argc;
	policy_ranges(&yaml, SHAPE_YAML, family, count);
	policy_ranges(&texts, shape, family, count);
	for (i = 0; i < rounds; i++) {
		struct baseline base = time_baseline(&yaml.items[0], count);
		double before = now_ns(), load;
		struct ruleset *ruleset = ruleset_of(&texts);

		load = now_ns() - before;
		ruleset_unref(ruleset);
		if (base.addresses != count)
			give_up("the baseline did not read all");
		(void)printf("{\"load_ns\": %.1f, \"events_ns\": %.1f, "
			     "\"strict_ns\": %.1f, \"libcidr_ns\": %.1f}\n",
		    load / (double)count, base.events / (double)count,
		    (base.events + base.strict) / (double)count,
		    (base.events + base.libcidr) / (double)count);
	}
	texts_fini(&yaml);
	texts_fini(&texts);
	return 0;
}

/* In a process of its own, as the peak is that of the process. */
int
bench_memory(int argc, char **argv)
{
	enum shape shape = shape_argument(argv[0]);
	enum family family = family_argument(argv[1]);
	size_t count = count_argument(argv[2]), heap, peak, text = 0, i;
	struct texts texts = { 0 };
	struct ruleset *ruleset;

	(void)argc;
	policy_ranges(&texts, shape, family, count);
	for (i = 0; i < texts.count; i++)
		text += texts.items[i].len;
	peak = peak_reset();
	heap = heap_bytes();
	ruleset = ruleset_of(&texts);
	heap = heap_bytes() - heap;
	peak = peak_bytes() - peak;
	(void)printf("{\"resident\": %.2f, \"peak\": %.2f, \"text\": %.2f}\n",
	    (double)heap / (double)count, (double)peak / (double)count,
	    (double)text / (double)count);
	ruleset_unref(ruleset);
	texts_fini(&texts);
	return 0;
}
