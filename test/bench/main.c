/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench - measures parts of the engine, one a run.
 *
 * usage: bench WORD ARGUMENT...   (test/bench/run knows which)
 *
 * Owns the clock, the memory figures and the arguments.
 */
#include "bench.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct word {
	const char *name, *arguments;
	int argc;
	int (*run)(int argc, char **argv);
} words[] = {
	{ "classify", "FAMILY RANGES LOOK-UPS ROUNDS", 4, bench_classify },
	{ "load", "yaml|file FAMILY RANGES ROUNDS", 4, bench_load },
	{ "diff", "yaml|file FAMILY RANGES ROUNDS", 4, bench_diff },
	{ "memory", "yaml|file FAMILY RANGES", 3, bench_memory },
	{ "session", "SESSIONS ROUNDS", 2, bench_session },
	{ "play", "SESSIONS", 1, bench_play },
	{ "scale", "ranges|domains|connectors|sessions COUNT", 2, bench_scale },
	{ "lines", "FILE", 1, bench_lines },
	{ "print", "cidr|queries RANGES [QUERIES]", 2, bench_print },
};

void
give_up(const char *what)
{
	(void)fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

void *
need(void *memory)
{
	if (memory == NULL)
		give_up("out of memory");
	return memory;
}

enum shape
shape_argument(const char *text)
{
	if (strcmp(text, "yaml") == 0)
		return SHAPE_YAML;
	if (strcmp(text, "file") == 0)
		return SHAPE_FILE;
	give_up("a shape is yaml or file");
}

double
now_ns(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* splitmix64 (Steele, Lea and Flood, 2014). */
uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* A line of /proc/self/status, in bytes. */
static size_t
status_bytes(const char *key)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	unsigned long kib = 0;
	bool found = false;

	while (
	    file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0) {
			kib = strtoul(line + strlen(key), NULL, 10);
			found = true;
		}
	if (!found)
		give_up("/proc/self/status does not tell the memory");
	(void)fclose(file);
	return kib * 1024;
}

size_t
peak_reset(void)
{
	FILE *file;

	(void)malloc_trim(0);
	file = fopen("/proc/self/clear_refs", "w");
	if (file == NULL || fputs("5", file) < 0 || fclose(file) != 0)
		give_up("the peak of memory cannot be reset");
	return status_bytes("VmRSS:");
}

size_t
peak_bytes(void)
{
	return status_bytes("VmHWM:");
}

enum family
family_argument(const char *text)
{
	if (strcmp(text, "ipv4") == 0)
		return FAMILY_IPV4;
	if (strcmp(text, "ipv6") == 0)
		return FAMILY_IPV6;
	give_up("a family is ipv4 or ipv6");
}

size_t
count_argument(const char *text)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (count == 0 || *end != '\0' || count > 100000000)
		give_up("a count is a number from 1 to 100000000");
	return count;
}

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (argc > 1 && strcmp(argv[1], words[i].name) == 0 &&
		    argc - 2 >= words[i].argc)
			return words[i].run(argc - 2, argv + 2);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		(void)fprintf(stderr, "usage: bench %s %s\n", words[i].name,
		    words[i].arguments);
	return 2;
}
