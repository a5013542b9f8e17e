/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play_smtp.c - plays a session to a live MTA of this machine.
 *
 * live.c plays; here is what makes the session look like the recorded one
 * without XCLIENT, and what became of its messages.
 */
#include "play.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EML_SIZE = 64 * 1024 * 1024 };

/* ---- What cannot be played -------------------------------------------- */

static bool
same_endpoint(
    const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static enum unplayable
source_unplayable(const struct play *play, const struct recorded_session *s)
{
	struct sockaddr_storage local;
	struct netaddr addr;
	socklen_t len;
	int port;

	if (play_endpoint(play, s->client_text, 0, &addr, &port) < 0 ||
	    !netaddr_is_loopback(&addr) ||
	    (addr.family == FAMILY_IPV6) !=
		(play->live.mta.ss_family == AF_INET6))
		return UNPLAYABLE_CLIENT;
	if (s->local_text == NULL)
		return PLAYABLE;
	if (play_endpoint(play, s->local_text, 0, &addr, &port) < 0)
		return UNPLAYABLE_LISTENER;
	sockaddr_set(&addr, port, &local, &len);
	return same_endpoint(&local, &play->live.mta) ? PLAYABLE
						      : UNPLAYABLE_LISTENER;
}

static bool
has_marks(const struct recorded_session *s)
{
	for (size_t i = 0; i < s->nsteps; i++) {
		if (s->steps[i].type == STEP_MESSAGE &&
		    s->steps[i].message->nmarks > 0)
			return true;
	}
	return false;
}

enum unplayable
smtp_unplayable(const struct play *play, const struct recorded_session *s)
{
	enum unplayable why = live_unplayable(&play->live, s);

	if (why == PLAYABLE && play->source)
		why = source_unplayable(play, s);
	if (why == PLAYABLE && has_marks(s) && play->delivered == NULL)
		why = UNPLAYABLE_MARKS;
	return why;
}

/* ---- Messages ---------------------------------------------------------- */

static int
wait_delivered(const char *path, char **text)
{
	static const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	FILE *f = NULL;
	long size;

	for (int ms = 0; ms < WAIT_MS && f == NULL; ms += 20) {
		if ((f = fopen(path, "rb")) == NULL)
			nanosleep(&pause, NULL);
	}
	if (f == NULL)
		return -ETIMEDOUT;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    size > EML_SIZE || (*text = calloc(1, (size_t)size + 1)) == NULL) {
		fclose(f);
		return -EFBIG;
	}
	rewind(f);
	if (fread(*text, 1, (size_t)size, f) != (size_t)size) {
		free(*text);
		fclose(f);
		return -EIO;
	}
	fclose(f);
	return 0;
}

static int
check_delivered(void *ctx, const char *file, const struct step *step)
{
	struct play *play = ctx;
	struct play_report *r = &play->report;
	struct arena *arena = arena_new(0);
	struct recorded_field *fields = NULL;
	size_t count = 0;
	char path[1024], *text = NULL;
	int rc = arena == NULL ? -ENOMEM : 0;

	snprintf(path, sizeof path, "%s/%s.eml", play->delivered, play->id);
	if (rc == 0)
		rc = wait_delivered(path, &text);
	if (rc == 0)
		rc = fields_parse(arena, text, &fields, &count);
	if (rc == 0)
		report_marks(r, file, step->message, fields, count);
	else if (rc == -ETIMEDOUT)
		report_missing(r, file, step->line, step_stage(step),
		    "accepted", "not delivered in time");
	free(text);
	arena_free(arena);
	return rc == -ETIMEDOUT ? 0 : rc;
}

/* Each has a name of its own to be found by. */
static int
begin_message(void *ctx, struct smtp *smtp)
{
	struct play *play = ctx;
	char line[80];

	snprintf(play->id, sizeof play->id, "p%ld-%lld-%zu", (long)getpid(),
	    (long long)time(NULL), ++play->messages);
	snprintf(line, sizeof line, "X-Play-Id: %s", play->id);
	return smtp_line(smtp, line);
}

/* ---- The session ------------------------------------------------------- */

static int
map_endpoint(void *ctx, const char *text, struct netaddr *addr, int *port)
{
	return play_endpoint(ctx, text, *port, addr, port);
}

int
play_smtp(struct play *play, const struct recorded_session *s)
{
	struct sockaddr_storage from;
	struct live *live = &play->live;
	struct netaddr addr;
	int port, rc = 0;

	live->ctx = play;
	live->endpoint = map_endpoint;
	live->begin = play->delivered != NULL ? begin_message : NULL;
	live->accepted = play->delivered != NULL ? check_delivered : NULL;
	if (play->source) {
		rc = play_endpoint(play, s->client_text, 0, &addr, &port);
		sockaddr_set(&addr, 0, &from, &live->from_len);
		live->from = &from;
	}
	if (rc == 0)
		rc = live_play(live, s);
	live->from = NULL;
	if (rc < 0 && rc != -EOPNOTSUPP)
		fprintf(stderr, "%s:%u: %s: %s\n", s->file, s->line,
		    live->mta_text, strerror(-rc));
	return rc;
}
