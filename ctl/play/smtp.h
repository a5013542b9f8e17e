/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp.h - the client's side of SMTP, a line at a time. Every wait is
 * bounded. Functions answer 0 or a negative errno.
 */
#ifndef SMTP_H
#define SMTP_H

#include "conversation.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { SMTP_BUFFER_SIZE = 16384, SMTP_OFFERS_SIZE = 512 };

struct smtp {
	int fd; /* 0: not open */
	char buffer[SMTP_BUFFER_SIZE];
	size_t len;
	char out[SMTP_BUFFER_SIZE];
	size_t out_len;
	char xclient[SMTP_OFFERS_SIZE]; /* attributes, from EHLO */
};

/* Connects, from an address if one is given, and reads the greeting. */
int smtp_open(struct smtp *, const struct sockaddr_storage *to,
    const struct sockaddr_storage *from, socklen_t from_len, struct answer *);
void smtp_close(struct smtp *);
int smtp_command(struct smtp *, const char *line, struct answer *);
/* A line of a message; dots are stuffed. */
int smtp_line(struct smtp *, const char *line);
/* The final dot. */
int smtp_end(struct smtp *, struct answer *);
/* The ends of the connection. -errno. */
int smtp_ends(
    const struct smtp *, struct listener *here, struct listener *there);
/* Whether the last EHLO offered an attribute of XCLIENT. */
bool smtp_offers(const struct smtp *, const char *attribute);

#endif
