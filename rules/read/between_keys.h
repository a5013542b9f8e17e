/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * between_keys.h - what is wrong between the values of a policy.
 */
#ifndef BETWEEN_KEYS_H
#define BETWEEN_KEYS_H

#include "policy.h"
#include "schema.h"

/* A connector's mode while it is not known; the policy's stands for it. */
enum { MODE_OF_POLICY = MODE_MONITOR + 1 };

/* Complains of what is wrong between the keys of a connector; 0. */
int contradictions_connector(
    struct decoder *, const struct keys *, void *connector);
/* Complains of what only the whole policy shows, and puts ranges where names
 * of networks stand. 0 or -ENOMEM; complaints are in the list. */
int contradictions_find(struct decoder *, struct policy *);

#endif
