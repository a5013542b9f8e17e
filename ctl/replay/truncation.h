/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truncation.h - what a policy would be if it were cut off.
 */
#ifndef TRUNCATION_H
#define TRUNCATION_H

#include "ctl.h"

/* Adds W-CUT at the first line behind which the policy, cut off, would load
 * and let somebody relay who may not: now or, as the comparison has it,
 * later. Says nothing of a policy with an end marker, nor of one with more
 * than 2,000 lines or 20,000 ranges, which would take too long. The policy is
 * read anew; where that fails, nothing is said. -ENOMEM. */
int cut_check(const struct ctl *, const struct ruleset *whole, int64_t now,
    struct diagnostics *);

#endif
