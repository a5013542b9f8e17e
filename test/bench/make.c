/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make - ranges and policies to measure with.
 *
 * The same on every machine and in every run. Nothing is read from a file.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 20070101 };

/* ---- Ranges ------------------------------------------------------------ */

static struct netrange
cidr(struct netaddr addr, unsigned prefix)
{
	unsigned bits = (addr.family == FAMILY_IPV4 ? 32 : 128) - prefix;
	uint64_t hi = bits <= 64 ? 0 : UINT64_MAX >> (128 - bits);
	uint64_t lo = bits == 0    ? 0
		      : bits >= 64 ? UINT64_MAX
				   : UINT64_MAX >> (64 - bits);
	struct netrange range = { .first = addr, .last = addr };

	range.first.hi &= ~hi;
	range.first.lo &= ~lo;
	range.last.hi |= hi;
	range.last.lo |= lo;
	range.form = netset_form(&range);
	return range;
}

static struct netrange
make_ipv4(uint64_t *state)
{
	uint64_t noise = next_random(state);
	unsigned kind = (unsigned)(noise % 100);
	unsigned prefix = kind < 35   ? 32
			  : kind < 75 ? 24
				      : 12 + (unsigned)(noise >> 8) % 20;

	return cidr(
	    (struct netaddr){ .family = FAMILY_IPV4, .lo = noise >> 32 },
	    prefix);
}

static struct netrange
make_ipv6(uint64_t *state)
{
	static const uint64_t registries[] = { 0x2400, 0x2600, 0x2800, 0x2a00,
		0x2c0f };
	static const unsigned lengths[] = { 128, 64, 48, 0 };
	uint64_t noise = next_random(state), low = next_random(state);
	unsigned prefix = lengths[noise % 4];
	uint64_t given = low % 8192 << 35;

	if (prefix == 0)
		prefix = 29 + (unsigned)(noise >> 8) % 27;
	return cidr(
	    (struct netaddr){
		.family = FAMILY_IPV6,
		.hi = registries[(noise >> 3) % 5] << 48 | given |
		      (noise >> 29 & ~(UINT64_MAX << 35)),
		.lo = low,
	    },
	    prefix);
}

void
set_fill(struct netrange *ranges, size_t count, enum family family)
{
	uint64_t state = SEED;
	size_t i;

	for (i = 0; i < count; i++)
		ranges[i] = family == FAMILY_IPV4 ? make_ipv4(&state)
						  : make_ipv6(&state);
}

struct netaddr
set_member(const struct netrange *range, uint64_t *state)
{
	struct netaddr addr = range->first;

	addr.hi |= next_random(state) & (range->first.hi ^ range->last.hi);
	addr.lo |= next_random(state) & (range->first.lo ^ range->last.lo);
	return addr;
}

/* ---- Texts ------------------------------------------------------------- */

FILE *
text_open(struct texts *texts, const char *name)
{
	struct text *text = &texts->items[texts->count];

	text->name = name;
	return need(open_memstream(&text->bytes, &text->len));
}

void
text_close(struct texts *texts, FILE *file)
{
	if (fclose(file) != 0)
		give_up("out of memory");
	texts->count++;
}

void
texts_fini(struct texts *texts)
{
	while (texts->count > 0)
		free(texts->items[--texts->count].bytes);
}

static int
read_text(void *ctx, const char *path, size_t max, char **out, size_t *len)
{
	const struct texts *texts = ctx;
	size_t i;

	for (i = 0; i < texts->count; i++) {
		const struct text *text = &texts->items[i];

		if (strcmp(text->name, path) != 0)
			continue;
		if (text->len > max)
			return -EFBIG;
		*out = malloc(text->len + 1);
		if (*out == NULL)
			return -ENOMEM;
		memcpy(*out, text->bytes, text->len + 1);
		*len = text->len;
		return 0;
	}
	return -ENOENT;
}

struct reader
texts_reader(struct texts *texts)
{
	return (struct reader){ .ctx = texts, .read = read_text };
}

struct ruleset *
ruleset_of(struct texts *texts)
{
	struct diagnostics *list = need(diagnostics_new());
	struct reader reader = texts_reader(texts);
	struct ruleset *ruleset;
	const struct diagnostic *first;

	if (ruleset_load(&reader, "policy.yaml", "mx1.contoso.com", &ruleset,
		list) != 0) {
		first = diagnostics_get(list, 0);
		give_up(first != NULL ? first->message : "not loaded");
	}
	diagnostics_free(list);
	return ruleset;
}

