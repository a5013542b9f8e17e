/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.c - the files that a policy was read from, as they were.
 *
 * The file that snapshot_write() makes is for people, too: a line with the id,
 * then for each file a line "file LENGTH NAME", its text and a newline.
 */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char head[] = "connector-milter last-good policy ";

enum { FILE_MAX = 80 << 20 }; /* a policy has 64 MiB, and its names */

/* What tells one state of a file from another. */
struct state {
	int64_t error; /* of stat(2), or 0 */
	uint64_t device, inode;
	int64_t size, seconds, nanoseconds;
};

struct copy {
	char *name;
	char *text; /* NULL: could not be read, or forgotten */
	size_t len;
	bool ended;         /* its last line has an end */
	struct state state; /* before it was read */
};

struct snapshot {
	struct files *files;
	struct reader reader;
	struct copy *copies; /* the policy is the first */
	size_t count;
};

struct snapshot *
snapshot_new(struct files *files)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->files = files;
	s->reader = files_reader(files);
	return s;
}

void
snapshot_forget(struct snapshot *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->copies[i].text);
		s->copies[i].text = NULL;
	}
}

void
snapshot_trim(struct snapshot *s)
{
	for (size_t i = 1; i < s->count; i++) {
		if (!s->copies[i].ended)
			continue;
		free(s->copies[i].text);
		s->copies[i].text = NULL;
	}
}

void
snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	snapshot_forget(s);
	for (size_t i = 0; i < s->count; i++)
		free(s->copies[i].name);
	free(s->copies);
	free(s);
}

const char *
snapshot_first(const struct snapshot *s)
{
	return s->count ? s->copies[0].name : NULL;
}

static struct state
state_of(const struct files *files, const char *name)
{
	struct state state;
	struct stat st = { 0 };
	int rc = files_stat(files, name, &st);

	memset(&state, 0, sizeof(state));
	state.error = rc;
	if (rc)
		return state;
	state.device = st.st_dev;
	state.inode = st.st_ino;
	state.size = st.st_size;
	state.seconds = st.st_mtim.tv_sec;
	state.nanoseconds = st.st_mtim.tv_nsec;
	return state;
}

/* text may be NULL; it is copied. */
static int
copy_add(struct snapshot *s, const char *name, const struct state *state,
    const char *text, size_t len)
{
	struct copy *more =
	    realloc(s->copies, (s->count + 1) * sizeof(*s->copies));
	struct copy c = { .len = len, .state = *state };

	if (!more)
		return -ENOMEM;
	s->copies = more;
	c.name = strdup(name);
	c.text = text ? malloc(len + 1) : NULL;
	if (!c.name || (text && !c.text)) {
		free(c.name);
		free(c.text);
		return -ENOMEM;
	}
	if (text) {
		memcpy(c.text, text, len);
		c.text[len] = '\0';
		c.ended = len && text[len - 1] == '\n';
	}
	s->copies[s->count++] = c;
	return 0;
}

static int
copy_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	struct snapshot *s = ctx;
	/* Before: what changes while it is read differs from this. */
	struct state state = state_of(s->files, path);
	char *got = NULL;
	size_t size = 0;
	int rc = s->reader.read(s->reader.ctx, path, max, &got, &size);
	int kept = copy_add(s, path, &state, rc ? NULL : got, size);

	if (!rc && kept) {
		free(got);
		return kept;
	}
	if (rc)
		return rc;
	*text = got;
	*len = size;
	return 0;
}

struct reader
snapshot_reader(struct snapshot *s)
{
	return (struct reader){ .ctx = s, .read = copy_read };
}

static const struct copy *
copy_find(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->copies[i].name, name))
			return &s->copies[i];
	return NULL;
}

static int
copy_replay(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct copy *c = copy_find(ctx, path);
	char *bytes;

	if (!c || !c->text)
		return -ENOENT;
	if (c->len > max)
		return -EFBIG;
	bytes = malloc(c->len + 1);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, c->text, c->len + 1);
	*text = bytes;
	*len = c->len;
	return 0;
}

struct reader
snapshot_replay(struct snapshot *s)
{
	return (struct reader){ .ctx = s, .read = copy_replay };
}

/* ---- What has changed ------------------------------------------------ */

static bool
text_is_prefix(const struct copy *now, const struct copy *before)
{
	return before->text && now->len < before->len &&
	       !memcmp(now->text, before->text, now->len);
}

/* Lines of a list of networks may go at its end; a part of a line may not:
 * of 10.0.0.0/24 that would leave 10.0.0.0/2. */
