/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.h - what a daemon does to itself: user, limits, background.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct identity {
	const char *user; /* NULL: stays who it is */
	uid_t uid;
	gid_t gid;
};

/* These say on the log what went wrong. */

/* Looks names up; group may be NULL. -ENOENT. */
int identity_find(const char *user, const char *group, struct identity *);
int group_find(const char *name, gid_t *);

/* Becomes the user, for good, and can gain nothing by exec nor be traced by
 * others (but by a sanitizer that is built in). Call while there is one thread.
 */
int process_drop(const struct identity *);
/* Standard input, output and error are there, if only as /dev/null: else a
 * socket would get the number of one, and lines of the log with it. */
int process_streams(void);
/* As many descriptors as the hard limit allows, and one heap for all threads.
 * Call while there is one. */
void process_limits(void);
/* Blocks or ignores what would end the process at a wrong moment. Call while
 * there is one thread. */
void process_signals(void);
/* HUP, TERM and INT end the program. Blocks them in the calling thread, or lets
 * it have them. */
void ending_block(void);
void ending_allow(void);
/* Waits, a second at most, until another thread waits for them by sigwait(3):
 * one that comes shortly before that is the other's. */
void ending_settle(void);
/* Waits for one of them, and answers which; 0 after ending_wake(). */
int ending_wait(void);
void ending_wake(void);
/* Blocked, to be waited for. */
#define SIGNAL_RELOAD SIGUSR1
/* Does nothing but interrupt the thread that it is sent to. */
#define SIGNAL_WAKE SIGUSR2

/* Forks. Answers in the child; the parent waits for process_ready() and
 * exits, with 1 if the child ends first. */
int process_background(void);
/* Tells the parent, and lets go of standard input, output and error. */
void process_ready(void);

int pid_file_write(const char *path);

#endif
