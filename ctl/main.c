/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connectorctl - what an admin does by hand or in CI.
 *
 * A table of verbs, one verb a file. Each asks the engine that the daemon
 * runs; none decides anything of its own. See connectorctl(8).
 */
#include "ctl.h"
#include "text.h"

#include <string.h>

static const struct verb *const verbs[] = {
	&verb_check,
	&verb_explain,
	&verb_who,
	&verb_replay,
	&verb_diff,
	&verb_export,
	&verb_import,
	&verb_doctor,
	&verb_status,
	&verb_sessions,
	&verb_reload,
	&verb_log_level,
};

enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

static const char *
verb_name(size_t i)
{
	return verbs[i]->name;
}

static void
print_help(FILE *out)
{
	fputs("usage: connectorctl VERB [-p POLICY] [--format text|json] "
	      "...\n\n",
	    out);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nconnectorctl VERB --help says more about each.\n"
	      "Exit status: 0 yes, 1 no, 2 it could not tell.\n",
	    out);
}

static int
no_verb(const char *word)
{
	const char *meant = did_you_mean(word, verb_name, VERB_COUNT);
	char text[PRINTABLE_SIZE];

	fprintf(stderr, "connectorctl: %s %s", printable(word, text),
	    word[0] == '-' ? "is not an option here" : "is not a verb");
	if (meant != NULL)
		fprintf(stderr, "; did you mean %s?", meant);
	fputs("\nTry: connectorctl --help\n", stderr);
	return STATUS_UNKNOWN;
}

static int
run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word == NULL) {
		print_help(stderr);
		return STATUS_UNKNOWN;
	}
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 ||
	    strcmp(word, "help") == 0) {
		print_help(stdout);
		return STATUS_YES;
	}
	if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
		puts("connectorctl " VERSION);
		return STATUS_YES;
	}
	for (size_t i = 0; i < VERB_COUNT; i++) {
		char name[64];

		if (strcmp(word, verbs[i]->name) != 0)
			continue;
		snprintf(name, sizeof name, "connectorctl %s", word);
		argv[1] = name; /* what getopt_long() calls us */
		return verbs[i]->run(verbs[i], argc - 1, argv + 1);
	}
	return no_verb(word);
}

int
main(int argc, char **argv)
{
	int status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("connectorctl: standard output");
		return STATUS_UNKNOWN;
	}
	return status;
}
