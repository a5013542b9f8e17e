/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recordings.c - files of recorded sessions, whatever their form.
 *
 * A file is read once, from its beginning to its end, so that it may be a
 * pipe.
 */
#include "recordings.h"

#include <errno.h>
#include <string.h>

/* How each form begins, and who reads it; the last row takes what is left. */
static const struct form {
	bool (*begins)(const char *text, size_t len);
	int (*read)(struct line_reader *,
	    int (*session)(void *ctx, const struct recorded_session *),
	    void *ctx, char why[RECORDING_WHY_SIZE]);
} forms[] = {
	{ NULL, recording_read },
};

static int
read_lines(struct recordings *r, char why[RECORDING_WHY_SIZE])
{
	const struct form *form = forms;
	const char *text;
	size_t len;

	text = line_reader_peek(&r->lines, &len);
	while (form->begins != NULL && !form->begins(text, len))
		form++;
	if (r->native && form->read != recording_read) {
		snprintf(why, RECORDING_WHY_SIZE,
		    "%.120s: not a recording in the native form",
		    r->lines.name);
		return -EINVAL;
	}
	return form->read(&r->lines, r->session, r->ctx, why);
}

int
recordings_read(
    struct recordings *r, const char *file, char why[RECORDING_WHY_SIZE])
{
	FILE *f = fopen(file, "rbe");
	int rc = f == NULL ? -errno : line_reader_init(&r->lines, f, file);

	if (rc < 0) {
		snprintf(
		    why, RECORDING_WHY_SIZE, "%.120s: %s", file, strerror(-rc));
	} else {
		rc = read_lines(r, why);
		line_reader_fini(&r->lines);
	}
	if (f != NULL)
		fclose(f);
	return rc;
}
