/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_dialogue.h - what a session of a protocol log says, as steps.
 *
 * Shared by protocol_log.c and log_dialogue.c; nobody else's.
 */
#ifndef LOG_DIALOGUE_H
#define LOG_DIALOGUE_H

#include "log_sessions.h"

/* A line of the log within a session. */
struct log_event {
	const char *file;
	uint32_t line;
	int64_t at;
	const char *data, *context;
};

/* What was sent by the client, by this server, and what is information. 0;
 * 1: a refusal that is not a connector's; -EINVAL with *wrong: the session
 * does not hold together; -ENOMEM. */
int log_command(
    struct log_session *, const struct log_event *, const char **wrong);
int log_reply(
    struct log_session *, const struct log_event *, const char **wrong);
int log_information(
    struct log_session *, const struct log_event *, const char **wrong);

#endif
