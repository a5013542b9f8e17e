/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callbacks.h - libmilter's callbacks: their arguments to events.
 */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include "store.h"

/* Registers with libmilter. Once; both must outlive smfi_main(). */
int callbacks_register(struct store *, const struct counters *);

#endif
