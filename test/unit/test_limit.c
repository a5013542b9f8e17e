/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits that count: which key a session counts, which limit it meets and
 * with which reply, and that all of it is given back. A million sources take
 * no memory, and do not hide the one that sends too much.
 */
#include "cases.h"

#include <malloc.h>

#include "limit.h"

enum { SEED = 20070101, PREFIX = 64 };

static struct netaddr
client_of(const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr client = { 0 };

	if (netaddr_parse(text, &client, why) != 0)
		fail_msg("%s: %s", text, why);
	return client;
}

/* ---- A store that only notes what it is asked ------------------------- */

struct notes {
	struct counter_key opened[2], hit;
	uint64_t ticks;
	int nopen, nhit;
	int balance;     /* opened and not given back */
	uint32_t answer; /* to everything */
};

static uint32_t
note_open(void *ctx, const struct counter_key *key, int change)
{
	struct notes *notes = ctx;

	if (notes->nopen < 2)
		notes->opened[notes->nopen] = *key;
	notes->nopen++;
	notes->balance += change;
	return notes->answer;
}

static uint32_t
note_hit(void *ctx, const struct counter_key *key, uint64_t ticks)
{
	struct notes *notes = ctx;

	notes->hit = *key;
	notes->ticks = ticks;
	notes->nhit++;
	return notes->answer;
}

static struct counters
counters_of(struct notes *notes)
{
	return (struct counters){
		.ctx = notes,
		.open = note_open,
		.hit = note_hit,
	};
}

/* ---- Connections ----------------------------------------------------- */

/* clang-format off */
static const struct {
	uint32_t most, per_source, percentage; /* of the connector */
	uint32_t others, own;                  /* open before this one */
	enum reply_id reply;
} connections[] = {
	{    0,  0,   0,    90,  90, REPLY_NONE },
	/* max_inbound_connection */
	{   10,  0,   0,     9,   0, REPLY_NONE },
	{   10,  0,   0,    10,   0, REPLY_TOO_MANY_CONNECTIONS },
	{   10,  0,   0,     0,  10, REPLY_TOO_MANY_CONNECTIONS },
	{    1,  0,   0,     0,   0, REPLY_NONE },
	{    1,  0,   0,     1,   0, REPLY_TOO_MANY_CONNECTIONS },
	/* max_inbound_connection_per_source */
	{    0, 20,   0,    90,  19, REPLY_NONE },
	{    0, 20,   0,    90,  20, REPLY_TOO_MANY_FROM_SOURCE },
	{    0, 20,   0,   900,   0, REPLY_NONE },
	{    0,  1,   0,     0,   0, REPLY_NONE },
	{    0,  1,   0,     0,   1, REPLY_TOO_MANY_FROM_SOURCE },
	/* max_inbound_connection_percentage_per_source: 2% of 5000 is 100 */
	{ 5000,  0,   2,     0,   0, REPLY_NONE },
	{ 5000,  0,   2,     0,  98, REPLY_NONE },
	{ 5000,  0,   2,     0,  99, REPLY_TOO_MANY_FROM_SOURCE },
	{ 5000,  0,   2,  2500,  48, REPLY_NONE },
	{ 5000,  0,   2,  2500,  50, REPLY_TOO_MANY_FROM_SOURCE },
	/* rounded up, and never less than one */
	{   10,  0,  25,     0,   1, REPLY_NONE },
	{   10,  0,  25,     0,   2, REPLY_TOO_MANY_FROM_SOURCE },
	{   10,  0,   1,     0,   0, REPLY_NONE },
	{   10,  0,   1,     0,   1, REPLY_TOO_MANY_FROM_SOURCE },
	{   10,  0,   1,     9,   0, REPLY_NONE },
	{   10,  0,  50,     0,   3, REPLY_NONE },
	{   10,  0,  50,     0,   4, REPLY_TOO_MANY_FROM_SOURCE },
	/* all of what remains: half for the first who asks, in the end */
	{   10,  0, 100,     0,   4, REPLY_NONE },
	{   10,  0, 100,     0,   5, REPLY_TOO_MANY_FROM_SOURCE },
	/* without max_inbound_connection it is one of nothing */
	{    0,  0,   1,     0,   9, REPLY_NONE },
	{    0, 20,   1,     0,   9, REPLY_NONE },
	/* the tighter of the two, and the total first */
	{ 5000, 20,   2,     0,  19, REPLY_NONE },
	{ 5000, 20,   2,     0,  20, REPLY_TOO_MANY_FROM_SOURCE },
	{ 1000, 20,   2,   400,  11, REPLY_NONE },
	{ 1000, 20,   2,   400,  12, REPLY_TOO_MANY_FROM_SOURCE },
	{   10,  5,  10,     4,   6, REPLY_TOO_MANY_CONNECTIONS },
	/* what Exchange allows at most */
	{ INT32_MAX, 0, 100, 0,   1, REPLY_NONE },
	{ INT32_MAX, 10000, 1, 0, 3, REPLY_NONE },
};
/* clang-format on */

