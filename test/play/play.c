/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play - plays recorded sessions over the milter protocol or over SMTP.
 *
 * usage: play --milter SPEC [--sendmail-macros] FILE...
 *        play --smtp HOST:PORT --xclient|--source [--map FROM=TO]...
 *             [--delivered DIR] [--mta-refuses] FILE...
 *
 * Prints a line a file, the differences, and a closing line
 * "N sessions, N decisions, N differences, N not playable". Exit status: 0
 * all as recorded, 1 differences, 2 it could not tell. HOST is of this
 * machine's loopback, and nothing else is ever spoken to.
 *
 * --xclient    the client's address by Postfix' XCLIENT
 * --source     by the socket's own address, of 127.0.0.0/8 or ::1
 * --map        replaces the beginning of an address in a connect line
 * --delivered  waits for DIR/ID.eml, where ID is the X-Play-Id that each
 *              message is given, and compares its header with the marks
 * --mta-refuses  a recipient that is recorded as refused may be so in the
 *              MTA's own words: the class and the enhanced code are
 *              compared, which may also be of an address (5.1.x)
 */
#include "play.h"
#include "recordings.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
on_difference(void *ctx, const struct reply_difference *d)
{
	(void)ctx;
	printf("%s:%u: %s: recorded %s, decided %s\n", d->file, d->line,
	    d->stage, d->recorded, d->decided);
}

int
play_endpoint(const struct play *play, const char *text, int port,
    struct netaddr *addr, int *mapped_port)
{
	char mapped[256], why[NETADDR_WHY_SIZE];

	snprintf(mapped, sizeof mapped, "%s", text);
	for (size_t i = 0; i < play->nmaps; i++) {
		const struct map *m = &play->maps[i];

		if (strncmp(text, m->from, m->len) != 0)
			continue;
		snprintf(mapped, sizeof mapped, "%s%s", m->to, text + m->len);
		break;
	}
	*mapped_port = port;
	return recording_endpoint(mapped, addr, mapped_port, why);
}

void
sockaddr_set(const struct netaddr *a, int port, struct sockaddr_storage *s,
    socklen_t *len)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)s;
	struct sockaddr_in *in = (struct sockaddr_in *)s;

	memset(s, 0, sizeof *s);
	if (a->family == FAMILY_IPV4) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		in->sin_addr.s_addr = htonl((uint32_t)a->lo);
		*len = sizeof *in;
		return;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	for (int i = 0; i < 8; i++) {
		in6->sin6_addr.s6_addr[i] = (uint8_t)(a->hi >> (56 - i * 8));
		in6->sin6_addr.s6_addr[i + 8] =
		    (uint8_t)(a->lo >> (56 - i * 8));
	}
	*len = sizeof *in6;
}

static int
play_session(void *ctx, const struct recorded_session *s)
{
	struct play *play = ctx;
	enum unplayable why = play->milter != NULL ? milter_unplayable(play, s)
						   : smtp_unplayable(play, s);
	int rc;

	if (why != PLAYABLE) {
		play->unplayable[why]++;
		return 0;
	}
	play->played++;
	rc = play->milter != NULL ? play_milter(play, s) : play_smtp(play, s);
	/* Only a greeting shows what an MTA offers. */
	if (rc == -EOPNOTSUPP) {
		play->played--;
		play->unplayable[UNPLAYABLE_XCLIENT]++;
	} else if (rc < 0) {
		play->failed = true;
	}
	return 0;
}

static size_t
count_unplayable(const struct play *play)
{
	size_t n = 0;

	for (size_t i = 0; i < UNPLAYABLE_COUNT; i++)
		n += play->unplayable[i];
	return n;
}

static void
play_file(struct play *play, const char *file)
{
	struct recordings recordings = { .session = play_session, .ctx = play };
	size_t differences = play->report.differences;
	size_t unplayable = count_unplayable(play), played = play->played;
	char why[RECORDING_WHY_SIZE];

	if (recordings_read(&recordings, file, why) < 0) {
		fprintf(stderr, "%s\n", why);
		play->failed = true;
	}
	printf("%s: %zu sessions, %zu differences, %zu not playable\n", file,
	    play->played - played, play->report.differences - differences,
	    count_unplayable(play) - unplayable);
}

