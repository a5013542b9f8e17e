/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_check - the warnings of a good policy.
 *
 * policies/warn holds policies that load, each with comment lines
 *	# expect: LINE:COLUMN: W-ID: part of the message
 * at its top, one for every finding, in order; none: there must be none. The
 * clock stands at noon of 2026-11-22. For every warning there is a policy
 * that has it, and a NAME-not.yaml that nearly has.
 *
 * The advice is held against the engine, too: random policies without all
 * the ranges that are called idle choose as they did before.
 */
#include <dirent.h>
#include <stdio.h>

#include "cases.h"

#include "ruleset.h"

enum {
	EXPECTS_MAX = 64,
	LINE_SIZE = 512,
	TEXT_SIZE = 1 << 16,
	WARNINGS_MAX = 64
};

#define WARN TEST_FOLDER "/policies/warn"

static const int64_t noon = 1795348800; /* 2026-11-22T12:00:00Z */

struct expect {
	char place[LINE_SIZE];
	char fragment[LINE_SIZE];
};

/* What was found in a text at a time; NULL: it does not load. */
static struct diagnostics *
check_text(const char *text, int64_t now)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *ruleset;

	assert_non_null(list);
	ruleset = ruleset_of(text, list);
	if (ruleset != NULL) {
		assert_int_equal(diagnostics_count(list, SEVERITY_NOTE), 0);
		ruleset_check(ruleset, now, list);
	} else {
		diagnostics_free(list);
		list = NULL;
	}
	ruleset_unref(ruleset);
	return list;
}

/* ---- Policies with expectations --------------------------------------- */

static char *
file_text(const char *name, char text[TEXT_SIZE])
{
	char path[LINE_SIZE];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", WARN, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return NULL;
	len = fread(text, 1, TEXT_SIZE - 1, file);
	assert_true(len < TEXT_SIZE - 1);
	(void)fclose(file);
	text[len] = '\0';
	return text;
}

static size_t
expects_read(const char *text, struct expect *expects)
{
	static const char mark[] = "# expect: ";
	size_t count = 0;

	while (strncmp(text, mark, sizeof(mark) - 1) == 0) {
		const char *rest = text + sizeof(mark) - 1;
		const char *end = strchr(rest, '\n');
		const char *message = strstr(rest, ": W-");

		assert_non_null(end);
		assert_non_null(message);
		message = strstr(message + 2, ": ");
		assert_true(message != NULL && message + 2 < end);
		assert_true(count < EXPECTS_MAX);
		(void)snprintf(expects[count].place,
		    sizeof(expects[count].place), "%.*s", (int)(message - rest),
		    rest);
		(void)snprintf(expects[count].fragment,
		    sizeof(expects[count].fragment), "%.*s",
		    (int)(end - message - 2), message + 2);
		count++;
		text = end + 1;
	}
	return count;
}

static bool
expect_met(const struct expect *expect, const struct diagnostic *d)
{
	char place[LINE_SIZE];

	(void)snprintf(place, sizeof(place), "%u:%u: %s",
	    (unsigned)d->where.line, (unsigned)d->where.column, d->id);
	return strcmp(place, expect->place) == 0 &&
	       strstr(d->message, expect->fragment) != NULL;
}

static void
print_list(struct diagnostics *list)
{
	const struct diagnostic *d;
	size_t i;

	for (i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
		print_error("  %u:%u: %s: %s: %s\n", (unsigned)d->where.line,
		    (unsigned)d->where.column, severity_name(d->severity),
		    d->id, d->message);
}

static bool
file_holds(const char *name)
{
	static struct expect expects[EXPECTS_MAX];
	static char text[TEXT_SIZE];
	struct diagnostics *list;
	size_t i, count;
	bool met;

	assert_non_null(file_text(name, text));
	count = expects_read(text, expects);
	list = check_text(text, noon);
	if (list == NULL) {
		print_error("%s: does not load\n", name);
		return false;
	}
	met = diagnostics_count(list, SEVERITY_NOTE) == count;
	for (i = 0; met && i < count; i++)
		met = expect_met(&expects[i], diagnostics_get(list, i));
	if (!met) {
		print_error("%s: %zu expected, heard\n", name, count);
		print_list(list);
	}
	diagnostics_free(list);
	return met;
}

static void
test_files(void **state)
{
	DIR *folder = opendir(WARN);
	struct dirent *entry;
	int bad = 0, count = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot == NULL || strcmp(dot, ".yaml") != 0)
			continue;
		count++;
		bad += !file_holds(entry->d_name);
	}
	(void)closedir(folder);
	assert_int_equal(bad, 0);
	assert_true(count >= 50);
}

static size_t
count_id(struct diagnostics *list, const char *id)
{
	const struct diagnostic *d;
	size_t i, count = 0;

	for (i = 0; (d = diagnostics_get(list, i)) != NULL; i++)
		count += strcmp(d->id, id) == 0;
	return count;
}