static void
open_many(struct limits *limits, uint32_t count, const struct connector *c,
    const struct netaddr *client)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		limits_connect(&limits[i], c, client, PREFIX);
}

static void
connections_are_limited(void **state)
{
	enum { MANY = 2600 };
	static struct limits held[MANY];
	struct counter_table *table = counter_table_new(64, SEED);
	const struct counters counters = counter_table_counters(table);
	struct netaddr client = client_of("192.0.2.1");
	struct netaddr other = client_of("192.0.2.2");
	size_t i, j;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < COUNT(connections); i++) {
		struct connector connector = {
			.name = "Default Frontend",
			.limits = {
				.max_inbound_connection = connections[i].most,
				.max_inbound_connection_per_source =
				    connections[i].per_source,
				.max_inbound_connection_percentage_per_source =
				    connections[i].percentage,
			},
		};
		uint32_t others = connections[i].others;
		uint32_t own = connections[i].own;
		enum reply_id reply;

		assert_in_range(others + own, 0, MANY - 1);
		for (j = 0; j < MANY; j++)
			held[j] = (struct limits){ .counters = &counters };
		open_many(held, others, &connector, &other);
		open_many(held + others, own, &connector, &client);
		reply = limits_connect(
		    &held[MANY - 1], &connector, &client, PREFIX);
		if (reply != connections[i].reply)
			fail_msg("row %zu: %d, not %d", i, (int)reply,
			    (int)connections[i].reply);
		for (j = 0; j < MANY; j++)
			limits_leave(&held[j]);
	}
	counter_table_free(table);
}

/* Whatever was decided, what was counted is given back, and only once. */
static void
connections_are_given_back(void **state)
{
	struct notes notes = { .answer = 1000 };
	const struct counters counters = counters_of(&notes);
	struct limits limits = { .counters = &counters };
	struct connector connector = {
		.name = "a",
		.limits = { .max_inbound_connection = 2 },
	};
	struct netaddr client = client_of("192.0.2.1");

	(void)state;
	limits_leave(&limits);
	assert_int_equal(notes.nopen, 0);
	assert_int_equal(limits_connect(&limits, &connector, &client, PREFIX),
	    REPLY_TOO_MANY_CONNECTIONS);
	assert_int_equal(notes.balance, 2);
	/* A second connection of the same session replaces the first. */
	limits_connect(&limits, &connector, &client, PREFIX);
	assert_int_equal(notes.nopen, 6);
	assert_int_equal(notes.balance, 2);
	limits_leave(&limits);
	assert_int_equal(notes.balance, 0);
	limits_leave(&limits);
	assert_int_equal(notes.nopen, 8);
	/* So does one to a connector without limits. */
	limits_connect(&limits, &connector, &client, PREFIX);
	connector.limits.max_inbound_connection = 0;
	limits_connect(&limits, &connector, &client, PREFIX);
	assert_int_equal(notes.balance, 0);
	assert_false(limits.open);
}

