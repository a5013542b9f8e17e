/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify.h - tells the service manager how the service does (sd_notify(3)).
 *
 * Nothing is said where nobody asked by $NOTIFY_SOCKET. Fits the unit's
 * Type=notify and Type=notify-reload.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/* It serves; also the end of a reload. status is a line for people. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

#endif
