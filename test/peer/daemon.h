/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.h - a connector-milter as a child, with a folder of its own.
 *
 * The folder holds policy.yaml, milter.sock, policy.sock,
 * control.sock and the log. Every
 * wait is bounded. As root the child runs as nobody. Failures end the test.
 * Where leaks are looked for, a child that leaks does not end well.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "peer.h"

#include <stdbool.h>
#include <sys/types.h>

enum { DAEMON_PATH_SIZE = 100, DAEMON_TIMEOUT = 10000 };

struct daemon {
	pid_t pid;      /* 0: none */
	bool as_nobody; /* started by nobody, not by root with -u */
	char folder[DAEMON_PATH_SIZE];
	char policy[DAEMON_PATH_SIZE]; /* policy.yaml in it */
	char config[DAEMON_PATH_SIZE]; /* beside the folder, since only root
					  may change it; not there at first */
	char milter[DAEMON_PATH_SIZE]; /* unix:.../milter.sock */
	char policy_spec[DAEMON_PATH_SIZE];  /* unix:.../policy.sock */
	char control_spec[DAEMON_PATH_SIZE]; /* unix:.../control.sock */
};

/* The policy that most tests run with. */
extern const char daemon_policy[];

/* Makes the folder, writes the policy. */
void daemon_init(struct daemon *, const char *policy);
/* Ends the child if there is one, which must go well; kills the process of a
 * file "pid"; removes the folder. */
void daemon_fini(struct daemon *);
/* PATH in the folder; static, four at a time. */
const char *daemon_path(const struct daemon *, const char *name);
void daemon_write(const struct daemon *, const char *name, const char *text);
/* Writes the file config. */
void daemon_configure(const struct daemon *, const char *text);

/* Starts the program with the folder's sockets and policy, -f, and up to
 * four more arguments (NULL: none), and waits until it is ready. */
void daemon_start(struct daemon *, const char *const *more);
/* Ends it by SIGTERM, which must go well. */
void daemon_end(struct daemon *);
/* Starts it and waits for its end: its exit status. What it says goes to
 * the log. */
int daemon_try(const struct daemon *, const char *const *argv);
/* Sends a signal and waits for the end: the wait status. */
int daemon_stop(struct daemon *, int signal);

/* The daemon that the tests of a group share: with daemon_policy, unless the
 * group has a start of its own. That it ends well is the group's last test:
 * what a teardown finds is not counted. */
extern struct daemon shared;
int shared_start(void **state);
int shared_end(void **state);
void shared_ends_well(void **state);

/* All of the log, malloc()ed. */
char *daemon_log(const struct daemon *);
/* Waits until the log holds a text count times. */
void daemon_wait(struct daemon *, const char *text, int count);

/* A negotiated session, connected from an address to 10.1.1.1:25, after
 * HELO. */
struct peer *daemon_peer(const struct daemon *, const char *client);

/* Arguments of MAIL and RCPT; kate is foreign to daemon_policy. */
extern const char *const mail_chris[], *const rcpt_kate[], *const rcpt_ours[];

/* The result and the reply of a step. */
void expect_continue(int rc, const struct peer_reply *);
void expect_reply(int rc, const struct peer_reply *, const char *text);
/* MAIL of chris and RCPT of kate. */
void expect_relay(struct peer *, bool granted);
/* A stranger may not relay: it serves, and by its policy. */
void daemon_expect_alive(const struct daemon *);

/* The tests of limits and certificates, of the header firewall, of the log, of
 * options, of start and end, of the policy service, and of the control socket:
 * how many failed. */
int limits_tests(void);
int firewall_tests(void);
int log_tests(void);
int options_tests(void);
int start_tests(void);
int policyd_tests(void);
int control_tests(void);
int metrics_tests(void);

#endif
