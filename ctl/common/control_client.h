/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client.h - asks the daemon over its control socket.
 *
 * What the verbs share that ask a daemon instead of reading a policy: their
 * options, and one question with one answer. Whatever keeps the daemon from
 * answering is STATUS_UNKNOWN, with a line on stderr that says what to do.
 */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "ctl.h"

#define CONTROL_PATH "/run/connector-milter/control.sock"

/* The options of such a verb, for its table for getopt_long(); their values
 * are passed to control_option(). */
#define CONTROL_OPTIONS                                 \
	{ "control", required_argument, NULL, 'C' },    \
	    { "format", required_argument, NULL, 'F' }, \
	{                                               \
		"help", no_argument, NULL, 'h'          \
	}

#define CONTROL_HELP                                                     \
	"      --control PATH    the daemon's control socket; default\n" \
	"                        " CONTROL_PATH "\n"

/* As ctl_option(); path is where --control goes. */
int control_option(
    struct ctl *, int option, const char *value, const char **path);
/* The command line of a verb that has no other options, up to its operands:
 * they begin at optind. -1: go on; else the exit status. */
int control_options(struct ctl *, const struct verb *, int argc, char **argv,
    const char **path);

/* What the daemon knows, and what it has to do first. */
enum { CONTROL_SECONDS = 30, CONTROL_RELOAD_SECONDS = 600 };

/* Sends a question, which is taken, and waits so long for the answer, which is
 * the caller's. STATUS_YES, or STATUS_UNKNOWN. */
int control_ask(const struct ctl *, const char *path, unsigned seconds,
    json_t *question, json_t **answer);

/* Of an answer: a text, or "-"; a number, or 0; whether it is true. */
const char *answer_text(const json_t *, const char *key);
json_int_t answer_number(const json_t *, const char *key);
bool answer_is(const json_t *, const char *key);

/* Prints findings as check does. */
void answer_print_findings(FILE *, const json_t *findings);

#endif
