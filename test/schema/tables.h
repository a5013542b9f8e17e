/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables.h - the tables of keys, as those who print or compare them see them.
 */
#ifndef TABLES_H
#define TABLES_H

#include "schema.h"

enum { TABLES_RECORDS_MAX = 32, TABLES_TEXT_SIZE = 160 };

/* All records of a policy, its own first, each once; answers how many. */
size_t tables_records(const struct record *records[TABLES_RECORDS_MAX]);
/* What goes without the key; NULL: it is required. */
const char *tables_default(const struct field *, char buf[TABLES_TEXT_SIZE]);

#endif
