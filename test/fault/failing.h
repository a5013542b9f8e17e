/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing.h - an allocator that fails when it is told to.
 *
 * The program that holds it is linked with --wrap for malloc() and its kin, so
 * that it stands before all of our code; libyaml and jansson, which are
 * libraries of their own, are given it by the names they offer. What glibc
 * takes for itself is not counted.
 */
#ifndef FAILING_H
#define FAILING_H

#include <stdbool.h>
#include <stddef.h>

/* The at-th allocation from now on fails, counted from 1; and those behind it
 * where last is false. */
void failing_at(size_t at, bool last);
/* From now on none fails, nor is counted. */
void failing_end(void);
bool failing_is_set(void);
/* How many there were since failing_at(). */
size_t failing_calls(void);

/* Answers whether it was done; -ENOMEM: not, and it said so. */
typedef int (*act)(void);

/* Does it again and again: first its first allocation fails, then its second,
 * till one goes through without a failure; and once more with all allocations
 * failing from there on. */
void sweep(const char *name, act);

#endif
