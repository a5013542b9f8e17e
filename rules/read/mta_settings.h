/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta_settings.h - properties of a Receive connector that are no keys here.
 *
 * Somebody who brings a policy from Exchange hears what to set instead,
 * rather than that a key is unknown.
 */
#ifndef MTA_SETTINGS_H
#define MTA_SETTINGS_H

#include "schema.h"

enum { REFUSALS_ELSEWHERE_COUNT = 63 };

/* What only the MTA can do, or nobody outside of Exchange. */
extern const struct refusal refusals_elsewhere[REFUSALS_ELSEWHERE_COUNT];

#endif