/* ---- The command line ------------------------------------------------ */

static int
usage(const char *why)
{
	fprintf(stderr,
	    "play: %s\n"
	    "usage: play --milter SPEC [--sendmail-macros] FILE...\n"
	    "       play --smtp HOST:PORT --xclient|--source "
	    "[--map FROM=TO]...\n"
	    "            [--delivered DIR] [--mta-refuses] FILE...\n",
	    why);
	return 2;
}

static int
take_map(struct play *play, char *text)
{
	char *equals = strchr(text, '=');
	struct map *map = &play->maps[play->nmaps];

	if (equals == NULL || equals == text || play->nmaps == MAP_COUNT)
		return -EINVAL;
	*equals = '\0';
	map->from = text;
	map->to = equals + 1;
	map->len = (size_t)(equals - text);
	play->nmaps++;
	return 0;
}

static int
take_mta(struct play *play, const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr addr;
	uint16_t port;
	socklen_t len;

	if (endpoint_parse(text, &addr, &port, why) < 0 ||
	    !netaddr_is_loopback(&addr))
		return -EINVAL;
	sockaddr_set(&addr, port, &play->live.mta, &len);
	play->live.mta_text = text;
	return 0;
}

static const char *
take_options(struct play *play, int argc, char **argv)
{
	static const struct option options[] = {
		{ "milter", required_argument, NULL, 'm' },
		{ "sendmail-macros", no_argument, NULL, 's' },
		{ "smtp", required_argument, NULL, 'S' },
		{ "xclient", no_argument, NULL, 'x' },
		{ "source", no_argument, NULL, 'b' },
		{ "map", required_argument, NULL, 'M' },
		{ "delivered", required_argument, NULL, 'd' },
		{ "mta-refuses", no_argument, NULL, 'r' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'm')
			play->milter = optarg;
		else if (c == 's')
			play->sendmail = true;
		else if (c == 'S' && take_mta(play, optarg) < 0)
			return "--smtp: an address of loopback and a port";
		else if (c == 'x')
			play->live.xclient = true;
		else if (c == 'b')
			play->source = true;
		else if (c == 'M' && take_map(play, optarg) < 0)
			return "--map: write FROM=TO, 16 times at most";
		else if (c == 'd')
			play->delivered = optarg;
		else if (c == 'r')
			play->live.mta_refuses = true;
		else if (c == '?')
			return "an unknown option";
	}
	if ((play->milter != NULL) == (play->live.mta_text != NULL))
		return "either --milter or --smtp";
	if (play->live.mta_text != NULL && play->live.xclient == play->source)
		return "either --xclient or --source";
	return optind < argc ? NULL : "which recordings?";
}

int
main(int argc, char **argv)
{
	struct play play = {
		.report.difference = on_difference,
		.live.delivers = true,
	};
	const struct play_report *report = &play.report;
	const char *why = take_options(&play, argc, argv);

	if (why != NULL)
		return usage(why);
	play.live.report = &play.report;
	signal(SIGPIPE, SIG_IGN);
	for (int i = optind; i < argc; i++)
		play_file(&play, argv[i]);
	for (size_t i = 0; i < UNPLAYABLE_COUNT; i++) {
		if (play.unplayable[i] > 0)
			printf("not playable here: %zu (%s)\n",
			    play.unplayable[i],
			    unplayable_reason((enum unplayable)i));
	}
	printf("%zu sessions, %zu decisions, %zu differences, "
	       "%zu not playable\n",
	    report->sessions, report->decisions, report->differences,
	    count_unplayable(&play));
	if (play.failed || fflush(stdout) != 0)
		return 2;
	return report->differences > 0 ? 1 : 0;
}
