/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.h - reads a policy and its files for the engine.
 *
 * Regular files only, whole or not at all: no FIFO can block it, no device
 * can fill the memory, and a file that changes while it is read is an error.
 * Relative names of a policy's files are taken from the policy's folder; the
 * policy's own name is taken as it was given.
 */
#ifndef FILES_H
#define FILES_H

#include "rules.h"

#include <sys/stat.h>

struct files {
	const char *policy; /* as given; must outlive this */
	size_t folder;      /* bytes of it up to and with the last slash */
	bool guarded;
	uid_t user;
};

void files_init(struct files *, const char *policy);
/* From now on files are refused that others may change: those of a user other
 * than root, this process's and the given one, or writable by a group but
 * root's or by everybody; and those in such a folder, but for a sticky one. */
void files_guard(struct files *, uid_t user);
/* Borrows files. It may be used by several threads. Fails with -EISDIR,
 * -EINVAL (not a regular file), -EFBIG, -EAGAIN (it changed while it was
 * read), -EPERM (others may change it), and what open(2) and read(2) say. */
struct reader files_reader(struct files *);
/* stat(2) of a file under the name that the engine has for it. */
int files_stat(const struct files *, const char *path, struct stat *);

#endif
