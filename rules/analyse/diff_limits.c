/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_limits - whether clients are narrowed to more or less than before.
 *
 * Compares what lists hold, not how they are written: a domain stands for its
 * mailboxes. Who is narrowed by no list may send all.
 */
#include "diff_limits.h"

#include "address_list.h"

static bool
covers_all(const struct address_list *list, const struct address_list *other)
{
	size_t i;

	for (i = 0; i < other->count; i++)
		if (!address_list_covers(list, other->items[i]))
			return false;
	return true;
}

enum relation
address_lists_compare(
    const struct address_list *older, const struct address_list *newer)
{
	unsigned relation = RELATION_EQUIVALENT;

	if (!older || !newer) {
		if (!older == !newer)
			return RELATION_EQUIVALENT;
		return newer ? RELATION_NARROWER : RELATION_WIDER;
	}
	if (!covers_all(older, newer))
		relation |= RELATION_WIDER;
	if (!covers_all(newer, older))
		relation |= RELATION_NARROWER;
	return (enum relation)relation;
}

/* The most in an hour, and in a day. */
static uint64_t
most_in(const struct message_quota *quota, enum quota_period period)
{
	if (quota->period == QUOTA_HOUR && period == QUOTA_DAY)
		return (uint64_t)quota->messages * 24;
	return quota->messages;
}

enum relation
message_quotas_compare(
    const struct message_quota *older, const struct message_quota *newer)
{
	unsigned relation = RELATION_EQUIVALENT;
	enum quota_period period;

	if (!older || !newer) {
		if (!older == !newer)
			return RELATION_EQUIVALENT;
		return newer ? RELATION_NARROWER : RELATION_WIDER;
	}
	for (period = QUOTA_HOUR; period <= QUOTA_DAY; period++) {
		if (most_in(newer, period) > most_in(older, period))
			relation |= RELATION_WIDER;
		if (most_in(newer, period) < most_in(older, period))
			relation |= RELATION_NARROWER;
	}
	return (enum relation)relation;
}
