/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callbacks.h - libmilter's callbacks: their arguments to events.
 */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include "service.h"

/* Registers with libmilter. Once; the service must outlive smfi_main(). */
int callbacks_register(const struct service *);

#endif
