/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenants.h - names on certificates that do not tell one sender from another.
 */
#ifndef TENANTS_H
#define TENANTS_H

#include <stdbool.h>

/* Whether name ("*." allowed, lower case) is on a certificate with which
 * anybody's mail comes: whoever trusts it trusts every tenant. */
bool tenants_share(const char *name);
/* Whether name is a wildcard under which a stranger can obtain a certificate:
 * "*.co.uk", or that of a provider who hands out names below his own. */
bool strangers_obtain(const char *name);

#endif
