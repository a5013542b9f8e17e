/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_counting.c - the parts that count and that keep files: without a
 * daemon, a clock or a network.
 */
#include "policy_version.h"
#include "refused.h"
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char policy[] = "version: 1\n"
			     "networks:\n"
			     "  printers: {file: printers.txt}\n"
			     "accepted_domains: [contoso.com]\n"
			     "connectors:\n"
			     "  - name: Default Frontend\n"
			     "    remote_ip_ranges: [0.0.0.0/0, \"::/0\"]\n"
			     "    permission_groups: [AnonymousUsers]\n"
			     "  - name: Printers\n"
			     "    remote_ip_ranges: [printers, 10.0.0.0/8]\n"
			     "    permission_groups: [AnonymousUsers]\n";
static const char printers[] = "192.0.2.0/24\n192.168.5.10\n";

/* ---- Files in a folder of our own ------------------------------------ */

static char folder[64], file[80];
static struct files files;

static int
folder_make(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/counting-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/policy.yaml", folder);
	files_init(&files, file);
	return 0;
}

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int
folder_remove(void **state)
{
	static const char *const names[] = { "policy.yaml", "printers.txt",
		"kept" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

static void
text_write(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static struct snapshot *
snapshot_take(struct ruleset **out)
{
	struct diagnostics *list = diagnostics_new();
	struct snapshot *s = snapshot_new(&files);
	struct reader reader = snapshot_reader(s);
	struct ruleset *r = NULL;

	(void)ruleset_load(&reader, file, "mx", &r, list);
	diagnostics_free(list);
	if (out)
		*out = r;
	else
		ruleset_unref(r);
	return s;
}

/* ---- Snapshots ------------------------------------------------------- */

/* At whatever byte a policy ends, it is never one that may take the place of
 * the whole: it cannot give anybody more. */
static void
every_cut_is_seen(void **state)
{
	struct snapshot *whole, *now;
	size_t len = sizeof(policy) - 1;

	(void)state;
	text_write("policy.yaml", policy, len);
	text_write("printers.txt", printers, sizeof(printers) - 1);
	whole = snapshot_take(NULL);
	now = snapshot_take(NULL);
	assert_null(snapshot_cut(now, whole));
	snapshot_free(now);
	for (size_t i = 0; i < len; i++) {
		text_write("policy.yaml", policy, i);
		now = snapshot_take(NULL);
		assert_string_equal(snapshot_cut(now, whole), file);
		snapshot_free(now);
	}
	text_write("policy.yaml", policy, len);
	/* A list may lose lines, but not a part of one. */
	for (size_t i = 0; i < sizeof(printers) - 1; i++) {
		bool at_end = i == 0 || printers[i - 1] == '\n';
		text_write("printers.txt", printers, i);
		now = snapshot_take(NULL);
		assert_true(!snapshot_cut(now, whole) == at_end);
		snapshot_free(now);
	}
	snapshot_trim(whole);
	text_write("printers.txt", printers, 10);
	now = snapshot_take(NULL);
	assert_string_equal(snapshot_cut(now, whole), "printers.txt");
	snapshot_free(now);
	snapshot_free(whole);
}

static void
changes_are_seen(void **state)
{
	struct snapshot *s;
	uint64_t mark;

	(void)state;
	text_write("policy.yaml", policy, sizeof(policy) - 1);
	text_write("printers.txt", printers, sizeof(printers) - 1);
	s = snapshot_take(NULL);
	mark = snapshot_mark(s);
	assert_true(mark == snapshot_mark_now(s));
	text_write("printers.txt", printers, 13);
	assert_true(mark != snapshot_mark_now(s));
	assert_int_equal(unlink(path_of("printers.txt")), 0);
	assert_true(mark != snapshot_mark_now(s));
	snapshot_free(s);
	/* What was missing is looked for, too. */
	s = snapshot_take(NULL);
	mark = snapshot_mark(s);
	assert_true(mark == snapshot_mark_now(s));
	text_write("printers.txt", printers, sizeof(printers) - 1);
	assert_true(mark != snapshot_mark_now(s));
	snapshot_free(s);
}

static void
kept_files_come_back(void **state)
{
	struct diagnostics *list = diagnostics_new();
	struct ruleset *before, *after;
	char id[SNAPSHOT_ID_SIZE];
	struct snapshot *s;
	struct reader reader;
	char text[2048];
	size_t len;
	FILE *f;

	(void)state;
	text_write("policy.yaml", policy, sizeof(policy) - 1);
	text_write("printers.txt", printers, sizeof(printers) - 1);
	s = snapshot_take(&before);
	assert_non_null(before);
	assert_int_equal(
	    snapshot_write(s, path_of("kept"), ruleset_id(before)), 0);
	snapshot_free(s);
	unlink(path_of("policy.yaml"));
	unlink(path_of("printers.txt"));
	s = snapshot_new(&files);
	assert_int_equal(snapshot_read(s, path_of("kept"), id), 0);
	assert_string_equal(id, ruleset_id(before));
	reader = snapshot_replay(s);
	assert_int_equal(
	    ruleset_load(&reader, snapshot_first(s), "mx", &after, list), 0);
	assert_string_equal(ruleset_id(after), id);
	ruleset_unref(before);
	ruleset_unref(after);
	snapshot_free(s);
	diagnostics_free(list);
	/* Cut anywhere it is none, or has lost files and so the id. */
	f = fopen(path_of("kept"), "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (size_t i = 0; i < len; i++) {
		text_write("kept", text, i);
		s = snapshot_new(&files);
		if (!snapshot_read(s, path_of("kept"), id))
			assert_string_equal(snapshot_first(s), file);
		snapshot_free(s);
	}
}

/* ---- On the disk ------------------------------------------------------ */

/* What was done to bring a file there: 'f' a file synced, 'r' renamed, 'd' a
 * folder synced. The one at fails_at, counted from 1, fails. */
static char done[8];
static size_t fails_at;

static int
act(char what)
{
	size_t len = strlen(done);

	assert_true(len + 1 < sizeof(done));
	done[len] = what;
	errno = EIO;
	return len + 1 == fails_at ? -1 : 0;
}

int __real_rename(const char *, const char *);
int __wrap_rename(const char *, const char *);
int __wrap_fsync(int);

int
__wrap_fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return act(S_ISDIR(st.st_mode) ? 'd' : 'f');
}

int
__wrap_rename(const char *old, const char *new)
{
	return act('r') ? -1 : __real_rename(old, new);
}

/* No power cut leaves a half, or takes back what was said to be done. */
static void
kept_is_on_disk(void **state)
{
	static const char all[] = "frd";
	char id[SNAPSHOT_ID_SIZE];
	struct snapshot *s, *back;

	(void)state;
	text_write("policy.yaml", policy, sizeof(policy) - 1);
	text_write("printers.txt", printers, sizeof(printers) - 1);
	s = snapshot_take(NULL);
	for (fails_at = sizeof(all) - 1; fails_at; fails_at--) {
		text_write("kept", "old", 3);
		memset(done, 0, sizeof(done));
		assert_int_equal(snapshot_write(s, path_of("kept"), "1"), -EIO);
		assert_int_equal(strlen(done), fails_at);
		assert_memory_equal(done, all, fails_at);
		back = snapshot_new(&files);
		assert_int_equal(snapshot_read(back, path_of("kept"), id),
		    fails_at > 2 ? 0 : -EBADMSG);
		snapshot_free(back);
		assert_int_equal(access(path_of("kept.new"), F_OK), -1);
	}
	memset(done, 0, sizeof(done));
	assert_int_equal(snapshot_write(s, path_of("kept"), "1"), 0);
	assert_string_equal(done, all);
	snapshot_free(s);
}

/* ---- Counts ---------------------------------------------------------- */

static void
refused_keeps_the_most(void **state)
{
	struct refused *r = refused_new();
	struct netaddr addr = { .family = FAMILY_IPV4 };
	struct refused_client top[3];

	(void)state;
	assert_non_null(r);
	assert_int_equal(refused_top(r, top, 3), 0);
	/* One of three is a client that comes again and again. */
	for (uint64_t i = 0; i < 30000; i++) {
		addr.lo = i % 3 ? 0x0a000000 + i : 0xc0000201;
		refused_note(r, &addr, 1, (int64_t)i);
	}
	assert_int_equal(refused_top(r, top, 3), 3);
	assert_int_equal(top[0].client.lo, 0xc0000201);
	assert_true(top[0].count >= 10000);
	assert_true(top[0].count - top[0].extra <= 10000);
	assert_true(top[1].count <= 30000 / REFUSED_MAX + 1);
	/* An IPv6 client has many addresses. */
	addr.family = FAMILY_IPV6;
	addr.hi = 0x20010db800000000;
	for (uint64_t i = 0; i < 20000; i++) {
		addr.lo = i;
		refused_note(r, &addr, 1, 0);
	}
	assert_int_equal(refused_top(r, top, 1), 1);
	assert_int_equal(top[0].client.hi, 0x20010db800000000);
	assert_int_equal(refused_missed(r), 0);
	refused_free(r);
}

static void
tally_has_an_end(void **state)
{
	struct tally *t = tally_new();
	struct decision d = { .stage = STAGE_RCPT, .verdict = VERDICT_REJECT };
	struct tally_row *last = NULL, *first = tally_row(t, "name 0");
	char name[32];
	size_t n = 0;

	(void)state;
	for (d.reason = 0; reason_name(d.reason); d.reason++)
		tally_count(first, VIA_MILTER, &d);
	assert_true(d.reason > 20 && d.reason <= REASONS_MAX);
	assert_int_equal(
	    tally_sum(first, VIA_MILTER, STAGE_RCPT, OUTCOME_REJECT), d.reason);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		last = tally_row(t, name);
		assert_non_null(last);
	}
	assert_string_equal(last->name, "*");
	assert_ptr_equal(tally_row(t, "name 0"), first);
	assert_string_equal(tally_row(t, NULL)->name, "");
	while (tally_get(t, n))
		n++;
	assert_int_equal(n, TALLY_CONNECTORS_MAX + 2);
	tally_free(t);
}

static void
totals_have_both_services(void **state)
{
	struct tally *t = tally_new();
	struct tally_row *row = tally_row(t, "a");
	struct decision rejected = { .stage = STAGE_RCPT,
		.verdict = VERDICT_REJECT };
	struct decision delayed = { .stage = STAGE_CONNECT,
		.verdict = VERDICT_TEMPFAIL };
	struct totals totals;

	(void)state;
	tally_count(row, VIA_MILTER, &rejected);
	tally_count(row, VIA_POLICY, &rejected);
	tally_count(row, VIA_POLICY, &rejected);
	tally_count(row, VIA_POLICY, &delayed);
	totals = tally_totals(t);
	assert_int_equal(totals.refused, 1);
	assert_int_equal(totals.refused_requests, 3);
	tally_free(t);
}

/* ---- Numbers of connectors and ranges -------------------------------- */

static struct session *
session_at(const struct ruleset *r, const char *client)
{
	struct session_event e = { .stage = STAGE_CONNECT, .now = 1000 };
	struct session *s = session_new((struct ruleset *)r);
	char why[NETADDR_WHY_SIZE];
	struct decision d;

	assert_non_null(s);
	assert_int_equal(netaddr_parse(client, &e.connect.client, why), 0);
	e.connect.client_port = -1;
	session_feed(s, &e, &d);
	return s;
}

static void
numbers_name_what_won(void **state)
{
	static const struct {
		const char *client;
		size_t connector, range;
		const char *text;
	} cases[] = {
		{ "198.51.100.1", 0, 0, "0.0.0.0/0" },
		{ "2001:db8::1", 0, 1, "::/0" },
		{ "192.0.2.7", 1, 2, "192.0.2.0/24" },
		{ "192.168.5.10", 1, 3, "192.168.5.10" },
		{ "10.1.1.1", 1, 4, "10.0.0.0/8" },
	};
	struct tally *t = tally_new();
	struct edition *e, *next;
	char text[NETRANGE_TEXT_SIZE];
	struct range_facts facts;
	struct ruleset *r;
	int64_t last;

	(void)state;
	text_write("policy.yaml", policy, sizeof(policy) - 1);
	text_write("printers.txt", printers, sizeof(printers) - 1);
	snapshot_free(snapshot_take(&r));
	assert_int_equal(edition_new(r, t, NULL, &e), 0);
	for (size_t i = 0; i < 5; i++) {
		struct session *s = session_at(r, cases[i].client);
		assert_int_equal(
		    session_connector_number(s), cases[i].connector);
		assert_int_equal(session_range_number(s), cases[i].range);
		assert_true(ruleset_range(r, cases[i].range, &facts));
		assert_int_equal(facts.connector, cases[i].connector);
		assert_string_equal(
		    netrange_format(&facts.range, text), cases[i].text);
		edition_hit(e, s, 7);
		session_free(s);
	}
	assert_false(ruleset_range(r, 5, &facts));
	/* Without its first line the list has other numbers. */
	text_write("printers.txt", printers + 13, sizeof(printers) - 14);
	snapshot_free(snapshot_take(&r));
	assert_int_equal(edition_new(r, t, e, &next), 0);
	assert_int_equal(edition_hits(next, 2, &last), 1);
	assert_int_equal(last, 7);
	assert_true(ruleset_range(r, 2, &facts));
	assert_string_equal(
	    netrange_format(&facts.range, text), "192.168.5.10");
	edition_unref(e);
	edition_unref(next);
	tally_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_is_seen),
		cmocka_unit_test(changes_are_seen),
		cmocka_unit_test(kept_files_come_back),
		cmocka_unit_test(kept_is_on_disk),
		cmocka_unit_test(refused_keeps_the_most),
		cmocka_unit_test(tally_has_an_end),
		cmocka_unit_test(totals_have_both_services),
		cmocka_unit_test(numbers_name_what_won),
	};

	return cmocka_run_group_tests_name(
	    "counting", tests, folder_make, folder_remove);
}
