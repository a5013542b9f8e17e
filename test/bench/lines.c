/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines.c - a text file read line by line, and each line split into words:
 * the least that a reader of recordings can do.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static size_t
count_words(const char *line)
{
	static const char blanks[] = " \t\r\n";
	size_t words = 0;

	for (line += strspn(line, blanks); *line != '\0'; words++) {
		line += strcspn(line, blanks);
		line += strspn(line, blanks);
	}
	return words;
}

int
bench_lines(int argc, char **argv)
{
	size_t lines = 0, words = 0, size = 0;
	double begin = now_ns();
	FILE *f = fopen(argv[0], "r");
	char *line = NULL;

	(void)argc;
	if (f == NULL)
		give_up(argv[0]);
	while (getline(&line, &size, f) >= 0) {
		lines++;
		words += count_words(line);
	}
	free(line);
	(void)fclose(f);
	(void)printf("{\"lines_ns\": %.1f, \"lines\": %zu, \"words\": %zu}\n",
	    now_ns() - begin, lines, words);
	return 0;
}
