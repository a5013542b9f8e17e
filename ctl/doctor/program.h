/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program.h - runs one of Postfix's own programs and reads what it prints.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "doctor.h"

struct program_output {
	char *out, *errors; /* in the doctor's arena */
	int status;         /* the exit status; 128 + N: ended by signal N */
};

/* Runs argv[0], found in PATH or in /usr/sbin, with input as its standard
 * input (NULL: none), for a minute at most. -ENOENT: there is no such
 * program. */
int program_run(struct doctor *, const char *const argv[], const char *input,
    struct program_output *);

#endif
