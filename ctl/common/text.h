/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - text of others, made fit for a terminal and for a document.
 *
 * Recordings, logs and the names of files may hold any byte. No control
 * reaches a terminal, what is not UTF-8 is '?', and nothing is left out of a
 * document because of what it is made of: one that lacks something is none.
 */
#ifndef TEXT_H
#define TEXT_H

#include <jansson.h>

/* Makes '?' of controls and of what is not UTF-8, in place. Answers text. */
char *text_clean(char *text);
/* The same of a copy, which is cut where there is no room. Answers buf. */
enum { PRINTABLE_SIZE = 640 };
const char *printable(const char *text, char buf[PRINTABLE_SIZE]);

/* The end of a noun of which there are n. */
const char *plural(size_t n);

/* A string, whatever the bytes: JSON can tell a control, and what is not
 * UTF-8 is '?'. null for NULL; NULL: out of memory. */
json_t *text_json(const char *text);

/* These take the reference of the value. Where it is NULL or there is no
 * memory, *json is freed and becomes NULL, and stays so. */
void json_add(json_t **array, json_t *value);
void json_put(json_t **object, const char *key, json_t *value);
/* The same of a text; nothing where it is NULL or empty. */
void json_put_text(json_t **object, const char *key, const char *value);

#endif