/* What nobody limits is not counted, and nothing is without counters. */
static void
nothing_to_count(void **state)
{
	struct notes notes = { .answer = UINT32_MAX };
	const struct counters counters = counters_of(&notes);
	struct limits limits = { .counters = &counters }, none = { 0 };
	struct netaddr client = client_of("192.0.2.1");
	struct connector connector = {
		.name = "a",
		.limits = {
			.max_inbound_connection_percentage_per_source = 2,
			.message_rate_limit = 5,
			.message_rate_source = RATE_SOURCE_NONE,
		},
	};

	(void)state;
	assert_int_equal(
	    limits_connect(&limits, &connector, &client, PREFIX), REPLY_NONE);
	assert_int_equal(
	    limits_mail(&limits, &connector, &client, PREFIX, "kate", 0),
	    REPLY_NONE);
	connector.limits.message_rate_source = RATE_SOURCE_ALL;
	connector.limits.message_rate_limit = 0;
	assert_int_equal(
	    limits_mail(&limits, &connector, &client, PREFIX, "kate", 0),
	    REPLY_NONE);
	assert_int_equal(notes.nopen + notes.nhit, 0);
	connector.limits.message_rate_limit = 1;
	connector.limits.max_inbound_connection = 1;
	assert_int_equal(
	    limits_connect(&none, &connector, &client, PREFIX), REPLY_NONE);
	assert_int_equal(
	    limits_mail(&none, &connector, &client, PREFIX, "kate", 0),
	    REPLY_NONE);
	limits_leave(&none);
	assert_int_equal(notes.nopen + notes.nhit, 0);
}

/* ---- Keys ------------------------------------------------------------ */

/* clang-format off */
static const struct {
	const char *one, *other;
	uint32_t prefix;
	bool same;
} sources[] = {
	{ "192.0.2.1",            "192.0.2.1",                64, true },
	{ "192.0.2.1",            "192.0.2.2",                64, false },
	{ "192.0.2.1",            "192.0.2.2",                 1, false },
	{ "192.0.2.1",            "::ffff:192.0.2.1",         64, true },
	{ "0.0.0.1",              "::1",                     128, false },
	{ "192.0.2.1",            "::192.0.2.1",             128, false },
	{ "2001:db8::1",          "2001:db8::ffff:ffff:ffff:ffff", 64, true },
	{ "2001:db8::1",          "2001:db8:0:1::1",          64, false },
	{ "2001:db8::1",          "2001:db8::2",              64, true },
	{ "2001:db8::1",          "2001:db8::2",             128, false },
	{ "2001:db8::2",          "2001:db8::3",             127, true },
	{ "2001:db8::1",          "2001:db8::2",             127, false },
	{ "2001:db8:0:fe00::",    "2001:db8:0:ffff::",        56, false },
	{ "2001:db8:0:ff00::",    "2001:db8:0:ffff::",        56, true },
	{ "2001:db8:ffff::",      "2001:db8::",               48, false },
	{ "2001:db8:1:ffff::",    "2001:db8:1::",             48, true },
	{ "2001:db8::8000:0:0:0", "2001:db8::",               65, false },
	{ "2001:db8::7fff:0:0:0", "2001:db8::",               65, true },
	{ "8000::",               "ffff::",                    1, true },
	{ "7fff::",               "8000::",                    1, false },
};
/* clang-format on */

static void
source_is_a_network(void **state)
{
	struct notes notes;
	const struct counters counters = counters_of(&notes);
	struct connector connector = {
		.name = "a",
		.limits = {
			.max_inbound_connection_per_source = 5,
			.message_rate_limit = 5,
			.message_rate_source = RATE_SOURCE_IP_ADDRESS,
		},
	};
	size_t i, side;

	(void)state;
	for (i = 0; i < COUNT(sources); i++) {
		struct counter_key open[2], hit[2];

		for (side = 0; side < 2; side++) {
			struct limits limits = { .counters = &counters };
			struct netaddr client = client_of(
			    side == 0 ? sources[i].one : sources[i].other);

			notes = (struct notes){ 0 };
			limits_connect(
			    &limits, &connector, &client, sources[i].prefix);
			limits_mail(&limits, &connector, &client,
			    sources[i].prefix, "kate", 7);
			assert_int_equal(
			    notes.opened[0].type, COUNTER_CONNECTIONS);
			assert_int_equal(notes.opened[0].source[0], 0);
			assert_int_equal(notes.opened[0].source[1], 0);
			assert_int_equal(notes.opened[1].type, COUNTER_SOURCE);
			assert_int_equal(notes.hit.type, COUNTER_RATE);
			assert_int_equal(notes.ticks, 7);
			open[side] = notes.opened[1];
			hit[side] = notes.hit;
		}
		if ((memcmp(&open[0], &open[1], sizeof(open[0])) == 0) !=
			sources[i].same ||
		    (memcmp(&hit[0], &hit[1], sizeof(hit[0])) == 0) !=
			sources[i].same)
			fail_msg("row %zu: %s and %s", i, sources[i].one,
			    sources[i].other);
	}
}

