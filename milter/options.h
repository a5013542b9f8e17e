/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line of connector-milter(8).
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "log.h"

#include <stdbool.h>
#include <sys/types.h>

#define SOCKET_FOLDER "/var/spool/postfix/connector-milter"

/* Texts are the command line's or static. */
struct options {
	const char *policy;
	const char *milter_socket;
	const char *policy_socket;
	const char *user;  /* or NULL */
	const char *group; /* or NULL: the user's */
	const char *socket_group;
	bool socket_group_given;
	mode_t socket_mode;
	enum log_target log;
	const char *pid_file; /* or NULL */
	bool foreground;
	bool test;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* --help, -V: said */
	OPTIONS_WRONG, /* said why on standard error */
};

/* Cuts USER:GROUP in place. */
enum options_result options_parse(struct options *, int argc, char **argv);

#endif
