/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worth.h - what a stolen client is worth: which senders, which recipients,
 * how many messages a day.
 */
#ifndef WORTH_H
#define WORTH_H

#include "rules.h"

#include <jansson.h>
#include <stdio.h>

/* Whether anything narrows the client. */
bool worth_is_known(const struct client_limits *);
/* allowed_senders, allowed_recipients and messages_per_day; null: any. */
json_t *worth_json(const struct client_limits *);
/* Three lines, each after indent. */
void worth_print(FILE *, const char *indent, const struct client_limits *);

#endif
