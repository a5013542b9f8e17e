/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * last_words.c - who may relay by the new policy, and what to do next.
 *
 * The answer is that of connectorctl who. Goes to standard error, beside the
 * findings.
 */
#include "import.h"

#include <string.h>

#include "text.h"
#include "who.h"

enum { SHOWN = 20 };

static void
print_who(const struct import *im, const struct ruleset *ruleset)
{
	struct who_question question = {
		.right = RIGHT_ANY_RECIPIENT,
		.principals = SET_OF(PRINCIPAL_ANONYMOUS) |
			      SET_OF(PRINCIPAL_EXTERNALLY_SECURED),
		.now = clock_now(),
	};
	char range[NETRANGE_TEXT_SIZE], count[ADDRESS_COUNT_SIZE];
	char name[PRINTABLE_SIZE];
	struct who_answer answer;
	FILE *out = im->ctl->err;

	if (who_find(ruleset, &question, &answer) < 0)
		return;
	address_count_format(&answer.addresses, count);
	fprintf(out,
	    "%s address%s may relay as anonymous or "
	    "externally_secured:\n",
	    count, strcmp(count, "1") == 0 ? "" : "es");
	for (size_t i = 0; i < answer.nranges && i < SHOWN; i++)
		fprintf(out, "  %s  %s  %s\n",
		    netrange_format(&answer.ranges[i].clients, range),
		    printable(answer.ranges[i].connector, name),
		    principal_name(answer.ranges[i].principal));
	if (answer.nranges > SHOWN)
		fprintf(out,
		    "  and %zu more ranges; connectorctl who lists "
		    "them\n",
		    answer.nranges - SHOWN);
	who_fini(&answer);
}

void
import_last_words(struct import *im, const struct ruleset *ruleset)
{
	FILE *out = im->ctl->err;

	fprintf(out, "%zu connector%s kept, %zu skipped, %zu merged\n",
	    im->nconnectors, plural(im->nconnectors), im->skipped, im->merged);
	if (im->inherited + im->internal > 0)
		fprintf(out,
		    "%zu inherited permissions and %zu rights between "
		    "Exchange servers were left out\n",
		    im->inherited, im->internal);
	print_who(im, ruleset);
	fputs("Next, with the policy as FILE:\n"
	      "  connectorctl check -p FILE\n"
	      "  connectorctl doctor -p FILE\n"
	      "  connectorctl replay -p FILE RECV*.LOG\n",
	    out);
}