/* 130 letters and more: longer than what is hashed at a time. */
#define LONG                                                                   \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop" \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop"

/* clang-format off */
static const struct {
	const char *one, *other;
	bool same;
} names[] = {
	{ "kate@contoso.com", "kate@contoso.com", true },
	{ "kate@contoso.com", "Kate@CONTOSO.com", true },
	{ "kate@contoso.com", "kate@contoso.co",  false },
	{ "kate@contoso.com", "chris@contoso.com", false },
	{ "k@[",              "K@{",              false },
	{ "",                 NULL,               true },
	{ "",                 "kate@contoso.com", false },
	{ LONG "a",           LONG "A",           true },
	{ LONG "a",           LONG "b",           false },
	{ "b" LONG,           "a" LONG,           false },
	{ LONG,               LONG LONG,          false },
};
/* clang-format on */

static struct counter_key
key_of_mail(struct connector *connector, const char *user)
{
	struct notes notes = { 0 };
	const struct counters counters = counters_of(&notes);
	struct limits limits = { .counters = &counters };
	struct netaddr client = client_of("192.0.2.1");

	connector->limits.message_rate_limit = 5;
	limits_mail(&limits, connector, &client, PREFIX, user, 0);
	assert_int_equal(notes.nhit, 1);
	return notes.hit;
}

static void
names_without_case(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		struct connector connector = {
			.name = "a",
			.limits = { .message_rate_source = RATE_SOURCE_USER },
		};
		struct counter_key one, other;

		one = key_of_mail(&connector, names[i].one);
		other = key_of_mail(&connector, names[i].other);
		if ((memcmp(&one, &other, sizeof(one)) == 0) != names[i].same)
			fail_msg("row %zu, users", i);
		if (names[i].one == NULL || names[i].other == NULL)
			continue;
		/* Connectors go by their names in the same way. */
		connector.limits.message_rate_source = RATE_SOURCE_IP_ADDRESS;
		connector.name = names[i].one;
		one = key_of_mail(&connector, "kate");
		connector.name = names[i].other;
		other = key_of_mail(&connector, "chris");
		if ((memcmp(&one, &other, sizeof(one)) == 0) != names[i].same)
			fail_msg("row %zu, connectors", i);
	}
}

/* A key is made of names alone: another place of the same connector, as after
 * a reload, counts on. */
static void
counts_survive_a_reload(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	const struct counters counters = counter_table_counters(table);
	struct limits before = { .counters = &counters }, after = before;
	struct netaddr client = client_of("2001:db8::1");
	char old_name[] = "Anonymous Relay", new_name[] = "anonymous relay";
	struct connector old = { .name = old_name };
	struct connector new = { .name = new_name };

	(void)state;
	assert_non_null(table);
	old.limits.max_inbound_connection_per_source = 1;
	new.limits.max_inbound_connection_per_source = 1;
	assert_int_equal(
	    limits_connect(&before, &old, &client, PREFIX), REPLY_NONE);
	assert_int_equal(limits_connect(&after, &new, &client, PREFIX),
	    REPLY_TOO_MANY_FROM_SOURCE);
	memset(old_name, 'x', sizeof(old_name) - 1);
	limits_leave(&before);
	assert_int_equal(
	    limits_connect(&after, &new, &client, PREFIX), REPLY_NONE);
	limits_leave(&after);
	counter_table_free(table);
}

