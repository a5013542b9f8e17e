/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.c - reads a policy and its files for the engine.
 *
 * Each file is opened once; what is judged is the open file, not its name.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
files_init(struct files *f, const char *policy)
{
	const char *slash = strrchr(policy, '/');

	*f = (struct files){
		.policy = policy,
		.folder = slash ? (size_t)(slash + 1 - policy) : 0,
	};
}

void
files_guard(struct files *f, uid_t user)
{
	f->guarded = true;
	f->user = user;
}

static bool
is_safe(const struct files *f, const struct stat *st)
{
	bool group = (st->st_mode & S_IWGRP) && st->st_gid != 0;

	if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != f->user)
		return false;
	/* In a sticky folder nobody replaces another's file. */
	if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
		return true;
	return !group && !(st->st_mode & S_IWOTH);
}

/* The open file, and the folder that it was found in. */
static int
guard_check(const struct files *f, int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	struct stat st;

	if (!f->guarded)
		return 0;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode) && !is_safe(f, &st))
		return -EPERM;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s",
		    (int)(slash - path + 1), path);
	if (stat(folder, &st))
		return -errno;
	return is_safe(f, &st) ? 0 : -EPERM;
}

/* Up to len bytes and one more, which shows that the file has grown. */
static ssize_t
bytes_read(int fd, char *text, size_t len)
{
	size_t got = 0;

	while (got <= len) {
		ssize_t n = read(fd, text + got, len + 1 - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int
fd_read(int fd, size_t max, char **text, size_t *len)
{
	struct stat before, after;
	char *bytes;
	ssize_t got;
	size_t size;

	if (fstat(fd, &before))
		return -errno;
	if (S_ISDIR(before.st_mode))
		return -EISDIR;
	if (!S_ISREG(before.st_mode))
		return -EINVAL;
	if ((uintmax_t)before.st_size > max)
		return -EFBIG;
	size = (size_t)before.st_size;
	bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	got = bytes_read(fd, bytes, size);
	if (got >= 0 && fstat(fd, &after))
		got = -errno;
	/* Half of an old file and half of a new one is no policy. */
	if (got >= 0 &&
	    ((size_t)got != size || after.st_size != before.st_size ||
		after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
		after.st_mtim.tv_nsec != before.st_mtim.tv_nsec))
		got = -EAGAIN;
	if (got < 0) {
		free(bytes);
		return (int)got;
	}
	bytes[size] = '\0';
	*text = bytes;
	*len = size;
	return 0;
}

static int
files_path(const struct files *f, const char *path, char full[PATH_MAX])
{
	bool whole = *path == '/' || !strcmp(path, f->policy);
	int n = snprintf(full, PATH_MAX, "%.*s%s", whole ? 0 : (int)f->folder,
	    f->policy, path);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int
files_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	char full[PATH_MAX];
	int fd, rc = files_path(ctx, path, full);

	if (rc)
		return rc;
	/* O_NONBLOCK: a FIFO opens at once, and is then refused. */
	fd = open(full, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = guard_check(ctx, fd, full);
	if (!rc)
		rc = fd_read(fd, max, text, len);
	close(fd);
	return rc;
}

int
files_stat(const struct files *f, const char *path, struct stat *st)
{
	char full[PATH_MAX];
	int rc = files_path(f, path, full);

	if (rc)
		return rc;
	return stat(full, st) ? -errno : 0;
}

struct reader
files_reader(struct files *f)
{
	return (struct reader){ .ctx = f, .read = files_read };
}
