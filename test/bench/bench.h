/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench.h - what is measured, and with what.
 *
 * Each measurement is a word of the command line. It prints one JSON object
 * a round, with what it measured and, from the same round, the baseline
 * beside it; the driver, test/bench/run, makes medians and ratios of them.
 * Times are those of the thread's processor, in nanoseconds.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>

#include "lookup.h"

/* Exit with a message: a benchmark without memory has nothing to say. */
void *need(void *memory);
_Noreturn void give_up(const char *what);

double now_ns(void);
uint64_t next_random(uint64_t *state);

/* Bytes that malloc() has given out and not got back. */
size_t heap_bytes(void);
/* Gives back to the system what is free and answers what is left; from then
 * on peak_bytes() is the most that the process had. */
size_t peak_reset(void);
size_t peak_bytes(void);

/* The same ranges on every machine: CIDRs that nest. IPv4: a third single
 * hosts, more /24, the rest /12 to /31. IPv6: as registries give it out,
 * /29 after /29, and /48, /64 and hosts therein. */
void set_fill(struct netrange *, size_t count, enum family);
/* One address within. */
struct netaddr set_member(const struct netrange *, uint64_t *state);

/* A policy in memory, and the files that it names. */
struct text {
	const char *name;
	char *bytes;
	size_t len;
};

struct texts {
	struct text items[2];
	size_t count;
};

FILE *text_open(struct texts *, const char *name);
void text_close(struct texts *, FILE *);
void texts_fini(struct texts *);
struct reader texts_reader(struct texts *);

enum shape { SHAPE_YAML, SHAPE_FILE };

/* A policy with so many ranges in one connector, in the YAML or in a file of
 * networks. */
void policy_ranges(struct texts *, enum shape, enum family, size_t count);
void policy_domains(struct texts *, size_t count);
/* Each with a port of its own and ten ranges. */
void policy_connectors(struct texts *, size_t count);
/* A few connectors, for the sessions. */
void policy_session(struct texts *);
struct ruleset *ruleset_of(struct texts *);

/* A session up to a stage; the whole one ends the message, too. */
struct session;
void session_play(struct session *, uint64_t number, bool whole);
/* Its bytes, once. */
uint64_t session_hash(uint64_t number);

/* The measurements; arguments are those behind the word. */
int bench_classify(int argc, char **argv);
int bench_load(int argc, char **argv);
int bench_diff(int argc, char **argv);
int bench_memory(int argc, char **argv);
int bench_session(int argc, char **argv);
int bench_play(int argc, char **argv);
int bench_scale(int argc, char **argv);
int bench_lines(int argc, char **argv);
int bench_print(int argc, char **argv);

/* "ipv4" or "ipv6"; a count. Give up on anything else. */
enum family family_argument(const char *);
enum shape shape_argument(const char *); /* yaml or file */
size_t count_argument(const char *);

#endif
