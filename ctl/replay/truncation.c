/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truncation.c - files that could be cut off without being noticed.
 */
#include "truncation.h"
#include "ruleset.h"

static void
unmarked(struct diagnostics *list, const char *file, const char *advice)
{
	diagnostics_add(list, SEVERITY_WARNING, "W-CUT",
	    (struct where){ .file = file, .line = 1, .column = 1 },
	    "no end marker: if a full disk or a broken copy cuts this file "
	    "off, what is left may load and let more clients relay; %s, and "
	    "... as the last line",
	    advice);
}

void
cut_check(const struct ruleset *whole, struct diagnostics *list)
{
	const struct policy *policy = whole->policy;

	if (!policy->end_marker)
		unmarked(list, policy->file,
		    "write end_marker: true above connectors");
	for (size_t i = 0; i < policy->nnetworks; i++)
		if (policy->networks[i].unmarked)
			unmarked(list, policy->networks[i].unmarked,
			    "write # end_marker: true as the first line");
}