/* ---- The rate of messages -------------------------------------------- */

/* clang-format off */
static const struct {
	enum rate_source source;
	const char *client, *user;
	uint64_t ticks;
	enum reply_id reply;
} mails[] = {
	/* By address: three a minute, each on its own. */
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.1",       "kate",   1000, REPLY_NONE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.1",       "chris",  1000, REPLY_NONE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.2",       "kate",   1000, REPLY_NONE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.1",       NULL,     1000, REPLY_NONE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.1",       "kate",   1000, REPLY_MESSAGE_RATE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.1",       "kate",  60999, REPLY_MESSAGE_RATE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.2",       "kate",  60999, REPLY_NONE },
	{ RATE_SOURCE_IP_ADDRESS, "192.0.2.1",       "kate",  61000, REPLY_NONE },
	/* By user, from wherever. */
	{ RATE_SOURCE_USER,       "192.0.2.1",       "kate",  70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "192.0.2.2",       "Kate",  70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "2001:db8::1",     "KATE",  70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "192.0.2.3",       "kate",  70000, REPLY_MESSAGE_RATE },
	{ RATE_SOURCE_USER,       "192.0.2.3",       "chris", 70000, REPLY_NONE },
	/* Who has not authenticated, by address, and no user's name is one. */
	{ RATE_SOURCE_USER,       "192.0.2.3",       NULL,    70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "192.0.2.3",       "",      70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "192.0.2.4",       NULL,    70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "192.0.2.3",       NULL,    70000, REPLY_NONE },
	{ RATE_SOURCE_USER,       "192.0.2.3",       NULL,    70000, REPLY_MESSAGE_RATE },
	/* Both by user and by address. */
	{ RATE_SOURCE_ALL,        "192.0.2.1",       "kate",  200000, REPLY_NONE },
	{ RATE_SOURCE_ALL,        "192.0.2.1",       "kate",  200000, REPLY_NONE },
	{ RATE_SOURCE_ALL,        "192.0.2.1",       "kate",  200000, REPLY_NONE },
	{ RATE_SOURCE_ALL,        "192.0.2.2",       "kate",  200000, REPLY_MESSAGE_RATE },
	{ RATE_SOURCE_ALL,        "192.0.2.1",       "chris", 200000, REPLY_MESSAGE_RATE },
	{ RATE_SOURCE_ALL,        "192.0.2.3",       "joe",   200000, REPLY_NONE },
	{ RATE_SOURCE_NONE,       "192.0.2.3",       "joe",   80000, REPLY_NONE },
};
/* clang-format on */

static void
messages_are_limited(void **state)
{
	struct counter_table *table = counter_table_new(64, SEED);
	const struct counters counters = counter_table_counters(table);
	struct limits limits = { .counters = &counters };
	size_t i;

	(void)state;
	assert_non_null(table);
	for (i = 0; i < COUNT(mails); i++) {
		struct connector connector = {
			.name = "Client Frontend",
			.limits = {
				.message_rate_limit = 3,
				.message_rate_source = mails[i].source,
			},
		};
		struct netaddr client = client_of(mails[i].client);
		enum reply_id reply = limits_mail(&limits, &connector, &client,
		    PREFIX, mails[i].user, mails[i].ticks);

		if (reply != mails[i].reply)
			fail_msg("row %zu: %d", i, (int)reply);
	}
	counter_table_free(table);
}

/* ---- A million sources ----------------------------------------------- */

enum { MILLION = 1000000, RATE = 100, EVERY = 5000 };

static struct netaddr
stranger(uint32_t i)
{
	return (struct netaddr){
		.hi = UINT64_C(0x20010db8) << 32 | i,
		.lo = i,
		.family = FAMILY_IPV6,
	};
}

static const struct connector busy = {
	.name = "Default Frontend",
	.limits = {
		.max_inbound_connection_per_source = RATE,
		.message_rate_limit = RATE,
		.message_rate_source = RATE_SOURCE_IP_ADDRESS,
	},
};