/* NAME.yaml has the warning W-NAME, NAME-not.yaml has not. */
static void
test_pairs(void **state)
{
	static char text[TEXT_SIZE];
	const struct story *story;
	size_t i;

	(void)state;
	for (i = 0; (story = story_get(i)) != NULL; i++) {
		char name[64], path[128];
		size_t j, has;

		/* It takes the text: test/play/cli-diff. */
		if (strcmp(story->id, "W-CUT") == 0)
			continue;
		for (j = 0; story->id[j + 2] != '\0' && j < 63; j++)
			name[j] = story->id[j + 2] >= 'A'
				      ? (char)(story->id[j + 2] - 'A' + 'a')
				      : story->id[j + 2];
		name[j] = '\0';
		for (has = 0; has < 2; has++) {
			struct diagnostics *list;
			size_t count;

			(void)snprintf(path, sizeof(path), "%s%s.yaml", name,
			    has == 0 ? "-not" : "");
			if (file_text(path, text) == NULL)
				fail_msg("there is no %s", path);
			list = check_text(text, noon);
			assert_non_null(list);
			count = count_id(list, story->id);
			if ((count != 0) != (has == 1))
				fail_msg(
				    "%s: %zu of %s", path, count, story->id);
			diagnostics_free(list);
		}
	}
	assert_int_equal(i, 24);
}

static void
test_stories(void **state)
{
	const struct story *story, *other;
	size_t i, j;

	(void)state;
	for (i = 0; (story = story_get(i)) != NULL; i++) {
		const char *line = story->text, *end;

		assert_int_equal(strncmp(story->id, "W-", 2), 0);
		assert_true(strlen(story->title) > 8);
		assert_true(strlen(story->title) < 60);
		for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
			assert_true(end - line <= 72);
		assert_int_equal(*line, '\0');
		assert_true(strlen(story->text) > 100);
		for (j = 0; j < i && (other = story_get(j)) != NULL; j++)
			assert_string_not_equal(other->id, story->id);
	}
}

/* ---- Boundaries ------------------------------------------------------- */

#define HEAD "version: 1\naccepted_domains: [contoso.com]\n"
#define EVERYONE                                        \
	"connectors:\n"                                 \
	"  - name: Everyone\n"                          \
	"    remote_ip_ranges: [0.0.0.0/0, \"::/0\"]\n" \
	"    permission_groups: [AnonymousUsers]\n"
#define RELAY(name, ranges)                         \
	"  - name: " name "\n"                      \
	"    remote_ip_ranges: [" ranges "]\n"      \
	"    permission_groups: [AnonymousUsers]\n" \
	"    extended_rights:\n"                    \
	"      - principal: anonymous\n"            \
	"        allow: [ms-Exch-SMTP-Accept-Any-Recipient]\n"
#define BOUND(port) "    bindings: [\"0.0.0.0:" port "\"]\n"
#define ENDS                 \
	HEAD EVERYONE RELAY( \
	    "R", "10.0.0.7, {range: 10.0.0.8, until: 2026-11-22}")

/* clang-format off */
static const struct {
	const char *policy;
	int64_t now;
	const char *id;         /* of the only finding; NULL: none */
	enum severity severity;
} cases[] = {
	/* 1795392000 is the first second of 2026-11-23 */
	{ ENDS, 1795392000,                  "W-EXPIRED",  SEVERITY_WARNING },
	{ ENDS, 1795392000 - 1,              "W-EXPIRING", SEVERITY_NOTE },
	{ ENDS, 1795392000 - 30 * 86400,     "W-EXPIRING", SEVERITY_NOTE },
	{ ENDS, 1795392000 - 30 * 86400 - 1, NULL,         SEVERITY_NOTE },
	{ ENDS, 0,                           NULL,         SEVERITY_NOTE },
	/* public: one address outside of private space, IPv6 a note */
	{ HEAD EVERYONE RELAY("R", "9.255.255.255"),   0, "W-PUBLIC", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "10.0.0.0"),        0, NULL,       SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "192.169.0.0"),     0, "W-PUBLIC", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "192.168.255.255"), 0, NULL,       SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "\"fe00::1\""),     0, "W-PUBLIC", SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "\"fdff::1\""),     0, NULL,       SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "\"2001:db8::1\", 198.51.100.1"), 0, "W-PUBLIC", SEVERITY_WARNING },
	/* bridges: the gateway, or inside; one short of either */
	{ HEAD EVERYONE RELAY("R", "172.17.255.255"),          0, "W-BRIDGE", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "172.16.255.250-172.17.0.0"), 0, NULL,     SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "172.16.255.250-172.17.0.1"), 0, "W-BRIDGE", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "172.18.0.1"),              0, "W-BRIDGE", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "172.18.0.2"),              0, NULL,       SEVERITY_NOTE },
	/* routers: the size of the range, and each address by its last byte */
	{ HEAD EVERYONE RELAY("R", "192.168.5.1-192.168.5.255"),   0, NULL,        SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "192.168.5.1-192.168.6.0"),     0, "W-GATEWAY", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "192.168.5.255-192.168.6.254"), 0, "W-GATEWAY", SEVERITY_WARNING },
	{ HEAD EVERYONE RELAY("R", "192.168.5.0/24") RELAY("S", "192.168.5.2-192.168.5.253"), 0, "W-GATEWAY", SEVERITY_WARNING },
	/* the allow list: half private is not private */
	{ HEAD "ip_allow_list: [9.255.255.255-10.0.0.0]\n" EVERYONE, 0, "W-ALLOW-NO-RELAY", SEVERITY_NOTE },
	{ HEAD "ip_allow_list: [10.0.0.0-10.0.0.1]\n" EVERYONE,      0, "W-ALLOW-NO-RELAY", SEVERITY_WARNING },
	{ HEAD "ip_allow_list: [\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"]\n" EVERYONE,                                    0, "W-ALLOW-NO-RELAY", SEVERITY_NOTE },
	/* a range on both ends of both families */
	{ HEAD EVERYONE RELAY("R", "255.255.255.255") "    public_addresses: 1\n", 0, NULL, SEVERITY_NOTE },
	{ HEAD EVERYONE RELAY("R", "\"::\"") "    public_addresses: 1\n",          0, "W-BARE-ZERO", SEVERITY_WARNING },
};
/* clang-format on */

