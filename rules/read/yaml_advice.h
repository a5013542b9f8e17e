/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml_advice.h - what to write instead of text that is not YAML.
 */
#ifndef YAML_ADVICE_H
#define YAML_ADVICE_H

#include <stddef.h>

/* What to write, given what libyaml's problem is, where in text the line
 * begins and where in it the problem stands. Never NULL. */
const char *yaml_advice(
    const char *text, size_t len, const char *problem, size_t begin, size_t at);

/* "-10.0.0.1" and "version:1" are plain text to YAML. Which blank such a text
 * lacks, or NULL. */
const char *yaml_blank_missing(const char *text, size_t len);

#endif
