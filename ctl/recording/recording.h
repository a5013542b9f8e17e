/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording.h - recorded SMTP sessions, and the native form of them.
 *
 * A recording is what people write into tickets: C: and S: lines, with
 * "connect" before them and a few words beside them (connectorctl(8),
 * RECORDED SESSIONS). Reading one decides nothing and talks to nobody; replay
 * and the player of the tests are built on it. Memory is that of one session.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include "arena.h"
#include "line_reader.h"
#include "rules.h"

enum {
	RECORDING_SESSION_SIZE = 64 * 1024 * 1024, /* bytes, at most */
	RECORDING_WHY_SIZE = 256,
};

/* The clock of a session whose recording does not say one. */
#define RECORDING_NOW INT64_MIN

/* What a server's line says. Only what is written is compared. */
struct expect {
	const char *file;     /* NULL: the session's */
	uint32_t line;        /* 0: the recording says nothing */
	char code[4];         /* "550", or a class: "5xx" */
	const char *enhanced; /* "5.7.1", or how it begins: "5.7", or NULL */
	const char *text;     /* how the text ends, or NULL */
	const char *recorded; /* the last line as written, without "S: " */
};

struct recorded_field {
	const char *name, *value; /* value: without the blank behind the colon;
				     folds are "\n" and the next line */
};

/* What is said about the header of a message that was accepted. */
enum mark_type { MARK_STRIP, MARK_STAMP, MARK_NOSTAMP, MARK_KEEP };

struct mark {
	enum mark_type type;
	uint32_t line;
	const char *name;
	const char *value; /* MARK_STAMP */
};

struct recorded_message {
	const char **lines; /* as the client meant them: dots unstuffed */
	size_t nlines;
	struct recorded_field *fields;
	size_t nfields;
	size_t body_line;  /* index in lines of the first one of the body */
	size_t body_bytes; /* with CRLF */
	struct mark *marks;
	size_t nmarks;
};

enum step_type {
	STEP_BANNER,
	STEP_HELO, /* EHLO too */
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_MESSAGE, /* all behind a 354 up to the final dot */
	STEP_RSET,
	STEP_QUIT,
	STEP_STARTTLS,
	STEP_OTHER,
	STEP_AUTH, /* the words beside the dialogue */
	STEP_TLS,
	STEP_AT,
};

struct step {
	enum step_type type;
	uint32_t line;
	const char *text;     /* the command as typed; AUTH, TLS: the name, or
				 "" */
	const char *argument; /* HELO: the name; MAIL, RCPT: as typed */
	const char *const *params; /* MAIL, RCPT: NULL-terminated */
	int64_t at;                /* STEP_AT: seconds since 1970 */
	struct recorded_message *message;
	struct expect expect;
};

struct recorded_session {
	const char *file;
	uint32_t line;
	const char *title; /* the comment before it, or NULL */
	const char *client_text, *local_text; /* as written; local_text is NULL
						 without "to" */
	struct netaddr client;                /* FAMILY_NONE: "unknown" */
	int client_port;                      /* 0: a local submission */
	struct listener local;
	int64_t at; /* at connect, or RECORDING_NOW */
	struct step *steps;
	size_t nsteps;
	/* Of a protocol log only. */
	const char *connector; /* the one that Exchange chose, or NULL */
	const char *server;    /* the host that wrote the log, or "" */
	struct {
		uint32_t line; /* 0: not told */
		bool relay;    /* may relay before it logs in */
	} permissions;
};

/* Reads sessions in the native form and hands over each at its end; it lives
 * during the call. Where session() does not answer 0 the reading stops and
 * answers the same, and why is empty. -EINVAL, and what line_reader_next()
 * says: why says FILE:LINE: and what is wrong; the sessions before that place
 * have been handed over. */
int recording_read(struct line_reader *,
    int (*session)(void *ctx, const struct recorded_session *), void *ctx,
    char why[RECORDING_WHY_SIZE]);

/* A client or listener as a recording writes it: IP, IP:PORT or [IP]:PORT;
 * "unknown" is FAMILY_NONE. *port stays what it was where none is written.
 * -EINVAL. */
int recording_endpoint(
    const char *text, struct netaddr *, int *port, char why[NETADDR_WHY_SIZE]);

/* YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ, to seconds since 1970. -EINVAL. */
int clock_parse(const char *text, int64_t *seconds);
/* The same at the beginning of a longer text, as logs write it: a fraction
 * may follow the seconds, and the zone may be +HH:MM, too. */
int clock_stamp(const char *text, int64_t *seconds);

#endif