/* ---- Policies ---------------------------------------------------------- */

static int
size_compare(const void *left, const void *right)
{
	const struct netrange *a = left, *b = right;
	uint64_t v = a->last.lo - a->first.lo, w = b->last.lo - b->first.lo;

	return (v > w) - (v < w);
}

/* smallest: first, as a table must stand in which the first match wins; for
 * IPv4. */
static void
print_ranges(FILE *out, const char *before, const char *behind,
    enum family family, size_t count, bool smallest)
{
	struct netrange *ranges = need(calloc(count, sizeof(*ranges)));
	char text[NETRANGE_TEXT_SIZE];
	size_t i;

	set_fill(ranges, count, family);
	if (smallest)
		qsort(ranges, count, sizeof(*ranges), size_compare);
	for (i = 0; i < count; i++)
		(void)fprintf(out, "%s%s%s\n", before,
		    netrange_format(&ranges[i], text), behind);
	free(ranges);
}

void
policy_ranges(
    struct texts *texts, enum shape shape, enum family family, size_t count)
{
	FILE *out = text_open(texts, "policy.yaml");

	(void)fputs("version: 1\n", out);
	if (shape == SHAPE_FILE)
		(void)fputs("networks:\n  all: {file: all.txt}\n", out);
	(void)fputs("connectors:\n"
		    "  - name: all\n"
		    "    permission_groups: [AnonymousUsers]\n"
		    "    remote_ip_ranges:",
	    out);
	if (shape == SHAPE_YAML) {
		(void)fputs("\n", out);
		print_ranges(out, "      - \"", "\"", family, count, false);
	} else {
		(void)fputs(" [all]\n", out);
	}
	text_close(texts, out);
	if (shape == SHAPE_YAML)
		return;
	out = text_open(texts, "all.txt");
	print_ranges(out, "", "", family, count, false);
	text_close(texts, out);
}

void
policy_domains(struct texts *texts, size_t count)
{
	FILE *out = text_open(texts, "policy.yaml");
	size_t i;

	(void)fputs("version: 1\naccepted_domains:\n", out);
	for (i = 0; i < count; i++)
		if (i % 10 == 0)
			(void)fprintf(
			    out, "  - \"*.customer%zu.example\"\n", i);
		else
			(void)fprintf(out, "  - customer%zu.example\n", i);
	(void)fputs("connectors:\n"
		    "  - name: all\n"
		    "    permission_groups: [AnonymousUsers]\n"
		    "    remote_ip_ranges: [0.0.0.0/0]\n",
	    out);
	text_close(texts, out);
}

void
policy_connectors(struct texts *texts, size_t count)
{
	FILE *out = text_open(texts, "policy.yaml");
	size_t i, j;

	(void)fputs("version: 1\n"
		    "connectors:\n"
		    "  - name: everyone\n"
		    "    permission_groups: [AnonymousUsers]\n"
		    "    remote_ip_ranges: [0.0.0.0/0]\n",
	    out);
	for (i = 0; i < count; i++) {
		(void)fprintf(out,
		    "  - name: connector %zu\n"
		    "    bindings: [\"10.%zu.%zu.1:%zu\", \"0.0.0.0:%zu\"]\n"
		    "    permission_groups: [AnonymousUsers]\n"
		    "    remote_ip_ranges:\n",
		    i, i / 256 % 256, i % 256, 1024 + i % 60000,
		    1024 + i % 60000);
		for (j = 0; j < 10; j++)
			(void)fprintf(out, "      - 172.%zu.%zu.%zu\n",
			    16 + i / 256 % 16, i % 256, j);
	}
	text_close(texts, out);
}

int
bench_print(int argc, char **argv)
{
	size_t count = count_argument(argv[1]), queries, i;
	struct netrange *ranges;
	char text[NETADDR_TEXT_SIZE];
	uint64_t state = SEED;

	if (strcmp(argv[0], "cidr") == 0) {
		print_ranges(stdout, "", " OK", FAMILY_IPV4, count, true);
		return 0;
	}
	if (argc < 3)
		give_up("print queries takes a number of them, too");
	queries = count_argument(argv[2]);
	ranges = need(calloc(count, sizeof(*ranges)));
	set_fill(ranges, count, FAMILY_IPV4);
	for (i = 0; i < queries; i++) {
		struct netaddr addr =
		    set_member(&ranges[next_random(&state) % count], &state);

		(void)printf("%s\n", netaddr_format(&addr, text));
	}
	free(ranges);
	return 0;
}
