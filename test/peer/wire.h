/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h - a socket to a filter, and packets on it.
 *
 * A packet is a length of four bytes, a command byte and data. Blocking with
 * a deadline for each call. Nothing here knows what a command means.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

struct wire {
	int fd;
	int timeout; /* milliseconds, for each call */
	char *data;  /* of the last packet read, with a NUL behind it */
	size_t room;
};

/* spec in libmilter's form. */
int wire_open(struct wire *, const char *spec, int timeout);
void wire_close(struct wire *);

int wire_write(struct wire *, const void *bytes, size_t len);
enum { WIRE_HEAD = 5 }; /* bytes of a packet before its data */
/* Makes the head of a packet with so much data. */
void wire_head(char to[WIRE_HEAD], char command, size_t len);
/* One packet; data may be NULL when len is 0. */
int wire_send(struct wire *, char command, const void *data, size_t len);
/* *data is the wire's, until the next read. */
int wire_read(struct wire *, char *command, const char **data, size_t *len);

#endif
