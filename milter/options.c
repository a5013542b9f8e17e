/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - the command line of connector-milter(8).
 *
 * Judges the form of an option only; whether a user or a socket is there is
 * found out by who needs it.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTION_POLICY_SOCKET = 256,
	OPTION_SOCKET_MODE,
	OPTION_SOCKET_GROUP,
	OPTION_LOG,
	OPTION_LOG_FORMAT,
	OPTION_PID_FILE,
	OPTION_HELP,
};

static const struct option longopts[] = {
	{ "policy", required_argument, NULL, 'p' },
	{ "socket", required_argument, NULL, 's' },
	{ "policy-socket", required_argument, NULL, OPTION_POLICY_SOCKET },
	{ "user", required_argument, NULL, 'u' },
	{ "socket-mode", required_argument, NULL, OPTION_SOCKET_MODE },
	{ "socket-group", required_argument, NULL, OPTION_SOCKET_GROUP },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "log-format", required_argument, NULL, OPTION_LOG_FORMAT },
	{ "pid-file", required_argument, NULL, OPTION_PID_FILE },
	{ "foreground", no_argument, NULL, 'f' },
	{ "test", no_argument, NULL, 't' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "usage: connector-milter [-ftV] [-p POLICY] [-s SOCKET] "
    "[-u USER[:GROUP]]\n"
    "           [--policy-socket SOCKET] [--socket-mode MODE] "
    "[--socket-group GROUP]\n"
    "           [--log syslog|stderr] [--log-format logfmt] "
    "[--pid-file PATH]\n"
    "\n"
    "Exchange Receive connectors for Postfix and Sendmail.\n"
    "\n"
    "  -p, --policy POLICY     the policy (" POLICY_DEFAULT ")\n"
    "  -s, --socket SOCKET     the milter's socket: unix:/path, "
    "inet:port[@host],\n"
    "                          inet6:port[@[addr]], fd:N\n"
    "                          (unix:" SOCKET_FOLDER "/milter.sock)\n"
    "      --policy-socket SOCKET\n"
    "                          Postfix's policy service, or \"none\"\n"
    "                          (unix:" SOCKET_FOLDER "/policy.sock)\n"
    "  -u, --user USER[:GROUP] runs as this user\n"
    "      --socket-mode MODE  of UNIX sockets, octal (0660)\n"
    "      --socket-group GROUP\n"
    "                          of UNIX sockets (postfix)\n"
    "      --log syslog|stderr where lines go (syslog; with -f stderr)\n"
    "      --log-format logfmt\n"
    "      --pid-file PATH     holds the number of the process\n"
    "  -f, --foreground        does not become a daemon\n"
    "  -t, --test              tests the policy: exits with 0 if it is "
    "good, else 2\n"
    "  -V, --version           says its version\n"
    "      --help              says this\n"
    "\n"
    "SIGUSR1 reloads the policy, SIGTERM ends the program.\n";

static enum options_result
option_wrong(const char *option, const char *value, const char *advice)
{
	fprintf(stderr,
	    "connector-milter: %s%s%s: %s; see connector-milter --help\n",
	    option, *value ? " " : "", value, advice);
	return OPTIONS_WRONG;
}

static enum options_result
mode_parse(struct options *o, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (end == text || *end || mode > 0777 || *text == '-')
		return option_wrong(
		    "--socket-mode", text, "write an octal mode such as 0660");
	o->socket_mode = (mode_t)mode;
	return OPTIONS_RUN;
}

static enum options_result
user_parse(struct options *o, char *text)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon = '\0';
		o->group = colon + 1;
	}
	o->user = text;
	if (!*text || (colon && !colon[1]))
		return option_wrong("-u", "", "write USER or USER:GROUP");
	return OPTIONS_RUN;
}

static enum options_result
log_parse(struct options *o, const char *text, bool *given)
{
	*given = true;
	if (!strcmp(text, "syslog"))
		o->log = LOG_TARGET_SYSLOG;
	else if (!strcmp(text, "stderr"))
		o->log = LOG_TARGET_STDERR;
	else
		return option_wrong(
		    "--log", text, "this version knows syslog and stderr");
	return OPTIONS_RUN;
}

static enum options_result
option_take(struct options *o, int c, bool *log_given)
{
	switch (c) {
	case 'p':
		o->policy = optarg;
		return OPTIONS_RUN;
	case 's':
		o->milter_socket = optarg;
		return OPTIONS_RUN;
	case 'u':
		return user_parse(o, optarg);
	case 'f':
		o->foreground = true;
		return OPTIONS_RUN;
	case 't':
		o->test = true;
		return OPTIONS_RUN;
	case 'V':
		puts("connector-milter " VERSION);
		return OPTIONS_DONE;
	case OPTION_HELP:
		fputs(help, stdout);
		return OPTIONS_DONE;
	case OPTION_POLICY_SOCKET:
		o->policy_socket = optarg;
		return OPTIONS_RUN;
	case OPTION_SOCKET_MODE:
		return mode_parse(o, optarg);
	case OPTION_SOCKET_GROUP:
		o->socket_group = optarg;
		o->socket_group_given = true;
		return OPTIONS_RUN;
	case OPTION_LOG:
		return log_parse(o, optarg, log_given);
	case OPTION_LOG_FORMAT:
		if (strcmp(optarg, "logfmt") != 0)
			return option_wrong("--log-format", optarg,
			    "this version knows logfmt");
		return OPTIONS_RUN;
	case OPTION_PID_FILE:
		o->pid_file = optarg;
		return OPTIONS_RUN;
	default: /* getopt_long() has said it */
		return OPTIONS_WRONG;
	}
}

enum options_result
options_parse(struct options *o, int argc, char **argv)
{
	bool log_given = false;
	int c;

	*o = (struct options){
		.policy = POLICY_DEFAULT,
		.milter_socket = "unix:" SOCKET_FOLDER "/milter.sock",
		.policy_socket = "unix:" SOCKET_FOLDER "/policy.sock",
		.socket_group = "postfix",
		.socket_mode = 0660,
	};
	while (
	    (c = getopt_long(argc, argv, "p:s:u:ftV", longopts, NULL)) != -1) {
		enum options_result r = option_take(o, c, &log_given);
		if (r != OPTIONS_RUN)
			return r;
	}
	if (optind < argc)
		return option_wrong(argv[optind], "", "is not an option");
	if (!log_given)
		o->log = o->foreground ? LOG_TARGET_STDERR : LOG_TARGET_SYSLOG;
	/* A daemon has no standard error. */
	if (!o->foreground && !o->test && o->log == LOG_TARGET_STDERR)
		return option_wrong("--log", "stderr", "needs -f");
	return OPTIONS_RUN;
}
