/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enumerations.h - Exchange's enumerations as words and as numbers.
 */
#ifndef ENUMERATIONS_H
#define ENUMERATIONS_H

#include "import.h"

/* The number that a list of words stands for; false: the property is no
 * enumeration. */
bool import_enumeration_bits(
    const char *property, const char *text, unsigned long *bits);
/* The words of a number; NULL: it has unknown bits. */
const char *import_enumeration_text(
    struct import *, const char *property, unsigned long bits);

#endif
