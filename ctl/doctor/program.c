/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program.c - runs one of Postfix's own programs and reads what it prints.
 *
 * Input and output are temporary files, so no pipe can fill up. The program
 * gets no shell, and a signal ends it if it does not end by itself.
 */
#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_MAX = 60, NOT_FOUND = 127, NOT_RUN = 126, BY_SIGNAL = 128 };

static _Noreturn void
become(const char *const argv[], const char *elsewhere, FILE *const files[3])
{
	char *const *arguments = (char *const *)(uintptr_t)argv;

	for (int i = 0; i < 3; i++)
		if (dup2(fileno(files[i]), i) < 0)
			_exit(NOT_RUN);
	alarm(SECONDS_MAX);
	execvp(argv[0], arguments);
	if (errno == ENOENT)
		execv(elsewhere, arguments);
	_exit(errno == ENOENT ? NOT_FOUND : NOT_RUN);
}

/* All of a file, in the arena. */
static char *
text_of(struct doctor *d, FILE *file)
{
	char *text = NULL, *kept;
	size_t room = 0;

	rewind(file);
	if (getdelim(&text, &room, '\0', file) < 0)
		kept = arena_text(d->arena, "", 0);
	else
		kept = arena_text(d->arena, text, strlen(text));
	free(text);
	d->failed = d->failed || !kept;
	return kept;
}

static int
wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_RUN;
	return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int
run_with(struct doctor *d, const char *const argv[], FILE *const files[3],
    struct program_output *p)
{
	const char *elsewhere = doctor_text(d, "/usr/sbin/%s", argv[0]);
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0)
		become(argv, elsewhere, files);
	p->status = wait_for(child);
	p->out = text_of(d, files[1]);
	p->errors = text_of(d, files[2]);
	if (!p->out || !p->errors)
		return -ENOMEM;
	return p->status == NOT_FOUND ? -ENOENT : 0;
}

int
program_run(struct doctor *d, const char *const argv[], const char *input,
    struct program_output *p)
{
	FILE *files[3] = { tmpfile(), tmpfile(), tmpfile() };
	int error = files[0] && files[1] && files[2] ? 0 : -errno;

	if (!error && input && fputs(input, files[0]) == EOF)
		error = -EIO;
	if (!error && fflush(files[0]) != 0)
		error = -errno;
	if (!error) {
		rewind(files[0]);
		error = run_with(d, argv, files, p);
	}
	for (int i = 0; i < 3; i++)
		if (files[i])
			fclose(files[i]);
	return error;
}
