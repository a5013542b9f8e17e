/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callbacks.h - libmilter's callbacks: their arguments to events.
 */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include "recorder.h"
#include "store.h"

/* Registers with libmilter. Once; all must outlive smfi_main(). The recorder
 * may be NULL. */
int callbacks_register(
    struct store *, const struct counters *, struct recorder *);

#endif
