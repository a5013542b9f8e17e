/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply_texts.h - replies of a connector's own.
 */
#ifndef REPLY_TEXTS_H
#define REPLY_TEXTS_H

#include "schema.h"

/* A mapping of keys of replies to "550 5.7.1 text": an array of struct
 * reply_override and its count. */
decode_fn overrides_decode;

/* The keys, for those who print the tables; name answers NULL for numbers
 * that have none. */
extern const struct words overrides_words;
/* What one reply looks like, for editors. */
extern const struct field overrides_element;

#endif
