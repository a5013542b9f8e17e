/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.h - the header of a message: as recorded, and as it came out.
 *
 * Takes a message apart as an MTA does before a filter sees it, applies the
 * engine's edits, and compares the outcome with the marks of a recording.
 * Only fields that a mark names are compared; folding is not a difference.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include "recording.h"

/* One line of a message being recorded, without its stuffed dot; it is the
 * arena's. */
int fields_line(struct arena *, struct recorded_message *, const char *line);
/* Once all lines are there: the header fields and the body's size. */
int fields_split(struct arena *, struct recorded_message *);
/* Adds a mark; rest is NAME, or NAME: value for a stamp. -EINVAL for another
 * form, -ENOENT for strip or keep of a field that the message has not. */
int fields_mark(struct arena *, struct recorded_message *, enum mark_type,
    uint32_t line, const char *rest);

/* The header that the engine's edits make of a message's. */
int fields_apply(struct arena *, const struct recorded_message *,
    const struct edit *, size_t nedits, struct recorded_field **,
    size_t *count);
/* The header of a message in Internet text, with CRLF or LF. */
int fields_parse(
    struct arena *, const char *text, struct recorded_field **, size_t *count);

/* What is wrong with a mark. The texts live during the call. */
struct mark_complaint {
	const struct mark *mark;
	const char *recorded, *decided;
};

/* Compares each mark with the header as it came out; answers how many
 * complaints there were. */
size_t fields_compare(const struct recorded_message *,
    const struct recorded_field *, size_t count,
    void (*complain)(void *ctx, const struct mark_complaint *), void *ctx);

const char *mark_name(enum mark_type);

#endif
