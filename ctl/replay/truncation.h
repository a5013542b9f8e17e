/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truncation.h - files that could be cut off without being noticed.
 */
#ifndef TRUNCATION_H
#define TRUNCATION_H

#include "ctl.h"

/* Adds W-CUT for the policy and for each networks file without end marker. */
void cut_check(const struct ruleset *, struct diagnostics *);

#endif
