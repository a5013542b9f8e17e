/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets.c - whether the MTA can open a UNIX socket of ours.
 *
 * Users and groups are those of /etc/passwd and /etc/group; access lists
 * beyond the mode are not looked at. Connects to the socket and hangs up, to
 * see whether somebody answers.
 */
#include "doctor.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

struct account {
	uid_t user;
	gid_t groups[GROUPS_MAX];
	size_t ngroups;
};

static void
take_group(struct account *a, const struct group *group, const char *name)
{
	for (char **member = group->gr_mem; *member != NULL; member++)
		if (strcmp(*member, name) == 0 && a->ngroups < GROUPS_MAX)
			a->groups[a->ngroups++] = group->gr_gid;
}

/* -ENOENT: there is no such user, or no such file. */
static int
find_account(struct doctor *d, const char *name, struct account *a)
{
	FILE *file = fopen(doctor_path(d, "/etc/passwd"), "re");
	const struct passwd *user = NULL;
	const struct group *group;

	*a = (struct account){ 0 };
	while (file != NULL && (user = fgetpwent(file)) != NULL &&
	       strcmp(user->pw_name, name) != 0)
		continue;
	if (user != NULL) {
		a->user = user->pw_uid;
		a->groups[a->ngroups++] = user->pw_gid;
	}
	if (file != NULL)
		fclose(file);
	if (a->ngroups == 0)
		return -ENOENT;
	file = fopen(doctor_path(d, "/etc/group"), "re");
	while (file != NULL && (group = fgetgrent(file)) != NULL)
		take_group(a, group, name);
	if (file != NULL)
		fclose(file);
	return 0;
}

/* bits: 1 to pass, 2 to write. */
static bool
may(const struct account *a, const struct stat *st, unsigned bits)
{
	unsigned mode = st->st_mode & 0777;

	if (a->user == 0)
		return true;
	if (a->user == st->st_uid)
		return (mode >> 6 & bits) == bits;
	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i] == st->st_gid)
			return (mode >> 3 & bits) == bits;
	return (mode & bits) == bits;
}

/* Calls for each folder of a path below the root, and at last for the path.
 * Stops when fn answers non-zero, or with a negative errno of stat(2). */
static int
walk_path(struct doctor *d, const char *path,
    int (*fn)(void *ctx, const char *part, const struct stat *), void *ctx)
{
	for (const char *at = path; *at != '\0';) {
		const char *part;
		struct stat st;
		int rc;

		at += strspn(at, "/");
		at += strcspn(at, "/");
		part = doctor_text(d, "%.*s", (int)(at - path), path);
		if (stat(doctor_path(d, part), &st) < 0)
			return -errno;
		if ((rc = fn(ctx, part, &st)) != 0)
			return rc;
	}
	return 0;
}

struct denied {
	const struct account *account;
	const char *part;
	bool folder;
};

static int
stop_where_denied(void *ctx, const char *part, const struct stat *st)
{
	struct denied *denied = ctx;

	denied->part = part;
	denied->folder = S_ISDIR(st->st_mode);
	if (!denied->folder && !S_ISSOCK(st->st_mode))
		return -ENOTSOCK;
	return !may(denied->account, st, denied->folder ? 1 : 2);
}

/* -ECONNREFUSED: nobody listens. */
static int
knock(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, rc = 0;

	if (strlen(path) >= sizeof addr.sun_path)
		return 0;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* EAGAIN: so many wait that somebody has to be there. */
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0 &&
	    errno != EAGAIN)
		rc = -errno;
	close(fd);
	return rc;
}

static void
say_failure(struct doctor *d, const struct where *where, const char *what,
    const char *path, int rc)
{
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -ENOTSOCK)
		doctor_say(d, D_SOCKET_MISSING, *where,
		    "%s: %s is %s; start the daemon, or make its socket and "
		    "this agree",
		    what, doctor_path(d, path),
		    rc == -ENOTSOCK ? "no socket" : "not there");
	else if (rc == -ECONNREFUSED)
		doctor_say(d, D_SOCKET_DEAD, *where,
		    "%s: nobody answers at %s; start the daemon", what,
		    doctor_path(d, path));
	else
		doctor_say(d, D_UNTOLD, *where, "%s: %s: %s", what,
		    doctor_path(d, path), strerror(-rc));
}

void
doctor_socket(struct doctor *d, const struct where *where, const char *what,
    const char *path, const char *user)
{
	struct account account;
	struct denied denied = { .account = &account };
	int rc;

	if (find_account(d, user, &account) < 0) {
		doctor_say(d, D_UNTOLD, *where,
		    "user %s is not in %s: whether it may open %s is not known",
		    user, doctor_path(d, "/etc/passwd"), path);
		return;
	}
	rc = walk_path(d, path, stop_where_denied, &denied);
	if (rc == 0)
		rc = denied.folder ? -ENOTSOCK : knock(doctor_path(d, path));
	if (rc > 0)
		doctor_say(d, D_SOCKET_DENIED, *where,
		    "%s: user %s may not %s %s; give it the group of that "
		    "user and mode %s",
		    what, user, denied.folder ? "enter" : "write to",
		    doctor_path(d, denied.part),
		    denied.folder ? "0750" : "0660");
	else if (rc < 0)
		say_failure(d, where, what, path, rc);
}

static int
stop_where_unsafe(void *ctx, const char *part, const struct stat *st)
{
	*(const char **)ctx = part;
	return S_ISDIR(st->st_mode) &&
	       (st->st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	       (st->st_mode & S_ISVTX) == 0;
}

void
doctor_socket_safe(
    struct doctor *d, const struct where *where, const char *path)
{
	const char *part = NULL;

	if (walk_path(d, path, stop_where_unsafe, &part) > 0)
		doctor_say(d, D_SOCKET_UNSAFE, *where,
		    "others than its owner may write to %s, so that Sendmail "
		    "does not use the socket; give it mode 0755",
		    doctor_path(d, part));
}
