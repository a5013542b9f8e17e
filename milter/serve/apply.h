/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.h - a decision into libmilter calls.
 *
 * The only user of smfi_setreply(), smfi_chgheader() and smfi_addheader().
 * Whatever cannot be done is a temporary failure, never an acceptance.
 */
#ifndef APPLY_H
#define APPLY_H

#include <stdbool.h>

#include <libmilter/mfapi.h>

#include "rules.h"

/* The status to return at once, with the reply set. Never SMFIS_ACCEPT. */
sfsistat apply_verdict(SMFICTX *, const struct decision *);
/* At end of message: strips and stamps, then the verdict. */
sfsistat apply_message(SMFICTX *, const struct decision *);
/* What is said where there is no decision. */
sfsistat apply_undecided(SMFICTX *);

#endif
