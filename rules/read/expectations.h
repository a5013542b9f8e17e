/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expectations.h - the keys tests and never: what must be true of a policy.
 */
#ifndef EXPECTATIONS_H
#define EXPECTATIONS_H

#include "schema.h"

/* One entry of tests: struct policy_test. */
extern const struct record test_record;
extern const struct field test_element;
/* One entry of never: struct never, its ranges not yet resolved. */
extern const struct field never_element;

#endif
