/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_limits.h - whether clients are narrowed to more or less than before.
 */
#ifndef DIFF_LIMITS_H
#define DIFF_LIMITS_H

#include "diff.h"
#include "rules.h"

enum relation address_lists_compare(
    const struct address_list *older, const struct address_list *newer);
enum relation message_quotas_compare(
    const struct message_quota *older, const struct message_quota *newer);

#endif
