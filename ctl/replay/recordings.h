/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recordings.h - files of recorded sessions, whatever their form.
 *
 * The form is told by what a file begins with, never by its name.
 */
#ifndef RECORDINGS_H
#define RECORDINGS_H

#include "protocol_logs.h"

/* Who reads recordings: one for all files of a call. */
struct recordings {
	/* Given each session at its end; it lives during the call. What is
	 * not 0 stops the reading, and is answered. */
	int (*session)(void *ctx, const struct recorded_session *);
	void *ctx;
	struct protocol_logs *logs; /* for whom protocol logs are; NULL: they
				       are refused */
	struct line_reader lines;   /* of the file that is being read */
};

/* Reads one file, "-" the standard input; a protocol log may wait for
 * protocol_logs_read(). why says FILE: or FILE:LINE: and what is wrong; what
 * came before that has been handed over. */
int recordings_read(
    struct recordings *, const char *file, char why[RECORDING_WHY_SIZE]);

#endif