/* All within one minute; each connects, sends and leaves. One sends on and
 * on, from ever new addresses of its network. */
static void
million_sources(const struct counters *counters)
{
	struct limits limits = { .counters = counters };
	struct netaddr offender = stranger(UINT32_MAX);
	uint32_t sent = 0, i;

	for (i = 0; i < MILLION; i++) {
		struct netaddr client = stranger(i);

		if (limits_connect(&limits, &busy, &client, PREFIX) !=
			REPLY_NONE ||
		    limits_mail(&limits, &busy, &client, PREFIX, NULL, 0) !=
			REPLY_NONE)
			fail_msg("source %u is refused", i);
		limits_leave(&limits);
		if (i % EVERY != 0)
			continue;
		offender.lo = i;
		if (limits_mail(&limits, &busy, &offender, PREFIX, NULL, 0) ==
		    REPLY_NONE)
			sent++;
	}
	/* It came 200 times. Where its bucket has overflowed it is caught
	 * early, but it is never caught late. */
	assert_int_equal(i / EVERY, 2 * RATE);
	assert_in_range(sent, RATE / 2, RATE);
}

static void
offender_among_a_million(void **state)
{
	struct counter_table *table = counter_table_new(65536, SEED);
	const struct counters counters = counter_table_counters(table);

	(void)state;
	assert_non_null(table);
	million_sources(&counters);
	counter_table_free(table);
}

/* As many that stay connected: nobody is lost when they leave. */
static void
million_connections(void **state)
{
	struct counter_table *table = counter_table_new(1024, SEED);
	const struct counters counters = counter_table_counters(table);
	struct limits *held = calloc(MILLION, sizeof(*held));
	uint32_t refused = 0, i;

	(void)state;
	assert_non_null(table);
	assert_non_null(held);
	for (i = 0; i < MILLION; i++) {
		struct netaddr client = stranger(i);

		held[i].counters = &counters;
		if (limits_connect(&held[i], &busy, &client, PREFIX) !=
		    REPLY_NONE)
			refused++;
	}
	/* Far too many for this table: most meet the limit early. */
	assert_in_range(refused, MILLION / 2, MILLION);
	for (i = 0; i < MILLION; i++)
		limits_leave(&held[i]);
	for (i = 0; i < MILLION; i += 101) {
		struct netaddr client = stranger(i);
		struct limits limits = { .counters = &counters };
		struct connector one = busy;

		one.limits.max_inbound_connection_per_source = 1;
		assert_int_equal(
		    limits_connect(&limits, &one, &client, PREFIX), REPLY_NONE);
		limits_leave(&limits);
	}
	free(held);
	counter_table_free(table);
}

#if defined(__GLIBC__) && \
    (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 33))
static size_t
memory_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}
#else
static size_t
memory_in_use(void)
{
	return 0;
}
#endif

static void
memory_is_fixed(void **state)
{
	struct counter_table *table = counter_table_new(65536, SEED);
	const struct counters counters = counter_table_counters(table);
	size_t before = memory_in_use();
	void *block = malloc(1 << 20);

	(void)state;
	assert_non_null(table);
	assert_non_null(block);
	/* A sanitizer's or another library's malloc does not tell. */
	if (memory_in_use() < before + (1 << 20)) {
		free(block);
		counter_table_free(table);
		skip();
	}
	free(block);
	/* Two arrays of buckets of 64 bytes, each for up to two keys. */
	assert_in_range(before, 65536 * 64, 65536 * 160);
	before = memory_in_use();
	million_sources(&counters);
	assert_int_equal(memory_in_use(), before);
	counter_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_limited),
		cmocka_unit_test(connections_are_given_back),
		cmocka_unit_test(nothing_to_count),
		cmocka_unit_test(source_is_a_network),
		cmocka_unit_test(names_without_case),
		cmocka_unit_test(counts_survive_a_reload),
		cmocka_unit_test(messages_are_limited),
		cmocka_unit_test(offender_among_a_million),
		cmocka_unit_test(million_connections),
		cmocka_unit_test(memory_is_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