static void
test_boundaries(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct diagnostics *list =
		    check_text(cases[i].policy, cases[i].now);
		const struct diagnostic *d;
		bool met;

		if (list == NULL)
			fail_msg("case %zu does not load", i);
		d = diagnostics_get(list, 0);
		met = cases[i].id == NULL
			  ? d == NULL
			  : d != NULL && strcmp(d->id, cases[i].id) == 0 &&
				d->severity == cases[i].severity &&
				diagnostics_count(list, SEVERITY_NOTE) == 1;
		if (!met) {
			print_error("case %zu: not %s\n", i,
			    cases[i].id != NULL ? cases[i].id : "silent");
			print_list(list);
			bad++;
		}
		diagnostics_free(list);
	}
	assert_int_equal(bad, 0);
}

/* A long list says the first 25, and that there are more; a network's
 * entry is said once, however many use it. */
static void
test_many(void **state)
{
	static const char two[] = EVERYONE RELAY("A", "all, 10.250.0.1")
	    BOUND("25") RELAY("B", "all, 10.250.0.1") BOUND("2525");
	static char text[TEXT_SIZE];
	struct diagnostics *list;
	const struct diagnostic *d;
	size_t i, used, wanted, shown;

	(void)state;
	for (wanted = 24; wanted <= 28; wanted++) {
		used = (size_t)snprintf(text, sizeof(text), HEAD "networks:\n");
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "  all:\n");
		for (i = 0; i < wanted; i++)
			used += (size_t)snprintf(text + used,
			    sizeof(text) - used, "    - 10.%zu.0.7/28\n", i);
		(void)snprintf(text + used, sizeof(text) - used, "%s", two);
		shown = wanted > 25 ? 25 : wanted;
		list = check_text(text, noon);
		assert_non_null(list);
		assert_int_equal(
		    count_id(list, "W-HOST-BITS"), shown + (wanted > shown));
		assert_int_equal(
		    diagnostics_count(list, SEVERITY_WARNING), shown);
		d = diagnostics_get(list, 0);
		assert_int_equal(d->severity == SEVERITY_NOTE, wanted > shown);
		diagnostics_free(list);
	}
}

/* ---- The advice ------------------------------------------------------- */

static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

enum { RULES = 3, RANGES = 5, FIRST_LINE = 4 };

struct written {
	char text[RULES][RANGES][80];
	const char *bindings[RULES];
	bool dropped[RULES][RANGES];
};

static void
write_random(struct written *w, uint32_t *seed)
{
	static const char *const ends[] = { "9999-12-31", "2027-01-31",
		"2028-01-31" };
	static const char *const bindings[] = { "", "\"0.0.0.0:25\"",
		"\"0.0.0.0:2525\"", "\"10.9.9.9:25\"" };
	size_t i, j;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < RULES; i++) {
		w->bindings[i] = bindings[next_random(seed) % 8 % 5 % 4];
		for (j = 0; j < RANGES; j++) {
			uint32_t bits = next_random(seed) % 6;
			uint32_t first = next_random(seed) % 64 >> bits << bits;
			uint32_t more = next_random(seed) % 4 == 0
					    ? next_random(seed) % 9
					    : (1U << bits) - 1;

			(void)snprintf(w->text[i][j], sizeof(w->text[i][j]),
			    "      - {range: 10.0.0.%u-10.0.0.%u, until: %s}\n",
			    (unsigned)first, (unsigned)(first + more),
			    ends[next_random(seed) % 8 % 3]);
		}
	}
}

