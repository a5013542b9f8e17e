/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_memory.c - there is no memory, at each place where some is asked for.
 *
 * Each act below is swept: it either comes out as it does with memory, or it
 * says that it could not; nothing crashes, nobody is let through, and (under
 * ASan) nothing leaks.
 */
#include "ctl.h"
#include "diff.h"
#include "failing.h"
#include "files.h"
#include "store.h"
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EXAMPLE FOLDER "/sessions/contract-example"

enum { OUTPUT_MAX = 1 << 16, ARGS_MAX = 16, NOW = 1795000000 };

static const char example[] = EXAMPLE "/policy.yaml";
static const char other[] = FOLDER "/sessions/selection/policy.yaml";
static const char crossing[] = FOLDER "/policies/warn/shadowed-crossing.yaml";
static const char with_files[] = FOLDER "/policies/good/switches.yaml";

/* ---- The engine ------------------------------------------------------- */

static int
load(const char *file, struct ruleset **out)
{
	struct diagnostics *list = diagnostics_new();
	struct files files;
	struct reader reader;
	int rc;

	if (!list)
		return -ENOMEM;
	files_init(&files, file);
	reader = files_reader(&files);
	rc = ruleset_load(&reader, file, "mx.contoso.com", out, list);
	diagnostics_free(list);
	return rc;
}

/* A half policy is none. */
static int
load_whole(const char *file)
{
	static const char *last;
	static char id[64];
	struct ruleset *r = NULL;
	int rc = load(file, &r);

	if (rc) {
		assert_null(r);
		return -ENOMEM;
	}
	if (last != file)
		snprintf(id, sizeof(id), "%s", ruleset_id(r));
	last = file;
	assert_string_equal(ruleset_id(r), id);
	ruleset_unref(r);
	return 0;
}

static int
load_example(void)
{
	return load_whole(example);
}

static int
load_crossing(void)
{
	return load_whole(crossing);
}

static int
load_files(void)
{
	return load_whole(with_files);
}

static struct ruleset *ruleset, *ruleset_of_other;

static int
compare(void)
{
	static enum relation is = RELATION_EQUIVALENT;
	struct difference *d = NULL;
	int rc = difference_find(ruleset, ruleset_of_other, NOW, &d);

	if (rc) {
		assert_null(d);
		return rc;
	}
	if (is == RELATION_EQUIVALENT)
		is = difference_relation(d);
	assert_int_equal(difference_relation(d), is);
	difference_free(d);
	return 0;
}

static int
check(void)
{
	static size_t found;
	struct diagnostics *list = diagnostics_new();
	size_t n;

	if (!list)
		return -ENOMEM;
	ruleset_check(ruleset, NOW, list);
	n = diagnostics_count(list, SEVERITY_NOTE);
	/* Where there is no room for a warning, that is itself one. */
	if (!found)
		found = n;
	diagnostics_free(list);
	return n == found ? 0 : -ENOMEM;
}

/* A step is decided as it is with memory, or not at all. */
static int
feed(struct session *s, struct session_event event, enum verdict want)
{
	struct decision d;

	event.now = NOW;
	session_feed(s, &event, &d);
	if (d.verdict == want)
		return 0;
	assert_int_equal(d.verdict, VERDICT_TEMPFAIL);
	assert_int_equal(d.reply.code[0], '4');
	return -ENOMEM;
}

static int
converse(struct session *s, struct netaddr client, enum verdict foreign)
{
	static const char *const fields[] = { "Received", "From", "X-Large",
		"X-MS-Exchange-Organization-SCL",
		"X-MS-Exchange-Organization-AuthAs",
		"X-MS-Exchange-Forest-Anything" };
	const struct session_event connect = { .stage = STAGE_CONNECT,
		.connect = { .client = client,
		    .client_port = 40000,
		    .local = {
			{ .family = FAMILY_IPV4, .lo = 0x0a010101 }, 25 } } };
	int rc = feed(s, connect, VERDICT_ACCEPT);

	rc |= feed(s,
	    (struct session_event){
		.stage = STAGE_HELO, .helo.name = "a.example" },
	    VERDICT_ACCEPT);
	for (int i = 0; i < 2; i++) {
		rc |= feed(s,
		    (struct session_event){
			.stage = STAGE_MAIL, .mail.sender = "<s@example.net>" },
		    VERDICT_ACCEPT);
		rc |= feed(s,
		    (struct session_event){ .stage = STAGE_RCPT,
			.rcpt.recipient = "<kate@fabrikam.com>" },
		    foreign);
		rc |= feed(s,
		    (struct session_event){ .stage = STAGE_RCPT,
			.rcpt.recipient = "<anna@contoso.com>" },
		    VERDICT_ACCEPT);
		rc |= feed(s, (struct session_event){ .stage = STAGE_DATA },
		    VERDICT_ACCEPT);
		for (size_t f = 0; f < 60; f++)
			rc |= feed(s,
			    (struct session_event){ .stage = STAGE_HEADER,
				.header = { fields[f % 6], "8" } },
			    VERDICT_ACCEPT);
		rc |= feed(s, (struct session_event){ .stage = STAGE_EOH },
		    VERDICT_ACCEPT);
		rc |= feed(s, (struct session_event){ .stage = STAGE_EOM },
		    VERDICT_ACCEPT);
	}
	return rc;
}

