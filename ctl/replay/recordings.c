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

static int
read_lines(struct recordings *r, char why[RECORDING_WHY_SIZE])
{
	const char *text;
	size_t len;

	text = line_reader_peek(&r->lines, &len);
	if (!protocol_log_begins(text, len))
		return recording_read(&r->lines, r->session, r->ctx, why);
	if (r->logs != NULL)
		return protocol_logs_take(r->logs, &r->lines, why);
	snprintf(why, RECORDING_WHY_SIZE,
	    "%.120s: not a recording in the native form", r->lines.name);
	return -EINVAL;
}

int
recordings_read(
    struct recordings *r, const char *file, char why[RECORDING_WHY_SIZE])
{
	bool input = strcmp(file, "-") == 0;
	FILE *f = input ? stdin : fopen(file, "rbe");
	int rc = f == NULL ? -errno : line_reader_init(&r->lines, f, file);

	if (rc < 0) {
		snprintf(
		    why, RECORDING_WHY_SIZE, "%.120s: %s", file, strerror(-rc));
	} else {
		rc = read_lines(r, why);
		line_reader_fini(&r->lines);
	}
	if (f != NULL && !input)
		fclose(f);
	return rc;
}
