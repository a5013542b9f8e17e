/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff - what it costs to compare two policies, beside loading one of them.
 *
 * The ranges of a connector that relays lie in one for everybody, so that
 * what is won changes at each end of a range; the newer policy lacks each
 * thousandth of them.
 */
#include "bench.h"
#include "diff.h"

#include <stdlib.h>

enum { LACKS = 1000 };

static void
policy_relay(struct texts *texts, enum shape shape,
    const struct netrange *ranges, size_t count, bool whole)
{
	FILE *out = text_open(texts, "policy.yaml"), *list = out;
	char text[NETRANGE_TEXT_SIZE];
	size_t i;

	(void)fputs("version: 1\nnetworks:\n  all: ", out);
	if (shape == SHAPE_FILE) {
		(void)fputs("{file: all.txt}\n", out);
	} else {
		(void)fputs("\n", out);
		for (i = 0; i < count; i++)
			if (whole || i % LACKS != 0)
				(void)fprintf(out, "    - \"%s\"\n",
				    netrange_format(&ranges[i], text));
	}
	(void)fputs("connectors:\n"
		    "  - name: front\n"
		    "    permission_groups: [AnonymousUsers]\n"
		    "    remote_ip_ranges: [\"0.0.0.0/0\", \"::/0\"]\n"
		    "  - name: relay\n"
		    "    public_addresses: 18446744073709551615\n"
		    "    auth_mechanism: [ExternalAuthoritative]\n"
		    "    permission_groups: [ExchangeServers]\n"
		    "    remote_ip_ranges: [all]\n",
	    out);
	text_close(texts, out);
	if (shape != SHAPE_FILE)
		return;
	list = text_open(texts, "all.txt");
	for (i = 0; i < count; i++)
		if (whole || i % LACKS != 0)
			(void)fprintf(
			    list, "%s\n", netrange_format(&ranges[i], text));
	text_close(texts, list);
}

int
bench_diff(int argc, char **argv)
{
	enum shape shape = shape_argument(argv[0]);
	enum family family = family_argument(argv[1]);
	size_t count = count_argument(argv[2]);
	size_t rounds = count_argument(argv[3]), i;
	struct netrange *ranges = need(calloc(count, sizeof(*ranges)));
	struct texts older = { 0 }, newer = { 0 };
	struct ruleset *was, *is;

	(void)argc;
	set_fill(ranges, count, family);
	policy_relay(&older, shape, ranges, count, true);
	policy_relay(&newer, shape, ranges, count, false);
	free(ranges);
	was = ruleset_of(&older);
	for (i = 0; i < rounds; i++) {
		struct difference *difference;
		double before = now_ns(), load, diff;

		is = ruleset_of(&newer);
		load = now_ns() - before;
		before = now_ns();
		if (difference_find(was, is, 0, &difference) != 0)
			give_up("cannot compare");
		diff = now_ns() - before;
		if (difference_relation(difference) == RELATION_EQUIVALENT)
			give_up("no difference was found");
		(void)printf("{\"diff_ns\": %.1f, \"load_ns\": %.1f}\n",
		    diff / (double)count, load / (double)count);
		difference_free(difference);
		ruleset_unref(is);
	}
	ruleset_unref(was);
	texts_fini(&older);
	texts_fini(&newer);
	return 0;
}