static int
session_of(uint32_t client, enum verdict foreign)
{
	const struct netaddr addr = { .family = FAMILY_IPV4, .lo = client };
	struct counter_table *table = counter_table_new(100, 1);
	struct session *s = session_new(ruleset);
	struct counters counters;
	int rc = -ENOMEM;

	if (s && table) {
		counters = counter_table_counters(table);
		session_count(s, &counters);
		rc = converse(s, addr, foreign);
	}
	session_free(s);
	counter_table_free(table);
	return rc ? -ENOMEM : 0;
}

static int
stranger(void)
{
	return session_of(0xc6336401, VERDICT_REJECT); /* 198.51.100.1 */
}

static int
printer(void)
{
	return session_of(0xc0a8050a, VERDICT_ACCEPT); /* 192.168.5.10 */
}

static void
engine(void **state)
{
	(void)state;
	sweep("load", load_example);
	sweep("load ranges that cross", load_crossing);
	sweep("load a file of domains", load_files);
	assert_int_equal(load(example, &ruleset), 0);
	assert_int_equal(load(other, &ruleset_of_other), 0);
	sweep("check", check);
	sweep("compare", compare);
	sweep("session of a stranger", stranger);
	sweep("session of a printer", printer);
	ruleset_unref(ruleset);
	ruleset_unref(ruleset_of_other);
}

/* ---- The daemon's store ------------------------------------------------ */

static struct store *store;

/* What is in use stays. */
static int
reload(void)
{
	struct diagnostics *list = diagnostics_new();
	struct edition *before = store_get(store), *after;
	int rc = list ? store_load(store, list) : -ENOMEM;

	if (!rc)
		(void)store_keep(store, NULL);
	after = store_get(store);
	assert_non_null(after);
	if (rc)
		assert_ptr_equal(after, before);
	edition_unref(before);
	edition_unref(after);
	diagnostics_free(list);
	return rc ? -ENOMEM : 0;
}

static void
daemon_store(void **state)
{
	struct tally *tally = tally_new();
	struct diagnostics *list = diagnostics_new();

	(void)state;
	assert_int_equal(store_new(example, tally, &store), 0);
	assert_int_equal(store_load(store, list), 0);
	diagnostics_free(list);
	sweep("reload", reload);
	store_free(store);
	tally_free(tally);
}

/* ---- connectorctl ------------------------------------------------------ */

struct call {
	const struct verb *verb;
	const char *argv[ARGS_MAX];
	int status;
};

static const struct call calls[] = {
	{ &verb_check, { "check", "-p", example }, 0 },
	{ &verb_explain,
	    { "explain", "-p", example, "--client", "198.51.100.1", "--from",
		"s@example.net", "--rcpt", "kate@fabrikam.com", "--rcpt",
		"anna@contoso.com", "--header", "X-MS-Exchange-Forest-A: x" },
	    1 },
	{ &verb_explain,
	    { "explain", "-p", example, "--client", "192.168.5.10", "--from",
		"s@contoso.com", "--rcpt", "kate@fabrikam.com", "--format",
		"json" },
	    0 },
	{ &verb_who, { "who", "-p", example }, 0 },
	{ &verb_who, { "who", "-p", example, "--format", "json" }, 0 },
	{ &verb_diff, { "diff", example, other }, 1 },
	{ &verb_diff, { "diff", "--format", "json", example, other }, 1 },
	{ &verb_export, { "export", "postfix-cidr", "-p", example }, 0 },
	{ &verb_replay, { "replay", "-p", example, EXAMPLE }, 0 },
};

static const struct call *call;
static char output[OUTPUT_MAX];

/* Standard output as text; its status. */
static int
verb_run(char text[OUTPUT_MAX])
{
	static char words[ARGS_MAX][256];
	char *argv[ARGS_MAX] = { NULL };
	FILE *file = tmpfile();
	int null = open("/dev/null", O_WRONLY);
	int out = dup(1), err = dup(2), status, argc = 0;
	size_t len;

	assert_true(file && null >= 0 && out >= 0 && err >= 0);
	fflush(stdout);
	dup2(fileno(file), 1);
	dup2(null, 2);
	for (; call->argv[argc]; argc++) {
		/* A verb may write into its arguments. */
		snprintf(words[argc], sizeof(*words), "%s", call->argv[argc]);
		argv[argc] = words[argc];
	}
	optind = 0;
	status = call->verb->run(call->verb, argc, argv);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(null);
	close(out);
	close(err);
	rewind(file);
	len = fread(text, 1, OUTPUT_MAX - 1, file);
	text[len] = '\0';
	fclose(file);
	return status;
}

/* "It could not tell", or the same answer. */
static int
answer(void)
{
	static char text[OUTPUT_MAX];
	int status = verb_run(text);

	if (!*output)
		memcpy(output, text, sizeof(text));
	if (status == STATUS_UNKNOWN)
		return -ENOMEM;
	if (status == call->status && !strcmp(text, output))
		return 0;
	/* A session without memory is undecided, and told so. */
	if (status == STATUS_NO && strstr(text, "451 4.3.0"))
		return -ENOMEM;
	return -EBADMSG;
}

static void
verbs(void **state)
{
	int err = dup(2), null = open("/dev/null", O_WRONLY);

	(void)state;
	assert_true(err >= 0 && null >= 0);
	if (!getenv("LOUD"))
		dup2(null, 2);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		call = &calls[i];
		*output = '\0';
		sweep(call->argv[0], answer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engine),
		cmocka_unit_test(daemon_store),
		cmocka_unit_test(verbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
