/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the options of connector-milter(8): of the command line, and of
 * milter.yaml, which the command line overrides.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "log.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SOCKET_FOLDER   "/var/spool/postfix/connector-milter"
#define CONTROL_FOLDER  "/run/connector-milter"
#define CONTROL_DEFAULT "unix:" CONTROL_FOLDER "/control.sock"

struct arena;

/* Texts live as long as the process. */
struct options {
	struct arena *texts;
	const char *config;
	const char *policy;
	const char *milter_socket;
	const char *policy_socket;
	const char *control;      /* NULL: CONTROL_DEFAULT, where it can be */
	const char *last_good;    /* a folder, or NULL */
	const char *quota_file;   /* or NULL */
	const char *metrics;      /* ADDR:PORT, unix:/path, fd:N, or NULL */
	uint32_t watch;           /* seconds, or 0 */
	const char *user;         /* or NULL */
	const char *group;        /* or NULL: the user's */
	const char *socket_group; /* or NULL: postfix if there is one */
	mode_t socket_mode;
	enum log_target log; /* never LOG_TARGET_AUTO */
	enum log_format log_format;
	int log_level;        /* LOG_INFO, ... */
	const char *pid_file; /* or NULL */
	const char *record;   /* a folder, or NULL */
	bool record_values;
	uint64_t record_max_size;
	uint32_t record_max_days;
	bool allow_unsafe_permissions;
	bool foreground;
	bool test;
	bool version, help;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* --help, -V: said */
	OPTIONS_WRONG, /* said why on standard error */
};

enum options_result options_parse(struct options *, int argc, char **argv);

#endif
