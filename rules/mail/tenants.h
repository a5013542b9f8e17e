/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenants.h - names on certificates that many tenants of a provider share.
 */
#ifndef TENANTS_H
#define TENANTS_H

#include <stdbool.h>

/* Whether name ("*." allowed, lower case) is on a certificate with which
 * anybody's mail comes: whoever trusts it trusts every tenant. */
bool tenants_share(const char *name);

#endif
