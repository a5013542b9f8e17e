/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truncation.c - what a policy would be if it were cut off.
 *
 * Loads what is left behind each line, as the daemon would, and compares it
 * with the whole: so it tells of no cut that does no harm, and misses none.
 */
#include "truncation.h"
#include "files.h"
#include "ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 2000, RANGES_MAX = 20000, TEXT_MAX = 1 << 20 };

/* A reader of the first bytes of the policy, and of its files. */
struct cut {
	const char *policy;
	struct reader files;
	const char *text;
	size_t len;
};

static int
cut_read(void *ctx, const char *path, size_t max, char **text, size_t *len)
{
	const struct cut *cut = ctx;
	char *copy;

	if (strcmp(path, cut->policy) != 0)
		return cut->files.read(cut->files.ctx, path, max, text, len);
	if (cut->len > max)
		return -EFBIG;
	if ((copy = malloc(cut->len + 1)) == NULL)
		return -ENOMEM;
	memcpy(copy, cut->text, cut->len);
	copy[cut->len] = '\0';
	*text = copy;
	*len = cut->len;
	return 0;
}

/* 1: what is left loads, and somebody may relay who may not. */
static int
widens(struct cut *cut, const struct ruleset *whole, int64_t now)
{
	const struct reader reader = { .ctx = cut, .read = cut_read };
	struct diagnostics *list = diagnostics_new();
	struct difference *difference;
	struct ruleset *left;
	int rc;

	if (list == NULL)
		return -ENOMEM;
	rc = ruleset_load(&reader, cut->policy, whole->server, &left, list);
	diagnostics_free(list);
	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	rc = difference_find(whole, left, now, &difference);
	if (rc == 0) {
		rc = difference_new_relay(difference);
		difference_free(difference);
	}
	ruleset_unref(left);
	return rc;
}

static bool
is_small(const struct ruleset *ruleset, const char *text)
{
	const struct policy *policy = ruleset->policy;
	size_t lines = 0, ranges = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		lines++;
	for (size_t i = 0; i < policy->nconnectors; i++)
		ranges += policy->connectors[i].remote_ip_ranges.count;
	return lines <= LINES_MAX && ranges <= RANGES_MAX;
}

static int
check_lines(struct cut *cut, size_t len, const struct ruleset *whole,
    int64_t now, struct diagnostics *list)
{
	const char *end = cut->text;
	struct where where = { .file = cut->policy, .column = 1 };
	int rc = 0;

	while (rc == 0 && (end = strchr(end, '\n')) != NULL) {
		where.line++;
		cut->len = (size_t)(++end - cut->text);
		if (cut->len < len)
			rc = widens(cut, whole, now);
	}
	if (rc <= 0)
		return rc;
	diagnostics_add(list, SEVERITY_NOTE, "W-CUT", where,
	    "cut off behind this line, by a full disk or a broken copy, the "
	    "policy would load and let more clients relay; write end_marker: "
	    "true above connectors and ... as the last line");
	return 0;
}

int
cut_check(const struct ctl *ctl, const struct ruleset *whole, int64_t now,
    struct diagnostics *list)
{
	struct cut cut = { .policy = ctl->policy };
	struct files files;
	char *text;
	size_t len;
	int rc = 0;

	if (whole->policy->end_marker)
		return 0;
	files_init(&files, ctl->policy);
	cut.files = files_reader(&files);
	if (cut.files.read(cut.files.ctx, ctl->policy, TEXT_MAX, &text, &len) <
	    0)
		return 0;
	cut.text = text;
	if (is_small(whole, text))
		rc = check_lines(&cut, len, whole, now, list);
	free(text);
	return rc;
}