static bool
list_is_cut(const struct copy *now, const struct copy *before)
{
	if (now->ended || !now->len || now->len >= before->len)
		return false;
	return before->ended || text_is_prefix(now, before);
}

const char *
snapshot_cut(const struct snapshot *now, const struct snapshot *before)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct copy *c = &now->copies[i];
		const struct copy *old = copy_find(before, c->name);
		if (c->text && old &&
		    (i ? list_is_cut(c, old) : text_is_prefix(c, old)))
			return c->name;
	}
	return NULL;
}

uint64_t
snapshot_mark(const struct snapshot *s)
{
	uint64_t mark = s->count;

	for (size_t i = 0; i < s->count; i++)
		mark = XXH3_64bits_withSeed(
		    &s->copies[i].state, sizeof(s->copies[i].state), mark);
	return mark;
}

uint64_t
snapshot_mark_now(const struct snapshot *s)
{
	uint64_t mark = s->count;

	for (size_t i = 0; i < s->count; i++) {
		struct state state = state_of(s->files, s->copies[i].name);
		mark = XXH3_64bits_withSeed(&state, sizeof(state), mark);
	}
	return mark;
}

/* ---- In a safe place ------------------------------------------------- */

static int
copies_print(const struct snapshot *s, const char *id, FILE *f)
{
	fprintf(f, "%s%s\n", head, id);
	for (size_t i = 0; i < s->count; i++) {
		const struct copy *c = &s->copies[i];
		if (!c->text || strchr(c->name, '\n'))
			return -EINVAL;
		fprintf(f, "file %zu %s\n", c->len, c->name);
		fwrite(c->text, 1, c->len, f);
		fputc('\n', f);
	}
	errno = 0;
	if (fflush(f) || ferror(f) || fsync(fileno(f)))
		return errno ? -errno : -EIO;
	return 0;
}

/* Until its folder is synced, a power cut may undo a rename. */
static int
folder_sync(const char *path)
{
	char folder[PATH_MAX];
	int fd, rc = 0;

	snprintf(folder, sizeof(folder), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* EINVAL: this file system has no such thing. */
	if (fsync(fd) && errno != EINVAL)
		rc = -errno;
	close(fd);
	return rc;
}

int
snapshot_write(const struct snapshot *s, const char *path, const char *id)
{
	char fresh[PATH_MAX];
	int fd, rc, n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	FILE *f;

	if (n < 0 || (size_t)n >= sizeof(fresh))
		return -ENAMETOOLONG;
	(void)unlink(fresh);
	fd = open(
	    fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	rc = copies_print(s, id, f);
	if (fclose(f) && !rc)
		rc = -EIO;
	if (!rc && rename(fresh, path))
		rc = -errno;
	if (rc) {
		(void)unlink(fresh);
		return rc;
	}
	return folder_sync(path);
}

/* One file of it from *at on, which is moved behind it. */
static int
copy_parse(struct snapshot *s, char *text, size_t len, size_t *at)
{
	const struct state none = { 0 };
	char *line = text + *at, *end = memchr(line, '\n', len - *at), *name;
	unsigned long size;

	if (!end || strncmp(line, "file ", 5) != 0)
		return -EBADMSG;
	*end = '\0';
	size = strtoul(line + 5, &name, 10);
	*at = (size_t)(end + 1 - text);
	if (name == line + 5 || *name != ' ' || !name[1] || size >= len - *at ||
	    text[*at + size] != '\n')
		return -EBADMSG;
	end = text + *at;
	*at += size + 1;
	return copy_add(s, name + 1, &none, end, size);
}

int
snapshot_read(struct snapshot *s, const char *path, char id[SNAPSHOT_ID_SIZE])
{
	size_t len, at = sizeof(head) - 1, digits;
	char *text;
	int rc = s->reader.read(s->reader.ctx, path, FILE_MAX, &text, &len);

	if (rc)
		return rc;
	digits = len > at ? strspn(text + at, "0123456789abcdef") : 0;
	if (!digits || digits >= SNAPSHOT_ID_SIZE ||
	    strncmp(text, head, at) != 0 || text[at + digits] != '\n')
		rc = -EBADMSG;
	if (!rc) {
		memcpy(id, text + at, digits);
		id[digits] = '\0';
		at += digits + 1;
	}
	while (!rc && at < len)
		rc = copy_parse(s, text, len, &at);
	if (!rc && !s->count)
		rc = -EBADMSG;
	free(text);
	return rc;
}
