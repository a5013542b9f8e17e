/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl.h - what the verbs of connectorctl share.
 *
 * Common options, loading the policy, and the two ways to answer. Text is for
 * people and may change; JSON is an interface and may only grow. A verb
 * answers the exit status: 0 yes, 1 no, 2 it could not tell.
 */
#ifndef CTL_H
#define CTL_H

#include "rules.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

enum status { STATUS_YES = 0, STATUS_NO = 1, STATUS_UNKNOWN = 2 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JUNIT };

struct verb {
	const char *name;
	const char *synopsis; /* behind the name */
	const char *summary;  /* one line */
	const char *options;  /* its own, a line each */
	bool no_policy;       /* -p is not said of it */
	int (*run)(const struct verb *, int argc, char **argv);
};

struct ctl {
	const struct verb *verb;
	const char *policy;
	enum format format;
	FILE *out, *err;
};

extern const struct verb verb_check, verb_diff, verb_doctor, verb_explain,
    verb_export, verb_import, verb_log_level, verb_reload, verb_replay,
    verb_sessions, verb_status, verb_who;

/* The common options, for a verb's table for getopt_long(); their values in
 * a verb's switch are passed to ctl_option(). */
#define CTL_OPTIONS                                     \
	{ "policy", required_argument, NULL, 'p' },     \
	    { "format", required_argument, NULL, 'F' }, \
	{                                               \
		"help", no_argument, NULL, 'h'          \
	}

void ctl_init(struct ctl *, const struct verb *);
/* An option that is not the verb's own. -1: go on; else the exit status. */
int ctl_option(struct ctl *, int option, const char *value);
/* Says what was wrong with the command line; answers STATUS_UNKNOWN. */
int ctl_usage(const struct ctl *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int ctl_complain(const struct ctl *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Loads and compiles the policy; the complaints are in the list. */
int ctl_load(const struct ctl *, struct ruleset **, struct diagnostics *);
/* The same for verbs that need a good policy: prints the complaints.
 * STATUS_UNKNOWN if there is none. */
int ctl_ruleset(const struct ctl *, struct ruleset **);
void ctl_print_diagnostic(FILE *, const struct diagnostic *);

/* Prints and frees; answers status, or STATUS_UNKNOWN if it could not. */
int ctl_print_json(const struct ctl *, json_t *, int status);
/* "FILE:LINE:COL"; "" for a place that is not known. Answers buf. */
enum { WHERE_TEXT_SIZE = 512 };
const char *where_format(const struct where *, char buf[WHERE_TEXT_SIZE]);
/* An address with a port; "*" for NULL: every listener; "other" where the
 * family is none: each that no policy in question names. Answers buf or a
 * static text. */
enum { LISTENER_TEXT_SIZE = NETADDR_TEXT_SIZE + 10 };
const char *listener_format(
    const struct listener *, char buf[LISTENER_TEXT_SIZE]);

void verb_help(FILE *, const struct verb *);
/* Of count words the one that was likely meant, or NULL. */
const char *did_you_mean(
    const char *word, const char *(*name)(size_t), size_t count);
int64_t clock_now(void);

#endif
