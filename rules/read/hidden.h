/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hidden.h - characters that an editor does not show.
 *
 * A line end that only one program knows, or an invisible character, lets a
 * file look different from what is read. The file is refused.
 */
#ifndef HIDDEN_H
#define HIDDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hidden {
	const char *what;      /* static text: its name */
	uint32_t line, column; /* from 1; the column in characters */
};

/* Returns whether the text holds such a character, and the first one. */
bool hidden_find(const char *text, size_t len, struct hidden *);

#endif
