/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load - many sessions at once with a milter, as an MTA has them.
 *
 * usage: load [-c CLIENT] [-f SENDER] [-r RECIPIENT] [-s AT-ONCE]
 *             [-n SESSIONS] [-m MESSAGES] [-l BYTES] [-o OPEN] [-x STALLED]
 *             [-w SECONDS] [-p PID] SOCKET
 *
 * Opens so many sessions that stay after their recipient, and so many that
 * stall in the middle of a command; then plays SESSIONS of MESSAGES each,
 * AT-ONCE at a time, and waits so many seconds before it closes all. Prints
 * one JSON object; with -p it also has the processor time and the memory of
 * the filter. A client other than 127.0.0.1 that may send to the recipient is
 * wanted: any other answer than "continue" ends a session and is counted as
 * refused. Exit status: 0 all went to their end, 1 not all, 2 usage.
 */
#include "crowd.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMEOUT = 20000, /* milliseconds */
	FIELDS = 6,
	BODY_MAX = 1 << 20,
};

struct options {
	const char *spec, *client, *sender, *recipient;
	size_t at_once, sessions, messages, bytes, open, stalled, seconds;
	pid_t pid; /* 0: none */
};

/* Turns of the script: negotiation, MAIL with what came before it, RCPT, and
 * then what the filter wants. */
enum { TURN_MAIL = 1, TURN_BEHIND_RCPT = 3 };

static int
message_write(struct peer *p, const struct options *o)
{
	const char *const mail[] = { o->sender, NULL };
	const char *const rcpt[] = { o->recipient, NULL };
	static char body[BODY_MAX];
	struct peer_reply r;
	char name[16];
	int rc;

	memset(body, 'x', o->bytes);
	rc = peer_mail(p, mail, &r);
	if (!rc)
		rc = peer_rcpt(p, rcpt, &r);
	if (!rc)
		rc = peer_data(p, &r);
	for (int i = 0; !rc && i < FIELDS; i++) {
		snprintf(name, sizeof(name), i ? "X-Field-%d" : "Subject", i);
		rc = peer_header(p, name, "a field of common length", &r);
	}
	if (!rc)
		rc = peer_eoh(p, &r);
	if (!rc)
		rc = peer_body(p, body, o->bytes, &r);
	return rc ? rc : peer_eom(p, &r);
}

/* Asks the filter once what it wants, then writes a session of two messages;
 * *again is where the second one begins. */
static int
script_write(const struct options *o, struct script *script, size_t *again)
{
	struct peer_reply r;
	struct peer *p;
	int rc = peer_open(o->spec, TIMEOUT, &p);

	if (rc)
		return rc;
	rc = peer_define(p, "{daemon_addr}", "10.1.1.1");
	if (!rc)
		rc = peer_define(p, "{daemon_port}", "25");
	if (!rc)
		rc = peer_define(p, "i", "4cP8Zx1Yk3z9Wq");
	if (!rc)
		rc = peer_negotiate(p, NULL);
	(void)peer_quit(p);
	peer_write_down(p, script);
	if (!rc)
		rc = peer_negotiate(p, NULL);
	if (!rc)
		rc = peer_connect(p, NULL, o->client, 40000, &r);
	if (!rc)
		rc = peer_helo(p, "client.example", &r);
	if (!rc)
		rc = message_write(p, o);
	*again = script->count;
	if (!rc)
		rc = message_write(p, o);
	peer_free(p);
	return rc;
}

static double
clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double
processor_ns(pid_t pid)
{
	clockid_t clock;

	return pid && !clock_getcpuclockid(pid, &clock) ? clock_ns(clock) : 0;
}

