/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys.h - every key of a policy, as tables.
 */
#ifndef KEYS_H
#define KEYS_H

#include "schema.h"

/* For the decoder: the schema, and what the whole text is decoded by. */
extern const struct schema keys_schema;
extern const struct field keys_policy;

/* The keys of the whole policy, from which all others can be reached, and
 * those of a connector. */
const struct record *policy_record(void);
const struct record *connector_keys(void);

#endif
