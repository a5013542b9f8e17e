/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refusals.h - properties of a Receive connector that are no keys here.
 *
 * Somebody who brings a policy from Exchange hears what to set instead,
 * rather than that a key is unknown.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "schema.h"

enum { REFUSALS_ELSEWHERE_COUNT = 36 };

/* What only the MTA can do, or nobody outside of Exchange. */
extern const struct refusal refusals_elsewhere[REFUSALS_ELSEWHERE_COUNT];

#endif
