/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * narrowed.h - the checks of what a client is narrowed to, for the tables of
 * checks.c.
 */
#ifndef NARROWED_H
#define NARROWED_H

#include "session.h"

enum reply_id judge_allowed_sender(
    const struct session *, const struct judged_event *, struct decision *);
enum reply_id judge_allowed_recipient(
    const struct session *, const struct judged_event *, struct decision *);
enum reply_id judge_quota_left(
    const struct session *, const struct judged_event *, struct decision *);
enum reply_id judge_quota(
    const struct session *, const struct judged_event *, struct decision *);

#endif
