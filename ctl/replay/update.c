/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * update.c - rewrites the expectations of a native recording.
 *
 * The new text is a temporary file beside the old one, which it replaces by
 * rename(2) once it is on the disk. A symbolic link stays one.
 */
#include "update.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct change {
	uint32_t line, last;
	char *instead; /* "": nothing */
};

int
update_add(struct update *u, const struct reply_difference *d)
{
	struct change *grown;
	char *instead;

	if (d->instead == NULL)
		return 0;
	if ((u->count & (u->count - 1)) == 0) {
		size_t room = u->count == 0 ? 1 : u->count * 2;

		grown = realloc(u->changes, room * sizeof *grown);
		if (grown == NULL)
			return -ENOMEM;
		u->changes = grown;
	}
	if ((instead = strdup(d->instead)) == NULL)
		return -ENOMEM;
	u->changes[u->count++] = (struct change){ d->line, d->last, instead };
	return 1;
}

void
update_reset(struct update *u)
{
	for (size_t i = 0; i < u->count; i++)
		free(u->changes[i].instead);
	free(u->changes);
	*u = (struct update){ 0 };
}

static int
by_line(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static bool
is_reply(const char *line)
{
	return strncmp(line, "S:", 2) == 0;
}

static bool
is_mark(const char *line)
{
	static const enum mark_type types[] = { MARK_STRIP, MARK_STAMP,
		MARK_NOSTAMP, MARK_KEEP };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const char *name = mark_name(types[i]);
		size_t len = strlen(name);

		if (strncmp(line, name, len) == 0 &&
		    (line[len] == ' ' || line[len] == '\t'))
			return true;
	}
	return false;
}

/* ---- Line by line ------------------------------------------------------ */

/* Where the writing is: the change whose lines are passing, or is next. */
struct passage {
	const struct change *change, *end;
	bool reply; /* it is one of replies */
};

static int
put_instead(FILE *out, const struct passage *p, const char *line, size_t len)
{
	const char *instead = p->change->instead;
	const char *end = len > 1 && line[len - 2] == '\r' ? "\r\n" : "\n";

	if (*instead == '\0')
		return 0;
	if (line[len - 1] != '\n') /* the last line of the file */
		end = "";
	return fprintf(out, "%s%s%s", p->reply ? "S: " : "", instead, end);
}

/* -EAGAIN: this is not the file that was read. */
static int
put_line(
    FILE *out, struct passage *p, uint32_t number, const char *line, size_t len)
{
	while (p->change < p->end && p->change->last < number)
		p->change++;
	if (p->change < p->end && p->change->line == number) {
		p->reply = is_reply(line);
		if (!p->reply && !is_mark(line))
			return -EAGAIN;
		return put_instead(out, p, line, len) < 0 ? -errno : 0;
	}
	if (p->change < p->end && p->change->line < number &&
	    (p->reply ? is_reply(line) : is_mark(line)))
		return 0;
	return fwrite(line, 1, len, out) == len ? 0 : -errno;
}

static int
put_lines(const struct update *u, FILE *in, FILE *out)
{
	struct passage p = { u->changes, u->changes + u->count, false };
	uint32_t number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;

	while (rc == 0 && (len = getline(&line, &size, in)) > 0)
		rc = put_line(out, &p, ++number, line, (size_t)len);
	if (rc == 0 && ferror(in))
		rc = -EIO;
	free(line);
	return rc;
}

/* ---- The file ---------------------------------------------------------- */

static int
finish(FILE *out, const struct stat *st)
{
	int fd = fileno(out);

	if (fflush(out) != 0)
		return -errno;
	/* Who may not give files away has the new one for itself. */
	if (fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(fd, st->st_mode & 07777) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int
replace(
    const struct update *u, const char *path, FILE *in, const struct stat *st)
{
	char name[PATH_MAX];
	FILE *out;
	int fd, rc, n = snprintf(name, sizeof name, "%s.XXXXXX", path);

	if (n < 0 || (size_t)n >= sizeof name)
		return -ENAMETOOLONG;
	if ((fd = mkstemp(name)) < 0)
		return -errno;
	if ((out = fdopen(fd, "wb")) == NULL) {
		rc = -errno;
		close(fd);
	} else {
		rc = put_lines(u, in, out);
		if (rc == 0)
			rc = finish(out, st);
		if (fclose(out) != 0 && rc == 0)
			rc = -errno;
	}
	if (rc == 0 && rename(name, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(name);
	return rc;
}

static int
write_path(const struct update *u, const char *path)
{
	struct stat st;
	FILE *in;
	int rc;

	if (stat(path, &st) < 0)
		return -errno;
	/* Another reading of a pipe would wait for ever. */
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((in = fopen(path, "rbe")) == NULL)
		return -errno;
	rc = replace(u, path, in, &st);
	fclose(in);
	return rc;
}

int
update_write(struct update *u, const char *file, char why[RECORDING_WHY_SIZE])
{
	const char *reason;
	char *path;
	int rc;

	if (u->count == 0)
		return 0;
	qsort(u->changes, u->count, sizeof *u->changes, by_line);
	path = realpath(file, NULL);
	rc = path != NULL ? write_path(u, path) : -errno;
	free(path);
	reason = strerror(-rc);
	if (rc == -EAGAIN)
		reason = "it has changed since it was read";
	if (rc == -EINVAL)
		reason = "no regular file, and so not rewritten";
	if (rc < 0)
		snprintf(why, RECORDING_WHY_SIZE, "%.120s: %s", file, reason);
	return rc;
}