/* What of it is in memory, in bytes. */
static unsigned long
memory_of(pid_t pid)
{
	unsigned long pages = 0;
	char name[40];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%ld/statm", (long)pid);
	f = pid ? fopen(name, "r") : NULL;
	if (f && fscanf(f, "%*s %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

static int
wait_compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
waits_print(const struct crowd_count *n)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = { { "p50", .5 }, { "p90", .9 }, { "p99", .99 } };

	if (!n->decisions)
		return;
	qsort(n->waits, n->decisions, sizeof(*n->waits), wait_compare);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		printf(", \"%s_us\": %.1f", parts[i].name,
		    n->waits[(
			size_t)((double)(n->decisions - 1) * parts[i].part)] /
			1e3);
	printf(", \"most_us\": %.1f", n->waits[n->decisions - 1] / 1e3);
}

/* Those that stay; false if they did not all come. */
static bool
stayers_open(struct crowd *c, const struct options *o, int *rc)
{
	unsigned long before = memory_of(o->pid);
	size_t came = 0, open;

	*rc = 0;
	if (o->open) {
		*rc = crowd_stay(c, o->open, TURN_BEHIND_RCPT, false);
		came = crowd_count(c)->sessions;
	}
	open = came;
	if (!*rc && o->stalled) {
		*rc = crowd_stay(c, o->stalled, TURN_MAIL, true);
		came += crowd_count(c)->sessions;
	}
	printf("{\"open\": %zu, \"stalled\": %zu", open, came - open);
	if (o->pid)
		printf(", \"bytes_before\": %lu, \"bytes_open\": %lu", before,
		    memory_of(o->pid));
	return came == o->open + o->stalled;
}

static bool
load_run(struct crowd *c, const struct options *o, int *rc)
{
	bool well = stayers_open(c, o, rc);
	double begin = clock_ns(CLOCK_MONOTONIC), cpu = processor_ns(o->pid);
	const struct crowd_count *n = crowd_count(c);
	double seconds;

	if (!*rc && o->sessions) {
		*rc = crowd_run(c, o->sessions, o->at_once, o->messages);
		seconds = (clock_ns(CLOCK_MONOTONIC) - begin) / 1e9;
		printf(", \"sessions\": %zu, \"messages\": %zu, "
		       "\"refused\": %zu, \"lost\": %zu, "
		       "\"seconds\": %.4f, \"messages_per_s\": %.0f",
		    n->sessions, n->messages, n->refused, n->lost, seconds,
		    (double)n->messages / seconds);
		waits_print(n);
		if (o->pid)
			printf(", \"processor_ns\": %.0f",
			    processor_ns(o->pid) - cpu);
		well = well && n->sessions == o->sessions;
	}
	printf("}\n");
	fflush(stdout);
	sleep((unsigned)o->seconds);
	return well && !*rc;
}

static int
usage(void)
{
	fputs("usage: load [-c CLIENT] [-f SENDER] [-r RECIPIENT] "
	      "[-s AT-ONCE] [-n SESSIONS]\n"
	      "            [-m MESSAGES] [-l BYTES] [-o OPEN] "
	      "[-x STALLED] [-w SECONDS] [-p PID]\n"
	      "            SOCKET\n",
	    stderr);
	return 2;
}

static bool
options_read(struct options *o, int argc, char **argv)
{
	const struct {
		char letter;
		const char **text;
		size_t *number;
	} all[] = {
		{ 'c', &o->client, NULL },
		{ 'f', &o->sender, NULL },
		{ 'r', &o->recipient, NULL },
		{ 's', NULL, &o->at_once },
		{ 'n', NULL, &o->sessions },
		{ 'm', NULL, &o->messages },
		{ 'l', NULL, &o->bytes },
		{ 'o', NULL, &o->open },
		{ 'x', NULL, &o->stalled },
		{ 'w', NULL, &o->seconds },
	};
	int letter;

	while ((letter = getopt(argc, argv, "c:f:r:s:n:m:l:o:x:w:p:")) > 0) {
		size_t i = 0, count = sizeof(all) / sizeof(*all);
		if (letter == 'p')
			o->pid = (pid_t)strtol(optarg, NULL, 10);
		while (i < count && all[i].letter != letter)
			i++;
		if (i == count && letter != 'p')
			return false;
		if (i < count && all[i].text)
			*all[i].text = optarg;
		else if (i < count)
			*all[i].number = strtoul(optarg, NULL, 10);
	}
	o->spec = argv[optind];
	return o->spec && !argv[optind + 1] && o->at_once && o->messages &&
	       o->bytes <= BODY_MAX;
}

static void
descriptors_raise(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.client = "192.0.2.1",
		.sender = "<kate@fabrikam.com>",
		.recipient = "<anna@contoso.com>",
		.at_once = 10,
		.sessions = 1000,
		.messages = 1,
		.bytes = 500,
	};
	struct script script = { 0 };
	struct crowd_plan plan = { .script = &script, .timeout = TIMEOUT };
	struct crowd *crowd = NULL;
	bool well = false;
	int rc;

	if (!options_read(&o, argc, argv))
		return usage();
	descriptors_raise();
	plan.spec = o.spec;
	rc = script_write(&o, &script, &plan.again);
	if (!rc)
		rc = crowd_new(&plan, &crowd);
	if (!rc)
		well = load_run(crowd, &o, &rc);
	if (rc)
		fprintf(stderr, "load: %s: %s\n", o.spec, strerror(-rc));
	crowd_free(crowd);
	script_fini(&script);
	return well ? 0 : 1;
}