/* A range stands in a line of its own, which is where findings point to. */
static void
write_policy(const struct written *w, char text[TEXT_SIZE],
    uint32_t lines[RULES][RANGES])
{
	uint32_t line = FIRST_LINE;
	size_t i, j,
	    used = (size_t)snprintf(text, TEXT_SIZE, HEAD "connectors:\n");

	for (i = 0; i < RULES; i++) {
		used += (size_t)snprintf(text + used, TEXT_SIZE - used,
		    "  - name: C%zu\n    permission_groups: [AnonymousUsers]\n"
		    "    %s%s%s\n    remote_ip_ranges:\n",
		    i, w->bindings[i][0] != '\0' ? "bindings: [" : "",
		    w->bindings[i], w->bindings[i][0] != '\0' ? "]" : "");
		line += 4;
		for (j = 0; j < RANGES; j++) {
			lines[i][j] = 0;
			if (w->dropped[i][j])
				continue;
			lines[i][j] = line++;
			used += (size_t)snprintf(
			    text + used, TEXT_SIZE - used, "%s", w->text[i][j]);
		}
	}
}

static const char *
chosen(const struct ruleset *ruleset, unsigned client, uint16_t port,
    bool exact, int64_t now)
{
	static const uint8_t here[4] = { 10, 9, 9, 9 };
	const uint8_t bytes[4] = { 10, 0, 0, (uint8_t)client };
	struct netaddr addr = netaddr_from_ipv4(bytes);
	struct listener listener = { .port = port };
	struct choice choice;

	listener.addr = netaddr_from_ipv4(here);
	if (!exact)
		listener.addr.lo++;
	assert_int_equal(
	    ruleset_choose(ruleset, &addr, &listener, now, &choice), 0);
	return choice.rule != NULL ? choice.rule->written->name : "";
}

static void
assert_same(const struct ruleset *a, const struct ruleset *b, const char *text)
{
	static const uint16_t ports[] = { 25, 2525, 587 };
	/* before all ends, and after each */
	static const int64_t times[] = { 1795348800, 1803859200, 1835481600 };
	size_t i, j;
	unsigned client, exact;

	for (client = 0; client < 80; client++)
		for (i = 0; i < COUNT(ports); i++)
			for (j = 0; j < COUNT(times); j++)
				for (exact = 0; exact < 2; exact++)
					if (strcmp(chosen(a, client, ports[i],
						       exact, times[j]),
						chosen(b, client, ports[i],
						    exact, times[j])) != 0)
						fail_msg("10.0.0.%u at %u: the "
							 "advice changed\n%s",
						    client, ports[i], text);
}

/* Drops all that is called idle at once; how many they are. */
static size_t
follow_advice(
    struct written *w, struct diagnostics *list, uint32_t lines[RULES][RANGES])
{
	const struct diagnostic *d;
	size_t i, j, k, dropped = 0;

	for (k = 0; (d = diagnostics_get(list, k)) != NULL; k++) {
		if (strcmp(d->id, "W-SHADOWED") != 0 &&
		    strcmp(d->id, "W-DUPLICATE") != 0)
			continue;
		for (i = 0; i < RULES; i++)
			for (j = 0; j < RANGES; j++)
				if (lines[i][j] == d->where.line) {
					dropped += !w->dropped[i][j];
					w->dropped[i][j] = true;
				}
	}
	return dropped;
}

static void
test_advice(void **state)
{
	static char before[TEXT_SIZE], after[TEXT_SIZE];
	uint32_t seed = 20261122, lines[RULES][RANGES];
	size_t turn, valid = 0, dropped = 0;
	struct written w;

	(void)state;
	for (turn = 0; turn < 40000 && valid < 1500; turn++) {
		struct diagnostics *list = diagnostics_new();
		struct ruleset *a, *b;

		write_random(&w, &seed);
		write_policy(&w, before, lines);
		a = ruleset_of(before, list);
		if (a != NULL) {
			size_t n;

			valid++;
			ruleset_check(a, noon, list);
			n = follow_advice(&w, list, lines);
			write_policy(&w, after, lines);
			b = n > 0 ? ruleset_of(after, list) : ruleset_ref(a);
			if (b == NULL) {
				print_list(list);
				fail_msg("the advice broke\n%s", before);
			}
			assert_same(a, b, before);
			dropped += n;
			ruleset_unref(b);
		}
		ruleset_unref(a);
		diagnostics_free(list);
	}
	assert_true(valid >= 300);
	assert_true(dropped >= 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
